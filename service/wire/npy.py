"""NPY files: what their headers say, the numbers behind them piece by piece, and how both are written.

A file is the magic string, a version, the length of the header, the header, and the numbers. The header is the text of
a Python dict; it is matched, never evaluated, and there is no pickle. See `numpy.lib.format`.
"""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidInput, Limit, LimitExceeded, MalformedNpy
from service.wire.faults import clip

Buffer = bytes | bytearray | memoryview
Numbers = NDArray[np.floating[Any]]  # any: float64 or float32
Float = Literal["float64", "float32", "float16"]

BODY = "The body"
LONGEST_HEADER = 10_000
PREFIX = 12  # bytes that are enough to know how long the header is

_MAGIC = b"\x93NUMPY"
_LENGTH_BYTES = {b"\x01\x00": 2, b"\x02\x00": 4, b"\x03\x00": 4}
_ITEMS = {
    "descr": r"'descr'\s*+:\s*+'([^']*+)'",
    "fortran_order": r"'fortran_order'\s*+:\s*+(True|False)",
    "shape": r"'shape'\s*+:\s*+\(((?:\s*+\d{1,19}\s*+,)*+\s*+(?:\d{1,19}\s*+)?+)\)",
}
_ITEM = rf"\s*+(?:{'|'.join(_ITEMS.values())})\s*+"
_HEADER = re.compile(rf"\s*+\{{{_ITEM},{_ITEM},{_ITEM}(?:,\s*+)?+\}}\s*+", re.ASCII)
_FIELDS = re.compile(r"'descr'\s*+:\s*+[\[(]", re.ASCII)
_TYPE = re.compile(r"[<>|=]?(?:b1|[iu][1248]|f[248])")
_FLOATS: dict[int, Float] = {2: "float16", 4: "float32", 8: "float64"}
_WRITTEN = {name: np.dtype(f"<f{size}") for size, name in _FLOATS.items()}
_FOR_BODIES = "floats and integers"
_ALIGNMENT = 64
_MOST_AXES = 64  # of numpy


