"""HTTP below the application: what cannot be parsed is answered as a problem, like every other failure."""

import sys
from asyncio import AbstractEventLoop, Transport
from asyncio.trsock import TransportSocket
from typing import Any, cast
from uuid import uuid4

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.api.pipes import CONNECTION
from service.api.problems import problem

if sys.platform.startswith("linux"):
    from fcntl import ioctl
    from termios import TIOCOUTQ

_JOINED = 2**16  # bytes of a body that are copied sooner than written by a call of their own
_NOWHERE: Scope = {"path": "/"}  # the path, if there is any, is not to be trusted


class HeadWithBody:
    """A transport that keeps the head of an answer until the first of its body comes: one call of the system, not two.

    What comes next is written at once; if nothing does, the head goes out before the event loop waits again.
    """

    def __init__(self, transport: Transport, loop: AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head: bytes | None = None

    def write(self, data: bytes | memoryview) -> None:
        """Write, or keep what begins like a head."""
        if self._head is None and data[:5] == b"HTTP/":
            self._head = bytes(data)
            self._loop.call_soon(self.flush)
        elif self._head is None or len(data) > _JOINED:
            self.flush()
            self._transport.write(data)
        else:
            head, self._head = self._head, None
            self._transport.write(head + data)

    def flush(self) -> None:
        """Write what is kept."""
        if self._head is not None:
            head, self._head = self._head, None
            self._transport.write(head)

    def close(self) -> None:
        """Close when all is written."""
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  all else is the transport's
        return getattr(self._transport, name)


class Protocol(HttpToolsProtocol):
    """Uvicorn's protocol, which demands one Host and explains why it hangs up."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Have the head of an answer sent together with its body."""
        super().connection_made(cast("Transport", HeadWithBody(transport, self.loop)))

    def on_headers_complete(self) -> None:
        """Refuse a request of HTTP/1.1 that does not name its host once (RFC 9112, section 3.2)."""
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            raise ValueError("one Host is required")  # the parser makes an error of its own of it
        self.scope["extensions"] = {CONNECTION: {"abort": self.transport.abort, "unsent": self._unsent}}
        super().on_headers_complete()

    def _unsent(self) -> int:
        """Bytes that the transport and the system keep for the client."""
        return self.transport.get_write_buffer_size() + _queued(self.transport.get_extra_info("socket"))

    def send_400_response(self, msg: str) -> None:
        """Answer the problem document and close the connection."""
        response = problem(_NOWHERE, "malformed_http", f"{msg} It is not HTTP/1.1 as RFC 9112 has it.")
        response.headers.update(
            {"X-Request-ID": uuid4().hex, "X-Content-Type-Options": "nosniff", "Connection": "close"}
        )
        lines = [b"HTTP/1.1 400 Bad Request"]
        lines += [name + b": " + value for name, value in [*self.server_state.default_headers, *response.raw_headers]]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(response.body)]))
        self.transport.close()


def _queued(connection: TransportSocket | None) -> int:
    """Bytes in the system's queue that the other side has not confirmed; 0 where the system does not tell."""
    if connection is None or not sys.platform.startswith("linux"):
        return 0
    return int.from_bytes(ioctl(connection.fileno(), TIOCOUTQ, bytes(4)), sys.byteorder)
