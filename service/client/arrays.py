"""Arrays on their way: as NPY without needless copies, and as members of JSON."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np
import orjson
from numpy.typing import ArrayLike, NDArray

from service.client.failures import NotUnderstood
from service.errors import InvalidInput, LimitExceeded, Malformed
from service.wire.arrays import write_array
from service.wire.npy import Header, measure, parse_body, write_header

Array = NDArray[np.floating[Any]]  # any: float64, float32 or float16
Given = NDArray[Any]  # any: what the service reads is for the service to say

NPY = "application/x-npy"
HELD = {"float64": np.float64, "float32": np.float32, "float16": np.float16, "bfloat16": np.float32}

_CHUNK = 2**18  # bytes that are handed over at once


def given(x: ArrayLike, name: str = "x") -> Given:
    """The array that this is; raises InvalidInput if it is not one of numbers."""
    try:
        array = np.asarray(x)
    except ValueError as error:  # ragged
        raise InvalidInput.at(name, detail=f"It is no array: {error}") from None
    if array.dtype.kind not in "iuf":
        detail = f"Must be an array of floats or integers; numpy reads it as one of the type {array.dtype.name}."
        raise InvalidInput.at(name, detail=detail)
    return array


def known_dtype(dtype: str | None) -> str | None:
    """The dtype that was asked for, if any; raises InvalidInput if there is none of this name."""
    if dtype is not None and dtype not in HELD:
        raise InvalidInput.at("dtype", detail=f"There is no dtype {dtype!r}. There are {', '.join(HELD)}.")
    return dtype


def own_dtype(array: Given) -> str:
    """The dtype that an array is computed in where none is asked for."""
    return array.dtype.name if array.dtype.name in HELD else "float64"


def rounded(array: Given, dtype: str | None) -> Given:
    """The numbers in this dtype, rounded once; as they are if none is asked for."""
    if dtype is None:
        return array
    with np.errstate(over="ignore"):  # what is beyond the dtype becomes infinite, as it does in the service
        return array.astype(HELD[dtype], copy=False)


def told_in_json(array: Given, name: str) -> Given:
    """The array, if nested lists tell its shape; raises InvalidInput otherwise."""
    if 0 in array.shape[:-1]:
        detail = f"The shape {list(array.shape)} cannot be told in JSON, where an empty list has no further axes."
        raise InvalidInput.at(name, detail=detail)
    return array


class NpyFile:
    """A file of an array, in pieces; they can be iterated any number of times, and copy nothing but themselves."""

    def __init__(self, array: Given) -> None:
        fortran = array.flags.f_contiguous and not array.flags.c_contiguous
        self._header = write_header(array.dtype, array.shape, fortran=fortran)
        self._numbers = array.reshape(-1, order="F" if fortran else "C").view(np.uint8).data
        self.length = len(self._header) + len(self._numbers)

    def __iter__(self) -> Iterator[bytes]:
        yield self._header
        for start in range(0, len(self._numbers), _CHUNK):
            yield bytes(self._numbers[start : start + _CHUNK])


class NpySink:
    """Takes a file as it comes and puts its numbers where they belong: into `out`, or into a new array."""

    def __init__(self, out: Array | None = None) -> None:
        self._out = out
        self._head = bytearray()
        self._header: Header | None = None
        self._place = memoryview(bytearray())
        self._filled = 0

    def write(self, piece: bytes) -> None:
        """Take the next bytes."""
        if self._header is None:
            self._head += piece
            piece = self._begun()
        end = self._filled + len(piece)
        if end > len(self._place):
            raise NotUnderstood(
                f"The answer is longer than its header says, by {end - len(self._place)} bytes or more."
            )
        self._place[self._filled : end] = piece
        self._filled = end

    def array(self) -> Array:
        """All numbers, in the shape of the file; raises NotUnderstood if some have not come."""
        if self._header is None or self._filled < len(self._place) or self._out is None:
            raise NotUnderstood("The answer is shorter than its header says.")
        return self._out.reshape(self._header.shape, order="F" if self._header.fortran else "C")

    def _begun(self) -> bytes:
        """What follows the header, if all of it is there."""
        try:
            length = measure(self._head, "The answer")
            if length is None or len(self._head) < length:
                return b""
            self._begin(parse_body(bytes(self._head[:length])))
        except (Malformed, InvalidInput, LimitExceeded) as error:
            raise NotUnderstood(f"An NPY file was asked for. {error}") from None
        return bytes(self._head[length:])

    def _begin(self, header: Header) -> None:
        if self._out is None:
            self._out = np.empty(header.size, header.dtype)
        elif (self._out.dtype, self._out.size) != (header.dtype, header.size):
            raise NotUnderstood(f"{self._out.size} numbers ({self._out.dtype}) were asked for, {header.shape} came.")
        self._header = header
        self._place = self._out.view(np.uint8).data


def written(value: object) -> object:
    """What orjson writes as the service reads it: arrays, and numbers that are not finite by their names."""
    match value:
        case np.ndarray():
            return orjson.Fragment(write_array(given(value).astype(np.float64), "float64"))
        case np.generic():
            return written(value.item())
        case float() if not isfinite(value):
            return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"  # noqa: PLR0124  NaN
        case Mapping():
            return {name: written(item) for name, item in value.items()}
        case list() | tuple():
            return [written(item) for item in value]
        case _:
            return value


def read_array(value: object, shape: Sequence[int], dtype: str) -> Array:
    """An array that came as nested lists of decimals, which are the shortest that round to its numbers."""
    try:
        numbers: Array = np.array(value, np.float64).reshape(shape).astype(HELD[dtype])
    except (ValueError, TypeError, KeyError) as error:
        raise NotUnderstood(f"The answer has no array of {dtype} and the shape {list(shape)}: {error}") from None
    return _bfloat16(numbers) if dtype == "bfloat16" else numbers


def _bfloat16(numbers: Array) -> Array:
    """The numbers to 8 significant bits, ties to even: the upper half of the bits of float32."""
    bits = numbers.view(np.uint32)
    even = (bits >> np.uint32(16)) & np.uint32(1)
    rounded_bits = (bits + np.uint32(0x7FFF) + even) & np.uint32(0xFFFF0000)
    return np.where(np.isnan(numbers), numbers, rounded_bits.view(np.float32))


def query_item(value: object) -> str:
    """A parameter, as the query of an address has it: as in JSON, but text without quotes."""
    return value if isinstance(value, str) else orjson.dumps(written(value)).decode().strip('"')
