"""The service as a process, over a real connection."""

import http.client
import json
import re
import socket
from collections.abc import Iterator

import pytest

from tests.live import serving

BODY = b'{"activation":"relu","x":[-1,2]}'
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a service that takes bodies of up to 1000 bytes."""
    with serving(ACTISCOPE_MAX_BODY_BYTES="1000") as address:
        yield int(address.partition(":")[2])


@pytest.fixture
def connection(port: int) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    yield connection
    connection.close()


def test_a_question_is_answered(connection: http.client.HTTPConnection) -> None:
    for _ in range(3):
        connection.request("POST", "/evaluate", BODY, JSON)
        response = connection.getresponse()
        assert response.status == 200
        assert response.read().endswith(b'"y":[0.0,2.0]}')
        assert response.getheader("server") is None


def test_a_body_in_chunks_is_read(connection: http.client.HTTPConnection) -> None:
    connection.request("POST", "/evaluate", iter([BODY[:5], BODY[5:]]), JSON, encode_chunked=True)
    response = connection.getresponse()
    assert (response.status, response.read()[-13:]) == (200, b'"y":[0.0,2.0]}'[-13:])


def test_a_body_in_chunks_is_refused_once_it_is_too_large(connection: http.client.HTTPConnection) -> None:
    chunks = iter([BODY, b" " * 500, b" " * 500])
    connection.request("POST", "/evaluate", chunks, JSON, encode_chunked=True)
    response = connection.getresponse()
    assert response.status == 413
    assert response.getheader("content-type") == "application/problem+json"
    assert b"ACTISCOPE_MAX_BODY_BYTES" in response.read()


def test_a_body_is_refused_by_its_announced_length_before_it_is_sent(connection: http.client.HTTPConnection) -> None:
    connection.putrequest("POST", "/evaluate")
    for name, value in (JSON | {"Content-Length": "10000000"}).items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    assert (response.status, response.getheader("content-type")) == (413, "application/problem+json")


def test_a_request_without_a_body_is_malformed(connection: http.client.HTTPConnection) -> None:
    connection.putrequest("POST", "/evaluate")
    connection.putheader("Content-Type", "application/json")
    connection.endheaders()
    response = connection.getresponse()
    assert response.status == 400
    assert b"/problems/malformed_json" in response.read()


@pytest.mark.parametrize("path", ["/activations", "/docs", "/nowhere"])
def test_head_leaves_the_connection_in_order(connection: http.client.HTTPConnection, path: str) -> None:
    connection.request("HEAD", path)
    response = connection.getresponse()
    assert response.read() == b""
    assert int(response.getheader("content-length", "0")) > 0
    connection.request("GET", "/healthz")
    assert connection.getresponse().read() == b'{"status":"ok"}'


@pytest.mark.parametrize(
    "request_",
    [
        b"FOO / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /evaluate HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"\x16\x03\x01\r\n\r\n",
    ],
    ids=["method", "length", "no host", "two hosts", "TLS"],
)
def test_what_is_not_http_is_a_problem_too(port: int, request_: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request_)
        response = http.client.HTTPResponse(connection)
        response.begin()
        document = json.loads(response.read())
        assert connection.recv(1) == b""
    assert (response.status, response.getheader("content-type")) == (400, "application/problem+json")
    assert re.fullmatch("[0-9a-f]{32}", response.getheader("x-request-id", ""))
    assert response.getheader("connection") == "close"
    assert (document["type"], document["status"], document["instance"]) == ("/problems/malformed_http", 400, "/")
