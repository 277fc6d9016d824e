"""Arrays as nested lists of numbers, read and written without a Python object per number more than JSON needs."""

from itertools import chain
from math import prod
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from service.errors import Fault, InvalidInput, Limit, LimitExceeded, Path
from service.settings import Settings, setting_name
from service.wire.decimals import decimals
from service.wire.json import NON_FINITE

Array = NDArray[np.float64]
_NUMBERS = {float, int}
_NON_FINITE = (b'"NaN"', b'"Infinity"', b'"-Infinity"')  # by sign: 0, 1, −1
_FEW = 64  # numbers: their text is sooner searched than they are
_KINDS = {bool: "a boolean", type(None): "null", dict: "an object", list: "an array", str: "a string"}


def read_array(value: object, settings: Settings) -> Array:
    """Read a number, or rectangular nested lists of numbers, as JSON gives them.

    Raises
    ------
    InvalidInput
        Something in there is no number, or the lists are ragged or nested beyond the rank allowed; the fault's path is
        relative to `value`.
    LimitExceeded
        More elements than the settings allow.
    """
    flat, shape = _flatten(value, settings)
    if not _NUMBERS.issuperset(map(type, flat)):
        flat = _name_non_finite(flat, shape)
    return np.array(flat, dtype=np.float64).reshape(shape)


def write_array(array: NDArray[np.floating[Any]], dtype: str) -> bytes:  # any: float64, or float32
    """Write values of `dtype` as nested lists: shortest decimals that read back to them, non-finite ones as strings."""
    if dtype in ("float16", "bfloat16"):
        return _nest(decimals(array.astype(np.float64, copy=False), dtype), array.shape)
    typed = array if array.dtype == dtype and array.flags.c_contiguous else np.ascontiguousarray(array, dtype=dtype)
    text = orjson.dumps(typed if typed.ndim else typed.reshape(1), option=orjson.OPT_SERIALIZE_NUMPY)
    if b"null" in text if typed.size < _FEW else not np.isfinite(typed).all():
        text = _fill_nulls(text, typed)
    return text if array.ndim else text[1:-1]


def _flatten(value: object, settings: Settings) -> tuple[list[Any], tuple[int, ...]]:
    """All that is in the nested lists, in row-major order, and their shape; raises where they are not rectangular."""
    shape: tuple[int, ...] = ()
    flat: list[Any] = [value]  # any: JSON is any of its types
    while flat and type(flat[0]) is list:
        if len(shape) == settings.max_rank:
            detail = f"The array has more than {settings.max_rank} dimensions, which {setting_name('max_rank')} allows."
            raise InvalidInput(Fault((), detail))
        shape = (*shape, _common_length(flat, shape))
        if prod(shape) > settings.max_elements:
            limit = Limit("max_elements", settings.max_elements)
            raise LimitExceeded(limit, f"The array has {prod(shape)} elements; {limit.value} are allowed.")
        flat = list(chain.from_iterable(flat))
    return flat, shape


def _common_length(lists: list[Any], shape: tuple[int, ...]) -> int:
    """The common length of the lists; `shape` is the shape they stand in."""
    if set(map(type, lists)) == {list} and len(set(map(len, lists))) == 1:
        return len(lists[0])
    length = len(lists[0])
    for index, item in enumerate(lists):
        if type(item) is not list:
            raise _fault(index, shape, f"Expected an array of {length} elements as before it, found {_kind(item)}.")
        if len(item) != length:
            detail = f"Expected {length} elements as in the arrays before it, found {len(item)}: the array is ragged."
            raise _fault(index, shape, detail)
    raise AssertionError("unreachable: some list differs from the first")


def _name_non_finite(flat: list[Any], shape: tuple[int, ...]) -> list[float]:
    """Put the numbers in the place of `NaN`, `Infinity` and `-Infinity`; anything else but numbers is a fault."""
    try:
        return [item if type(item) in _NUMBERS else NON_FINITE[item] for item in flat]
    except (KeyError, TypeError):  # TypeError: lists and objects have no hash
        raise _no_number(flat, shape) from None


def _no_number(flat: list[Any], shape: tuple[int, ...]) -> InvalidInput:
    for index, item in enumerate(flat):
        if type(item) not in _NUMBERS and (type(item) is not str or item not in NON_FINITE):
            return _fault(index, shape, f"Expected a number, {_hint(item)}.")
    raise AssertionError("unreachable: something in there is no number")


def _hint(item: object) -> str:
    if type(item) is str:
        return 'or "NaN", "Infinity" or "-Infinity"; found another string'
    if type(item) is list:
        return "as before it; found an array: the array is ragged"
    return f"found {_kind(item)}"


def _kind(item: object) -> str:
    return _KINDS.get(type(item), "a number")


def _fault(index: int, shape: tuple[int, ...], detail: str) -> InvalidInput:
    path: Path = tuple(int(i) for i in np.unravel_index(index, shape)) if shape else ()
    return InvalidInput(Fault(path, detail))


def _fill_nulls(text: bytes, array: NDArray[np.floating]) -> bytes:
    """Name the non-finite numbers, which orjson writes as null, in the order they come in."""
    missing = array[~np.isfinite(array)]
    names = map(_NON_FINITE.__getitem__, np.where(np.isnan(missing), 0, np.sign(missing)).astype(np.int8).tolist())
    parts = text.split(b"null")
    return b"".join(chain.from_iterable(zip(parts, chain(names, (b"",)), strict=True)))


def _nest(items: list[bytes], shape: tuple[int, ...]) -> bytes:
    """Join the texts of the elements into nested lists, innermost first."""
    for axis in reversed(range(len(shape))):
        n = shape[axis]
        items = [b"[" + b",".join(items[i * n : (i + 1) * n]) + b"]" for i in range(prod(shape[:axis]))]
    return items[0]
