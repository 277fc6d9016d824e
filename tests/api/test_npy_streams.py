"""Streams of NPY, message by message: what is sent when, what waits, and how they end."""

import asyncio
import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from starlette.types import Message

from service.settings import Settings
from service.wire.npy import write_header
from tests.api.test_npy import NPY, X, file, load, numbers, post
from tests.client import Client

MANY = 2**21  # numbers: 16 MiB
PART = 2**18  # bytes


@dataclass
class Talk:
    """A conversation with the application, message by message."""

    body: Iterable[Message]
    blocked: bool = False
    heard: list[Message] = field(default_factory=list)
    taken: int = 0

    async def run(
        self, client: Client, query: str = "activation=relu", length: int | None = None, coding: str | None = None
    ) -> None:
        headers = [(b"host", b"a"), (b"content-type", NPY.encode()), (b"accept", NPY.encode())]
        if length is not None:
            headers.append((b"content-length", b"%d" % length))
        if coding is not None:
            headers.append((b"content-encoding", coding.encode()))
        scope = {"type": "http", "method": "POST", "path": "/evaluate", "root_path": "", "headers": headers}
        messages = iter(self.body)

        async def receive() -> Message:
            self.taken += 1
            await asyncio.sleep(0)
            return next(messages, {"type": "http.disconnect"})

        await client.app(scope | {"query_string": query.encode()}, receive, self.hear)

    async def hear(self, message: Message) -> None:
        self.heard.append(message)
        if self.blocked and len(self.heard) > 2:
            await asyncio.Event().wait()

    @property
    def answered(self) -> bytes:
        return b"".join(bytes(message["body"]) for message in self.heard[1:])

    @property
    def complete(self) -> bool:
        return self.heard[-1].get("more_body") is False


def said(*parts: bytes, end: bool = True) -> list[Message]:
    """Parts of a body as messages."""
    return [
        {"type": "http.request", "body": part, "more_body": not (end and index == len(parts))}
        for index, part in enumerate(parts, 1)
    ]


@pytest.mark.parametrize("dtype", ["<f8", ">f2", "|i1"])
def test_a_body_may_be_cut_anywhere(client: Client, dtype: str) -> None:
    body = file(X.astype(dtype))
    whole = post(client, "/evaluate", body, activation="relu").content
    for cut in range(len(body) + 1):
        for parts in ((body[:cut], body[cut:]), (body[:cut], body[cut:], b"")):
            talk = Talk(said(*parts))
            client.runner.run(talk.run(client, length=len(body)))
            assert (talk.answered, talk.complete) == (whole, True)
    talk = Talk(said(*(body[index : index + 1] for index in range(len(body)))))
    client.runner.run(talk.run(client))
    assert talk.answered == whole


def test_the_answer_begins_before_the_question_ends(client: Client) -> None:
    body, heard = file(X), []

    def messages() -> Iterator[Message]:
        for index in range(128, len(body), 8):
            yield from said(body[index - 128 if index == 128 else index : index + 8], end=False)
            heard.append(len(talk.answered))
        yield from said(b"")

    talk = Talk(messages())
    client.runner.run(talk.run(client, length=len(body)))
    assert heard == [128 + 8, 128 + 16, 128 + 24, 128 + 32, 128 + 40, 128 + 48, 128 + 56, 128 + 56]
    assert_array_equal(load(talk.answered), np.maximum(X, 0))


@pytest.mark.parametrize("cut", [0, 5, 127])
def test_a_body_that_ends_before_its_numbers_is_malformed(client: Client, cut: int) -> None:
    talk = Talk(said(file(X)[:cut], b""))
    client.runner.run(talk.run(client))
    assert talk.heard[0]["status"] == 400


@pytest.mark.parametrize("length", [0, 64, 128, 191, 193, 2**62])
def test_a_length_that_does_not_fit_the_header_is_refused_at_once(client: Client, length: int) -> None:
    talk = Talk(said(file(X)[:136], end=False))
    client.runner.run(talk.run(client, length=length))
    assert (talk.heard[0]["status"], talk.taken) == (400, 1)


