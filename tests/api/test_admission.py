"""So much is worked on at once, so much waits, and what nobody waits for stops."""

import asyncio
import json
from collections.abc import Callable
from itertools import repeat
from threading import Event
from typing import Any

import pytest
from starlette.requests import ClientDisconnect, Request

from service.api.admission import Estimate, Gate
from service.api.paces import Pace
from service.errors import InvalidInput, Overloaded, TookTooLong, Unwanted
from service.flow.stopping import go_on, while_wanted
from service.settings import Settings
from tests.client import JSON, Client, assert_problem
from tests.gates import occupied

GONE = {"type": "http.disconnect"}
ENOUGH = 50_000_000  # turns after which work is said to have gone on


def of_client(gone: asyncio.Event | None = None) -> Request:
    async def receive() -> dict[str, Any]:
        await (gone or asyncio.Event()).wait()
        return GONE

    return Request({"type": "http", "method": "POST", "path": "/", "headers": []}, receive)


def endless() -> str:
    for _ in repeat(None, ENOUGH):
        go_on()
    return "went on"


def gate(**settings: int) -> Gate:
    return Gate(Settings(**{"max_running": 1, "max_waiting": 1, **settings}))  # type: ignore[arg-type]  # whole numbers


class Busy:
    """A gate with work in it that ends when told to."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.end = Event()

    async def occupy(self, *works: Callable[[], object]) -> list["asyncio.Task[object]"]:
        """Have one thing run, and the works wait."""
        tasks = []
        for work in (self.end.wait, *works):
            tasks.append(asyncio.create_task(self.gate.run(of_client(), work)))
            await asyncio.sleep(0)
        return tasks


def test_work_stops_when_the_client_is_gone(runner: asyncio.Runner) -> None:
    async def leave() -> None:
        gone = asyncio.Event()
        gone.set()
        with pytest.raises(ClientDisconnect):
            await gate().run(of_client(gone), endless)

    runner.run(leave())


def test_a_client_that_waits_gets_the_result_or_the_fault(runner: asyncio.Runner) -> None:
    assert runner.run(gate().run(of_client(), max, 2, 3)) == 3

    def faulty() -> None:
        raise InvalidInput.at("x", detail="…")

    with pytest.raises(InvalidInput):
        runner.run(gate().run(of_client(), faulty))


def test_what_waits_has_its_turn_in_order_and_what_is_beyond_is_refused(runner: asyncio.Runner) -> None:
    done: list[int] = []

    async def crowd() -> None:
        busy = Busy(gate(max_waiting=3))
        tasks = await busy.occupy(*(lambda number=number: done.append(number) for number in range(3)))
        assert (busy.gate.turns.running, busy.gate.turns.waiting, busy.gate.full) == (1, 3, True)
        with pytest.raises(Overloaded, match="3 requests wait already") as refusal:
            await busy.gate.run(of_client(), max, 1, 2)
        assert (refusal.value.limit.name, refusal.value.after) == ("max_waiting", 1)
        busy.end.set()
        await asyncio.gather(*tasks)
        assert (busy.gate.turns.running, busy.gate.turns.waiting, busy.gate.full) == (0, 0, False)

    runner.run(crowd())
    assert done == [0, 1, 2]


def test_what_would_wait_for_too_long_is_refused_and_told_for_how_long(runner: asyncio.Runner) -> None:
    async def come() -> None:
        busy = Busy(gate(max_running=2, max_waiting=9, max_wait_seconds=10))
        turns = [await busy.gate.turns.take(seconds) for seconds in (100.0, 6.0)]
        assert busy.gate.turns.wait() == pytest.approx(6, abs=0.5), "the first to end makes room"
        busy.gate.check()
        waits = asyncio.create_task(busy.gate.turns.take(8.0))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="It would wait for about 14 seconds; 10 are allowed") as refusal:
            await busy.gate.run(of_client(), max, 1, 2)
        assert (refusal.value.limit.name, refusal.value.after) == ("max_wait_seconds", 4)
        for turn in turns:
            busy.gate.turns.leave(turn)
        busy.gate.turns.leave(await waits)
        assert await busy.gate.run(of_client(), max, 1, 2) == 2

    runner.run(come())


def test_how_long_work_takes_is_learned_from_what_was_answered(runner: asyncio.Runner) -> None:
    pace, narrow = Pace(1.0), gate()
    estimate = Estimate(amount=2.0, pace=pace)
    assert estimate.seconds == 2.0

    def faulty() -> None:
        raise InvalidInput.at("x", detail="…")

    with pytest.raises(InvalidInput):
        runner.run(narrow.run(of_client(), faulty, estimate=estimate))
    assert estimate.seconds == 2.0
    assert runner.run(narrow.run(of_client(), max, 1, 2, estimate=estimate)) == 2
    assert 0 < estimate.seconds < 1


def test_reading_waits_for_no_work(runner: asyncio.Runner) -> None:
    """What a request costs is known before it has to wait."""
    crowded = gate()
    with occupied(runner, crowded):
        assert runner.run(crowded.read(max, 1, 2)) == 2
    with occupied(runner, crowded, 1), pytest.raises(Overloaded):
        runner.run(crowded.read(max, 1, 2))


def test_reading_has_an_end_too(runner: asyncio.Runner) -> None:
    async def crowd() -> None:
        narrow, end = gate(max_waiting=2), Event()
        reading = [asyncio.create_task(narrow.read(end.wait)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="2 requests wait already"):
            await narrow.read(end.wait)
        end.set()
        assert await asyncio.gather(*reading) == [True] * 3
        assert not narrow.full

    runner.run(crowd())


def test_whoever_goes_away_leaves_the_queue(runner: asyncio.Runner) -> None:
    async def leave() -> None:
        busy, gone = Busy(gate()), asyncio.Event()
        tasks = await busy.occupy()
        waits = asyncio.create_task(busy.gate.run(of_client(gone), max, 1, 2))
        await asyncio.sleep(0)
        assert busy.gate.full
        gone.set()
        with pytest.raises(ClientDisconnect):
            await waits
        assert (busy.gate.turns.running, busy.gate.turns.waiting) == (1, 0)
        busy.end.set()
        await asyncio.gather(*tasks)
        assert await busy.gate.run(of_client(), max, 1, 2) == 2
        assert busy.gate.turns.running == 0

    runner.run(leave())


def test_the_time_of_a_request_ends_its_work(runner: asyncio.Runner) -> None:
    with pytest.raises(TookTooLong, match="1 seconds"):
        runner.run(gate(max_seconds=1).run(of_client(), endless))


def test_memory_is_counted(runner: asyncio.Runner) -> None:
    async def fill() -> None:
        small = gate(max_memory_bytes=100)
        with small.memory.holding(60):
            with pytest.raises(Overloaded) as refusal:
                await small.run(of_client(), max, 1, 2, estimate=Estimate(50))
            assert refusal.value.limit.name == "max_memory_bytes"
            assert await small.run(of_client(), max, 1, 2, estimate=Estimate(40)) == 2
        assert await small.run(of_client(), max, 1, 2, estimate=Estimate(1000)) == 2, "alone, it may try"

    runner.run(fill())


def test_steps_of_what_was_admitted_wait_however_many_there_are(runner: asyncio.Runner) -> None:
    async def go() -> None:
        busy = Busy(gate(max_waiting=0))
        tasks = await busy.occupy()
        steps = [asyncio.create_task(busy.gate.step(max, 1, 2)) for _ in range(9)]
        await asyncio.sleep(0)
        assert busy.gate.turns.waiting == 9
        busy.end.set()
        assert await asyncio.gather(*steps) == [2] * 9
        await asyncio.gather(*tasks)

    runner.run(go())


def test_a_large_question_is_refused_before_it_is_read(client: Client) -> None:
    crowded = Client(client.runner, Settings(max_running=1, max_waiting=0))
    gate: Gate = crowded.app.gate  # type: ignore[attr-defined]  # the client takes any FastAPI
    body = b'{"activation":"relu","x":[' + b"1," * 100_000 + b"1]}"
    with occupied(client.runner, gate):
        response = crowded.post("/evaluate", body)
        assert_problem(response, 503, "overloaded")
        assert response.headers["retry-after"] == "1"
        assert "ACTISCOPE_MAX_WAITING" in response.json()["detail"]
        small = crowded.post("/evaluate", b'{"activation":"relu","x":[1]}')
        assert small.status_code == 200, small.text
    assert crowded.post("/evaluate", body).status_code == 200


def test_outside_of_a_request_work_goes_on() -> None:
    go_on()
    with while_wanted(lambda: True):
        go_on()
    with while_wanted(lambda: False), pytest.raises(Unwanted):
        go_on()
    go_on()


@pytest.mark.parametrize(
    ("path", "question"),
    [
        (
            "/gradient-flow",
            {
                "input": {"distribution": "normal", "features": 1, "batch": 1},
                "layers": [{"units": 1, "activation": "tanh", "weights": "ones", "repeat": 9000}],
            },
        ),
        ("/gradient-flow/mean-field", {"activation": "mish", "sigma_w": 1.5, "sigma_b": {"linspace": [0, 1, 2000]}}),
    ],
)
def test_nothing_is_answered_to_a_client_that_has_hung_up(
    client: Client, path: str, question: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[object] = []
    body = {"type": "http.request", "body": json.dumps(question).encode(), "more_body": False}
    messages = iter([body])

    async def receive() -> dict[str, Any]:
        return next(messages, GONE)

    async def send(message: object) -> None:
        sent.append(message)

    headers = [(name.lower().encode(), value.encode()) for name, value in JSON.items()]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
    with caplog.at_level("INFO"):
        client.runner.run(client.app(scope, receive, send))
    assert sent == []
    assert "the client went away" in caplog.text


def test_bodies_are_counted_while_they_come(client: Client) -> None:
    small = Client(client.runner, Settings(max_memory_bytes=1000))
    pieces = (b'{"activation":"relu",', b'"x":[' + b"1," * 400, b"1]}")
    gate: Gate = small.app.gate  # type: ignore[attr-defined]  # the client takes any FastAPI

    async def posted() -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []
        messages = [{"type": "http.request", "body": piece, "more_body": piece != pieces[-1]} for piece in pieces]
        given = iter(messages)

        async def receive() -> dict[str, Any]:
            return next(given, GONE)

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        headers = [(b"host", b"a"), (b"content-type", b"application/json")]
        scope = {"type": "http", "method": "POST", "path": "/evaluate", "query_string": b"", "headers": headers}
        await small.app(scope, receive, send)  # type: ignore[arg-type]  # as starlette has them
        return sent

    assert client.runner.run(posted())[0]["status"] == 200
    with gate.memory.holding(900):
        assert client.runner.run(posted())[0]["status"] == 503
    assert client.runner.run(posted())[0]["status"] == 200, "all is given back"
