"""Strict JSON: RFC 8259 and nothing beside it, no deeper than allowed, every number within float64."""

import gc
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from service.errors import Fault, InvalidInput, Limit, LimitExceeded, Malformed, Path, TooDeep

MAX_FAULTS = 20
MAX_CONTAINERS = 2**22
MAX_MEMBERS = 2**18
MAX_STRINGS = 2**20
NON_FINITE = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}

Codes = NDArray[np.uint8]
Body = bytes | bytearray

_NOT_STRUCTURE = bytes(set(range(256)) - set(b'"[]{}'))
NEGATIVE_ZERO = re.compile(rb"-0(?![.\deE])")  # or the end of an exponent, or text
_EITHER_CASE = np.uint8(0xDF)  # clears the bit that tells { from [
_DIGIT_OR_E = np.isin(np.arange(256), list(b"0123456789eE"))
_ENDS_ZERO = ~(_DIGIT_OR_E | (np.arange(256) == ord(".")))
_NUMBER = re.compile(r"-?[\d.]+(?:[eE][+-]?\d+)?")
_MARK = "\0mark"
_MARK_TEXT = orjson.dumps(_MARK)


def loads(body: Body, max_depth: int, max_members: int = MAX_MEMBERS, max_strings: int = MAX_STRINGS) -> Any:  # noqa: ANN401  JSON is any of its types
    """Read a JSON text.

    Duplicate keys: the last wins. Integers beyond 64 bits become floats, and `-0` keeps its sign.

    Raises
    ------
    Malformed
        The bytes are not JSON in UTF-8 without a byte order mark, or nested too deeply (TooDeep).
    LimitExceeded
        There are more than MAX_CONTAINERS arrays and objects, or more than `max_members` colons or
        `max_strings` pairs of quotation marks.
    InvalidInput
        A number is beyond float64; the fault tells which is the first.
    """
    _admit(body, max_depth, max_members, max_strings)
    if NEGATIVE_ZERO.search(body):
        body = _sign_zeros(body)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if "infinity" in error.msg:
            raise _beyond_float64(body, error.pos) from None
        raise _malformed(error) from None


@contextmanager
def collection_paused() -> Iterator[None]:
    """No search for reference cycles meanwhile: JSON has none, and a search passes over every list again and again."""
    with _PAUSES.lock:
        _PAUSES.open += 1
        gc.disable()
    try:
        yield
    finally:
        with _PAUSES.lock:
            _PAUSES.open -= 1
            if not _PAUSES.open:
                gc.enable()


class _Pauses:
    """How many threads want no collection at present."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.open = 0


_PAUSES = _Pauses()


def _admit(body: Body, max_depth: int, max_members: int, max_strings: int) -> None:
    """Refuse what is nested too deeply or in too many pieces, found without parsing."""
    if len(body) <= min(max_depth, max_members, max_strings):
        return
    if body.count(b":") > max_members:
        limit = Limit("max_members", max_members)
        raise LimitExceeded(limit, f"The objects of the body have more than {max_members} members.")
    codes = np.frombuffer(body, np.uint8)
    if len(body) > 2 * max_strings and np.count_nonzero(codes == ord('"')) > 2 * max_strings:
        limit = Limit("max_strings", max_strings)
        raise LimitExceeded(limit, f"The body has more than {max_strings} strings.")
    if np.count_nonzero((codes & _EITHER_CASE) == ord("[")) <= min(max_depth, MAX_CONTAINERS):
        return
    structure = _structure(body)
    if _depths(structure).max(initial=0) > max_depth:
        raise TooDeep(Limit("max_depth", max_depth))
    if len(structure) > 2 * MAX_CONTAINERS:
        limit = Limit("max_containers", MAX_CONTAINERS)
        raise LimitExceeded(limit, f"The body has more than {MAX_CONTAINERS} arrays and objects.")


def _structure(body: Body) -> Codes:
    """The brackets that stand outside strings."""
    codes = np.frombuffer(_without_escapes(body).translate(None, _NOT_STRUCTURE), np.uint8)
    outside: Codes = codes[~_in_strings(codes) & (codes != ord('"'))]
    return outside


def _without_escapes(body: Body) -> Body:
    """The same text, of the same length, in which every quote opens or closes a string."""
    return body.replace(rb"\\", b"__").replace(rb"\"", b"__") if b"\\" in body else body


def _in_strings(codes: Codes) -> NDArray[np.bool_]:
    """Which characters stand in a string, its opening quote included, if no quote is escaped."""
    return np.logical_xor.accumulate(codes == ord('"'))


def _depths(brackets: Codes) -> NDArray[np.int32]:
    """How many brackets are open after each: in ASCII, opening and closing ones differ by the second bit."""
    return np.cumsum((brackets & 2).astype(np.int8) - np.int8(1), dtype=np.int32)


def _sign_zeros(body: Body) -> bytes:
    """Write `-0` as `-0.0`: the parser reads it as the integer 0, which has no sign."""
    around = np.frombuffer(b" " + _without_escapes(body) + b" ", np.uint8)
    before, minus, zero = around[:-3], around[1:-2], around[2:-1]
    found = (minus == ord("-")) & (zero == ord("0")) & _ENDS_ZERO[around[3:]] & ~_DIGIT_OR_E[before]
    places = np.flatnonzero(found & ~_in_strings(minus)) + 2
    places += 2 * np.arange(len(places))
    signed = np.empty(len(body) + 2 * len(places), np.uint8)
    given = np.ones(len(signed), np.bool_)
    given[places] = given[places + 1] = False
    signed[given] = np.frombuffer(body, np.uint8)
    signed[places], signed[places + 1] = ord("."), ord("0")
    return signed.tobytes()


def _beyond_float64(body: Body, start: int) -> Malformed | InvalidInput:
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
    structure = _structure(before)
    depths = _depths(structure)
    least = np.minimum.accumulate(depths[::-1])[::-1]
    still_open: Codes = structure[((structure & 2) > 0) & (least == depths)]
    return still_open.tobytes()[::-1].translate(bytes.maketrans(b"[{", b"]}"))


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
    told = "it is not in UTF-8" if "not valid UTF-8" in error.msg else error
    return Malformed(f"The body is not JSON: {told}.")
