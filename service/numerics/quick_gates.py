"""Fast forms of gates, x times a sigmoid, for blocks in float32 or float64: like those of `service.numerics.quick`.

Their slopes are written in the distance from their zero, by expm1, so that nothing cancels next to it.
"""

from collections.abc import Sequence

import numpy as np

from service.numerics.passes import (
    FOUR,
    ONE,
    QUARTER,
    THREE_HALVES,
    TWO,
    Block,
    at_least,
    at_most,
    distance,
    number,
    parts,
)
from service.numerics.quick import DEEP, LESS, add_one, grow, logistic_slope
from service.numerics.scratch import scratch

_HALF_MORE = {letter: np.array(0.5 + less, letter) for letter, less in LESS.items()}
_TWO_MORE = {letter: np.array(2.0 + 4.0 * less, letter) for letter, less in LESS.items()}
_SILU_ROOT, _EXP_OF_SILU_ROOT = parts("-1.27846454276107379510935873902298"), number(0.27846454276107379511)
_MISH_SETTLED = 21.0  # where the slope has become 1 in float64
_MISH_ROOT, _EXP_OF_MISH_ROOT = (
    np.array(-1.1924312145154952),
    np.array(0.30348253528152894),
)  # next to the zero of mish′
_AT_MISH_ROOT = np.array(7.767226202386527e-17)  # N there
_MISH_BRACKET = (
    np.array(_MISH_ROOT + 1.5 + _EXP_OF_MISH_ROOT + _EXP_OF_MISH_ROOT**2 / 4),
    np.array(1.0 + _EXP_OF_MISH_ROOT / 4),
)


def silu(x: Block, out: Block, work: Sequence[Block]) -> None:
    """x/(1 + e^{−x})."""
    near = work[0]
    at_least(DEEP[x.dtype.char], x, near)
    np.negative(near, out)
    grow(out, out)
    add_one(out)
    np.divide(near, out, out)


def silu_slope(x: Block, out: Block, work: Sequence[Block]) -> None:
    """p = (1 − t + e^{−t})·σ′(t) for x ≤ 0, t = |x|, and 1 − p for x > 0, where it is the larger one.

    The bracket is d + e^r(e^d − 1) at the distance d = −t − r from its zero.
    """
    t, grown, d = work[1:4]
    np.abs(x, t)
    at_most(-DEEP[x.dtype.char], t, t)
    np.negative(t, grown)
    distance(grown, _SILU_ROOT, d)
    np.expm1(d, grown)
    np.multiply(grown, _EXP_OF_SILU_ROOT[x.dtype.char], grown)
    np.add(d, grown, d)
    logistic_slope(t, grown, work[0])
    np.multiply(grown, d, grown)
    np.subtract(ONE[x.dtype.char], grown, out)
    at_most(0.0, x, t)
    np.add(out, t, out)  # less than p for x < 0, since p falls from 1/2 by less than t/2
    np.maximum(out, grown, out=out)


def mish(x: Block, out: Block, work: Sequence[Block]) -> None:
    """x/(v + 1/2 + 1/(2 + 4v)) with v = e^{−x}."""
    near, part = work[:2]
    at_least(DEEP[x.dtype.char], x, near)
    np.negative(near, out)
    letter = x.dtype.char
    grow(out, out)
    np.multiply(out, FOUR[letter], part)
    np.add(part, _TWO_MORE[letter], part)
    np.divide(ONE[letter], part, part)
    np.add(out, part, out)
    np.add(out, _HALF_MORE[letter], out)
    np.divide(near, out, out)


def mish_slope(x: Block, out: Block, work: Sequence[Block]) -> None:
    """Of float32 in float64, where the plain form is accurate enough for that."""
    if x.dtype == np.float32:
        near, found, *more = scratch(np.float64, x.size)
        np.copyto(near, x)
        _plain_mish_slope(near, found, more)
        np.copyto(out, found, casting="same_kind")
    else:
        _mish_slope(x, out, work)


def _plain_mish_slope(x: Block, out: Block, work: Sequence[Block]) -> None:
    """E·N/D² with E = e^x, D = E² + 2E + 2 and N = 4(x + 1) + (4x + 6)E + 4E² + E³."""
    e, d = work[:2]
    at_least(DEEP["d"], x, x)
    at_most(_MISH_SETTLED, x, x)
    np.exp(x, e)
    np.add(x, THREE_HALVES[x.dtype.char], x)
    np.multiply(x, FOUR[x.dtype.char], x)
    np.add(e, FOUR[x.dtype.char], out)
    np.multiply(out, e, out)
    np.add(out, x, out)
    np.multiply(out, e, out)
    np.add(out, x, out)
    np.subtract(out, TWO[x.dtype.char], out)
    np.multiply(out, e, out)
    np.add(e, TWO[x.dtype.char], d)
    np.multiply(d, e, d)
    np.add(d, TWO[x.dtype.char], d)
    np.square(d, d)
    np.divide(out, d, out)


def _mish_slope(x: Block, out: Block, work: Sequence[Block]) -> None:
    """E·N/D² with E = e^x, D = 1 + E + E²/2 and N = x + 1 + (x + 3/2)E + E² + E³/4.

    At the distance d from r, the float next to its zero, with q = E − e^r, it is
        N = N(r) + d(1 + E) + q(r + 3/2 + E + e^r + (E² + Ee^r + e^{2r})/4),
    where both products have the sign of d. So that nothing cancels, q and E are put together of e^{min(x, 0)} and
    e^{max(x, 0)}.
    """
    below, above, d, q, e, part = work[:6]
    at_least(DEEP["d"], x, below)
    at_most(0.0, below, below)
    at_least(0.0, x, above)
    at_most(_MISH_SETTLED, above, above)
    np.subtract(below, _MISH_ROOT, d)
    np.expm1(d, q)
    np.add(d, above, d)
    np.multiply(q, _EXP_OF_MISH_ROOT, q)
    np.expm1(above, above)
    np.add(q, above, q)
    np.add(q, _EXP_OF_MISH_ROOT, e)
    np.multiply(e, QUARTER["d"], part)
    np.add(part, _MISH_BRACKET[1], part)
    np.multiply(part, e, part)
    np.add(part, _MISH_BRACKET[0], part)
    np.multiply(part, q, part)
    np.add(part, _AT_MISH_ROOT, part)
    np.add(e, ONE["d"], out)
    np.multiply(out, d, out)
    np.add(out, part, out)  # N
    np.add(above, ONE["d"], above)
    np.multiply(out, above, out)
    np.multiply(e, QUARTER["d"], d)
    for coefficient in (ONE["d"], TWO["d"], TWO["d"]):
        np.add(d, coefficient, d)
        np.multiply(d, e, d)
    np.add(d, ONE["d"], d)  # D²
    np.negative(below, below)
    np.exp(below, below)
    np.multiply(d, below, d)
    np.divide(out, d, out)
