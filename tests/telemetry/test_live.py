"""What an operator sees of a service that runs, with several processes, and with what it needs broken."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.live import serving
from tests.telemetry.test_metrics import Samples, read, value

QUESTION = {"activation": "relu", "x": [1.0, 2.0]}
PATIENCE = 60  # seconds until a process is there

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is shared on Linux only")


def ask(address: str, times: int) -> None:
    """Ask, each time over a connection of its own, so that every process gets some."""
    for _ in range(times):
        assert httpx.post(f"http://{address}/evaluate", json=QUESTION, timeout=30).status_code == 200


def metrics(address: str) -> Samples:
    return read(httpx.get(f"http://{address}/metrics", timeout=30).text)


def with_workers(address: str, number: int, but: frozenset[int] = frozenset()) -> Samples:
    """The metrics, as soon as there are so many processes and none of those excepted."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            found = metrics(address)
        except httpx.TransportError:  # nobody listens yet, or whoever answered was killed
            time.sleep(0.05)
            continue
        if value(found, "actiscope_workers") == number and but.isdisjoint(pids(found)):
            return found
        time.sleep(0.05)
    raise AssertionError(f"{number} processes did not come")


def pids(found: Samples) -> set[int]:
    return {int(dict(labels)["pid"]) for name, labels in found if name == "process_threads"}


def answered(found: Samples) -> float:
    return value(found, "actiscope_requests_total", route="/evaluate", method="POST", status="2xx") or 0


@linux
def test_counts_are_of_all_processes_and_outlive_one_that_is_killed() -> None:
    log: list[str] = []
    with serving("--workers", "2", "--access-log", "all", log=log) as address:
        before = pids(with_workers(address, 2))
        ask(address, 20)
        assert answered(metrics(address)) == 20
        victim = min(before)
        os.kill(victim, signal.SIGKILL)
        found = with_workers(address, 2, frozenset({victim}))
        assert len(pids(found) & before) == 1
        assert answered(found) == 20
        assert value(found, "actiscope_elements_total", function="relu") == 40
        assert value(found, "actiscope_requests_in_flight") == 1
        ask(address, 20)
        assert {answered(metrics(address)) for _ in range(10)} == {40}
    records = [json.loads(line) for line in log]
    asked = [record for record in records if record.get("route") == "/evaluate"]
    assert len(asked) >= 20  # a killed process takes along what it had not written
    assert "uvicorn.error" in {record["logger"] for record in records}


@linux
def test_without_shared_memory_a_service_answers_and_counts() -> None:
    log: list[str] = []
    with serving(ACTISCOPE_METRICS_BLOCK="/nowhere/at/all") as address:
        with_workers(address, 1)
        ask(address, 3)
        assert answered(metrics(address)) == 3
    assert log == []


def test_a_log_that_nobody_reads_delays_no_answer() -> None:
    log: list[str] = []
    with serving("--access-log", "all", log=log) as address, httpx.Client(base_url=f"http://{address}") as client:
        for _ in range(1000):  # more than a pipe holds
            assert client.get("/nowhere").status_code == 404
    assert len(log) > 100
    assert all(json.loads(line) for line in log)


@pytest.mark.parametrize("broken", ["full", "closed", "all closed"])
def test_a_service_whose_log_cannot_be_written_answers(broken: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    serve = f"{sys.executable} -m service.cli serve --port {port} --access-log all"
    closed = {"full": "2>/dev/full", "closed": "2>&-", "all closed": "0<&- 1>&- 2>&-"}[broken]
    with subprocess.Popen(
        ["/bin/sh", "-c", f"exec {serve} {closed}"], stdout=subprocess.DEVNULL, cwd=Path.cwd()
    ) as process:
        try:
            address = f"127.0.0.1:{port}"
            with_workers(address, 1)
            ask(address, 10)
            found = with_lost_lines(address)
            assert answered(found) == 10
        finally:
            process.terminate()
    assert process.returncode == 0


def with_lost_lines(address: str) -> Samples:
    """The metrics, as soon as they tell that lines were lost."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = metrics(address)
        if value(found, "actiscope_log_lines_lost_total"):
            return found
        time.sleep(0.05)
    raise AssertionError("no line was lost")
