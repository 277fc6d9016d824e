"""One request and its answer, as ASGI has them."""

import logging
from asyncio import CancelledError, Event
from collections.abc import Awaitable, Generator
from typing import TYPE_CHECKING, Final

from starlette.types import ASGIApp, Message, Scope

from service.server.head import CONTINUE, Fields, fields, head

if TYPE_CHECKING:
    from service.server.protocol import Protocol

JOINED: Final = 2**16  # bytes of a body that are copied sooner than written by a call of their own
_BODILESS: Final = (204, 304)
_CLOSE: Final = b"connection: close\r\n"
_CHUNKED: Final = b"transfer-encoding: chunked\r\n"

logger = logging.getLogger(__name__)


class _Done:
    """What was waited for has been done already; a coroutine to say so would cost more than writing does."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


_DONE: Final = _Done()


class Exchange:
    """What is read of a request, and what is written of its answer.

    The head of an answer of known length goes out together with the first of its body: one call of the system.
    """

    __slots__ = (
        "_chunked",
        "_chunks",
        "_connection",
        "_expects",
        "_head",
        "_left",
        "_news",
        "_told",
        "arrived",
        "complete",
        "gone",
        "keep_alive",
        "running",
        "scope",
        "started",
        "whole",
    )

    def __init__(self, connection: "Protocol", scope: Scope, *, keep_alive: bool, expects: bool) -> None:
        self.scope = scope
        self.keep_alive = keep_alive
        self.running = self.started = self.complete = self.gone = False
        self.whole = False  # whether all of the request has come
        self.arrived = 0  # bytes of the body that nobody has taken yet
        self._connection = connection
        self._expects = expects  # whether the client waits for leave to send the body
        self._chunks: list[bytes] = []
        self._told = False  # whether the application knows that the body has ended
        self._news: Event | None = None
        self._head = b""
        self._chunked = False
        self._left = 0  # bytes of the answer that its Content-Length still announces

    async def run(self, app: ASGIApp) -> None:
        """Have the application answer; one that fails to loses the connection, as the answer cannot be mended."""
        try:
            await app(self.scope, self.receive, self.send)
        except CancelledError:
            logger.warning("An answer was given up, as the service ends.")
            if not self.started and not self.gone:
                self._connection.tell_end()
        except Exception:
            logger.exception("The application failed after its answer had begun.")
        finally:
            if not self.complete and not self.gone:
                self._connection.give_up()

    # What the connection tells.

    def feed(self, chunk: bytes) -> None:
        """More of the body."""
        self._chunks.append(chunk)
        self.arrived += len(chunk)
        self._wake()

    def end(self) -> None:
        """The request is whole."""
        self.whole = True
        self._wake()

    def leave(self) -> None:
        """The client is gone, or its request cannot be read to its end."""
        self.gone = True
        self._wake()

    def _wake(self) -> None:
        if self._news is not None:
            self._news.set()

    # What the application calls.

    async def receive(self) -> Message:
        """The next of the body, or that nobody listens any more."""
        if self._expects and not self.started:
            self._connection.write(CONTINUE)
        self._expects = False
        while not (self._chunks or (self.whole and not self._told) or self.gone or self.complete):
            self._news = self._news or Event()
            self._news.clear()
            await self._news.wait()
        if self.gone or self.complete:
            return {"type": "http.disconnect"}
        body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self.arrived = 0
        self._told = self.whole
        if not self.whole:
            self._connection.read_on()
        return {"type": "http.request", "body": body, "more_body": not self.whole}

    def send(self, message: Message) -> Awaitable[None]:
        """Write the head, or more of the body; wait while the client takes nothing."""
        if self._connection.full is not None:
            return self._send_later(message, self._connection.full)
        self._send(message)
        return _DONE

    async def _send_later(self, message: Message, full: Event) -> None:
        await full.wait()
        self._send(message)

    def _send(self, message: Message) -> None:
        if self.gone:
            return
        if self.complete or self.started != (message["type"] == "http.response.body"):
            raise RuntimeError(f"The message {message['type']!r} does not belong here.")
        if self.started:
            self._body(message.get("body", b""), more=message.get("more_body", False))
        else:
            self._start(message["status"], message.get("headers", ()))

    def _start(self, status: int, given: Fields) -> None:
        length, told = None, False
        for name, value in given:
            if name == b"content-length":
                length = int(value)
            elif name == b"connection" and value.lower() == b"close":
                self.keep_alive, told = False, True
        lines = fields(given)
        self._chunked = length is None and self.scope["method"] != "HEAD" and status not in _BODILESS
        self._left = length or 0
        closing = () if told or self.keep_alive else (_CLOSE,)
        coding = (_CHUNKED,) if self._chunked else ()
        self._head = head(status, self._connection.common_fields(), lines, *closing, *coding)
        self.started, self._expects = True, False
        if self._chunked:  # it may be long until the first record is known
            self._flush()

    def _body(self, body: bytes | memoryview, *, more: bool) -> None:
        if self.scope["method"] == "HEAD":
            body, self._left = b"", 0
        elif self._chunked:
            body = b"".join((b"%x\r\n" % len(body), body, b"\r\n") if body else ()) + (b"" if more else b"0\r\n\r\n")
        else:
            self._left -= len(body)
            if self._left < 0 or (self._left and not more):
                raise RuntimeError("The body has not the length that its head announces.")
        if self._head and len(body) <= JOINED:
            self._connection.write(self._head + body)
            self._head = b""
        else:
            self._flush()
            if body:
                self._connection.write(body)
        if not more:
            self.complete = True
            self._wake()
            self._connection.answered(self)

    def _flush(self) -> None:
        if self._head:
            self._connection.write(self._head)
            self._head = b""
