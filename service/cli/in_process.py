"""The application in this process, as what carries the requests of an httpx client; its answers stream."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
from starlette.types import ASGIApp, Message

_AHEAD = 8  # messages of an answer that wait to be read


class InProcess(httpx.AsyncBaseTransport):
    """Hands requests to an application; httpx's own transport for this waits for the end of every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Start the application on a request; the answer is there as soon as it has begun."""
        answer = _Answer(self._app, request)
        start = await answer.next()
        if start is None:
            raise httpx.RemoteProtocolError("The application ended without an answer.", request=request)
        return httpx.Response(start["status"], headers=start["headers"], stream=answer)


class _Answer(httpx.AsyncByteStream):
    """What the application sends; closing it tells the application that nobody waits any more."""

    def __init__(self, app: ASGIApp, request: httpx.Request) -> None:
        self._messages: asyncio.Queue[Message | None] = asyncio.Queue(_AHEAD)
        self._body = _body(request)
        self._whole = False
        self._left = asyncio.Event()
        self._task = asyncio.create_task(self._run(app, _scope(request)))

    async def next(self) -> Message | None:
        """The next message of the application, or None at its end; what it raised is raised here."""
        message = await self._messages.get()
        if message is None:
            await self._task
        return message

    async def __aiter__(self) -> AsyncIterator[bytes]:
        more = True
        while more and (message := await self.next()) is not None:
            if piece := message.get("body"):
                yield piece
            more = message.get("more_body", False)

    async def aclose(self) -> None:
        """Leave: a disconnected client is what the application sees."""
        self._left.set()
        while not self._messages.empty():  # whoever waits for room in there goes on
            self._messages.get_nowait()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, app: ASGIApp, scope: Mapping[str, Any]) -> None:  # any: a scope holds what it holds
        try:
            await app(dict(scope), self._receive, self._send)
        finally:
            await self._messages.put(None)

    async def _send(self, message: Message) -> None:
        if not self._left.is_set():
            await self._messages.put(message)

    async def _receive(self) -> Message:
        async for piece in self._body:
            return {"type": "http.request", "body": piece, "more_body": True}
        if not self._whole:
            self._whole = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}


async def _body(request: httpx.Request) -> AsyncIterator[bytes]:
    assert isinstance(request.stream, httpx.AsyncByteStream)  # noqa: S101  an async client sends nothing else
    async for piece in request.stream:
        if piece:
            yield piece


def _scope(request: httpx.Request) -> Mapping[str, Any]:  # any: a scope holds what it holds
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.partition(b"?")[0],
        "query_string": request.url.query,
        "server": (request.url.host, request.url.port),
        "client": ("127.0.0.1", 0),
        "root_path": "",
    }
