"""What every answer tells browsers not to do with it, and what it does not tell of the service."""

import http.client
import json
import socket
from collections.abc import Iterator

import pytest

from service.api.keys import line_of, new_key
from tests.client import Client
from tests.live import serving

KEY = new_key()
BODY = b'{"activation":"relu","x":[-1,2]}'
JSON = {"Content-Type": "application/json"}
EXPECTED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
LOCKED = "default-src 'none'; frame-ancestors 'none'"
ASKED = [
    ("GET", "/"),
    ("GET", "/docs"),
    ("GET", "/redoc"),
    ("GET", "/docs/assets/start.js"),
    ("GET", "/openapi.json"),
    ("GET", "/activations/relu"),
    ("GET", "/nowhere"),
    ("HEAD", "/limits"),
    ("PUT", "/evaluate"),
    ("POST", "/evaluate"),
    ("POST", "/gradient-flow/training"),
]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a service with a key and a limit."""
    with serving(ACTISCOPE_KEYS=line_of("alice", KEY), ACTISCOPE_REQUESTS_PER_ADDRESS="1000") as address:
        yield int(address.partition(":")[2])


@pytest.fixture
def connection(port: int) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    yield connection
    connection.close()


@pytest.mark.parametrize(("method", "path"), ASKED)
def test_every_answer_is_hardened(client: Client, method: str, path: str) -> None:
    headers = client.request(method, path).headers
    assert {name: headers.get_list(name) for name in EXPECTED} == {name: [value] for name, value in EXPECTED.items()}
    (policy,) = headers.get_list("content-security-policy")
    assert policy == LOCKED or path in ("/docs", "/redoc")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not {"server", "x-powered-by", "strict-transport-security"} & set(headers)


def test_what_is_not_http_is_hardened_too(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        response = http.client.HTTPResponse(connection)
        response.begin()
        response.read()
    assert response.status == 400
    assert {name: response.getheader(name) for name in EXPECTED} == EXPECTED
    assert response.getheader("content-security-policy") == LOCKED


def test_a_refused_request_leaves_the_connection_in_order(connection: http.client.HTTPConnection) -> None:
    for headers, status in (({}, 401), ({"X-API-Key": KEY}, 200), ({"Authorization": "Bearer x"}, 401)):
        connection.request("POST", "/evaluate", BODY, JSON | headers)
        response = connection.getresponse()
        text = response.read()
        assert response.status == status
        assert (response.getheader("content-type") == "application/problem+json") is (status == 401)
        assert response.getheader("server") is None
        assert response.getheader("ratelimit", "").startswith('"address";r=')
        assert json.loads(text)
        connection.request("HEAD", "/limits", headers=headers)
        response = connection.getresponse()
        assert (response.status, response.read()) == (status, b"")


def test_a_body_is_refused_before_it_is_sent(connection: http.client.HTTPConnection) -> None:
    connection.putrequest("POST", "/evaluate")
    for name, value in (JSON | {"Content-Length": "60000000"}).items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == 401


def test_health_is_open(connection: http.client.HTTPConnection) -> None:
    connection.request("GET", "/healthz")
    response = connection.getresponse()
    assert (response.status, response.read(), response.getheader("ratelimit")) == (200, b'{"status":"ok"}', None)
