"""JSON objects whose arrays of numbers are read straight into numpy, without a Python object for each number.

The parser (simdjson) is the fastest there is, and says the least about what is wrong. So it reads what is plainly well
formed, and leaves everything else, and every explanation, to `service.wire.json`: numbers by name, numbers beyond 64
bits, ragged arrays, members that come twice. What both read is the same to the last bit.
"""

from math import prod
from threading import local
from typing import Any

import numpy as np
import orjson
import simdjson
from numpy.typing import NDArray

from service.settings import Settings
from service.wire.json import MAX_CONTAINERS, NEGATIVE_ZERO, Body

_LEAST = 600  # bytes: shorter bodies are read sooner as Python objects
_PIECE = 2**17  # bytes of a long array that are parsed at a time, so that all that is made of them stays in the caches
_FEW = 1000  # bytes: shorter lists are read sooner as Python objects
_NUMBERS = {float, int}
_KEPT = 2**22  # bytes: the memory for longer bodies is given back
_MOST_MEMBERS = 32
_SHORT = 8  # numbers: with many lists of fewer, Python objects cost less than a look at each list
_UNCOUNTED = 2**24 - 1  # the parser counts the elements of an array up to here
_LONGEST_AROUND = 4096  # bytes beside a list
_COMPLAINTS = (ValueError, TypeError, LookupError, RuntimeError)  # all that the parser raises
_STARTS = b"{ \t\r\n"  # not the byte order mark, which the parser would overlook

_kept = local()


def read_flat(body: Body, settings: Settings) -> tuple[bytes, NDArray[np.float64]] | None:
    """The one list of a body, of plain numbers, and the body with an empty list in its place.

    The bracket that opens the list may also be part of a text: then there is no empty list in what is left. None if
    the body has another number of lists, or has to be read in the strict way.
    """
    start, end = body.find(b"["), body.rfind(b"]")
    if start < 0 or body.find(b"[", start + 1) >= 0 or len(body) - (end - start) > _LONGEST_AROUND:
        return None
    try:
        numbers = _in_pieces(body, start + 1, end) if end - start > _FEW else _few(body[start : end + 1])
    except _COMPLAINTS:
        _kept.__dict__.clear()
        return None
    if settings.max_depth < 2 or min(settings.max_members, settings.max_strings) < _LONGEST_AROUND:
        return None
    if _lost_sign(numbers, body, start, end + 1) or numbers.size > settings.max_elements:
        return None
    return bytes(body[: start + 1] + body[end:]), numbers


