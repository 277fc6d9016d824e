"""Hostile requests are refused in the same way as honest mistakes, and leave nothing behind."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from itertools import count, islice
from random import Random
from typing import TypeVar

import pytest

from tests.api.test_corpus import FILES
from tests.live import Service, started
from tests.reliability import SOAK_SECONDS
from tests.reliability.exchange import Answer, Unanswered, ask, send
from tests.reliability.hostile import JSON, Question, compressed, hostile, hostile_bytes, valid
from tests.reliability.properties import CONTRACT, Figures, assert_sound, documented

Item = TypeVar("Item")

# Small enough that no request takes long, whatever it has become.
LIMITS = {
    "ACTISCOPE_MAX_ELEMENTS": "65536",
    "ACTISCOPE_MAX_FLOW_OPERATIONS": "20000000000",
    "ACTISCOPE_MAX_TRAINING_OPERATIONS": "20000000000",
    "ACTISCOPE_MAX_GRID_POINTS": "128",
    "ACTISCOPE_MAX_DECODED_BODY_BYTES": "1000000",
    "ACTISCOPE_HEAD_SECONDS": "1",
    "ACTISCOPE_KEEP_ALIVE_SECONDS": "1",
}
AT_ONCE = 8
_LATE = 4  # threads of pools, which start when they are first needed
SOME = 2000
ROUND = 3000 if SOAK_SECONDS else 300
SEED = 20
QUESTIONS = valid()
PLACES = {"name": "relu", "version": "1"}
PATHS = [(path, path.format_map(PLACES)) for path, item in CONTRACT["paths"].items() if "post" in item]


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with started(**LIMITS) as service:
        yield service
        assert service.process.poll() is None
        assert "Traceback" not in service.said()


async def together(call: Callable[[Item], Awaitable[None]], items: Iterable[Item], at_once: int = AT_ONCE) -> None:
    """Make a call for each item, some at once."""
    left = iter(items)

    async def some() -> None:
        for item in left:
            await call(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(some())


async def answers(port: int) -> list[bytes]:
    """What the service says to every valid request."""
    asked = [*QUESTIONS, *(compressed(item, coding) for item in QUESTIONS for coding in ("gzip", "zstd"))]
    found = [await ask(port, "POST", item.path, item.body, *item.fields) for item in asked]
    assert {answer.status for answer in found} == {200}
    return [answer.body for answer in found]


async def attack(port: int, number: int) -> None:
    """Ask a question that chance has made hostile; the number says which."""
    question = hostile(QUESTIONS[number % len(QUESTIONS)], Random(number))
    for answer in await _sent(port, question):
        assert_sound(answer, documented(question.operation))
        assert answer.whole or _may_break_off(question, answer), (number, answer)


async def _sent(port: int, question: Question) -> list[Answer]:
    found = await send(port, question.written())
    assert len(found) == 1, question
    return found


def _may_break_off(question: Question, answer: Answer) -> bool:
    """An array is answered while it comes; that it is wrong at its end is told by the end of the connection."""
    return answer.status == 200 and any("x-npy" in field for field in question.fields)


async def attack_bytes(port: int, number: int) -> None:
    """Send bytes that are hardly a request."""
    question = QUESTIONS[number % len(QUESTIONS)]
    try:
        found = await send(port, hostile_bytes(question, Random(number)))
    except Unanswered as error:
        raise AssertionError(f"{number}: {error.read!r}") from None
    for answer in found:
        assert_sound(answer, documented(question.operation) | {304})


@pytest.mark.parametrize(("operation", "path"), PATHS)
def test_what_is_not_json_is_refused_at_every_path(service: Service, operation: str, path: str) -> None:
    async def post(body: bytes) -> None:
        answer = await ask(service.port, "POST", path, body, JSON)
        assert_sound(answer, documented(operation))
        assert answer.status in {400, 422}, (path, body, answer)

    asyncio.run(together(post, [file.read_bytes() for file in FILES]))


def test_hostile_bodies_are_refused_and_forgotten(service: Service) -> None:
    async def go() -> None:
        before = await answers(service.port)
        await together(partial(attack, service.port), range(SEED, SEED + SOME))
        assert await answers(service.port) == before

    asyncio.run(go())


def test_hostile_bytes_are_refused_and_forgotten(service: Service) -> None:
    async def go() -> None:
        before = await answers(service.port)
        await together(
            partial(attack_bytes, service.port), range(SEED, SEED + SOME // 2), at_once=250
        )  # a head without an end is waited for
        assert await answers(service.port) == before

    asyncio.run(go())


def test_nothing_grows(service: Service) -> None:
    """As many files and threads as before; in the long form, as much memory too."""

    async def go() -> None:
        numbers = count(10**6)
        await _rounds(service.port, numbers, SOAK_SECONDS / 5)
        await answers(service.port)
        before = await _at_rest(service)
        asked = await _rounds(service.port, numbers, SOAK_SECONDS)
        await answers(service.port)
        after = await _at_rest(service)
        print(f"{asked} hostile requests: {before} before, {after} after")
        assert after.files <= before.files
        assert after.threads <= before.threads + _LATE
        assert not SOAK_SECONDS or after.resident <= 1.1 * before.resident

    asyncio.run(go())


async def _rounds(port: int, numbers: Iterator[int], seconds: float) -> int:
    """Attack for so long, once at least."""
    until, asked = time.monotonic() + seconds, 0
    while not asked or time.monotonic() < until:
        some = list(islice(numbers, ROUND))
        await together(partial(attack, port), some)
        await together(partial(attack_bytes, port), some[:300], at_once=300)  # a head without an end is waited for
        asked += len(some) + 300
    return asked


async def _at_rest(service: Service) -> Figures:
    """The figures when the connections have ended."""
    await asyncio.sleep(3)
    return Figures.of(service.process.pid)
