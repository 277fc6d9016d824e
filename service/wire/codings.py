"""Content codings of bodies: what is compressed is inflated piece by piece, in memory that does not grow with it.

A body in gzip is one member or several (RFC 1952), one in zstd one frame or several (RFC 8878), with nothing between or
after them. A frame that needs more to look back on than RFC 9659 allows is refused before memory is taken for it.
"""

import sys
import zlib
from collections.abc import Mapping
from typing import Literal, Protocol

from service.errors import Limit, LimitExceeded, MalformedCoding

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Coding = Literal["gzip", "zstd"]
CODINGS: dict[str, Coding] = {
    "gzip": "gzip",
    "x-gzip": "gzip",
    "zstd": "zstd",
}  # as RFC 9110, 8.4.1, and 8878 name them

MAX_ZSTD_WINDOW = 2**23

_STEP = 2**14  # bytes that are looked at together: what is left of them is copied
_GZIP = 16 + zlib.MAX_WBITS  # how zlib is told of gzip
_WINDOW: Mapping[int, int] = {zstd.DecompressionParameter.window_log_max: MAX_ZSTD_WINDOW.bit_length() - 1}
_FREE_MEMBERS, _LEAST_MEMBER = 1000, 2**10  # members may be of less than so many bytes only while they are few


class _Member(Protocol):
    """A member of gzip, or a frame of zstd, that is being inflated."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, at_most: int, /) -> bytes: ...


class Inflater:
    """Inflates what it is fed, as much as it is asked for at a time."""

    def __init__(self, coding: Coding) -> None:
        self.coding = coding
        self.inflated = 0
        self._fed = memoryview(b"")
        self._rest = b""  # of what was fed, what is looked at now
        self._member: _Member | None = None
        self._members = 0
        self._full = False  # whether the member may have more to give without being fed

    @property
    def empty(self) -> bool:
        """Whether all that was fed is inflated."""
        return not (self._full or self._rest or self._fed)

    def feed(self, data: bytes) -> None:
        """Take more, when all before it is inflated."""
        self._fed = memoryview(data)

    def take(self, at_most: int) -> bytes:
        """The next inflated bytes, as many or fewer; none if there are none before more is fed.

        Raises
        ------
        MalformedCoding
            What was fed is not in the coding.
        LimitExceeded
            A frame needs a larger window than allowed.
        """
        while not self.empty:
            if not self._rest and not self._full:
                self._rest, self._fed = bytes(self._fed[:_STEP]), self._fed[_STEP:]
            if piece := self._next(at_most):
                self.inflated += len(piece)
                return piece
        return b""

    def end(self) -> None:
        """Raise MalformedCoding if something is missing."""
        if self._member or not self._members:
            raise MalformedCoding(f"The body ends within its {self.coding} data, after {self._place}.")

    def _next(self, at_most: int) -> bytes:
        member = self._member or self._begin()
        try:
            piece = member.decompress(self._rest, at_most)
        except (zlib.error, zstd.ZstdError) as error:
            raise self._refusal(str(error)) from None
        self._full = len(piece) == at_most and not member.eof
        if member.eof:
            self._member, self._rest = None, member.unused_data
        else:  # what zlib leaves; zstd keeps what it has not come to
            self._rest = getattr(member, "unconsumed_tail", b"")
        return piece

    def _begin(self) -> _Member:
        if self._members > _FREE_MEMBERS + self.inflated // _LEAST_MEMBER:
            told = f"more than {_FREE_MEMBERS} pieces, of less than {_LEAST_MEMBER} bytes on average"
            raise MalformedCoding(f"The {self.coding} data of the body are in {told}.")
        self._members += 1
        self._member = zlib.decompressobj(_GZIP) if self.coding == "gzip" else zstd.ZstdDecompressor(options=_WINDOW)
        return self._member

    def _refusal(self, told: str) -> MalformedCoding | LimitExceeded:
        if "too much memory" in told:
            limit = Limit("max_zstd_window", MAX_ZSTD_WINDOW)
            return LimitExceeded(limit, f"The zstd data look back on more than {limit.value} bytes.")
        return MalformedCoding(f"The body cannot be read as {self.coding} after {self._place}.")

    @property
    def _place(self) -> str:
        return f"{self.inflated} inflated bytes"
