"""Results in the smaller dtypes, rounded once: also where float64 falls midway between two of their numbers.

A float64 result is itself rounded, and may have been rounded onto the middle of two neighbours in the dtype, where
rounding again goes astray. There the piece's own exact value decides.
"""

import numpy as np
from numpy.typing import NDArray

from service.activations.model import Array, Pieces
from service.compute.dtypes import FORMATS, round_to

_CLOSE = 2.0**-50  # relative to the result: how far a float64 result may lie from the true one


def rounded(pieces: Pieces, x: Array, y: Array, order: int, dtype: str) -> Array:
    """The values of the dtype nearest to f⁽ⁿ⁾(x), of which y is the float64 result; arrays of one shape (n,)."""
    result = round_to(y, dtype)
    if dtype != "float64":
        below, above = _neighbours(y, dtype)
        middle = below + (above - below) / 2
        undecided = (np.abs(y - middle) <= _CLOSE * np.abs(y)) & (y != 0)
        for index in np.flatnonzero(undecided):
            place = slice(index, index + 1)
            side = _side(pieces, x[place], middle[place], order)
            result[index] = (below[index], result[index], above[index])[int(side) + 1]
    return result


def _neighbours(y: Array, dtype: str) -> tuple[Array, Array]:
    """The values of the dtype, subnormal ones included, between which y lies."""
    form = FORMATS[dtype]
    _, exponent = np.frexp(y)
    quantum = np.ldexp(1.0, np.maximum(exponent - 1, form.smallest) - (form.precision - 1))
    below = np.floor(y / quantum) * quantum
    return below, below + quantum


def _side(pieces: Pieces, x: Array, middle: Array, order: int) -> float:
    """Whether the true value at one x is above the middle (1), below (−1), or on it as far as can be told (0)."""
    index = sum(_beyond(knot.x, knot.owner == "right", x) for knot in pieces.knots)
    exact = pieces.pieces[index].exact
    if exact is None:
        return 0.0
    true, hidden = exact(x, order)
    difference: NDArray[np.float64] = np.sign((true.hi - middle) + true.lo)
    return float(difference[0] or hidden[0])


def _beyond(knot: float, owned: bool, x: Array) -> int:
    return int(x[0] >= knot if owned else x[0] > knot)
