"""Work for a client that hangs up stops."""

import asyncio
import json
from itertools import repeat
from typing import Any

import pytest
from starlette.requests import ClientDisconnect, Request

from service.api.waiting import run_while_waited_for
from service.errors import InvalidInput, Unwanted
from service.flow.stopping import go_on, while_wanted
from tests.client import JSON, Client

GONE = {"type": "http.disconnect"}
ENOUGH = 50_000_000  # turns after which work is said to have gone on


def of_client(*, gone: bool) -> Request:
    async def receive() -> dict[str, Any]:
        if not gone:
            await asyncio.Event().wait()
        return GONE

    return Request({"type": "http", "method": "POST", "path": "/", "headers": []}, receive)


def endless() -> str:
    for _ in repeat(None, ENOUGH):
        go_on()
    return "went on"


def test_work_stops_when_the_client_is_gone(runner: asyncio.Runner) -> None:
    with pytest.raises(ClientDisconnect):
        runner.run(run_while_waited_for(of_client(gone=True), endless))


def test_a_client_that_waits_gets_the_result_or_the_fault(runner: asyncio.Runner) -> None:
    assert runner.run(run_while_waited_for(of_client(gone=False), max, 2, 3)) == 3

    def faulty() -> None:
        raise InvalidInput.at("x", detail="…")

    with pytest.raises(InvalidInput):
        runner.run(run_while_waited_for(of_client(gone=False), faulty))


def test_outside_of_a_request_work_goes_on() -> None:
    go_on()
    with while_wanted(lambda: True):
        go_on()
    with while_wanted(lambda: False), pytest.raises(Unwanted):
        go_on()
    go_on()


@pytest.mark.parametrize(
    ("path", "question"),
    [
        (
            "/gradient-flow",
            {
                "input": {"distribution": "normal", "features": 1, "batch": 1},
                "layers": [{"units": 1, "activation": "tanh", "weights": "ones", "repeat": 9000}],
            },
        ),
        ("/gradient-flow/mean-field", {"activation": "mish", "sigma_w": 1.5, "sigma_b": {"linspace": [0, 1, 2000]}}),
    ],
)
def test_nothing_is_answered_to_a_client_that_has_hung_up(
    client: Client, path: str, question: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[object] = []
    body = {"type": "http.request", "body": json.dumps(question).encode(), "more_body": False}
    messages = iter([body])

    async def receive() -> dict[str, Any]:
        return next(messages, GONE)

    async def send(message: object) -> None:
        sent.append(message)

    headers = [(name.lower().encode(), value.encode()) for name, value in JSON.items()]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
    with caplog.at_level("INFO"):
        client.runner.run(client.app(scope, receive, send))
    assert sent == []
    assert "the client went away" in caplog.text
