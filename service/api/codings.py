"""Bodies that come compressed, read as if they did not: what inflates them, and how much of that is allowed."""

from anyio import CapacityLimiter, to_thread
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from service.compute import cores
from service.errors import Limit, LimitExceeded
from service.settings import Settings
from service.wire.codings import CODINGS, Coding, Inflater
from service.wire.faults import clip

ACCEPTED = "gzip, zstd, identity"

_AT_ONCE = 2**14  # bytes that are inflated sooner than a thread takes over
_PIECE = 2**18  # bytes: what a thread inflates at a time

_cores = CapacityLimiter(cores())  # more threads would only take the event loop's turns


def coding_of(headers: Headers) -> Coding | None:
    """How the body is compressed, if it is; refuses what is not understood, and more than one coding."""
    said = ",".join(headers.getlist("content-encoding"))
    codings = [coding for item in said.split(",") if (coding := item.strip().lower())]
    if len(codings) > 1 or any(coding not in (*CODINGS, "identity") for coding in codings):
        detail = f"The Content-Encoding {clip(said)!r} is not understood; one of {ACCEPTED} is."
        raise HTTPException(415, detail, {"Accept-Encoding": ACCEPTED})
    return CODINGS.get(codings[0]) if codings else None


class Inflated:
    """Receives a compressed body and tells its content, in pieces, of which there is never more than one in memory.

    Of a streamed body nothing is kept, so it may be of any length; but what is sent to say so may not be longer than
    what it says by more than another body may be.
    """

    def __init__(self, receive: Receive, coding: Coding, settings: Settings, *, streamed: bool = False) -> None:
        self._receive = receive
        self._inflater = Inflater(coding)
        self._streamed = streamed
        self._sent = Limit("max_body_bytes", settings.max_body_bytes)
        self._content = Limit("max_decoded_body_bytes", settings.max_decoded_body_bytes)
        self._bytes = 0  # of the body as it is sent
        self._few = False  # whether what came last is little
        self._more = True

    async def receive(self) -> Message:
        """The next of the content; raises MalformedCoding or LimitExceeded."""
        while True:
            piece = await self._take()
            over = not self._more and self._inflater.empty
            if over:
                self._inflater.end()
            if piece or over:
                return {"type": "http.request", "body": piece, "more_body": not over}
            message = await self._receive()
            if message["type"] == "http.disconnect":
                return message
            self._feed(message)

    def _feed(self, message: Message) -> None:
        body = message.get("body", b"")
        self._more = message.get("more_body", False)
        self._bytes += len(body)
        self._few = len(body) <= _AT_ONCE
        if self._streamed and self._bytes - self._inflater.inflated > self._sent.value:
            raise LimitExceeded(self._sent, f"The body is more than {self._sent.value} bytes longer than its content.")
        if not self._streamed and self._bytes > self._sent.value:
            raise LimitExceeded(self._sent, f"The body has more than {self._sent.value} bytes.")
        self._inflater.feed(body)

    async def _take(self) -> bytes:
        """A piece of the content: a small one at once, the rest beside the event loop; refuses a byte too many."""
        if self._inflater.empty:
            return b""
        left = _PIECE if self._streamed else self._content.value - self._inflater.inflated + 1
        if self._few:
            self._few = False
            piece = self._inflater.take(min(_AT_ONCE, left))
        else:
            piece = await to_thread.run_sync(self._inflater.take, min(_PIECE, left), limiter=_cores)
        if len(piece) == left and not self._streamed:
            raise LimitExceeded(self._content, f"The body inflates to more than {self._content.value} bytes.")
        return piece
