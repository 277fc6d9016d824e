"""The service about itself."""

import logging

import pytest
from fastapi import FastAPI

from service.api.kinds import KINDS
from service.app import create_app
from service.settings import Settings, limits
from tests.client import REQUEST_ID, Client, assert_problem

GETS = [
    "/",
    "/activations",
    "/activations/relu",
    "/healthz",
    "/readyz",
    "/limits",
    "/problems",
    "/problems/not_found",
    "/docs",
]


def failing() -> FastAPI:
    """An application with a path that fails in a way nobody foresaw."""
    app = create_app(Settings())

    async def fail() -> None:
        raise RuntimeError("a secret")

    app.add_api_route("/fail", fail)
    return app


@pytest.fixture(scope="module")
def broken(client: Client) -> Client:
    return Client(client.runner, app=failing())


def test_the_index_leads_to_everything(client: Client) -> None:
    links = client.get("/").json()["links"]
    assert all(client.get(path).status_code in {200, 405} for path in links.values())


def test_the_service_says_that_it_is_alive(client: Client) -> None:
    response = client.get("/healthz")
    assert response.json() == {"status": "ok"}
    assert response.headers["cache-control"] == "no-store"


def test_every_limit_is_told_with_its_setting(runner_client: Client) -> None:
    told = {item["name"]: item for item in runner_client.get("/limits").json()["limits"]}
    for limit in limits(Settings(max_elements=7)):
        assert told[limit.name]["value"] == limit.value
        assert told[limit.name]["setting"] == f"ACTISCOPE_{limit.name.upper()}"
    assert told["max_order"]["value"] == 4


@pytest.fixture
def runner_client(client: Client) -> Client:
    return Client(client.runner, Settings(max_elements=7))


def test_every_problem_is_explained(client: Client) -> None:
    assert [kind["code"] for kind in client.get("/problems").json()["problems"]] == list(KINDS)
    for code, kind in KINDS.items():
        assert client.get(f"/problems/{code}").json()["title"] == kind.title


def test_an_unknown_problem_is_not_found(client: Client) -> None:
    document = assert_problem(client.get("/problems/not_foun"), 404, "unknown_problem")
    assert document["near"] == ["not_found"]


@pytest.mark.parametrize("path", GETS)
def test_head_is_get_without_the_body(client: Client, path: str) -> None:
    get, head = client.get(path), client.request("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(get.content))
    assert head.headers.get("etag") == get.headers.get("etag")


def test_head_of_nothing_is_a_failure_without_a_body(client: Client) -> None:
    response = client.request("HEAD", "/nowhere")
    assert (response.status_code, response.content) == (404, b"")
    assert client.request("HEAD", "/evaluate").headers["allow"] == "POST"


@pytest.mark.parametrize("path", [*GETS, "/nowhere"])
@pytest.mark.parametrize("given", ["a", "A-b_c.9", "x" * 128])
def test_a_safe_request_id_is_echoed(client: Client, path: str, given: str) -> None:
    assert client.get(path, headers={"X-Request-ID": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "a;b", "a\tb", "<script>", "a/../b", "é".encode()])
def test_an_unsafe_request_id_is_replaced(client: Client, given: str | bytes) -> None:
    echoed = client.get("/healthz", headers={"X-Request-ID": given}).headers["x-request-id"]
    assert REQUEST_ID.fullmatch(echoed)
    assert echoed != given


def test_requests_without_an_id_get_different_ones(client: Client) -> None:
    assert len({client.get("/healthz").headers["x-request-id"] for _ in range(10)}) == 10


def test_every_answer_forbids_guessing_its_type(client: Client) -> None:
    assert all(client.get(path).headers["x-content-type-options"] == "nosniff" for path in [*GETS, "/nowhere"])


def test_an_unforeseen_failure_reveals_nothing_but_its_id(broken: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        response = broken.get("/fail", headers={"X-Request-ID": "mine"})
    document = assert_problem(response, 500, "internal_error")
    assert document["request_id"] == response.headers["x-request-id"] == "mine"
    assert "secret" not in response.text
    assert "request mine: GET '/fail' failed" in caplog.text
    assert "a secret" in caplog.text


@pytest.mark.parametrize(
    ("traceparent", "logged"),
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", True),
        ("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", True),
        ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", False),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", False),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", False),
        ("nonsense", False),
    ],
)
def test_a_valid_trace_is_named_in_the_log(
    broken: Client, caplog: pytest.LogCaptureFixture, traceparent: str, logged: bool
) -> None:
    with caplog.at_level(logging.ERROR):
        assert broken.get("/fail", headers={"traceparent": traceparent}).status_code == 500
    assert ("trace 4bf92f3577b34da6a3ce929d0e0e4736" in caplog.text) is logged


def test_under_a_prefix_all_addresses_have_it(client: Client) -> None:
    mounted = Client(client.runner, Settings(root_path="/tools/actiscope"))
    assert mounted.get("/").json()["links"]["evaluate"] == "/tools/actiscope/evaluate"
    for path in ("/nowhere", "/tools/actiscope/nowhere"):
        document = mounted.get(path).json()
        assert document["type"] == "/tools/actiscope/problems/not_found"
        assert document["instance"] == "/tools/actiscope/nowhere"
    assert mounted.get("/tools/actiscope/activations/relu").json()["name"] == "relu"
    assert mounted.get("/activations/relu").json()["name"] == "relu"
    assert mounted.get("/openapi.json").json()["servers"] == [{"url": "/tools/actiscope"}]
