"""Fast forms of gates, x times a sigmoid, for blocks in float32 or float64: like those of `service.numerics.quick`.

Slopes cancel next to their zeros. That of silu in float32 is computed in float64, which has digits to spare; in float64
it is written in the distance from its zero, by expm1. That of mish comes from a table: see `service.activations.mish`.
"""

from collections.abc import Sequence

import numpy as np

from service.numerics.passes import (
    FOUR,
    ONE,
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


def silu(x: Block, out: Block, work: Sequence[Block]) -> None:
    """x/(1 + e^{−x})."""
    near = work[0]
    at_least(DEEP[x.dtype.char], x, near)
    np.negative(near, out)
    grow(out, out)
    add_one(out)
    np.divide(near, out, out)


def silu_slope(x: Block, out: Block, work: Sequence[Block]) -> None:
    """In float64 with nothing that cancels; of float32 in float64 too, by the plain form."""
    if x.dtype.char == "d":
        _silu_slope(x, out, work)
        return
    near, s, found = scratch(np.float64, x.size)[:3]
    at_least(DEEP["d"], x, out)
    at_most(-DEEP["d"], out, out)
    np.copyto(near, out)
    _plain_silu_slope(near, found, s)
    np.copyto(out, found, casting="same_kind")


def _plain_silu_slope(x: Block, out: Block, s: Block) -> None:
    """s·(1 + x(1 − s)) with s = σ(x), for finite x."""
    np.negative(x, s)
    np.exp(s, s)
    np.add(s, ONE["d"], s)
    np.divide(ONE["d"], s, s)
    np.subtract(ONE["d"], s, out)
    np.multiply(out, x, out)
    np.add(out, ONE["d"], out)
    np.multiply(out, s, out)


def _silu_slope(x: Block, out: Block, work: Sequence[Block]) -> None:
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
