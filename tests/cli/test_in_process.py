"""The application in this process, as what carries requests."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from service.app import create_app
from service.cli.in_process import InProcess
from service.settings import Settings

START = {"type": "http.response.start", "status": 200, "headers": []}


def client(app: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=InProcess(app), base_url="http://actiscope")


def test_an_answer_is_read_while_it_is_made(runner: asyncio.Runner) -> None:
    read = asyncio.Event()

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(START)
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await asyncio.wait_for(read.wait(), 30)
        await send({"type": "http.response.body", "body": b"last"})

    async def ask() -> list[bytes]:
        async with client(app) as http, http.stream("GET", "/") as response:
            found = []
            async for piece in response.aiter_bytes():
                found.append(piece)
                read.set()
            return found

    assert runner.run(ask()) == [b"first", b"last"]


def test_a_body_in_pieces_arrives(runner: asyncio.Runner) -> None:
    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message["more_body"]
        await send(START)
        await send({"type": "http.response.body", "body": body})

    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"one", b"", b"two"):
            yield piece

    async def ask() -> bytes:
        async with client(app) as http:
            return (await http.post("/", content=pieces())).content

    assert runner.run(ask()) == b"onetwo"


def test_who_leaves_is_seen_to_leave(runner: asyncio.Runner) -> None:
    left = []

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(START)
        for _ in range(100):
            await send({"type": "http.response.body", "body": b"x" * 10, "more_body": True})
        left.append((await receive())["type"])

    async def ask() -> None:
        async with client(app) as http, http.stream("GET", "/") as response:
            await anext(response.aiter_bytes())

    runner.run(ask())
    assert left == ["http.disconnect"]


def test_a_failure_of_the_application_is_raised(runner: asyncio.Runner) -> None:
    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise RuntimeError("broken")

    async def silent(_scope: Scope, _receive: Receive, _send: Send) -> None:
        pass

    async def ask(app: ASGIApp) -> None:
        async with client(app) as http:
            await http.get("/")

    with pytest.raises(RuntimeError, match="broken"):
        runner.run(ask(app))
    with pytest.raises(httpx.RemoteProtocolError):
        runner.run(ask(silent))


def test_a_training_that_is_left_stops(runner: asyncio.Runner) -> None:
    layers = [{"units": 10, "activation": "identity", "weights": "glorot_normal"}]
    request = {"layers": layers, "data": "digits", "steps": 100_000}
    app = create_app(Settings())

    async def ask() -> str:
        async with client(app) as http, http.stream("POST", "/gradient-flow/training", json=request) as response:
            return await anext(response.aiter_lines())

    assert '"step":1,' in runner.run(ask())
