"""Streams of records: how they are framed, paced and stopped."""

import asyncio
import http.client
import json
import logging
import time
from collections.abc import Callable, Generator, Iterator
from itertools import count
from threading import Event
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from service.api.pipes import CONNECTION
from service.api.streams import EVENTS, NDJSON, RecordStream, accepted_stream
from service.app import create_app
from service.settings import Settings
from tests.client import Client, assert_problem
from tests.live import in_thread

Records = Generator[object, None, None]
PATH = "/stream"


class Counted:
    """Records without end, each of which takes some time; knows how many were made, and whether it was closed."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.made = 0
        self.closed = Event()

    def records(self) -> Records:
        try:
            while True:
                time.sleep(self.seconds)
                self.made += 1
                yield {"number": self.made}
        finally:
            self.closed.set()


def few() -> Records:
    yield {"x": 1.5}
    yield None
    yield {"x": float("nan"), "y": float("-inf")}


def failing() -> Records:
    yield {"x": 1}
    raise RuntimeError("a secret")


def streamer(client: Client, records: Callable[[], Records]) -> Client:
    """An application that streams these records."""
    app = create_app(Settings())

    async def stream(request: Request) -> Response:
        return RecordStream(records(), accepted_stream(request))

    app.add_route(PATH, stream, ["POST"])
    return Client(client.runner, app=app)


def test_a_record_is_a_line_of_json(client: Client) -> None:
    response = streamer(client, few).post(PATH, {})
    assert response.headers["content-type"] == NDJSON
    assert response.headers["cache-control"] == "no-store"
    assert "content-length" not in response.headers
    assert response.text == '{"x":1.5}\n{"x":"NaN","y":"-Infinity"}\n'


def test_a_record_is_a_server_sent_event_with_its_number(client: Client) -> None:
    response = streamer(client, few).post(PATH, {}, headers={"Accept": EVENTS})
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.text == 'id: 0\ndata: {"x":1.5}\n\nid: 1\ndata: {"x":"NaN","y":"-Infinity"}\n\n'


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", NDJSON),
        ("*/*", NDJSON),
        ("application/*", NDJSON),
        ("text/*", EVENTS),
        (f"{EVENTS};q=0.4, {NDJSON};q=0.5", NDJSON),
        (f"{EVENTS};q=0.6, {NDJSON};q=0.5", EVENTS),
        (f"{EVENTS}, */*;q=0.1", EVENTS),
    ],
)
def test_the_client_chooses_the_form(client: Client, accept: str, media_type: str) -> None:
    response = streamer(client, few).post(PATH, {}, headers={"Accept": accept})
    assert response.headers["content-type"].startswith(media_type)


@pytest.mark.parametrize("accept", ["application/json", f"{EVENTS};q=0, {NDJSON};q=0"])
def test_a_client_that_takes_neither_form_is_refused(client: Client, accept: str) -> None:
    assert_problem(streamer(client, few).post(PATH, {}, headers={"Accept": accept}), 406, "not_acceptable")


def test_a_failure_on_the_way_is_the_last_record(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        response = streamer(client, failing).post(PATH, {}, headers={"X-Request-ID": "abc"})
    first, last = (json.loads(line) for line in response.text.splitlines())
    assert first == {"x": 1}
    assert (last["problem"]["type"], last["problem"]["status"]) == ("/problems/internal_error", 500)
    assert last["problem"]["request_id"] == "abc"
    assert "secret" not in response.text
    assert "a secret" in caplog.text
    assert "abc" in caplog.text


@pytest.mark.parametrize(("ends", "records_sent", "last"), [(1, 1, "draining"), (2, 2, "draining"), (4, 2, None)])
def test_the_end_of_the_service_is_the_last_record(
    client: Client, ends: int, records_sent: int, last: str | None
) -> None:
    """Unless the stream has come to its own end by then."""
    asked = count(1)
    sent = bytearray()

    async def receive() -> Message:
        await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.extend(message.get("body", b""))

    draining = {CONNECTION: {"draining": lambda: next(asked) >= ends}}
    client.runner.run(RecordStream(few(), NDJSON)({**scope(), "extensions": draining}, receive, send))
    records = [json.loads(line) for line in sent.splitlines()]
    told = records[-1].get("problem", {}).get("type")
    assert told == (f"/problems/{last}" if last else None)
    assert len(records) == records_sent


def test_a_client_that_goes_away_stops_the_work(client: Client) -> None:
    counted = Counted(0.001)

    async def talk() -> int:
        gone = asyncio.Event()

        async def receive() -> Message:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.body":
                gone.set()

        await RecordStream(counted.records(), NDJSON)(scope(), receive, send)
        return counted.made

    made = client.runner.run(talk())
    assert counted.closed.wait(30)  # the thread may have been in the midst of a record
    assert counted.made <= made + 1


def test_a_server_that_says_nobody_listens_stops_the_work(client: Client) -> None:
    counted = Counted()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            raise OSError

    client.runner.run(RecordStream(counted.records(), NDJSON)(scope(), waiting, send))
    assert counted.closed.is_set()


def test_a_cancelled_stream_closes_its_records_when_their_step_ends(client: Client) -> None:
    entered, leave, closed = Event(), Event(), Event()

    def records() -> Records:
        try:
            entered.set()
            leave.wait(30)
            yield {}
            yield {}
        finally:
            closed.set()

    async def talk() -> None:
        task = asyncio.create_task(RecordStream(records(), NDJSON)(scope(), waiting, ignoring))
        await asyncio.to_thread(entered.wait, 30)
        task.cancel()
        await asyncio.sleep(0)
        assert not closed.is_set()
        leave.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(closed.wait, 30)

    client.runner.run(talk())


def test_no_record_is_made_far_ahead_of_a_slow_client(client: Client) -> None:
    counted = Counted(0.02)

    async def talk() -> None:
        blocked = asyncio.Event()

        async def send(message: Message) -> None:
            if message["type"] == "http.response.body":
                blocked.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(RecordStream(counted.records(), NDJSON)(scope(), waiting, send))
        await blocked.wait()
        await asyncio.sleep(0.1)
        assert counted.made == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    client.runner.run(talk())
    assert counted.closed.is_set()


def test_small_records_share_a_message(client: Client) -> None:
    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    stream = RecordStream(({"number": number} for number in range(200)), NDJSON)
    client.runner.run(stream(scope(), waiting, send))
    assert b"".join(message.get("body", b"") for message in messages).count(b"\n") == 200
    assert len(messages) < 100
    assert messages[-1]["more_body"] is False


@pytest.fixture
def served(client: Client) -> Iterator[tuple[int, Counted]]:
    """The port of a live server that streams without end, and what it streams."""
    counted = Counted(0.001)
    with in_thread(streamer(client, counted.records).app) as (port, _):
        yield port, counted


def test_hanging_up_on_a_live_server_stops_the_work(served: tuple[int, Counted]) -> None:
    port, counted = served
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", PATH, b"{}", {"Content-Type": "application/json"})
    response = connection.getresponse()
    assert response.status == 200
    assert json.loads(response.readline()) == {"number": 1}
    assert json.loads(response.readline()) == {"number": 2}
    assert not counted.closed.is_set()
    response.close()
    connection.close()
    assert counted.closed.wait(30)


def scope() -> dict[str, Any]:
    return {"type": "http", "method": "POST", "path": PATH, "headers": [], "app": create_app(Settings())}


async def waiting() -> Message:
    """A client that stays."""
    await asyncio.Event().wait()
    raise AssertionError


async def ignoring(_: Message) -> None:
    """A client that takes everything."""
