"""Results in the smaller dtypes, rounded once: also where float64 falls midway between two of their numbers.

A float64 result is itself rounded, and may have been rounded onto the middle of two neighbours in the dtype, where
rounding again goes astray. There the piece's own exact value decides.
"""

import numpy as np
from numpy.typing import NDArray

from service.activations.model import Array, Pieces
from service.compute.dtypes import FORMATS, round_to

_CLOSE = 8  # units in the last place of float64: farther than that no result lies from the true one


def rounded(pieces: Pieces, x: Array, y: Array, order: int, dtype: str) -> Array:
    """The values of the dtype nearest to f⁽ⁿ⁾(x), of which y is the float64 result; arrays of one shape (n,)."""
    result = round_to(y, dtype)
    if dtype != "float64":
        undecided = np.flatnonzero(_undecided(y, dtype))
        if undecided.size:
            below, above = _neighbours(y[undecided], dtype)
            sides = _sides(pieces, x[undecided], _middle(below, above), order)
            result[undecided] = np.choose(sides.astype(np.intp) + 1, [below, result[undecided], above])
    return result


def _undecided(y: Array, dtype: str) -> NDArray[np.bool_]:
    """Whether y lies so close to the middle between two values of the dtype that its own error may count.

    Where these are normal numbers, y is midway if of the bits that rounding takes away the first is 1, the others 0.
    """
    form = FORMATS[dtype]
    taken = 53 - form.precision
    beyond = y.view(np.int64) - ((1 << taken - 1) - _CLOSE)
    beyond &= (1 << taken) - 1
    close = beyond <= 2 * _CLOSE
    small = (np.abs(y) < np.ldexp(1.0, form.smallest)) & (y != 0)
    if small.any():
        tiny = y[small]
        close[small] = np.abs(tiny - _middle(*_neighbours(tiny, dtype))) <= _CLOSE * np.spacing(np.abs(tiny))
    return np.asarray(close)


def _middle(below: Array, above: Array) -> Array:
    return below + (above - below) / 2


def _neighbours(y: Array, dtype: str) -> tuple[Array, Array]:
    """The values of the dtype, subnormal ones included, between which y lies."""
    form = FORMATS[dtype]
    _, exponent = np.frexp(y)
    quantum = np.ldexp(1.0, np.maximum(exponent - 1, form.smallest) - (form.precision - 1))
    below = np.floor(y / quantum) * quantum
    return below, below + quantum


def _sides(pieces: Pieces, x: Array, middle: Array, order: int) -> Array:
    """Whether the true values are above the middles (1), below (−1), or on them as far as can be told (0)."""
    index = np.zeros(x.shape, dtype=np.intp)
    for knot in pieces.knots:
        index += x >= knot.x if knot.owner == "right" else x > knot.x
    sides = np.zeros_like(x)
    for number, piece in enumerate(pieces.pieces):
        here = index == number
        if piece.exact is not None and here.any():
            true, hidden = piece.exact(x[here], order)
            difference = np.sign((true.hi - middle[here]) + true.lo)
            sides[here] = np.where(difference == 0, hidden, difference)
    return sides