@pytest.mark.parametrize(
    "rest", [[file(X)[136:-1]], [file(X)[136:-1], b""], [file(X)[136:], b"\0"], [file(X)[136:] + b"\0"]]
)
def test_a_body_of_another_length_breaks_the_answer_off(
    client: Client, rest: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    talk = Talk(said(file(X)[:136], *rest))
    client.runner.run(talk.run(client))
    assert talk.heard[0]["status"] == 200
    assert not talk.complete
    assert len(talk.answered) < 192
    (record,) = caplog.records
    assert "was broken off" in record.message
    assert record.exc_info is None


def test_a_client_that_goes_away_is_let_go(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    for part in (file(X)[:100], file(X)[:140]):
        client.runner.run(Talk(said(part, end=False)).run(client))
    assert not caplog.records


def test_a_server_that_says_nobody_listens_ends_the_stream(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    class Gone(Talk):
        async def hear(self, message: Message) -> None:
            self.heard.append(message)
            if len(self.heard) == 3:
                await asyncio.sleep(0)
                raise OSError

    talk = Gone(said(*([bytes(2**18)] * 40), end=False))
    talk.body = [*said(write_header(np.dtype("<f8"), (2**20,)), end=False), *talk.body]
    client.runner.run(talk.run(client))
    assert (len(talk.heard), caplog.records) == (3, [])


def long_body() -> Iterator[Message]:
    yield from said(write_header(np.dtype("<f8"), (MANY,)), end=False)
    for first in range(0, MANY, PART // 8):
        part = np.arange(first, first + PART // 8, dtype="<f8").tobytes()
        yield from said(part, end=first + PART // 8 == MANY)


def test_a_client_that_does_not_read_is_served_up_to_the_buffer(client: Client) -> None:
    small = Client(client.runner, Settings(stream_buffer_bytes=2**20, stream_stall_seconds=1))
    talk = Talk(long_body(), blocked=True)
    client.runner.run(talk.run(small))
    assert not talk.complete
    assert 2**20 / PART <= talk.taken <= 2**20 / PART + 4


def test_a_stall_is_told(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    small = Client(client.runner, Settings(stream_buffer_bytes=1, stream_stall_seconds=1))
    client.runner.run(Talk(long_body(), blocked=True).run(small))
    (record,) = caplog.records
    assert "Nothing has moved in either direction for 1 seconds" in record.message
    assert record.exc_info is None


@pytest.mark.parametrize("buffer", [1, 2**20, 2**26])
def test_a_client_that_reads_slowly_gets_all_of_the_answer(client: Client, buffer: int) -> None:
    class Slow(Talk):
        async def hear(self, message: Message) -> None:
            for _ in range(len(self.heard) % 5):
                await asyncio.sleep(0)
            self.heard.append(message)

    talk = Slow(long_body())
    client.runner.run(talk.run(Client(client.runner, Settings(stream_buffer_bytes=buffer))))
    assert talk.complete
    assert_array_equal(load(talk.answered), np.arange(MANY))


def test_a_slow_function_streams_as_well(client: Client) -> None:
    talk, few = Talk(long_body()), 2**16
    talk.body = [*said(write_header(np.dtype("<f8"), (few,)), end=False), *said(np.linspace(-9, 9, few).tobytes())]
    client.runner.run(talk.run(client, "activation=logcosh"))
    there = client.post("/evaluate", {"activation": "logcosh", "x": np.linspace(-9, 9, few).tolist()}).json()
    assert_array_equal(load(talk.answered), numbers(there["y"]))


def test_a_stream_takes_little_memory(client: Client) -> None:
    class Deaf(Talk):
        async def hear(self, message: Message) -> None:
            self.heard = [message]

    talk = Deaf(long_body())
    tracemalloc.start()
    try:
        client.runner.run(talk.run(client))
        assert tracemalloc.get_traced_memory()[1] < 6 * 2**20
    finally:
        tracemalloc.stop()
    assert talk.complete
