"""Strict JSON: RFC 8259 and nothing beside it, no deeper than allowed, every number within float64."""

import json
import re
from collections.abc import Iterator
from math import isfinite
from typing import Any

import numpy as np
import orjson

from service.errors import Fault, InvalidInput, Limit, Malformed, Path, TooDeep

MAX_FAULTS = 20
NON_FINITE = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}

_STRING = rb'"(?:[^"\\]++|\\.)*+"?'
_ANY_STRING = re.compile(_STRING, re.DOTALL)
_PLAIN_STRING = re.compile(rb'"[^"]*"?')
_NOT_STRUCTURE = bytes(set(range(256)) - set(b'"[]{}'))
_MAYBE_NEGATIVE_ZERO = re.compile(rb"-0(?![.\deE])")
_STRING_OR_NEGATIVE_ZERO = re.compile(rb"(?<![\deE])-0(?![.\deE])|" + _STRING, re.DOTALL)
_EITHER_CASE = np.uint8(0xDF)  # clears the bit that tells { from [
_STEP = 2**20


def loads(body: bytes, max_depth: int) -> Any:  # noqa: ANN401  JSON is any of its types
    """Read a JSON text.

    Duplicate keys: the last wins. Integers beyond 64 bits become floats, and `-0` keeps its sign.

    Raises
    ------
    Malformed
        The bytes are not JSON in UTF-8 without a byte order mark, or nested too deeply (TooDeep).
    InvalidInput
        A number is beyond float64; the fault tells which.
    """
    if nests_deeper(body, max_depth):
        raise TooDeep(Limit("max_depth", max_depth))
    if _MAYBE_NEGATIVE_ZERO.search(body):
        body = _STRING_OR_NEGATIVE_ZERO.sub(_keep_sign, body)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if "infinity" in error.msg:
            raise _beyond_float64(body) from None
        raise Malformed(f"The body is not JSON: {error}.") from None


def nests_deeper(body: bytes, limit: int) -> bool:
    """Whether arrays and objects are nested more than `limit` deep, found without parsing."""
    codes = np.frombuffer(body, np.uint8)
    if np.count_nonzero((codes & _EITHER_CASE) == ord("[")) <= limit:
        return False
    if b"\\" in body:
        body = _ANY_STRING.sub(b"", body)
    structure = _PLAIN_STRING.sub(b"", body.translate(None, _NOT_STRUCTURE))
    depth = 0
    for start in range(0, len(structure), _STEP):
        depths = depth + np.cumsum(_rises(structure[start : start + _STEP]))
        if depths.max() > limit:
            return True
        depth = depths[-1]
    return False


def _rises(brackets: bytes) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """1 for each opening bracket and −1 for each closing one: in ASCII they differ by the second bit."""
    return (np.frombuffer(brackets, np.uint8) & 2).astype(np.int64) - 1


def _keep_sign(match: re.Match[bytes]) -> bytes:
    """The parser reads `-0` as the integer 0, which has no sign."""
    return b"-0.0" if match.group() == b"-0" else match.group()


def _beyond_float64(body: bytes) -> Malformed | InvalidInput:
    """Parse once more, with infinities where the numbers are too large, to say where they stand."""
    try:
        tree = json.loads(body.decode(), parse_int=float, parse_constant=_refuse_constant)
    except ValueError as error:
        return Malformed(f"The body is not JSON: {error}.")
    faults = (Fault(path, "The number is beyond the range of float64.") for path in _infinities(tree, ()))
    return InvalidInput(*(fault for fault, _ in zip(faults, range(MAX_FAULTS), strict=False)))


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _infinities(value: object, path: Path) -> Iterator[Path]:
    """The paths of all infinite numbers in a JSON value."""
    if isinstance(value, float) and not isfinite(value):
        yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _infinities(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _infinities(item, (*path, index))
