"""HTTP/1.1 over a connection: requests are parsed, answered in their order, and held to limits.

The parser is httptools'. What a stranger controls is bounded: the head of a request in bytes, fields and time, its
body by a least rate and the size of its chunks, the time in which an answer is taken, and the number of connections.
"""

from asyncio import AbstractEventLoop, BaseTransport, Event, Transport, get_running_loop
from asyncio import Protocol as Callbacks
from collections import deque
from typing import Any, Final, cast
from urllib.parse import unquote

import httptools
from starlette.types import ASGIApp, Scope
from uvicorn.config import Config
from uvicorn.server import ServerState

from service.api.pipes import CONNECTION
from service.server.exchange import Exchange
from service.server.head import Common
from service.server.refusals import Refusal, crowded, malformed, too_large, too_slow, written
from service.server.watch import TICK, Watch, queued
from service.settings import Settings

_HIGH_WATER: Final = 2**16  # bytes of a body that wait for the application, beyond which nothing more is read
_LINGER: Final = 5  # ticks for a client to read why its request is not read any further
_FREE_CHUNKS, _LEAST_CHUNK = 10_000, 4  # chunks may be of less than so many bytes only while they are few

# What tells whether the service lives is answered however many connections there are.
ALWAYS: Final = frozenset({"/healthz", "/readyz", "/metrics", "/v2/health/live", "/v2/health/ready"})

_common = Common()


