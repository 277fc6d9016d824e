"""More work than a process may take on: some is done, the rest is refused at once, and nothing is left of it."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import pytest

from service.compute import cores
from tests.live import PATIENCE, Service, started
from tests.reliability import SOAK_SECONDS
from tests.reliability.exchange import Answer, ask
from tests.reliability.hostile import FLOW, JSON
from tests.reliability.properties import Figures, assert_sound

RUNNING, WAITING = 1, 2
CLIENTS = 24
NUMBERS = json.dumps({"activation": "gelu", "x": [n / 1e5 for n in range(100_000)]}).encode()
NETWORK = json.dumps(FLOW | {"input": {"distribution": "normal", "features": 256, "batch": 256}}).encode()
LARGE = (("/evaluate", NUMBERS), ("/gradient-flow", NETWORK))


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with started(ACTISCOPE_MAX_RUNNING=str(RUNNING), ACTISCOPE_MAX_WAITING=str(WAITING)) as service:
        yield service
        assert "Traceback" not in service.said()


async def large(port: int, number: int) -> Answer:
    path, body = LARGE[number % len(LARGE)]
    return await ask(port, "POST", path, body, JSON)


async def lives(port: int, over: asyncio.Event) -> int:
    """How often it said that it lives, meanwhile."""
    said = 0
    while not over.is_set() or not said:
        assert (await ask(port, "GET", "/healthz")).status == 200
        said += 1
        await asyncio.sleep(0.01)
    return said


async def crowd(port: int) -> Counter[int]:
    """Many clients at once, each of which gets an answer: that, or when to try again."""
    over = asyncio.Event()
    health = asyncio.create_task(lives(port, over))
    found = await asyncio.gather(*(large(port, number) for number in range(CLIENTS)))
    over.set()
    assert await health
    for answer in found:
        assert_sound(answer, {200, 503})
        assert answer.status in {200, 503}
    return Counter(answer.status for answer in found)


def test_what_is_too_much_is_refused_and_the_rest_answered(service: Service) -> None:
    async def go() -> None:
        before = [await large(service.port, number) for number in range(len(LARGE))]
        found = await crowd(service.port)
        assert found[200] >= RUNNING
        assert found[503] >= 1
        after = await asyncio.gather(*(large(service.port, number) for number in range(len(LARGE))))
        assert [answer.body for answer in after] == [answer.body for answer in before]
        assert {answer.status for answer in after} == {200}

    asyncio.run(go())


def test_every_place_is_free_again_afterwards(service: Service) -> None:
    async def go() -> None:
        await crowd(service.port)
        found = await asyncio.gather(*(large(service.port, 1) for _ in range(RUNNING + WAITING)))
        assert [answer.status for answer in found] == [200] * (RUNNING + WAITING)

    asyncio.run(go())


def test_clients_that_leave_leave_nothing(service: Service) -> None:
    """Those that hang up while their request waits, or runs, make room."""

    async def leave(number: int) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(large(service.port, number), 0.001 * number)

    async def go() -> None:
        await asyncio.gather(*(leave(number) for number in range(CLIENTS)))
        for _ in range(PATIENCE * 10):  # what ran goes on to where it asks whether to
            if (answer := await large(service.port, 1)).status == 200:
                return
            assert answer.status == 503
            await asyncio.sleep(0.1)
        raise AssertionError("The places of those who left are not free again.")

    asyncio.run(go())


@pytest.mark.skipif(not SOAK_SECONDS, reason="the long form")
def test_nothing_grows_under_overload(service: Service) -> None:
    async def go() -> None:
        await _crowds(service.port, SOAK_SECONDS / 5)
        before = Figures.of(service.process.pid)
        found = await _crowds(service.port, SOAK_SECONDS)
        after = Figures.of(service.process.pid)
        print(f"{found} under overload: {before} before, {after} after")
        assert after.files <= before.files
        assert after.threads <= before.threads + cores()  # a pool may not have been full before
        assert after.resident <= 1.1 * before.resident

    asyncio.run(go())


async def _crowds(port: int, seconds: float) -> Counter[int]:
    until, found = time.monotonic() + seconds, Counter[int]()
    while time.monotonic() < until:
        found += await crowd(port)
    await asyncio.sleep(1)
    return found
