"""Servers under test: each starts on a free port of this machine, on a core of its own, and is stopped by its id.

While others are measured a server is frozen: what it does when idle takes nothing from them.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks import client, processes
from benchmarks.environments import BENCH, Missing, environment
from benchmarks.machine import ROOT

PEERS = Path(__file__).parent / "peers"
# A worker's limits are raised to the largest arrays of the benchmark.
LIMITS = {"ACTISCOPE_MAX_BODY_BYTES": str(2**29), "ACTISCOPE_MAX_RESPONSE_BYTES": str(2**30)}
# glibc gives large blocks back to the kernel, and gets them anew page by page, unless told otherwise.
KEEPING = {
    "MALLOC_MMAP_THRESHOLD_": str(2**25),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
    "MALLOC_TOP_PAD_": str(2**24),
}
MODEL_READY = "/v2/models/sigmoid/ready"
START, STOP = 60, 10  # seconds
_WAKING = 0.1  # until event loops have noticed that time went on


class Server:
    """A running server."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, freezes: bool) -> None:
        self.process, self.port, self._freezes = process, port, freezes

    @property
    def processes(self) -> list[int]:
        """All its processes."""
        return processes.tree(self.process.pid)

    @contextmanager
    def awake(self) -> Iterator[list[int]]:
        """Its processes, thawed for a while."""
        found = self.processes
        processes.send_all(found, signal.SIGCONT)
        time.sleep(_WAKING)
        try:
            yield found
        finally:
            if self._freezes:
                processes.send_all(self.processes, signal.SIGSTOP)

    def stop(self) -> None:
        """Ask it to end, then make it."""
        found = self.processes
        processes.send_all(found, signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(STOP)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        processes.send_all(found[1:], signal.SIGKILL)


@contextmanager
def started(
    command: Callable[[int], Sequence[str]],
    cores: set[int] = processes.SERVER_CORE,
    extra: Mapping[str, str] | None = None,
    log: str = "server",
    ready: str = "",
    freezes: bool = True,
) -> Iterator[Server]:
    """A server that listens, and answers at the path `ready` if there is one; Missing if it does not come to that."""
    port = free_ports()
    (BENCH / "logs").mkdir(parents=True, exist_ok=True)
    output = BENCH / "logs" / f"{log}.txt"
    with output.open("wb") as file, processes.pinned(cores):
        process = subprocess.Popen(  # noqa: S603  commands of this file
            command(port), cwd=ROOT, env={**os.environ, **(extra or {})}, stdout=file, stderr=file
        )
    server = Server(process, port, freezes)
    try:
        _wait(server, ready, output)
        yield server
    finally:
        server.stop()


@contextmanager
def service(
    workers: int = 1,
    cores: set[int] = processes.SERVER_CORE,
    settings: Mapping[str, str] = LIMITS,
    freezes: bool = True,
) -> Iterator[Server]:
    """The service, as its users start it."""
    program = str(Path(sys.executable).with_name("actiscope"))

    def command(port: int) -> list[str]:
        return [program, "serve", "--port", str(port), "--workers", str(workers)]

    with started(command, cores, settings, f"service-{workers}", "/healthz", freezes) as server:
        yield server


def uvicorn(application: str) -> Callable[[int], list[str]]:
    """The command of an application on the uvicorn of the service."""

    def command(port: int) -> list[str]:
        options = ["--port", str(port), "--log-level", "warning", "--no-access-log"]
        return [sys.executable, "-m", "uvicorn", application, *options]

    return command


@contextmanager
def naive() -> Iterator[Server]:
    """The FastAPI server that one writes first."""
    with started(uvicorn("benchmarks.peers.naive_server:app"), log="naive", ready="/openapi.json") as server:
        yield server


@contextmanager
def raw() -> Iterator[Server]:
    """A bare ASGI callable."""
    with started(uvicorn("benchmarks.peers.raw_server:app"), log="raw") as server:
        yield server


@contextmanager
def tuned_raw() -> Iterator[Server]:
    """The same, with a malloc that keeps its memory for the next request."""
    with started(uvicorn("benchmarks.peers.raw_server:app"), extra=KEEPING, log="raw-tuned") as server:
        yield server


@contextmanager
def mlserver() -> Iterator[Server]:
    """MLServer with a runtime of a few lines."""
    python, folder = environment("mlserver"), BENCH / "mlserver-models"
    program = str(PEERS / "mlserver_model.py")
    with started(lambda port: [python, program, str(folder), str(port)], log="mlserver", ready=MODEL_READY) as server:
        yield server


@contextmanager
def litserve() -> Iterator[Server]:
    """LitServe with an interface of a few lines."""
    python, program = environment("litserve"), str(PEERS / "litserve_server.py")
    with started(lambda port: [python, program, str(port)], log="litserve", ready="/health") as server:
        yield server


@contextmanager
def triton() -> Iterator[Server]:
    """Triton with a Python function; it takes its backend for dead when it was frozen."""
    python, program = environment("pytriton"), str(PEERS / "pytriton_server.py")
    ask = "import sysconfig; print(sysconfig.get_config_var('LIBDIR'))"
    answer = subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True)  # noqa: S603  an interpreter
    libraries = {"LD_LIBRARY_PATH": answer.stdout.strip()}  # Triton's Python backend loads libpython from there
    with started(
        lambda port: [python, program, str(port)], extra=libraries, log="triton", ready=MODEL_READY, freezes=False
    ) as server:
        yield server


def free_ports(number: int = 3) -> int:
    """The first of so many ports in a row at which nobody listens."""
    for _ in range(100):
        first = random.randrange(20_000, 32_000)  # noqa: S311  below the ports that clients get
        if all(_is_free(first + offset) for offset in range(number)):
            return first
    raise Missing("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _wait(server: Server, ready: str, output: Path) -> None:
    until = time.monotonic() + START
    while time.monotonic() < until and server.process.poll() is None:
        if answers(server.port, ready):
            return
        time.sleep(0.01)
    lines = output.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
    raise Missing(f"it does not start: {lines[-1][:200]}")


def answers(port: int, path: str) -> bool:
    """Whether a server listens and, if a path is given, answers there with 200."""
    try:
        if path:
            return client.ask(port, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())[0] == 200
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
