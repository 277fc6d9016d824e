"""Cross-origin requests: closed, unless an origin is named."""

import asyncio

import pytest

from service.settings import Settings
from tests.client import Client, assert_problem

PAGE = "https://lab.example.org"
PREFLIGHT = {"Origin": PAGE, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}
QUESTION = {"activation": "relu", "x": 1}


@pytest.fixture(scope="module")
def opened(runner: asyncio.Runner) -> Client:
    """A service whose answers pages of one origin may read."""
    return Client(runner, Settings(cors_origins=(PAGE,), keys="alice:" + "0" * 64))


def granted(headers: object) -> list[str]:
    return [name for name in dict(headers) if name.startswith("access-control")]  # type: ignore[call-overload]  # httpx's


def test_nothing_is_granted_by_default(client: Client) -> None:
    assert not granted(client.get("/healthz", headers={"Origin": PAGE}).headers)
    response = client.request("OPTIONS", "/evaluate", headers=PREFLIGHT)
    assert_problem(response, 405, "method_not_allowed")
    assert not granted(response.headers)


def test_a_preflight_needs_no_key(opened: Client) -> None:
    response = opened.request("OPTIONS", "/evaluate", headers=PREFLIGHT)
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["access-control-allow-origin"] == PAGE
    assert response.headers["access-control-allow-methods"] == "GET, HEAD, POST"
    allowed = response.headers["access-control-allow-headers"].lower().split(", ")
    assert {"x-api-key", "authorization", "content-type", "inference-header-content-length"} <= set(allowed)
    assert "Origin" in response.headers["vary"]
    assert "access-control-allow-credentials" not in response.headers
    assert response.headers["x-request-id"]


def test_an_answer_may_be_read_with_what_describes_it(opened: Client) -> None:
    response = opened.post("/evaluate", QUESTION, headers={"Origin": PAGE})
    assert_problem(response, 401, "unauthorized")
    assert response.headers["access-control-allow-origin"] == PAGE
    exposed = response.headers["access-control-expose-headers"].split(", ")
    assert {"X-Request-ID", "RateLimit", "Retry-After", "Inference-Header-Content-Length"} <= set(exposed)
    assert response.headers["vary"] == "Origin"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", PAGE + ".evil.example", PAGE + ":444", "http://lab.example.org", "*", ""]
)
def test_other_origins_are_granted_nothing(opened: Client, origin: str) -> None:
    for response in (
        opened.get("/healthz", headers={"Origin": origin}),
        opened.request("OPTIONS", "/evaluate", headers=PREFLIGHT | {"Origin": origin}),
    ):
        assert response.status_code in (200, 204)
        assert "access-control-allow-origin" not in response.headers
        assert "Origin" in response.headers["vary"]


def test_an_answer_without_an_origin_varies_by_it_too(opened: Client) -> None:
    response = opened.get("/healthz")
    assert response.headers["vary"] == "Origin"
    assert "access-control-allow-origin" not in response.headers


def test_all_origins_may_be_named(runner: asyncio.Runner) -> None:
    everyone = Client(runner, Settings(cors_origins=("*",)))
    assert everyone.get("/healthz", headers={"Origin": PAGE}).headers["access-control-allow-origin"] == "*"


def test_an_origin_is_no_way_to_inject_a_header(opened: Client) -> None:
    response = opened.get("/healthz", headers={"Origin": PAGE + "\r\nX-Injected: 1"})
    assert "x-injected" not in response.headers
    assert "access-control-allow-origin" not in response.headers