def read_object(body: Body, settings: Settings) -> dict[str, Any] | None:
    """The members of an object, arrays of numbers as float64 arrays; None if it has to be read in the strict way.

    Parameters
    ----------
    body
        Bytes that should be JSON.
    settings
        Arrays beyond `max_rank` or `max_elements` are left to the strict way, which refuses them.

    Returns
    -------
    dict or None
        By name: float64 arrays for arrays, dicts for objects, and Python's own values for what is neither.
    """
    if len(body) < _LEAST or body[0] not in _STARTS:
        return None
    if min(settings.max_members, settings.max_strings // 2) < _MOST_MEMBERS * (_MOST_MEMBERS + 1):
        return None
    try:
        return _members(_parser(len(body)).parse(body), body, settings)
    except _COMPLAINTS:
        _kept.__dict__.clear()
        return None


def _parser(size: int) -> simdjson.Parser:
    """One for each thread, which keeps its memory; for large bodies one that does not."""
    if size > _KEPT:
        return simdjson.Parser()
    if not hasattr(_kept, "parser"):
        _kept.parser = simdjson.Parser()
    parser: simdjson.Parser = _kept.parser
    return parser


def _in_pieces(body: Body, start: int, end: int) -> NDArray[np.float64]:
    """The numbers between those places, cut at commas; raises ValueError where a closer look is needed."""
    pieces: list[NDArray[np.float64]] = []
    while start <= end:
        cut = body.find(b",", start + _PIECE, end) if end - start > _PIECE else -1
        stop = end if cut < 0 else cut
        pieces.append(_piece(body[start:stop]))
        start = stop + 1
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def _few(text: Body) -> NDArray[np.float64]:
    """The numbers of a short list, read as Python objects."""
    found = orjson.loads(text)
    if not found or not _NUMBERS.issuperset(map(type, found)):
        raise ValueError
    return np.array(found, np.float64)


def _piece(text: Body) -> NDArray[np.float64]:
    """Numbers with commas between; the parser lets go of its memory on the way out."""
    found = _parser(len(text)).parse(b"[" + text + b"]")
    if not isinstance(found, simdjson.Array) or len(found) == 0:
        raise ValueError
    return np.frombuffer(found.as_buffer(of_type="d"))


def _members(found: object, body: Body, settings: Settings) -> dict[str, Any] | None:
    if not isinstance(found, simdjson.Object) or len(found) > _MOST_MEMBERS:
        return None
    members: dict[str, Any] = {}
    lists = 0
    for name in found.keys():  # noqa: SIM118  the parser's object is no mapping
        value = found[name]
        if isinstance(value, simdjson.Array):
            members[name], inside = _array(value, settings)
            lists += inside
        else:
            members[name] = _flat(value, settings) if isinstance(value, simdjson.Object) else value
    whole = len(members) == len(found) and _has_lists(body, lists)
    return members if whole and not _lost_signs(members, body) else None


def _flat(found: simdjson.Object, settings: Settings) -> dict[str, Any]:
    """An object inside, if it is small and holds no arrays or objects of its own; raises ValueError if it does."""
    if settings.max_depth < 2 or len(found) > _MOST_MEMBERS:
        raise ValueError
    members: dict[str, Any] = found.as_dict()  # any: JSON is any of its types
    if any(isinstance(value, dict | list) for value in members.values()):
        raise ValueError
    return members


def _array(found: simdjson.Array, settings: Settings) -> tuple[NDArray[np.float64], int]:
    """The numbers, and how many lists they are in; raises ValueError where a closer look is needed."""
    shape, lists = _shape(found, min(settings.max_rank, settings.max_depth - 1))
    flat = np.frombuffer(found.as_buffer(of_type="d"))
    if flat.size != prod(shape) or flat.size > settings.max_elements or lists > MAX_CONTAINERS:
        raise ValueError
    return flat.reshape(shape), lists


def _shape(found: simdjson.Array, rank: int) -> tuple[tuple[int, ...], int]:
    """The shape that the first elements announce, if all lists keep to it; and how many lists there are."""
    length = len(found)
    if length >= _UNCOUNTED or rank == 0:
        raise ValueError
    if length == 0 or not isinstance(found[0], simdjson.Array):
        return (length,), 1
    inner, lists = _shape(found[0], rank - 1)
    if prod(inner) < _SHORT:
        raise ValueError
    for row in found:
        if not isinstance(row, simdjson.Array) or _shape(row, rank - 1) != (inner, lists):
            raise ValueError
    return (length, *inner), 1 + length * lists


def _has_lists(body: Body, number: int) -> bool:
    """Whether that many lists open in the body: the parser flattens those that it was not asked about."""
    if number > _SHORT:
        return body.count(b"[") == number
    place = -1
    for _ in range(number):
        place = body.find(b"[", place + 1)
    return body.find(b"[", place + 1) < 0


def _lost_signs(members: dict[str, Any], body: Body) -> bool:
    """Whether some zero, in an array or alone, may have been `-0`."""
    values = list(members.values())
    for inner in (value for value in members.values() if isinstance(value, dict)):
        values.extend(inner.values())
    if any(type(value) is int and value == 0 for value in values) and NEGATIVE_ZERO.search(body):
        return True
    return any(_lost_sign(numbers, body, 0, len(body)) for numbers in values if isinstance(numbers, np.ndarray))


def _lost_sign(numbers: NDArray[np.float64], body: Body, start: int, end: int) -> bool:
    """Whether some zero may have been `-0`, an integer to the parsers, which has no sign."""
    few = end - start <= _FEW  # then a look at the text is sooner done than one at the numbers
    suspect = body.find(b"-0", start, end) >= 0 if few else not numbers.all()
    return suspect and NEGATIVE_ZERO.search(body, start, end) is not None
