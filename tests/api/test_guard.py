"""Who may ask, and how often: every path is guarded, nothing is leaked, and refusals say what to do."""

import asyncio
import logging
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from service.api import openapi
from service.api.failures import FAILURES
from service.api.guard import DOCUMENTATION, OPEN, Guard, is_open
from service.api.keys import line_of, new_key
from service.api.middleware import Envelope
from service.api.protection import protect
from service.api.quotas import MOST_CLIENTS
from service.app import ROUTERS, Actiscope, create_app
from service.errors import InvalidSetting
from service.settings import Settings
from tests.api.test_middleware import run
from tests.client import Client, assert_problem
from tests.schema import complaints

KEY, OTHER = new_key(), new_key()
KEYS = f"{line_of('alice', KEY)},{line_of('bob', OTHER)}"
BEARER, HEADER = {"Authorization": f"Bearer {KEY}"}, {"X-API-Key": KEY}
QUESTION = {"activation": "relu", "x": [-1.0, 2.0]}
DAY = 86_400  # long enough that nothing comes back while a test runs
ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
PATHS = sorted({route.path for route in ROUTES})
PLACES = {"name": "relu", "version": "1", "code": "not_found", "edition": "x", "path": "docs/index.html"}
ASKED = [
    (method, path.format_map(PLACES).replace("assets/relu", "assets/start.js"))
    for route in ROUTES
    for path in [route.path.replace(":path}", "}")]
    for method in sorted({*(route.methods or ()), "HEAD"})
]


@pytest.fixture(scope="module")
def keyed(runner: asyncio.Runner) -> Client:
    """A service that wants a key."""
    return Client(runner, Settings(keys=KEYS))


def limited(runner: asyncio.Runner, address: str = "10.0.0.1", **settings: Any) -> Client:  # noqa: ANN401  settings are of many types
    """A service with limits that hold for a day."""
    return Client(runner, Settings(**{"request_window_seconds": DAY} | settings), address=address)


def from_address(client: Client, address: str) -> Client:
    return Client(client.runner, app=client.app, address=address)


def assert_refused(response: httpx.Response, *, given: bool) -> None:
    assert_problem(response, 401, "unauthorized")
    challenge = 'Bearer realm="actiscope"' + (', error="invalid_token"' if given else "")
    assert response.headers["www-authenticate"] == challenge


def test_by_default_there_is_no_guard(client: Client) -> None:
    assert isinstance(client.app, Actiscope)
    assert isinstance(client.app.front, Envelope)
    assert not isinstance(client.app.front.app, Guard)


@pytest.mark.parametrize(("method", "path"), ASKED)
def test_every_path_needs_a_key_unless_it_is_listed(keyed: Client, method: str, path: str) -> None:
    refused, answered = keyed.request(method, path), keyed.request(method, path, headers=BEARER)
    assert answered.status_code != 401
    if path in OPEN:
        assert refused.status_code == answered.status_code
    elif method == "HEAD":
        assert (refused.status_code, refused.content) == (401, b"")
    else:
        assert_refused(refused, given=False)


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/", "/metrics", "//healthz", "/healthz/", "/Healthz", "/healthz%00", "/v2/health", "/v2/health/x"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "TRACE", "FOO"])
def test_what_does_not_exist_needs_a_key_too(keyed: Client, method: str, path: str) -> None:
    assert_refused(keyed.request(method, path), given=False)


@pytest.mark.parametrize("headers", [BEARER, HEADER, {"authorization": f"bearer  {KEY} "}, {"X-Api-Key": OTHER}])
def test_a_key_is_taken_in_either_header(keyed: Client, headers: dict[str, str]) -> None:
    assert keyed.post("/evaluate", QUESTION, headers=headers).json()["y"] == [0.0, 2.0]
    assert keyed.get("/activations", headers=headers).status_code == 200


