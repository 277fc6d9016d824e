"""A worker that is killed takes its own requests with it, nobody else's, and another takes its place."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import Service, started
from tests.reliability.hostile import FLOW
from tests.reliability.load import Client, Tally, keeping

WORKERS = 3
CLIENTS = 24
QUESTIONS = (
    keeping("POST", "/evaluate", b'{"activation":"relu","x":[-1,2]}'),
    keeping("POST", "/gradient-flow", json.dumps(FLOW).encode()),
)

pytestmark = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the system does not tell who is connected")


@pytest.fixture
def service() -> Iterator[Service]:
    with started("--port", "0", "--workers", str(WORKERS)) as service:
        service.wait_for(WORKERS)
        yield service


def clients_of(pid: int, port: int) -> set[int]:
    """The ports of the clients that a process has accepted."""
    held = {str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir()}
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, here, there, *_, inode = line.split()[:10]
        if f"socket:[{inode}]" in held and int(here.split(":")[1], 16) == port:
            found.add(int(there.split(":")[1], 16))
    return found - {0}


def killed(service: Service) -> tuple[int, set[int]]:
    """Kill the worker with the most clients: its number, and their ports at its last moment."""
    pid = max(service.workers(), key=lambda pid: len(clients_of(pid, service.port)))
    os.kill(pid, signal.SIGSTOP)
    clients = clients_of(pid, service.port)
    os.kill(pid, signal.SIGKILL)
    return pid, clients


def test_only_the_requests_of_the_killed_worker_fail(service: Service) -> None:
    tally, stop = Tally(), asyncio.Event()

    async def go() -> tuple[int, set[int]]:
        clients = [Client(service.port, QUESTIONS[number % 2], tally, stop) for number in range(CLIENTS)]
        running = [asyncio.create_task(client.run()) for client in clients]
        await _answers(tally, 500)
        dead = killed(service)
        await asyncio.to_thread(service.wait_for, WORKERS)
        await _answers(tally, 500)
        stop.set()
        await asyncio.gather(*running)
        return dead

    pid, ports = asyncio.run(go())
    assert ports
    assert set(tally.lost) <= ports
    assert set(tally.answered) == {200}
    assert tally.refused == 0
    assert pid not in service.workers()
    assert len(service.workers()) == WORKERS


async def _answers(tally: Tally, more: int) -> None:
    """Return when so many more requests have been answered."""
    enough = tally.answered.total() + more
    while tally.answered.total() < enough:  # noqa: ASYNC110  the clients count, and know of no event
        await asyncio.sleep(0.01)
