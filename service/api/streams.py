"""Answers that are sent record by record as they come to be: lines of JSON, or server-sent events.

The records are computed beside the event loop, and no faster than the client takes them. When the client goes away the
computation stops where it is: no more than one record is computed for nobody.
"""

import logging
from collections.abc import Callable, Generator
from threading import Lock
from time import monotonic

from anyio import create_task_group
from pydantic_core import from_json, to_json
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from service.api.pipes import CONNECTION
from service.api.problems import internal_error, problem
from service.api.requests import not_acceptable, quality

NDJSON = "application/x-ndjson"
EVENTS = "text/event-stream"

_HOP = 0.01  # seconds of work for one change of threads: many small records pay for it together

logger = logging.getLogger(__name__)

Records = Generator[object, None, None]


def accepted_stream(request: Request) -> str:
    """The media type that the client prefers, lines of JSON if it does not care; refuses one that takes neither."""
    wanted = ",".join(request.headers.getlist("accept"))
    lines, events = (quality(wanted, media_type) for media_type in (NDJSON, EVENTS)) if wanted.strip() else (1.0, 0.0)
    if not lines and not events:
        raise not_acceptable(NDJSON, EVENTS)
    return EVENTS if events > lines else NDJSON


class RecordStream(Response):
    """Sends each record that a generator yields, as soon as it exists; None is nothing to send, and a chance to stop.

    Records are what pydantic writes as JSON, non-finite numbers by name. A server-sent event's id is its number, from
    0. A failure on the way is told in a last record {"problem": …}, and so is the end of the service. `size` is how
    many bytes of memory the generator is estimated to take.
    """

    def __init__(self, records: Records, media_type: str, size: int = 0) -> None:
        super().__init__(media_type=media_type)
        del self.headers["content-length"]
        self.headers["Cache-Control"] = "no-store"
        self.headers["X-Accel-Buffering"] = "no"  # proxies are to pass each record on at once
        self._records = records
        self._size = size
        self._working = Lock()
        self._gone = self._ended = False
        self._sent = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send all records, or stop when the client is gone."""
        with scope["app"].gate.memory.holding(self._size), scope["app"].streams.one():
            await self._stream(scope, receive, send)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with create_task_group() as group:

                async def watch() -> None:
                    while (await receive())["type"] != "http.disconnect":
                        pass
                    self._gone = True
                    group.cancel_scope.cancel()

                group.start_soon(watch)
                await self._send_all(scope, send)
                group.cancel_scope.cancel()
        finally:
            self._gone = True
            self._close()

    async def _send_all(self, scope: Scope, send: Send) -> None:
        start: Message = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        try:
            await send(start)
            while not self._ended:
                body = await scope["app"].gate.step(self._work, scope, Headers(raw=start["headers"]))
                if body:
                    await send({"type": "http.response.body", "body": body, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except OSError:  # how a server says that nobody listens any more
            logger.info("the client of a stream went away")

    def _work(self, scope: Scope, headers: Headers) -> bytes:
        """As many records as a change of threads is worth, written."""
        with self._working:
            written = self._next(scope, headers)
        if self._gone:
            self._close()
        return written

    def _close(self) -> None:
        """Close the generator, unless a thread that could not be waited for still runs it: then that closes it."""
        if self._working.acquire(blocking=False):
            try:
                self._records.close()
            finally:
                self._working.release()

    def _next(self, scope: Scope, headers: Headers) -> bytes:
        until, written = monotonic() + _HOP, bytearray()
        draining: Callable[[], bool] = scope.get("extensions", {}).get(CONNECTION, {}).get("draining", bool)
        try:
            for record in self._records:
                if draining():  # in place of a record, so that nothing follows the last one of the generator
                    written += self._problem(problem(scope, "draining", "The service ends before this stream."))
                    break
                if record is not None:
                    written += self._written(record)
                if self._gone or monotonic() > until:
                    return bytes(written)
        except Exception:
            # the envelope has put the request's name among the headers when they were sent
            name = headers.get("x-request-id", "")
            logger.exception("request %s: the stream of %s %r failed", name, scope["method"], scope["path"])
            written += self._problem(internal_error(scope, name))
        self._ended = True
        return bytes(written)

    def _problem(self, response: Response) -> bytes:
        return self._written({"problem": from_json(bytes(response.body))})

    def _written(self, record: object) -> bytes:
        number, text = self._sent, to_json(record, inf_nan_mode="strings")
        self._sent += 1
        return b"id: %d\ndata: %b\n\n" % (number, text) if self.media_type == EVENTS else text + b"\n"
