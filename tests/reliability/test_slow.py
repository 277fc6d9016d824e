"""Clients that take their time cost the others nothing, and are hung up on in the end."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack

import pytest

from tests.live import PATIENCE, Service, started
from tests.reliability import SOAK_SECONDS
from tests.reliability.exchange import HOST, ask, connected, read, request
from tests.reliability.hostile import JSON
from tests.reliability.properties import Figures, assert_sound

LIMITS = {
    "ACTISCOPE_HEAD_SECONDS": "2",
    "ACTISCOPE_KEEP_ALIVE_SECONDS": "2",
    "ACTISCOPE_STREAM_STALL_SECONDS": "2",
    "ACTISCOPE_MAX_CONNECTIONS": "1000",
}
EACH = 100 if SOAK_SECONDS else 20  # connections of each kind
BODY = b'{"activation":"relu","x":[-1,2]}'
SMALL = request("POST", "/evaluate", BODY, JSON)
MANY = request("POST", "/evaluate", b'{"activation":"relu","x":[%b1]}' % (b"1," * 2_000_000), JSON)
BEGINNINGS = {
    "nothing": b"",
    "a byte": SMALL[:1],
    "half a head": SMALL[:40],
    "half a body": SMALL[:-10],
    "half of a chunk": SMALL.partition(b"Content-Length")[0] + b"Transfer-Encoding: chunked\r\n\r\n20\r\n{",
}


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with started(**LIMITS) as service:
        yield service
        assert "Traceback" not in service.said()


async def others_are_answered(port: int) -> None:
    """Ordinary clients notice nothing."""
    for _ in range(20):
        found = await asyncio.gather(*(ask(port, "POST", "/evaluate", BODY, JSON) for _ in range(5)))
        assert [answer.status for answer in found] == [200] * 5


def test_slow_senders_are_refused_and_others_answered(service: Service) -> None:
    async def go() -> None:
        sent = list(BEGINNINGS.values()) * EACH
        async with AsyncExitStack() as stack, asyncio.timeout(PATIENCE):
            slow = [await stack.enter_async_context(connected(service.port)) for _ in sent]
            for beginning, (_, writer) in zip(sent, slow, strict=True):
                writer.write(beginning)
            await others_are_answered(service.port)
            answers = [await read(reader) for reader, _ in slow]
        for beginning, answer in zip(sent, answers, strict=True):
            assert (answer.status if answer else None) == (408 if beginning else None)
            if answer:
                assert_sound(answer, {408})

    asyncio.run(go())


def test_those_who_do_not_read_are_hung_up_on_and_others_answered(service: Service) -> None:
    """An answer that nobody takes is kept for some time only."""

    async def go() -> None:
        before = Figures.of(service.process.pid)
        connections = [_that_takes_little(service.port) for _ in range(3)]
        for connection in connections:
            await asyncio.to_thread(connection.sendall, MANY)
        await others_are_answered(service.port)
        await asyncio.to_thread(_comes_down_to, before.files, service)
        for connection in connections:
            connection.close()
        await others_are_answered(service.port)

    asyncio.run(go())


def _comes_down_to(files: int, service: Service) -> None:
    until = time.monotonic() + PATIENCE
    while Figures.of(service.process.pid).files > files:
        assert time.monotonic() < until
        time.sleep(0.1)


def _that_takes_little(port: int) -> socket.socket:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(PATIENCE)
    connection.connect((HOST, port))
    return connection


def test_silent_connections_that_take_all_files_give_way() -> None:
    few = ("sh", "-c", 'ulimit -n 128; exec "$@"', "sh")
    with started("--port", "0", wrapper=few, ACTISCOPE_KEEP_ALIVE_SECONDS="600") as service, ExitStack() as open_ones:
        for _ in range(200):
            open_ones.enter_context(socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE))
        assert asyncio.run(ask(service.port, "GET", "/healthz")).status == 200
        assert asyncio.run(ask(service.port, "POST", "/evaluate", BODY, JSON)).status == 200
