"""Arrays to work in, which every thread keeps from block to block instead of asking for new memory."""

from threading import local
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

LARGEST = 32768  # elements of an array, and so of a block: fewer cost more calls, more fall out of the second cache
ARRAYS = 9  # of each dtype

_PADDING = 16  # elements between arrays, lest all begin at the same place of the cache
_SIZES = 8  # sizes of short blocks whose arrays are kept at hand


class _Scratch(local):
    def __init__(self) -> None:
        self.stores: dict[object, NDArray[Any]] = {}  # any: float32, float64 or int64
        self.cuts: dict[tuple[object, int], list[NDArray[Any]]] = {}


_scratch = _Scratch()


def scratch(dtype: DTypeLike, size: int) -> list[NDArray[Any]]:
    """`ARRAYS` arrays of that dtype and size; a thread gets the same ones again when it asks again."""
    cut = _scratch.cuts.get((dtype, size))
    if cut is None:
        if len(_scratch.cuts) >= _SIZES:
            _scratch.cuts.clear()
        cut = _scratch.cuts[dtype, size] = [array[:size] for array in _store(np.dtype(dtype))]
    return cut


def _store(dtype: "np.dtype[Any]") -> NDArray[Any]:  # any: float32, float64 or int64
    if dtype not in _scratch.stores:
        _scratch.stores[dtype] = np.empty((ARRAYS, LARGEST + _PADDING), dtype)
    return _scratch.stores[dtype]
