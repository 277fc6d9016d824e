"""The service for those who watch over it."""

import asyncio
from typing import Any

import pytest

from service.app import Actiscope, create_app
from service.settings import Settings
from tests.client import Client, assert_problem

READY = [
    "/readyz",
    "/v2/health/ready",
    "/v2/models/relu/ready",
    "/v2/models/relu/versions/1/ready",
]
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)


@pytest.fixture
def busy(runner: asyncio.Runner) -> Client:
    """A service that says by itself that it is not ready."""
    app: Actiscope = create_app(Settings())
    app.readiness.add("draining", lambda: "The service is about to end.")
    app.readiness.add("idle", lambda: None)
    app.readiness.add("overloaded", lambda: "More than 16 requests wait.")
    return Client(runner, app=app)


@pytest.mark.parametrize("path", READY)
def test_a_service_is_ready_unless_a_check_says_otherwise(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", READY)
def test_a_service_that_is_not_ready_says_why(busy: Client, path: str) -> None:
    answer = busy.get(path)
    document: dict[str, Any] = assert_problem(answer, 503, "not_ready")
    assert document["detail"] == "The service is about to end. More than 16 requests wait."
    assert document["reasons"] == {
        "draining": "The service is about to end.",
        "overloaded": "More than 16 requests wait.",
    }
    assert answer.headers["retry-after"] == "1"
    assert busy.request("HEAD", path).status_code == 503


def test_a_service_that_is_not_ready_lives_and_works(busy: Client) -> None:
    assert busy.get("/healthz").status_code == busy.get("/v2/health/live").status_code == 200
    assert busy.get("/metrics").status_code == busy.get("/activations/relu").status_code == 200


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/plain;version=0.0.4", "text/plain; version=0.0.4; charset=utf-8"),
        ("application/openmetrics-text", "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        ("application/openmetrics-text;q=0.1, text/plain", "text/plain; version=0.0.4; charset=utf-8"),
        ("application/*", "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        (PROMETHEUS, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
    ],
)
def test_metrics_come_in_the_format_that_is_preferred(client: Client, accept: str, media_type: str) -> None:
    answer = client.get("/metrics", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.endswith("# EOF\n") is ("openmetrics" in media_type)


def test_metrics_in_another_format_are_refused(client: Client) -> None:
    assert_problem(client.get("/metrics", headers={"Accept": "application/json"}), 406, "not_acceptable")
    assert_problem(client.get("/metrics?name[]=x"), 422, "invalid_input", parameter="name[]")
