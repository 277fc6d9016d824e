"""The service as a process of its own."""

import http.client
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from fastapi import FastAPI

from service.server.run import Server, configuration

PATIENCE = 60  # seconds after which what does not come is said not to come


@dataclass(frozen=True)
class Service:
    """A service that runs: where it listens, its first process, and the file of what it says."""

    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    def workers(self) -> list[int]:
        """The processes that answer: those that the first has started, or itself if it has started none."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(pid) for pid in children if "spawn_main" in _command(pid)] or [self.process.pid]

    def wait_for(self, workers: int) -> None:
        """Return when so many workers answer."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            started = set(map(int, re.findall(r"Started server process \[(\d+)\]", self.said())))
            if len(self.workers()) == workers and started.issuperset(self.workers()) and self._answers():
                return
            time.sleep(0.05)
        raise RuntimeError(f"{workers} workers do not answer: {self.said()}")

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def said(self) -> str:
        """All that it has said."""
        return self.log.read_text(errors="replace")


@contextmanager
def started(*options: str, wrapper: Sequence[str] = (), cwd: str | None = None, **settings: str) -> Iterator[Service]:
    """A service with these options and settings, until it is told to end; `wrapper` is a command that runs it."""
    command = [*wrapper, sys.executable, "-m", "service.cli", "serve", *(options or ("--port", "0"))]
    environment = {"PYTHONPATH": str(Path(__file__).parents[1]), **settings, "PYTHONUNBUFFERED": "1"}
    with tempfile.NamedTemporaryFile(suffix=".log") as log:
        process = subprocess.Popen(command, stderr=log, stdout=log, env=environment, cwd=cwd)
        try:
            yield Service(_port(process, Path(log.name), options), process, Path(log.name))
        finally:
            process.terminate()
            process.wait(PATIENCE)


@contextmanager
def serving(*options: str, log: list[str] | None = None, **settings: str) -> Iterator[str]:
    """Where a service with these options and settings listens, as host:port, until it is told to end.

    What it writes from then on is put into `log`.
    """
    with started("--port", "0", *options, **settings) as service:
        before = len(service.log.read_text().splitlines())
        yield service.address
        service.process.terminate()
        service.process.wait(PATIENCE)
        if log is not None:
            log += service.log.read_text().splitlines()[before:]


def _port(process: "subprocess.Popen[bytes]", log: Path, options: Sequence[str]) -> int:
    """The port: the one that it was given, or that it tells when it listens."""
    until = time.monotonic() + PATIENCE
    if "--port" in options and (given := int(options[options.index("--port") + 1])):
        return given
    while time.monotonic() < until and process.poll() is None:
        if match := re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text(errors="replace")):
            return int(match[1])
        time.sleep(0.02)
    raise RuntimeError(f"The service {options} does not listen: {log.read_text(errors='replace')}")


def _command(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:  # it has ended meanwhile
        return ""


@contextmanager
def in_thread(app: FastAPI) -> Iterator[tuple[int, Server]]:
    """The port of a server in a thread of this process, and the server, until it is told to end."""
    server = Server(configuration(app, port=0, log_level="error"))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(100)
        thread = Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield listener.getsockname()[1], server
        finally:
            server.should_exit = True
            thread.join(30)
    assert not thread.is_alive()
