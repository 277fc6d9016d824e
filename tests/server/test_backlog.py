"""Answers that wait for slow clients: counted as memory, and given up where they are too many."""

import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from service.api.memory import Memory
from service.app import create_app
from service.errors import Overloaded
from service.server.backlog import Backlog, slowest
from service.settings import Settings
from tests.live import PATIENCE, in_thread

MEBI = 2**20
QUESTION = json.dumps({"activation": "log_softmax", "x": [0.5] * 1200, "jacobian": True}).encode()  # 28 MB are answered


class Reader:
    """A client that has still to take what is kept for it, and takes so much of it each second."""

    def __init__(self, memory: Memory, size: int, pace: int) -> None:
        self.backlog = Backlog(memory)
        self.backlog.wrote = size
        self.size, self.pace = size, pace
        self.backlog.keep(size)

    def look(self) -> None:
        self.size -= self.pace
        self.backlog.look(self.size)
        self.backlog.keep(self.size)


def test_the_slowest_are_given_up_until_the_rest_is_within_the_limit() -> None:
    memory = Memory(Settings(max_unsent_bytes=100 * MEBI))
    fast, slow, idle = (Reader(memory, 80 * MEBI, pace) for pace in (10 * MEBI, MEBI, 0))
    readers = [fast, slow, idle]
    for _ in range(3):
        assert list(slowest(readers)) == []  # nobody knows yet how fast they are
        for reader in readers:
            reader.look()
        if slow.backlog.seconds:
            break
    assert list(slowest(readers)) == [idle, slow]
    assert list(slowest([fast, slow])) == [slow]
    assert list(slowest([fast])) == []


def test_what_waits_for_clients_is_counted_as_memory() -> None:
    memory = Memory(Settings(max_memory_bytes=100 * MEBI))
    backlog = Backlog(memory)
    backlog.keep(90 * MEBI)
    with pytest.raises(Overloaded):
        memory.take(20 * MEBI)
    backlog.keep(0)
    memory.take(20 * MEBI)


def test_a_client_that_does_not_read_is_hung_up_on_when_its_answer_takes_too_much_memory() -> None:
    settings = Settings(max_unsent_bytes=MEBI, max_memory_bytes=200 * MEBI, stream_stall_seconds=3600)
    app = create_app(settings)
    with in_thread(app) as (port, server), socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**14)
        client.connect(("127.0.0.1", port))
        client.sendall(b"POST /derivative HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n")
        client.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(QUESTION), QUESTION))
        connections: set[Any] = server.server_state.connections  # any: uvicorn's type lists its own protocols
        _wait_until(lambda: any(each.backlog.bytes for each in connections))
        _wait_until(lambda: not connections)
        app.gate.memory.take(200 * MEBI + 1)  # more than there is may be taken where nothing else is
        with pytest.raises(Overloaded):
            app.gate.memory.take(1)


def _wait_until(so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.02)