def test_another_scheme_may_be_meant_for_a_proxy(keyed: Client) -> None:
    basic = {"Authorization": "Basic YTpi"}
    assert keyed.get("/limits", headers=basic | HEADER).status_code == 200
    assert_refused(keyed.get("/limits", headers=basic), given=False)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": ""},
        {"X-API-Key": KEY[:-1]},
        {"X-API-Key": KEY + "x"},
        {"X-API-Key": KEY.swapcase()},
        {"X-API-Key": f"Bearer {KEY}"},
        {"X-API-Key": KEYS.partition(":")[2][:64]},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer alice"},
        {"X-API-Key": b"\xff\x00\xfe"},
        {"X-API-Key": "x" * 100_000},
    ],
)
def test_a_wrong_key_is_refused(keyed: Client, headers: dict[str, str | bytes]) -> None:
    assert_refused(keyed.post("/evaluate", QUESTION, headers=headers), given=True)


@pytest.mark.parametrize(
    "headers",
    [[*BEARER.items(), *HEADER.items()], [*HEADER.items(), *HEADER.items()], [("X-API-Key", OTHER), *BEARER.items()]],
)
def test_two_keys_are_refused(keyed: Client, headers: list[tuple[str, str]]) -> None:
    assert_refused(keyed.get("/limits", headers=headers), given=True)


def test_a_key_in_the_address_is_not_read(keyed: Client) -> None:
    for name in ("key", "api_key", "access_token", "X-API-Key"):
        assert_refused(keyed.get("/limits", params={name: KEY}), given=False)


@pytest.mark.parametrize("host", ["a/healthz?x=", "a/healthz#", "healthz", "a\\healthz"])
def test_the_host_does_not_open_a_path(keyed: Client, host: str) -> None:
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": "/limits",
        "query_string": b"",
        "headers": [(b"host", host.encode())],
    }
    start = run(keyed.runner, keyed.app, scope, [])[0]
    assert start["status"] == 401


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/scope/healthz", 200),
        ("/healthz", 200),
        ("/scope/limits", 401),
        ("/limits", 401),
        ("/scopehealthz", 401),
        ("/scope/scope/healthz", 401),
        ("/healthz/scope", 401),
    ],
)
def test_the_prefix_of_a_proxy_does_not_open_a_path(runner: asyncio.Runner, path: str, status: int) -> None:
    mounted = Client(runner, Settings(keys=KEYS, root_path="/scope"))
    assert mounted.get(path).status_code == status


def test_the_documentation_is_open_if_a_setting_says_so(runner: asyncio.Runner) -> None:
    opened = Client(runner, Settings(keys=KEYS, open_docs=True))
    for path in (*DOCUMENTATION, "/docs/assets/start.js", "/problems/not_found", "/static/explorer/x/style.css"):
        assert opened.get(path).status_code != 401, path
    for path in ("/limits", "/activations", "/metrics", "/docs/", "/docs/x", "/problemsx", "/v2"):
        assert_refused(opened.get(path), given=False)
    assert_refused(opened.post("/evaluate", QUESTION), given=False)


def test_a_body_is_not_read_without_a_key(keyed: Client) -> None:
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/evaluate",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    sent = run(keyed.runner, keyed.app, scope, [])  # receiving would fail: nothing comes
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[0]["status"] == 401


@pytest.mark.parametrize("value", ["a\r\nX-Injected: 1", "a\nX-Injected: 1", "a\r\n\r\n<script>", "a\x00b"])
@pytest.mark.parametrize("name", ["X-API-Key", "Authorization", "Origin", "X-Forwarded-For", "X-Request-ID"])
def test_no_header_is_injected(runner: asyncio.Runner, name: str, value: str) -> None:
    guarded = Client(
        runner,
        Settings(
            keys=KEYS,
            requests_per_key=9,
            requests_per_address=9,
            trusted_proxies=("127.0.0.1",),
            cors_origins=("https://a.org",),
        ),
    )
    given = f"Bearer {value}" if name == "Authorization" else value
    response = guarded.get("/limits", headers=[(name, given)])
    assert_problem(response, 401, "unauthorized")
    assert "x-injected" not in response.headers
    assert "Injected" not in response.text + str(response.headers)
    assert all(b"\r" not in line and b"\n" not in line for item in response.headers.raw for line in item)