@dataclass(frozen=True)
class Header:
    """What an NPY file says of its array; `start` is where its numbers begin."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool
    start: int

    @cached_property
    def size(self) -> int:
        """How many numbers there are."""
        return prod(self.shape)

    @cached_property
    def extent(self) -> int:
        """How many there would be if no length were 0: an empty array may have other lengths beyond all counting."""
        return prod(length or 1 for length in self.shape)

    @cached_property
    def nbytes(self) -> int:
        """How many bytes they take."""
        return self.size * self.dtype.itemsize

    @cached_property
    def end(self) -> int:
        """How many bytes the file has."""
        return self.start + self.nbytes

    @cached_property
    def float_dtype(self) -> Float:
        """The format of the answer: that of the floats themselves, float64 of integers."""
        return _FLOATS[self.dtype.itemsize] if self.dtype.kind == "f" else "float64"

    @cached_property
    def held(self) -> np.dtype[Any]:
        """What the numbers are computed in: their own format if numpy can, else one that holds them all."""
        return np.dtype(np.float32 if self.float_dtype == "float32" else np.float64)

    @cached_property
    def written(self) -> np.dtype[Any]:
        """The type of the numbers of the answer."""
        return _WRITTEN[self.float_dtype]

    @cached_property
    def answer(self) -> bytes:
        """The header of an answer of the same shape and order."""
        return write_header(self.written, self.shape, fortran=self.fortran)


def measure(start: Buffer, what: str) -> int | None:
    """How many bytes the header of a file takes, all that is before the numbers; None if too few are there to know.

    Raises
    ------
    MalformedNpy
        The bytes are not the start of an NPY file.
    LimitExceeded
        Its header has more than `LONGEST_HEADER` bytes.
    """
    width = _LENGTH_BYTES.get(bytes(start[6:8]))
    if bytes(start[:6]) != _MAGIC[: len(start)] or (width is None and len(start) >= 8):
        raise MalformedNpy(f"{what} is not an NPY file of version 1, 2 or 3.")
    if width is None or len(start) < 8 + width:
        return None
    length = int.from_bytes(start[8 : 8 + width], "little")
    if length > LONGEST_HEADER:
        limit = Limit("max_npy_header_bytes", LONGEST_HEADER)
        raise LimitExceeded(limit, f"{what} has an NPY header of more than {LONGEST_HEADER} bytes.")
    return 8 + width + length


def parse(head: bytes, start: int, what: str, readable: str = "floats, integers and booleans") -> Header:
    """What a header says, whose numbers begin at `start`: floats, integers or booleans of up to 64 bits.

    Raises
    ------
    MalformedNpy
        The header is not such as numpy writes.
    InvalidInput
        The array is of another type; the fault's path is empty.
    """
    text = head[8 + _LENGTH_BYTES[head[6:8]] :].decode("latin-1").replace('"', "'")
    if not _HEADER.fullmatch(text):
        if _FIELDS.search(text):
            raise unreadable(what, "structured", readable)
        raise MalformedNpy(f"{what} has an NPY header that cannot be read.")
    found = [re.search(item, text) for item in _ITEMS.values()]
    if not all(found):
        raise MalformedNpy(f"{what} has an NPY header that lacks an item.")
    code, order, shape = (item[1] for item in found if item)
    if shape.strip().isdigit():
        raise MalformedNpy(f"{what} has an NPY header whose shape is no tuple.")
    if not _TYPE.fullmatch(code):
        raise unreadable(what, code, f"{readable} of up to 64 bits")
    return Header(np.dtype(code), tuple(int(length) for length in re.findall(r"\d+", shape)), order == "True", start)


def cut_short(what: str) -> MalformedNpy:
    """A file is over before its header is."""
    return MalformedNpy(f"{what} is not an NPY file: it ends within its header.")


def unreadable(what: str, code: str, readable: str) -> InvalidInput:
    """The refusal of a type."""
    return InvalidInput.at(detail=f"{what} is of the type {clip(code)!r}, which is not read; {readable} are.")


@lru_cache(maxsize=256)
def parse_body(head: bytes) -> Header:
    """What the header of a body says; raises as `parse` does, and refuses booleans too."""
    header = parse(head, len(head), BODY, _FOR_BODIES)
    if header.dtype.kind == "b":
        raise unreadable(BODY, header.dtype.str, f"{_FOR_BODIES} of up to 64 bits")
    if len(header.shape) > _MOST_AXES or 8 * header.extent >= 2**63:
        raise MalformedNpy(f"{BODY} has an NPY header of a shape that no array has.")
    return header


@lru_cache(maxsize=256)
def write_header(dtype: np.dtype[Any], shape: tuple[int, ...], *, fortran: bool = False) -> bytes:
    """The header of a file of version 1.0."""
    lengths = f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(map(str, shape))})"
    text = f"{{'descr': '{dtype.str}', 'fortran_order': {fortran}, 'shape': {lengths}, }}"
    length = -(-(len(text) + 11) // _ALIGNMENT) * _ALIGNMENT - 10
    return _MAGIC + b"\x01\x00" + length.to_bytes(2, "little") + text.ljust(length - 1).encode() + b"\n"


def read_numbers(raw: Buffer, header: Header) -> Numbers:
    """Numbers as they are computed: native, float32 or float64; without a copy where that is what the bytes are."""
    numbers: Numbers = np.frombuffer(raw, header.dtype)
    if header.dtype is header.held:
        return numbers
    with np.errstate(invalid="ignore"):  # a signalling NaN becomes a quiet one
        return numbers.astype(header.held)


def shaped(numbers: Numbers, header: Header) -> Numbers:
    """All numbers of a file, in its shape."""
    return numbers.reshape(header.shape, order="F" if header.fortran else "C")


def write_numbers(numbers: NDArray[Any], dtype: np.dtype[Any], *, fortran: bool = False) -> memoryview:
    """The bytes of numbers that are values of the dtype; without a copy where that is what they are."""
    typed = np.asarray(numbers, dtype=dtype).reshape(-1, order="F" if fortran else "C")
    return typed.view(np.uint8).data


class Pieces:
    """The numbers of a file that comes in pieces, cut anywhere: what is cut apart is put together."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.missing = header.nbytes
        self._rest = b""

    def take(self, raw: Buffer) -> Numbers:
        """The numbers that these bytes complete; raises MalformedNpy if there are more bytes than announced."""
        self.missing -= len(raw)
        if self.missing < 0:
            raise too_long(self.header)
        if self._rest:
            raw = self._rest + raw
        if odd := len(raw) % self.header.dtype.itemsize:
            raw, self._rest = memoryview(raw)[:-odd], bytes(raw[-odd:])
        else:
            self._rest = b""
        return read_numbers(raw, self.header)

    def end(self) -> None:
        """Raise MalformedNpy if numbers are missing."""
        if self.missing:
            raise too_short(self.header, self.header.nbytes - self.missing)


def too_long(header: Header) -> MalformedNpy:
    """A body has more bytes than its header says."""
    return MalformedNpy(f"{BODY} goes on after the {header.nbytes} bytes of numbers that its NPY header announces.")


def too_short(header: Header, found: int) -> MalformedNpy:
    """A body has fewer bytes than its header says."""
    return MalformedNpy(f"{BODY} needs {header.nbytes} bytes of numbers by its NPY header, and has {found}.")
