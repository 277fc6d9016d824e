"""An HTTP/1.1 client on bare sockets that reads while it sends: many connections in one thread, any length."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Iterable, Iterator

Piece = bytes | bytearray | memoryview
Sink = Callable[[memoryview], None]

PATIENCE = 120  # seconds without a byte in either direction
_ROOM = 2**20


class Reply:
    """An answer, read as its bytes arrive; the body's go to a sink."""

    def __init__(self, sink: Sink) -> None:
        self.status, self.length, self.done = 0, 0, False
        self.first: float | None = None
        self._sink, self._head, self._line = sink, bytearray(), bytearray()
        self._left, self._chunked, self._last = 0, False, False

    def feed(self, data: memoryview) -> None:
        """The next bytes of the connection."""
        if not self.status:
            data = self._begin(data)
        if self._chunked:
            self._chunks(data)
        elif self.status:
            self._take(data)
            self.done = not self._left

    def _begin(self, data: memoryview) -> memoryview:
        self._head += data
        head, end, rest = bytes(self._head).partition(b"\r\n\r\n")
        if not end:
            return data[:0]
        self.status = int(head[9:12])
        fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
        self._chunked = b"chunked" in fields.get(b"transfer-encoding", b"")
        self._left = int(fields.get(b"content-length", b"0"))
        return memoryview(rest)

    def _take(self, data: memoryview) -> None:
        if data:
            self.first = self.first or time.perf_counter()
            self.length += len(data)
            self._left -= len(data)
            self._sink(data)

    def _chunks(self, data: memoryview) -> None:
        while data and not self.done:
            if self._left:
                taken = data[: self._left]
                self._take(taken)
                data = data[len(taken) :]
            else:
                data = self._mark(data)

    def _mark(self, data: memoryview) -> memoryview:
        """The line between two chunks: the end of one, or the size of the next."""
        start = bytes(data[:64])
        end = start.find(b"\n") + 1 or len(start)
        self._line += start[:end]
        if self._line.endswith(b"\n"):
            size = self._line.partition(b";")[0].strip()
            self.done = self._last and not size
            if size:
                self._left = int(size, 16)
                self._last = not self._left
            self._line.clear()
        return data[end:]


class Connection:
    """A connection: the rest of its request, and its answer so far."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.reply = Reply(_ignore)
        self.started = self.ended = 0.0
        self._pieces: Iterator[Piece] = iter(())
        self._piece = memoryview(b"")

    def begin(self, pieces: Iterable[Piece], sink: Sink) -> None:
        """Start on a request, given in pieces."""
        self._pieces, self.reply = iter(pieces), Reply(sink)
        self._piece = memoryview(next(self._pieces))
        self.started = time.perf_counter()

    @property
    def events(self) -> int:
        """What it waits for."""
        return selectors.EVENT_READ | (selectors.EVENT_WRITE if self._piece else 0)

    def send(self) -> None:
        """Send what goes."""
        try:
            self._piece = self._piece[self.socket.send(self._piece) :]
        except BlockingIOError:
            return
        if not self._piece:
            self._piece = memoryview(next(self._pieces, b""))

    def receive(self, room: memoryview) -> None:
        """Read what is there."""
        try:
            number = self.socket.recv_into(room)
        except BlockingIOError:
            return
        if not number:
            raise ConnectionError("the server closed the connection before its answer was complete")
        self.reply.feed(room[:number])
        if self.reply.done:
            self.ended = time.perf_counter()


def drive(connections: list[Connection], then: Callable[[Connection], bool]) -> None:
    """Run the requests of all connections; `then` sees each that is answered and says if it has begun another."""
    room = memoryview(bytearray(_ROOM))
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection.socket, connection.events, connection)
        while selector.get_map():
            ready = selector.select(PATIENCE)
            if not ready:
                raise ConnectionError(f"no byte moved for {PATIENCE} s")
            for key, mask in ready:
                _step(selector, key, mask, room, then)


def _step(
    selector: selectors.BaseSelector,
    key: selectors.SelectorKey,
    mask: int,
    room: memoryview,
    then: Callable[[Connection], bool],
) -> None:
    connection: Connection = key.data
    if mask & selectors.EVENT_READ:
        connection.receive(room)
    if mask & selectors.EVENT_WRITE:
        connection.send()
    if connection.reply.done and not then(connection):
        selector.unregister(connection.socket)
        connection.socket.close()
    elif connection.events != key.events:
        selector.modify(connection.socket, connection.events, connection)


def ask(port: int, request: bytes) -> tuple[int, bytes]:
    """The status and the body of one answer."""
    connection, body = Connection(port), bytearray()
    connection.begin([request], body.extend)
    drive([connection], lambda _: False)
    return connection.reply.status, bytes(body)


def _ignore(data: memoryview) -> None:
    """The sink of load: the length is all that counts."""
