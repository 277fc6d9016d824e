"""Connections and their limits, over real sockets."""

import http.client
import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from service.app import create_app
from service.settings import Settings
from service.telemetry.account import Account
from service.telemetry.metrics import NO_ROUTE, Metrics
from service.telemetry.observer import Observer
from tests.live import in_thread

QUESTION = b'{"activation":"relu","x":[-1,2]}'
ANSWER = b'"y":[0.0,2.0]}'


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    limits: dict[str, Any] = {
        "head_seconds": 1,
        "keep_alive_seconds": 2,
        "max_head_bytes": 2000,
        "max_header_fields": 10,
    }
    with in_thread(create_app(Settings(**limits, min_body_rate=1000))) as (port, _):
        yield port


class Connection:
    """A socket, with what has come over it."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb")
        self.sendall = self.socket.sendall

    def ended(self) -> bool:
        """Whether nothing comes any more."""
        return self.reader.read(1) == b""


@contextmanager
def connected(port: int) -> Iterator[Connection]:
    connection = Connection(port)
    with connection.socket, connection.reader:
        yield connection


def post(*fields: str, body: bytes = QUESTION, path: str = "/evaluate", version: str = "1.1") -> bytes:
    """A request, as bytes."""
    told = ["Host: a", "Content-Type: application/json", *fields]
    if not any(field.startswith(("Content-Length", "Transfer-Encoding")) for field in fields):
        told.append(f"Content-Length: {len(body)}")
    return f"POST {path} HTTP/{version}\r\n".encode() + "\r\n".join([*told, "", ""]).encode() + body


def answer(connection: Connection) -> tuple[int, dict[str, str], bytes]:
    status = int(connection.reader.readline().split()[1])
    fields = {name.lower(): value for name, value in http.client.parse_headers(connection.reader).items()}
    return status, fields, connection.reader.read(int(fields["content-length"]))


def refused(connection: Connection, status: int, code: str, limit: str | None = None) -> dict[str, Any]:
    """The problem, if it is whole and the connection ends with it."""
    found, fields, body = answer(connection)
    document: dict[str, Any] = json.loads(body)
    assert (found, fields["content-type"], fields["connection"]) == (status, "application/problem+json", "close")
    assert (document["status"], document["type"]) == (status, f"/problems/{code}")
    assert re.fullmatch("[0-9a-f]{32}", fields["x-request-id"])
    assert document.get("limit", {}).get("name") == limit
    if limit:
        assert f"ACTISCOPE_{limit.upper()}" in document["detail"]
    assert connection.ended()
    return document


def test_requests_on_one_connection_are_answered_in_their_order(port: int) -> None:
    with connected(port) as connection:
        bodies = [b'{"activation":"relu","x":[%d]}' % number for number in range(1, 40)]
        connection.sendall(b"".join(post(body=body) for body in bodies))
        found = [answer(connection)[2] for _ in bodies]
        assert [json.loads(body)["y"] for body in found] == [[number] for number in range(1, 40)]


def test_a_request_in_single_bytes_is_read(port: int) -> None:
    with connected(port) as connection:
        for byte in post():
            connection.sendall(bytes([byte]))
        status, _, body = answer(connection)
        assert (status, body[-len(ANSWER) :]) == (200, ANSWER)


@pytest.mark.parametrize(
    "fields", [["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"], ["Connection: Upgrade", "Upgrade: websocket"]]
)
def test_an_upgrade_is_passed_over(port: int, fields: list[str]) -> None:
    with connected(port) as connection:
        connection.sendall(post(*fields) * 3)
        for _ in range(3):
            status, _, body = answer(connection)
            assert (status, body[-len(ANSWER) :]) == (200, ANSWER)


def test_what_expects_leave_to_send_gets_it(port: int) -> None:
    with connected(port) as connection:
        whole = post("Expect: 100-continue")
        connection.sendall(whole[: -len(QUESTION)])
        assert connection.reader.read(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(QUESTION)
        assert answer(connection)[0] == 200


def test_http_1_0_ends_with_its_answer(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(post(version="1.0"))
        status, fields, body = answer(connection)
        assert (status, fields["connection"], body[-len(ANSWER) :]) == (200, "close", ANSWER)
        assert connection.ended()


@pytest.mark.parametrize(
    ("request_", "status", "limit"),
    [
        (post("Long: " + "x" * 3000), 431, "max_head_bytes"),
        (post(path="/" + "x" * 3000), 414, "max_head_bytes"),
        (post("Long: " + "x" * 100_000)[:90_000], 431, "max_head_bytes"),
        (post(*(f"A{number}: b" for number in range(20))), 431, "max_header_fields"),
    ],
    ids=["field", "address", "field without an end", "fields"],
)
def test_heads_are_limited(port: int, request_: bytes, status: int, limit: str) -> None:
    with connected(port) as connection:
        connection.sendall(request_)
        refused(connection, status, "head_too_large", limit)


def test_a_head_within_the_limits_is_read(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(post("Long: " + "x" * 1800))
        assert answer(connection)[0] == 200
        connection.sendall(post(*(f"A{number}: b" for number in range(7))))
        assert answer(connection)[0] == 200


def test_fields_after_a_body_are_limited_and_passed_over(port: int) -> None:
    chunks = b"%x\r\n%b\r\n0\r\n" % (len(QUESTION), QUESTION)
    with connected(port) as connection:
        connection.sendall(post("Transfer-Encoding: chunked", body=chunks + b"Content-Type: text/plain\r\n\r\n"))
        assert answer(connection)[0] == 200
        connection.sendall(post("Transfer-Encoding: chunked", body=chunks + b"A: " + b"x" * 3000 + b"\r\n\r\n"))
        refused(connection, 431, "head_too_large", "max_head_bytes")


@pytest.mark.parametrize("sent", [b"P", post()[:60]])
def test_a_head_that_does_not_come_is_refused(port: int, sent: bytes) -> None:
    with connected(port) as connection:
        connection.sendall(sent)
        refused(connection, 408, "request_timeout", "head_seconds")


def test_a_body_that_does_not_come_is_refused(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(post()[:-5])
        refused(connection, 408, "request_timeout", "min_body_rate")


def test_a_connection_without_a_request_is_closed(port: int) -> None:
    with connected(port) as connection:
        assert connection.ended()
    with connected(port) as connection:
        connection.sendall(post())
        assert answer(connection)[0] == 200
        assert connection.ended()


def test_a_body_in_crumbs_is_refused(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(post("Transfer-Encoding: chunked", body=b"1\r\n \r\n" * 20_000))
        document = refused(connection, 400, "malformed_http")
        assert "chunks" in document["detail"]


def test_what_is_not_http_after_a_request_does_not_spoil_its_answer(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(post() + b"\x00\x01\x02\r\n\r\n")
        status, _, body = answer(connection)
        assert (status, body[-len(ANSWER) :]) == (200, ANSWER)
        refused(connection, 400, "malformed_http")


def test_a_wrong_chunk_is_refused(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(post("Transfer-Encoding: chunked", body=b"5\r\n12345\r\nx\r\n"))
        refused(connection, 400, "malformed_http")


def test_too_many_connections_are_told_so_but_whether_it_lives_is_answered() -> None:
    with (
        in_thread(create_app(Settings(max_connections=2))) as (port, _),
        connected(port),
        connected(port),
        connected(port) as third,
    ):
        third.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert answer(third)[0] == 200
        third.sendall(post())
        assert refused(third, 503, "overloaded", "max_connections")["limit"]["value"] == 2


def test_a_body_that_nobody_needs_is_passed_over() -> None:
    with in_thread(create_app(Settings(max_body_bytes=100))) as (port, _), connected(port) as connection:
        connection.sendall(post(body=b" " * 150) + post())
        assert answer(connection)[0] == 413
        assert answer(connection)[0] == 200


def test_told_to_end_it_answers_what_is_on_its_way() -> None:
    with in_thread(create_app(Settings())) as (port, server), connected(port) as idle, connected(port) as busy:
        busy.sendall(post()[:-5])
        idle.sendall(post())
        assert answer(idle)[0] == 200
        server.should_exit = True
        while server.servers[0].is_serving():  # it has not begun to end
            pass
        busy.sendall(QUESTION[-5:])
        status, fields, _ = answer(busy)
        assert (status, busy.ended()) == (200, True)
        idle.sendall(post())
        status, fields, _ = answer(idle)
        assert (status, fields["connection"], idle.ended()) == (200, "close", True)


def test_told_to_end_it_is_not_ready_any_more() -> None:
    with in_thread(create_app(Settings())) as (port, server), connected(port) as idle:
        idle.sendall(b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert answer(idle)[0] == 200
        server.should_exit = True
        while server.servers[0].is_serving():
            pass
        idle.sendall(b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")
        status, fields, body = answer(idle)
        assert (status, fields["connection"], json.loads(body)["reasons"].keys()) == (503, "close", {"draining"})


def test_what_is_refused_unread_is_counted_and_told_once() -> None:
    told: list[Account] = []
    observer = Observer(Metrics(), lambda account, _: told.append(account))
    with in_thread(create_app(Settings(max_head_bytes=2000, head_seconds=1), observer)) as (port, _):
        for sent, status in ((b"nonsense\r\n\r\n", 400), (b"GET /%b" % (b"a" * 3000), 414), (b"GET / HT", 408)):
            with connected(port) as connection:
                connection.sendall(sent)
                found, fields, _ = answer(connection)
                assert found == status
                assert (told[-1].status, told[-1].request_id.decode()) == (status, fields["x-request-id"])
        with connected(port) as connection:
            connection.sendall(post()[:-5])
            assert answer(connection)[0] == 408
    counted = observer.metrics.read()
    assert counted.of_route(NO_ROUTE).requests.sum() == len(told) == 4
    assert counted.refusals["limit"] == 3
    assert counted.levels["actiscope_requests_in_flight"] == 0


def test_an_address_without_a_path_is_that_of_the_root(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"GET http://a HTTP/1.1\r\nHost: a\r\n\r\n")
        assert answer(connection)[0] == 200
