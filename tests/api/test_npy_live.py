"""Streams of NPY over real connections."""

import http.client
import logging
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from service.app import create_app
from service.settings import Settings
from service.wire.npy import write_header
from tests.api.test_npy import NPY, X, file, load
from tests.live import in_thread

MANY = 2**21  # numbers: 16 MiB


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with in_thread(create_app(Settings())) as (port, _):
        yield port


@contextmanager
def asked(port: int, length: int | None, query: str = "activation=relu") -> Iterator[socket.socket]:
    """A connection on which a request has begun: of that length, or in chunks."""
    coding = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        head = f"POST /evaluate?{query} HTTP/1.1\r\nHost: a\r\nContent-Type: {NPY}\r\nAccept: {NPY}\r\n{coding}\r\n\r\n"
        connection.sendall(head.encode())
        yield connection


def begun(connection: socket.socket) -> http.client.HTTPResponse:
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response


def send_on(connection: socket.socket) -> None:
    """Far more than any buffer takes."""
    for _ in range(2**12):
        connection.sendall(bytes(2**20))


def chunk(part: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(part), part)


def all_of(port: int, body: bytes) -> bytes:
    with asked(port, len(body)) as connection:
        connection.sendall(body)
        return begun(connection).read()


def test_a_live_answer_begins_before_the_question_ends(port: int) -> None:
    body = file(X)
    with asked(port, len(body)) as connection:
        connection.sendall(body[:160])
        response = begun(connection)
        first = response.read(160)
        connection.sendall(body[160:])
        assert_array_equal(load(first + response.read()), np.maximum(X, 0))


def test_many_streams_go_on_at_once(port: int) -> None:
    body = file(np.arange(4096.0))
    with asked(port, len(body)) as one, asked(port, len(body)) as two, asked(port, len(body)) as three:
        connections = (one, two, three)
        for connection in connections:
            connection.sendall(body[:1000])
        responses = [begun(connection) for connection in connections]
        firsts = [response.read(1000) for response in responses]
        for connection in reversed(connections):
            connection.sendall(body[1000:])
        assert [first + response.read() for first, response in zip(firsts, responses, strict=True)] == [body] * 3


def test_a_client_may_send_everything_first(port: int) -> None:
    body = file(np.arange(float(MANY)))
    with asked(port, len(body)) as connection:
        connection.sendall(body)
        assert begun(connection).read() == body


@pytest.mark.parametrize(
    "parts", [[file(X)[:136], b""], [file(X)[:136], file(X)[136:] + b"\0"], [file(X)[:136], file(X)[136:], b"\0"]]
)
def test_a_live_answer_is_broken_off_visibly(port: int, parts: list[bytes]) -> None:
    with asked(port, None) as connection:
        connection.sendall(chunk(parts[0]))
        response = begun(connection)
        assert (response.status, response.length) == (200, 192)
        connection.sendall(b"".join(map(chunk, parts[1:])))
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            response.read()
    assert all_of(port, file(X)) == file(np.maximum(X, 0))


def test_hanging_up_does_no_harm(port: int, caplog: pytest.LogCaptureFixture) -> None:
    body = file(np.arange(float(MANY)))
    with asked(port, len(body)) as connection, caplog.at_level(logging.INFO, "service"):
        connection.sendall(body[: MANY // 2])
        begun(connection).read(1000)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        assert all_of(port, body) == body
        until = time.monotonic() + 30
        while "went away" not in caplog.text and time.monotonic() < until:
            time.sleep(0.01)
    assert "went away" in caplog.text
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


def test_a_client_that_never_reads_is_hung_up_on(caplog: pytest.LogCaptureFixture) -> None:
    with in_thread(create_app(Settings(stream_buffer_bytes=2**16, stream_stall_seconds=1))) as (port, _):
        with asked(port, 2**40 + 128) as connection:
            connection.sendall(write_header(np.dtype("<f8"), (2**37,)))
            with pytest.raises(ConnectionError):
                send_on(connection)
        assert all_of(port, file(X)) == file(np.maximum(X, 0))
    assert "Nothing has moved in either direction for 1 seconds" in caplog.text
    assert len(caplog.records) == 1
