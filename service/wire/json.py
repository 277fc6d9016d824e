"""Strict JSON: RFC 8259 and nothing beside it, no deeper than allowed, every number within float64."""

import re
from collections.abc import Iterable
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
_NUMBER = re.compile(r"-?[\d.]+(?:[eE][+-]?\d+)?")
_MARK = "\0mark"
_MARK_TEXT = orjson.dumps(_MARK)


def loads(body: bytes, max_depth: int) -> Any:  # noqa: ANN401  JSON is any of its types
    """Read a JSON text.

    Duplicate keys: the last wins. Integers beyond 64 bits become floats, and `-0` keeps its sign.

    Raises
    ------
    Malformed
        The bytes are not JSON in UTF-8 without a byte order mark, or nested too deeply (TooDeep).
    InvalidInput
        A number is beyond float64; the fault tells which is the first.
    """
    if nests_deeper(body, max_depth):
        raise TooDeep(Limit("max_depth", max_depth))
    if _MAYBE_NEGATIVE_ZERO.search(body):
        body = _STRING_OR_NEGATIVE_ZERO.sub(_keep_sign, body)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if "infinity" in error.msg:
            raise _beyond_float64(body, error.pos) from None
        raise _malformed(error) from None


def nests_deeper(body: bytes, limit: int) -> bool:
    """Whether arrays and objects are nested more than `limit` deep, found without parsing."""
    codes = np.frombuffer(body, np.uint8)
    if np.count_nonzero((codes & _EITHER_CASE) == ord("[")) <= limit:
        return False
    structure, depth = _structure(body), 0
    for start in range(0, len(structure), _STEP):
        depths = depth + np.cumsum(_rises(structure[start : start + _STEP]))
        if depths.max() > limit:
            return True
        depth = depths[-1]
    return False


def _structure(body: bytes) -> bytes:
    """The brackets that stand outside strings."""
    if b"\\" in body:
        body = _ANY_STRING.sub(b"", body)
    return _PLAIN_STRING.sub(b"", body.translate(None, _NOT_STRUCTURE))


def _rises(brackets: bytes) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """1 for each opening bracket and −1 for each closing one: in ASCII they differ by the second bit."""
    return (np.frombuffer(brackets, np.uint8) & 2).astype(np.int64) - 1


def _keep_sign(match: re.Match[bytes]) -> bytes:
    """The parser reads `-0` as the integer 0, which has no sign."""
    return b"-0.0" if match.group() == b"-0" else match.group()


def _beyond_float64(body: bytes, start: int) -> Malformed | InvalidInput:
    """Say where the number stands that starts at that character; what follows it must still be JSON."""
    text = body.decode()
    before, after = text[:start], _NUMBER.sub("", text[start:], count=1)
    try:
        orjson.loads(f"{before}0{after}")
    except orjson.JSONDecodeError as error:
        if "infinity" not in error.msg:
            return _malformed(error)
    tree = orjson.loads(before.encode() + _MARK_TEXT + _closing(before.encode()))
    return InvalidInput(Fault(_last(tree) or (), "The number is beyond the range of float64."))


def _closing(before: bytes) -> bytes:
    """The brackets that close what is open at the end of a piece of JSON."""
    structure, shorter = b"", _structure(before)
    while structure != shorter:
        structure, shorter = shorter, shorter.replace(b"[]", b"").replace(b"{}", b"")
    return structure[::-1].translate(bytes.maketrans(b"[{", b"]}"))


def _last(value: object) -> Path | None:
    """The path of the mark, which is the last thing in all lists that it is in."""
    if value == _MARK:
        return ()
    if isinstance(value, list):
        steps: Iterable[tuple[str | int, object]] = [(len(value) - 1, value[-1])] if value else []
    else:
        steps = value.items() if isinstance(value, dict) else []
    paths = ((step, _last(item)) for step, item in steps)
    return next(((step, *path) for step, path in paths if path is not None), None)


def _malformed(error: orjson.JSONDecodeError) -> Malformed:
    return Malformed(f"The body is not JSON: {error}.")