class Protocol(Callbacks):
    """A connection, as uvicorn's server makes it."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # noqa: ARG002  # any: as uvicorn has it
        _loop: AbstractEventLoop | None = None,
    ) -> None:
        if not config.loaded:
            config.load()
        self.app: ASGIApp = config.loaded_app
        self.settings: Settings = config.loaded_app.settings
        self.state = server_state
        self.loop = _loop or get_running_loop()
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # what follows a last request is not ours
        self.full: Event | None = None  # set when a client that took nothing takes something again
        self.waited = 0  # ticks, in what the connection does now
        self.exchanges: deque[Exchange] = deque()  # the first is being answered
        self.reading: Exchange | None = None  # the one whose body comes in
        self.refusal: Refusal | None = None  # what is told when all before it is answered
        self.in_head = self.paused = self.draining = self.closing = False
        self.left = 0  # bytes that the client had still to take when last looked at

    # Connections

    def connection_made(self, transport: BaseTransport) -> None:
        """A client has connected."""
        self.transport = cast("Transport", transport)
        server, client = transport.get_extra_info("sockname"), transport.get_extra_info("peername")
        self.constant: Scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "server": server[:2] if isinstance(server, tuple) else None,
            "client": client[:2] if isinstance(client, tuple) else None,
            "scheme": "http",
            "extensions": {CONNECTION: {"abort": self.transport.abort, "unsent": self.unsent}},
        }
        self.state.connections.add(cast("Any", self))  # any: uvicorn's type lists its own protocols
        Watch.of(self.state, self.loop).begin()

    def connection_lost(self, _error: Exception | None) -> None:
        """Nobody listens any more."""
        self.state.connections.discard(cast("Any", self))  # any: likewise
        for exchange in self.exchanges:
            exchange.leave()
        self.resume_writing()
        self.closing = True

    def shutdown(self) -> None:
        """The service ends: what has come, or is on its way, is answered, and then the connection closes."""
        self.draining, self.waited = True, 0

    def look(self) -> None:
        """A tick has passed."""
        self.waited += 1
        seconds = self.waited * TICK
        if self.transport.get_write_buffer_size():
            self._look_at_writing(seconds)
        elif self.closing:
            if seconds > _LINGER:
                self.transport.abort()
        elif self.reading:
            self._look_at_body(seconds)
        elif self.in_head:
            if seconds > (most := self.settings.head_seconds):
                self._refuse(too_slow("head_seconds", most, f"The head did not come within {most} seconds."))
        elif not self.exchanges and seconds > (0 if self.draining else self.settings.keep_alive_seconds):
            self.transport.close()

    def _look_at_writing(self, seconds: int) -> None:
        left = self.unsent()
        if left != self.left:
            self.left, self.waited = left, 0
        elif seconds > self.settings.stream_stall_seconds:
            self.transport.abort()

    def _look_at_body(self, seconds: int) -> None:
        if self.paused:
            self.waited -= 1  # it is the service that waits
            return
        least = self.settings.min_body_rate
        if seconds > self.settings.head_seconds + (self.received / least if least else seconds):
            self._refuse(too_slow("min_body_rate", least, f"The body came with less than {least} bytes a second."))

    # Reading

    def data_received(self, data: bytes) -> None:
        """More of one request, or of several."""
        if self.closing:
            return
        try:
            self._parse(data)
        except httptools.HttpParserError as error:
            found = error.__context__
            self._refuse(found if isinstance(found, Refusal) else malformed("The request cannot be parsed."))
            return
        if self.in_head:
            self.fed += len(data)
            if self.fed > 2 * self.settings.max_head_bytes:  # one field, of which the parser has told nothing yet
                self._refuse(self._head_too_large())
                return
        if self.exchanges and not self.exchanges[0].running:
            self._start()

    def _parse(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:  # to a protocol that is not spoken here: it is passed over
                data = data[upgrade.args[0] :]
            else:
                return

    def on_message_begin(self) -> None:
        """A request begins."""
        self.in_head = True
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.size = self.fed = self.hosts = self.waited = self.received = self.chunks = 0
        self.expects = False

    def on_url(self, url: bytes) -> None:
        """More of its address."""
        self.url += url
        self.size = len(self.url)
        if self.size > self.settings.max_head_bytes:
            raise self._head_too_large(414)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field; those that follow a body in chunks are passed over."""
        self.size += len(name) + len(value) + 4
        if self.size > self.settings.max_head_bytes:
            raise self._head_too_large()
        if not self.in_head:
            return
        name = name.lower()
        self.headers.append((name, value))
        if name == b"host":
            self.hosts += 1
        elif name == b"expect":
            self.expects = value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        """The head is whole: refuse it, or make an exchange of it."""
        self.in_head, self.waited = False, 0
        version = self.parser.get_http_version()
        if len(self.headers) > (most := self.settings.max_header_fields):
            raise too_large("max_header_fields", most, f"The head has {len(self.headers)} fields")
        if self.hosts > 1 or (self.hosts == 0 and version == "1.1"):  # RFC 9112, section 3.2
            raise malformed("It must have one Host.")
        address = httptools.parse_url(self.url)
        path = (address.path or b"").decode("ascii", "replace")
        if len(self.state.connections) > (most := self.settings.max_connections) and path not in ALWAYS:
            raise crowded(most)
        scope = {
            **self.constant,
            "method": self.parser.get_method().decode("ascii"),
            "path": unquote(path) if "%" in path else path,
            "raw_path": address.path,
            "query_string": address.query or b"",
            "headers": self.headers,
            "root_path": "",
        }
        keep_alive = version != "1.0" and self.parser.should_keep_alive()
        if version != "1.1":
            scope["http_version"] = version
        self.reading = Exchange(self, scope, keep_alive=keep_alive, expects=self.expects)
        self.exchanges.append(self.reading)
        if len(self.exchanges) > 1:
            self._pause()

    def on_body(self, chunk: bytes) -> None:
        """More of the body, which nobody needs if the answer is complete."""
        exchange = cast("Exchange", self.reading)
        self.received += len(chunk)
        if not exchange.complete:
            exchange.feed(chunk)
            if exchange.arrived > _HIGH_WATER:
                self._pause()
        elif self.received > self.settings.max_body_bytes:
            self._end()

    def on_chunk_header(self) -> None:
        """A chunk begins."""
        self.chunks += 1
        if self.chunks > _FREE_CHUNKS + self.received / _LEAST_CHUNK:
            raise malformed(f"The body comes in chunks of less than {_LEAST_CHUNK} bytes.")

    def on_message_complete(self) -> None:
        """The request is whole."""
        exchange, self.reading, self.waited = cast("Exchange", self.reading), None, 0
        exchange.end()

    def read_on(self) -> None:
        """There is room for more."""
        if self.paused and not self.closing:
            self.paused = False
            self.transport.resume_reading()

    def _pause(self) -> None:
        if not self.paused:
            self.paused = True
            self.transport.pause_reading()

    def _head_too_large(self, status: int = 431) -> Refusal:
        most = self.settings.max_head_bytes
        return too_large("max_head_bytes", most, f"The head has more than {most} bytes", status)

    # Answering

    def _start(self) -> None:
        """Have the first exchange answered."""
        if not self.exchanges or self.exchanges[0].running or self.closing:
            return
        exchange = self.exchanges[0]
        exchange.running = True
        task = self.loop.create_task(exchange.run(self.app))
        self.state.tasks.add(task)
        task.add_done_callback(self.state.tasks.discard)

    def answered(self, exchange: Exchange) -> None:
        """The answer of the first exchange is written: the next one's turn, if there is to be one."""
        self.state.total_requests += 1
        self.exchanges.popleft()
        self.waited = 0
        if self.closing:
            return
        if not exchange.keep_alive or (self.draining and not self.exchanges):
            self._end()
        elif self.exchanges:
            self.loop.call_soon(self._start)
        elif self.refusal:
            self._tell(self.refusal)
        else:
            self.read_on()

    def _refuse(self, refusal: Refusal) -> None:
        """Read no further, and say why after all that came before is answered."""
        failed, self.reading, self.in_head = self.reading, None, False
        if failed:
            failed.leave()
            if failed.started:  # too late to tell
                self.transport.abort()
                return
            self.exchanges.remove(failed)
        self.closing = not self.exchanges
        if self.exchanges:
            self.refusal = refusal
            self._pause()
        else:
            self._tell(refusal)

    def _tell(self, refusal: Refusal) -> None:
        self.transport.write(written(refusal, self.common_fields()))
        self._linger()

    def _end(self) -> None:
        """Close when all is written, but let a client that still sends read its answer first."""
        if self.reading:
            self._linger()
        else:
            self.closing = True
            self.transport.close()

    def _linger(self) -> None:
        self.read_on()
        self.closing, self.waited = True, 0
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def give_up(self) -> None:
        """An answer cannot be brought to its end: the client must not take it for whole."""
        self.transport.close()

    # Writing

    def common_fields(self) -> bytes:
        """What stands in every head: the date, which changes once a second."""
        return _common.lines(self.state.default_headers)

    def unsent(self) -> int:
        """Bytes that the transport and the system keep for the client."""
        return self.transport.get_write_buffer_size() + queued(self.transport.get_extra_info("socket"))

    def write(self, data: bytes | memoryview) -> None:
        """Write, at once or when the client takes more."""
        self.transport.write(data)

    def pause_writing(self) -> None:
        """The client takes nothing."""
        self.full = Event()

    def resume_writing(self) -> None:
        """It takes something again."""
        if self.full:
            self.full.set()
            self.full = None