def test_a_key_is_neither_logged_nor_echoed(runner: asyncio.Runner, caplog: pytest.LogCaptureFixture) -> None:
    app = create_app(Settings(keys=KEYS, requests_per_key=5))

    async def fail() -> None:
        raise RuntimeError("broken")

    app.add_api_route("/fail", fail)
    client, wrong = Client(runner, app=app), new_key()
    with caplog.at_level(logging.DEBUG):
        answers = [
            client.request(method, path, headers=headers, content=b"{")
            for headers in (BEARER, HEADER, {"X-API-Key": wrong}, BEARER | {"X-API-Key": wrong})
            for method, path in (("GET", "/limits"), ("POST", "/evaluate"), ("GET", "/nowhere"), ("GET", "/fail"))
        ]
    assert {answer.status_code for answer in answers} == {200, 401, 404, 415, 429, 500}
    assert "broken" in caplog.text
    told = caplog.text + "".join(answer.text + str(answer.headers) for answer in answers)
    for secret in (KEY, wrong, *(line.partition(":")[2] for line in KEYS.split(","))):
        assert secret not in told


def test_a_key_has_its_quota(runner: asyncio.Runner) -> None:
    client = limited(runner, keys=KEYS, requests_per_key=2)
    answers = [client.post("/evaluate", QUESTION, headers=BEARER) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["ratelimit"] for answer in answers] == [f'"key";r={left};t={DAY // 2}' for left in (1, 0, 0)]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {f'"key";q=2;w={DAY}'}
    document = assert_problem(answers[-1], 429, "quota_exceeded")
    assert document["violated-policies"] == ["key"]
    assert document["limit"] == {"name": "requests_per_key", "value": 2, "setting": "ACTISCOPE_REQUESTS_PER_KEY"}
    assert "ACTISCOPE_REQUESTS_PER_KEY" in document["detail"]
    assert answers[-1].headers["retry-after"] == str(DAY // 2)
    assert client.post("/evaluate", QUESTION, headers={"X-API-Key": OTHER}).status_code == 200
    assert from_address(client, "10.0.0.9").get("/limits", headers=HEADER).status_code == 429
    assert client.get("/healthz", headers=BEARER).status_code == 200
    assert "ratelimit" not in client.get("/healthz").headers


def test_an_address_has_its_quota(runner: asyncio.Runner) -> None:
    client = limited(runner, requests_per_address=2, request_burst=1)
    first, second = client.get("/limits"), client.get("/nowhere")
    assert (first.status_code, first.headers["ratelimit"]) == (200, f'"address";r=0;t={DAY // 2}')
    document = assert_problem(second, 429, "quota_exceeded")
    assert document["violated-policies"] == ["address"]
    assert document["limit"]["setting"] == "ACTISCOPE_REQUESTS_PER_ADDRESS"
    assert from_address(client, "10.0.0.2").get("/limits").status_code == 200
    head = client.request("HEAD", "/limits")
    assert (head.status_code, head.content) == (429, b"")
    assert client.get("/healthz").status_code == 200


def test_failures_count_and_carry_the_fields_too(runner: asyncio.Runner) -> None:
    client = limited(runner, requests_per_address=9)
    for left, response in enumerate([client.get("/nowhere"), client.post("/evaluate", b"{"), client.get("/docs?x=1")]):
        assert response.status_code in (404, 400, 200)
        assert response.headers["ratelimit"].startswith(f'"address";r={8 - left};')


def test_guesses_of_keys_are_counted_by_address(runner: asyncio.Runner) -> None:
    client = limited(runner, keys=KEYS, requests_per_key=9, requests_per_address=3)
    answers = [client.get("/limits", headers={"X-API-Key": new_key()}) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
    assert client.get("/limits", headers=HEADER).status_code == 429
    elsewhere = from_address(client, "10.0.0.2").get("/limits", headers=HEADER)
    assert elsewhere.headers["ratelimit"].startswith('"address";r=2;t=')
    assert ', "key";r=8;t=' in elsewhere.headers["ratelimit"]
    assert elsewhere.headers["ratelimit-policy"] == f'"address";q=3;w={DAY}, "key";q=9;w={DAY}'


def test_a_proxy_is_believed_only_if_it_is_trusted(runner: asyncio.Runner) -> None:
    def statuses(client: Client) -> list[int]:
        return [
            client.get("/limits", headers={"X-Forwarded-For": f"198.51.100.7, 203.0.113.{number}"}).status_code
            for number in range(3)
        ]

    trusting: dict[str, Any] = {"requests_per_address": 1, "trusted_proxies": ("10.0.0.0/8",)}
    assert statuses(limited(runner, requests_per_address=1)) == [200, 429, 429]
    assert statuses(limited(runner, **trusting)) == [200, 200, 200]
    assert statuses(limited(runner, "192.0.2.1", **trusting)) == [200, 429, 429]


def test_thousands_of_addresses_take_a_bounded_memory(runner: asyncio.Runner) -> None:
    client = limited(runner, requests_per_address=1)
    assert isinstance(client.app, Actiscope)
    assert isinstance(client.app.front, Envelope)
    guard = client.app.front.app
    assert isinstance(guard, Guard)
    assert guard.of_address is not None
    guard.of_address._most = 50
    for number in range(500):
        peer = from_address(client, f"10.0.{number // 256}.{number % 256}")
        assert peer.get("/healthz").status_code == peer.get("/problems/x").status_code - 204 == 200
    assert len(guard.of_address._full_at) == 50
    assert MOST_CLIENTS == 65_536


def test_a_limit_of_keys_without_keys_is_told() -> None:
    with pytest.raises(InvalidSetting, match="ACTISCOPE_REQUESTS_PER_KEY limits API keys, and there are none"):
        create_app(Settings(requests_per_key=1))


def test_the_contract_says_what_is_asked_of_a_request(runner: asyncio.Runner) -> None:
    settings = Settings(keys=KEYS, requests_per_key=100, open_docs=True)
    contract = Client(runner, settings).get("/openapi.json").json()
    assert set(contract["components"]["securitySchemes"]) == {"bearer", "header"}
    for path, item in contract["paths"].items():
        for operation in item.values():
            assert ("security" in operation) is not is_open(path, open_docs=True), path
            assert ({"401", "429"} <= set(operation["responses"])) is not is_open(path, open_docs=True), path
    operation = contract["paths"]["/activations/{name}"]["get"]
    assert set(operation["responses"]["401"]["headers"]) == {
        "WWW-Authenticate",
        "X-Request-ID",
        "RateLimit",
        "RateLimit-Policy",
    }
    assert set(operation["responses"]["429"]["headers"]) == {
        "Retry-After",
        "X-Request-ID",
        "RateLimit",
        "RateLimit-Policy",
    }
    assert "RateLimit" in operation["responses"]["200"]["headers"]
    for status in ("401", "429"):
        media = operation["responses"][status]["content"]["application/problem+json"]
        for example in media["examples"].values():
            assert not complaints(example["value"], media["schema"], contract)


def test_the_committed_contract_is_that_of_a_service_without_keys_and_limits() -> None:
    built = openapi.build(create_app(Settings()).routes)
    assert protect(openapi.build(create_app(Settings()).routes), Settings()) == built
    assert "securitySchemes" not in built["components"]


def test_the_examples_of_refusals_are_what_is_answered(runner: asyncio.Runner) -> None:
    client = Client(runner, Settings(keys=KEYS, requests_per_key=100, request_burst=1))
    answers = {
        "no_key": client.get("/limits"),
        "wrong_key": client.get("/limits", headers={"X-API-Key": "x"}),
        "too_fast": [client.get("/limits", headers=HEADER) for _ in range(2)][1],
    }
    for name, answer in answers.items():
        document, failure = answer.json(), FAILURES[name]
        assert (answer.status_code, document["detail"]) == (failure.status, failure.detail)
        assert document.get("violated-policies") == (
            list(failure.violated_policies) if failure.violated_policies else None
        )


def test_the_listed_paths_are_those_of_health() -> None:
    assert {"/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"} == OPEN
    assert all(is_open(path, open_docs=False) is (path in OPEN) for path in PATHS)
