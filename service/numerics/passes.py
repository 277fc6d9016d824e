"""Passes over blocks of numbers in float32 or float64, and the numbers for them in forms that cost little.

numpy compares two arrays several times faster than an array and a number, so the bounds of clippings are arrays that
are kept; and a number in an array without axes saves it half of a short call.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

Block = NDArray[Any]  # any: float32 or float64
Form = Callable[[Block, Block, Sequence[Block]], None]
Number = dict[str, Block]  # in an array without axes, by the letter of its dtype

_LEVELS: dict[tuple[float, str], Block] = {}
_MOST_LEVELS = 64


def number(value: float) -> Number:
    """The number in float32 and in float64."""
    return {letter: np.array(value, letter) for letter in "fd"}


ONE, THREE_HALVES, TWO, THREE, FOUR, SIX = map(number, (1.0, 1.5, 2.0, 3.0, 4.0, 6.0))


def at_least(bound: float, x: Block, out: Block) -> None:
    """max(x, bound), and NaN for NaN."""
    np.maximum(x, level(bound, x), out=out)


def at_most(bound: float, x: Block, out: Block) -> None:
    """min(x, bound), and NaN for NaN."""
    np.minimum(x, level(bound, x), out=out)


def level(bound: float, like: Block) -> Block:
    """An array of that number only, to be read only, in the shape and dtype of another of shape (n,)."""
    key = (bound, like.dtype.char)
    kept = _LEVELS.get(key)
    if kept is None or kept.size < like.size:
        if len(_LEVELS) >= _MOST_LEVELS:
            _LEVELS.clear()
        kept = _LEVELS[key] = np.full(like.size, bound, like.dtype)
    return kept[: like.size]


def parts(digits: str) -> dict[str, tuple[Block, Block]]:
    """A number as a float and what that lacks, by the letter of the dtype."""
    found = {}
    for letter in "fd":
        high = np.array(Decimal(digits), letter)
        found[letter] = high, np.array(Decimal(digits) - Decimal(float(high)), letter)
    return found


def distance(x: Block, root: dict[str, tuple[Block, Block]], out: Block) -> None:
    """x − root, which takes two steps, for the root is no float."""
    high, low = root[x.dtype.char]
    np.subtract(x, high, out)
    np.subtract(out, low, out)
