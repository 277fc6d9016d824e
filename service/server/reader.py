"""Requests, taken from the bytes of a connection; the parser is httptools'.

What a stranger controls of a request is bounded here: its head in bytes and fields, and the number of chunks of its
body. Time is looked after by the connection.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

import httptools
from starlette.types import Scope

from service.server.exchange import Exchange
from service.server.head import fields
from service.server.refusals import Refusal, malformed, too_large

if TYPE_CHECKING:
    from service.server.protocol import Protocol

_FREE_CHUNKS, _LEAST_CHUNK = 10_000, 4  # chunks may be of less than so many bytes only while they are few
_SHORT: Final = 256  # bytes of an address that is kept as it was understood
_UPGRADE: Final = (b"connection", b"upgrade")


def _address(url: bytes) -> tuple[str, bytes, bytes]:
    """The path, the path as it came, and the query; raises Refusal."""
    try:
        address = httptools.parse_url(url)
    except httptools.HttpParserInvalidURLError:
        raise malformed("The address cannot be parsed.") from None
    path = (address.path or b"/").decode("ascii", "replace")
    return unquote(path) if "%" in path else path, address.path or b"/", address.query or b""


_kept_address = lru_cache(maxsize=256)(_address)


class Reader:
    """Reads one request after the other, and hands each to its connection when its head is whole."""

    def __init__(self, connection: "Protocol") -> None:
        self.connection = connection
        self.settings = connection.settings
        self.exchange: Exchange | None = None  # the one whose body comes in
        self.in_head = False
        self.received = 0  # bytes of the body
        self._fed = 0  # bytes while the head was not whole
        self._parser = self._new_parser()

    def feed(self, data: bytes) -> None:
        """More of one request, or of several; raises Refusal."""
        size = len(data)
        try:
            while data:
                data = self._parse(data)
        except httptools.HttpParserError as error:
            found = error.__context__
            raise found if isinstance(found, Refusal) else malformed("The request cannot be parsed.") from None
        if self.in_head:
            self._fed += size
            if self._fed > 2 * self.settings.max_head_bytes:  # one field, of which the parser has told nothing yet
                raise self._too_large()

    def drop(self) -> Exchange | None:
        """Read no further: what was being read."""
        dropped, self.exchange, self.in_head = self.exchange, None, False
        return dropped

    def _parse(self, data: bytes) -> bytes:
        """Feed the parser; what is left is to be read anew."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            head, self._parser = self._without_upgrade(), self._new_parser()
            return head + data[upgrade.args[0] :]
        return b""

    def _new_parser(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self)
        parser.set_dangerous_leniencies(lenient_data_after_close=True)  # what follows a last request is not ours
        return parser

    def _without_upgrade(self) -> bytes:
        """The head again: an upgrade may be passed over, but the parser takes the body for the other protocol's."""
        kept = [field for field in self._headers if field[0] not in _UPGRADE]
        version = self._parser.get_http_version().encode()
        return b"%b %b HTTP/%b\r\n%b\r\n" % (self._parser.get_method(), self._url, version, fields(kept))

    # What the parser calls.

    def on_message_begin(self) -> None:
        """A request begins."""
        self.in_head = True
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._size = self._fed = self._hosts = self._chunks = self.received = 0
        self._expects = False
        self.connection.waited = 0

    def on_url(self, url: bytes) -> None:
        """More of its address."""
        self._url += url
        self._size = len(self._url)
        if self._size > self.settings.max_head_bytes:
            raise self._too_large(414)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field; those that follow a body in chunks are passed over."""
        self._size += len(name) + len(value) + 4
        if self._size > self.settings.max_head_bytes:
            raise self._too_large()
        if not self.in_head:
            return
        name = name.lower()
        self._headers.append((name, value))
        if name == b"host":
            self._hosts += 1
        elif name == b"expect":
            self._expects = value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self.in_head = False
        version, method = self._parser.get_http_version(), self._parser.get_method()
        if len(self._headers) > (most := self.settings.max_header_fields):
            raise too_large("max_header_fields", most, f"The head has {len(self._headers)} fields")
        if self._hosts > 1 or (self._hosts == 0 and version == "1.1"):  # RFC 9112, section 3.2
            raise malformed("It must have one Host.")
        if self._parser.should_upgrade() and method != b"CONNECT":
            return
        scope = self._scope(method, version)
        keep_alive = version != "1.0" and self._parser.should_keep_alive()
        self.exchange = Exchange(self.connection, scope, keep_alive=keep_alive, expects=self._expects)
        self.connection.begun(self.exchange)

    def _scope(self, method: bytes, version: str) -> Scope:
        path, raw_path, query = (_kept_address if len(self._url) <= _SHORT else _address)(self._url)
        return {
            **self.connection.constant,
            "http_version": version,
            "method": method.decode("ascii"),
            "path": path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": self._headers,
            "root_path": "",
        }

    def on_body(self, chunk: bytes) -> None:
        """More of the body."""
        if self.exchange:
            self.received += len(chunk)
            self.connection.arrived(self.exchange, chunk)

    def on_chunk_header(self) -> None:
        """A chunk begins."""
        self._chunks += 1
        if self._chunks > _FREE_CHUNKS + self.received / _LEAST_CHUNK:
            raise malformed(f"The body comes in chunks of less than {_LEAST_CHUNK} bytes.")

    def on_message_complete(self) -> None:
        """The request is whole."""
        if self.exchange:
            self.exchange.end()
        self.exchange = None
        self.connection.waited = 0

    def _too_large(self, status: int = 431) -> Refusal:
        most = self.settings.max_head_bytes
        return too_large("max_head_bytes", most, f"The head has more than {most} bytes", status)
