"""What surrounds every request, when the other side does not keep to the plan."""

import asyncio
import logging

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.middleware import Envelope
from service.app import create_app
from service.settings import Settings

SCOPE: Scope = {
    "type": "http",
    "http_version": "1.1",
    "method": "POST",
    "path": "/evaluate",
    "query_string": b"",
    "headers": [(b"content-type", b"application/json")],
}


def run(runner: asyncio.Runner, app: ASGIApp, scope: Scope, received: list[Message]) -> list[Message]:
    """What the application sends when it receives these messages."""
    sent: list[Message] = []

    async def receive() -> Message:
        return received.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    async def call() -> None:
        await app(dict(scope), receive, send)

    runner.run(call())
    return sent


def test_a_client_that_goes_away_is_not_answered(runner: asyncio.Runner, caplog: pytest.LogCaptureFixture) -> None:
    received: list[Message] = [
        {"type": "http.request", "body": b'{"activation"', "more_body": True},
        {"type": "http.disconnect"},
    ]
    with caplog.at_level(logging.INFO, "service"):
        assert run(runner, create_app(Settings()), SCOPE, received) == []
    assert "the client went away" in caplog.text


def test_a_failure_after_the_first_bytes_ends_the_connection(runner: asyncio.Runner) -> None:
    sent: list[str] = []

    async def broken(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        sent.append("start")
        raise RuntimeError("too late")

    with pytest.raises(RuntimeError, match="too late"):
        run(runner, Envelope(broken, ""), SCOPE, [])
    assert sent == ["start"]


def test_what_is_not_http_passes(runner: asyncio.Runner) -> None:
    sent = run(
        runner,
        create_app(Settings()),
        {"type": "lifespan"},
        [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}],
    )
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
