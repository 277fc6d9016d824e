"""The clock of all connections of a process: it looks at each, once a second, and ends those that take too long."""

import sys
from asyncio import AbstractEventLoop
from asyncio.trsock import TransportSocket
from collections.abc import Set
from typing import ClassVar, Protocol
from weakref import WeakKeyDictionary

from uvicorn.server import ServerState

from service.server.backlog import Connection, slowest

if sys.platform.startswith("linux"):
    from fcntl import ioctl
    from termios import TIOCOUTQ

TICK = 1  # seconds: what is counted in seconds is counted in looks


class Watched(Connection, Protocol):
    """What can be looked at."""

    def look(self) -> None:
        """Another tick has passed."""

    def hang_up(self) -> None:
        """Others need the memory that is kept for it."""


class Watch:
    """Looks at the connections for as long as there are any: one timer, instead of several for each request."""

    _of: ClassVar[WeakKeyDictionary[ServerState, "Watch"]] = WeakKeyDictionary()

    def __init__(self, loop: AbstractEventLoop, connections: Set[Watched]) -> None:
        self._loop = loop
        self._connections = connections
        self._running = False

    @classmethod
    def of(cls, state: ServerState, loop: AbstractEventLoop) -> "Watch":
        """The watch of a server."""
        if state not in cls._of:
            cls._of[state] = cls(loop, state.connections)  # type: ignore[arg-type]  # uvicorn's type lists its own
        return cls._of[state]

    def begin(self) -> None:
        """There is something to look at."""
        if not self._running:
            self._running = True
            self._loop.call_later(TICK, self._tick)

    def _tick(self) -> None:
        for connection in tuple(self._connections):
            connection.look()
        for connection in slowest(tuple(self._connections)):
            connection.hang_up()
        self._running = bool(self._connections)
        if self._running:
            self._loop.call_later(TICK, self._tick)


def queued(connection: TransportSocket | None) -> int:
    """Bytes in the system's queue that the other side has not confirmed; 0 where the system does not tell."""
    if connection is None or not sys.platform.startswith("linux"):
        return 0
    return int.from_bytes(ioctl(connection.fileno(), TIOCOUTQ, bytes(4)), sys.byteorder)
