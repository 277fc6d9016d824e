"""HTTP/1.1 over a connection: requests are answered in their order, and held to limits of time and number.

The head of a request must come in time, and its body at a least rate; an answer must be taken; and connections are
limited in number. What is refused is told as a problem, which the client gets time to read.
"""

import logging
from asyncio import AbstractEventLoop, BaseTransport, Event, Transport, get_running_loop
from asyncio import Protocol as Callbacks
from collections import deque
from typing import Any, Final, cast

from starlette.types import ASGIApp, Scope
from uvicorn.config import Config
from uvicorn.server import ServerState

from service.api.pipes import CONNECTION
from service.server.backlog import Backlog
from service.server.exchange import Exchange
from service.server.files import most_connections
from service.server.head import Common
from service.server.reader import Reader
from service.server.refusals import Refusal, crowded, ending, note, too_slow, written
from service.server.watch import TICK, Watch, queued
from service.settings import Settings
from service.telemetry.observer import Observer

# What tells whether the service lives is answered however many connections there are.
ALWAYS: Final = frozenset({"/healthz", "/readyz", "/metrics", "/v2/health/live", "/v2/health/ready"})

_HIGH_WATER: Final = 2**16  # bytes of a body that wait for the application, beyond which nothing more is read
_LINGER: Final = 5  # seconds for a client to read why its request is not read any further

_common = Common()

logger = logging.getLogger(__name__)


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
        self.observer: Observer = config.loaded_app.observer
        self.backlog = Backlog(config.loaded_app.gate.memory)
        self.state = server_state
        self.loop = _loop or get_running_loop()
        self.full: Event | None = None  # set when a client that took nothing takes something again
        self.waited = 0  # looks, since the connection has begun to do what it does now
        self.exchanges: deque[Exchange] = deque()  # the first is being answered
        self.reader = Reader(self)
        self.paused = self.draining = self.closing = False
        self.refusal: Refusal | None = None  # what is told when all before it is answered

    # Connections

    def connection_made(self, transport: BaseTransport) -> None:
        """A client has connected."""
        self.transport = cast("Transport", transport)
        server, client = transport.get_extra_info("sockname"), transport.get_extra_info("peername")
        self.constant: Scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "server": server[:2] if isinstance(server, tuple) else None,
            "client": client[:2] if isinstance(client, tuple) else None,
            "scheme": "http",
            "extensions": {
                CONNECTION: {
                    "abort": self.transport.abort,
                    "unsent": self.unsent,
                    "draining": lambda: self.draining,
                }
            },
        }
        self.state.connections.add(cast("Any", self))  # any: uvicorn's type lists its own protocols
        if len(self.state.connections) > most_connections():
            self._make_room()
        Watch.of(self.state, self.loop).begin()

    def _make_room(self) -> None:
        """There is no file left for another connection: hang up on who has said nothing for longest, else on this."""
        others = cast("set[Protocol]", self.state.connections) - {self}
        silent = [each for each in others if not (each.exchanges or each.closing)]
        given_up = max(silent, key=lambda each: each.waited, default=self)
        given_up.closing = True
        given_up.transport.abort()

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
        for exchange in self.exchanges:
            exchange.keep_alive = False

    def look(self) -> None:
        """Some time has passed."""
        self.waited += 1
        seconds = self.waited * TICK
        if self.transport.get_write_buffer_size():
            self._look_at_writing(seconds)
            return
        self.backlog.clear()
        if self.closing:
            if seconds > _LINGER:
                self.transport.abort()
        elif self.reader.exchange:
            self._look_at_body(seconds)
        elif self.reader.in_head:
            if seconds > (most := self.settings.head_seconds):
                self._refuse(too_slow("head_seconds", most, f"The head did not come within {most} seconds."))
        elif not self.exchanges and seconds > (0 if self.draining else self.settings.keep_alive_seconds):
            self.transport.close()

    def _look_at_writing(self, seconds: int) -> None:
        if self.full:
            self.backlog.keep(self.transport.get_write_buffer_size())
        if self.backlog.look(self.unsent()):
            self.waited = 0
        elif seconds > self.settings.stream_stall_seconds:
            self.transport.abort()

    def hang_up(self) -> None:
        """The client takes its answer too slowly, and the memory is needed."""
        logger.warning("A client that takes its answer too slowly was hung up on: %d bytes waited.", self.backlog.bytes)
        self.transport.abort()

    def _look_at_body(self, seconds: int) -> None:
        if self.paused:
            self.waited -= 1  # it is the service that waits
            return
        least = self.settings.min_body_rate
        if least and seconds > self.settings.head_seconds + self.reader.received / least:
            self._refuse(too_slow("min_body_rate", least, f"The body came with less than {least} bytes a second."))

    # Reading

    def data_received(self, data: bytes) -> None:
        """More of one request, or of several."""
        if self.closing:
            return
        try:
            self.reader.feed(data)
        except Refusal as refusal:
            self._refuse(refusal)
        if self.exchanges and not self.exchanges[0].running:
            self._start()

    def begun(self, exchange: Exchange) -> None:
        """The head of a request is whole; raises Refusal."""
        most = self.settings.max_connections
        if len(self.state.connections) > most and exchange.scope["path"] not in ALWAYS:
            raise crowded(most)
        self.waited = 0
        if self.draining:
            exchange.keep_alive = False
        self.exchanges.append(exchange)
        if len(self.exchanges) > 1:
            self._pause()

    def arrived(self, exchange: Exchange, chunk: bytes) -> None:
        """More of a body, which nobody needs if the answer is complete."""
        if not exchange.complete:
            exchange.feed(chunk)
            if exchange.arrived > _HIGH_WATER:
                self._pause()
        elif self.reader.received > self.settings.max_body_bytes:
            self._end()

    def read_on(self) -> None:
        """There is room for more."""
        if self.paused and not self.closing:
            self.paused = False
            self.transport.resume_reading()

    def _pause(self) -> None:
        if not self.paused:
            self.paused = True
            self.transport.pause_reading()

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
        if not exchange.keep_alive:
            self._end()
        elif self.exchanges:
            self.loop.call_soon(self._start)
        elif self.refusal:
            self._tell(self.refusal)
        else:
            self.read_on()

    def _refuse(self, refusal: Refusal) -> None:
        """Read no further, and say why after all that came before is answered."""
        if failed := self.reader.drop():
            failed.leave()
            refusal.seen = failed.running
            if failed.started:  # too late to tell
                self.transport.abort()
                return
            if failed in self.exchanges:
                self.exchanges.remove(failed)
        if self.exchanges:
            self.refusal = refusal
            self._pause()
        else:
            self._tell(refusal)

    def _tell(self, refusal: Refusal) -> None:
        note(refusal, self.observer)
        self.transport.write(written(refusal, self.common_fields()))
        self._linger()

    def _end(self) -> None:
        """Close when all is written, but let a client that still sends read its answer first."""
        if self.reader.exchange:
            self._linger()
        else:
            self.closing = True
            self.transport.close()

    def _linger(self) -> None:
        self.read_on()
        self.closing, self.waited = True, 0
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def tell_end(self) -> None:
        """The time in which to answer is over, as the service ends."""
        self.transport.write(written(ending(self.settings.drain_seconds), self.common_fields()))

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
        self.backlog.wrote += len(data)
        self.transport.write(data)

    def pause_writing(self) -> None:
        """The client takes nothing."""
        self.full = Event()
        self.backlog.keep(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """It takes something again."""
        if self.full:
            self.full.set()
            self.full = None
            self.backlog.keep(0)
