"""Between a body that comes in and an answer that goes out meanwhile: bounded, and ended when nothing moves any more.

Pieces of the answer are sent as they are put into a pipe. When the client does not take them, they wait, up to a number
of bytes, so that it may send all of its body before it reads. Beyond that number whoever puts them waits too, and so,
as nobody reads the body meanwhile, does the client's sending.
"""

from asyncio import Event, Task, TimerHandle, create_task, get_running_loop, timeout
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Send

from service.settings import Settings

Piece = bytes | memoryview

# An extension of the scope: "abort" ends the connection, whatever is still to send; "unsent" tells how much that is,
# "draining" whether the service ends.
CONNECTION = "actiscope.connection"

_LOOKS = 4  # at what a client has taken, within the time in which it has to take something


class Stalled(Exception):
    """Nothing has moved in either direction for as long as it may."""


class Pipe:
    """Reads the messages of a body, and sends the pieces of its answer in the order in which they are put into it."""

    def __init__(
        self, receive: Receive, send: Send, settings: Settings, unsent: Callable[[], int] | None = None
    ) -> None:
        """`unsent` tells how many bytes the server has still to bring to the client."""
        self._receive = receive
        self._send = send
        self._most = settings.stream_buffer_bytes
        self._patience = settings.stream_stall_seconds
        self._loop = get_running_loop()
        self._timeout = timeout(None)
        self._timer: TimerHandle | None = None
        self._moved = 0.0
        self._unsent = unsent
        self._left = 0
        self._pieces: deque[tuple[Piece, bool]] = deque()
        self._waiting = 0
        self._sent = Event()
        self._writer: Task[None] | None = None
        self._gone = False

    async def run(self, work: Callable[["Pipe"], Awaitable[Piece]]) -> None:
        """Do the work, which reads and puts, and returns the last piece; return when all has been sent.

        Raises
        ------
        Stalled, ClientDisconnect
            It could not be brought to its end; besides, whatever the work raises.
        """
        try:
            async with self._timeout:
                self._moved = self._loop.time()
                self._watch()
                await self._put(await work(self), more=False)
                if self._writer:
                    await self._writer
        except OSError as error:  # TimeoutError is one; any other is how a server says that nobody listens any more
            if self._timeout.expired():
                raise Stalled(f"Nothing has moved in either direction for {self._patience} seconds.") from None
            raise ClientDisconnect from error
        finally:
            if self._timer:
                self._timer.cancel()
            if self._writer:
                self._writer.cancel()

    async def receive(self) -> tuple[bytes, bool]:
        """The next piece of the body, and whether there is more."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        self._moved = self._loop.time()
        return message.get("body", b""), message.get("more_body", False)

    async def put(self, piece: Piece) -> None:
        """Have a piece sent; return when there is room for another."""
        await self._put(piece, more=True)

    async def _put(self, piece: Piece, *, more: bool) -> None:
        if self._gone:
            raise ClientDisconnect
        if self._writer is None:
            rest = begin(self._message(piece, more=more))
            if rest is None:
                return
            self._writer = create_task(self._write(rest))
        else:
            self._pieces.append((piece, more))
        self._waiting += len(piece)
        while self._waiting > self._most:
            self._sent.clear()
            await self._sent.wait()
            if self._gone:
                raise ClientDisconnect

    async def _message(self, piece: Piece, *, more: bool) -> int:
        await self._send({"type": "http.response.body", "body": piece, "more_body": more})
        self._moved = self._loop.time()
        return len(piece)

    async def _write(self, begun: Awaitable[int]) -> None:
        """Send what waits, which takes a task only as long as something does."""
        try:
            self._waiting -= await begun
            while self._pieces:
                self._sent.set()
                piece, more = self._pieces.popleft()
                self._waiting -= await self._message(piece, more=more)
            self._writer = None
        except OSError:
            self._gone = True
        finally:
            self._sent.set()

    def _watch(self) -> None:
        """End it if nothing has moved for too long, or look again soon.

        A slow client moves too: what the server has still to bring to it becomes less.
        """
        now, left = self._loop.time(), self._unsent() if self._unsent else 0
        if left != self._left:
            self._moved, self._left = now, left
        due = self._moved + self._patience
        if due <= now:
            self._timeout.reschedule(now)
        else:
            self._timer = self._loop.call_at(min(due, now + self._patience / _LOOKS), self._watch)


class _Rest(Awaitable[int]):
    """What is left to do of a coroutine that waits for something."""

    def __init__(self, coroutine: Coroutine[Any, Any, int], awaited: object) -> None:  # any: as the event loop has them
        self._coroutine = coroutine
        self._awaited = awaited

    def __await__(self) -> Generator[Any, Any, int]:
        yield self._awaited
        return (yield from self._coroutine.__await__())


def begin(coroutine: Coroutine[Any, Any, int]) -> Awaitable[int] | None:  # any: as the event loop has them
    """Run a coroutine as far as it goes without waiting: what is left to do, or None if that was all.

    A task for each piece that is sent would cost more than sending it, and nearly all are sent without waiting.
    """
    try:
        return _Rest(coroutine, coroutine.send(None))
    except StopIteration:
        return None
