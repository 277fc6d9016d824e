"""Fast forms of smooth functions, for blocks in float32 or float64: few passes, within 4 ulp, and nothing allocated.

`value(x, out, work)` and `slope(x, out, work)` are as in `service.numerics.ramps`. Each is written such that nothing
cancels: with growing exponentials in denominators, and where a slope has a zero, in the distance from it, by expm1.
"""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from service.numerics.ramps import Block, Form, at_least, at_most
from service.numerics.scratch import scratch

_DEEP = {"f": -120.0, "d": -800.0}  # e^{−x} is infinite there: a quotient by it is 0, also at x = −∞


def exponential(x: Block, out: Block, _: Sequence[Block]) -> None:
    """e^x."""
    np.exp(x, out)


def _grow(x: Block, out: Block) -> float:
    """e^x less a number, which is returned: in float32 expm1 is as fast as exp, and nearer where it is large."""
    if x.dtype == np.float32:
        np.expm1(x, out)
        return 1.0
    np.exp(x, out)
    return 0.0


def sigmoid(x: Block, out: Block, _: Sequence[Block]) -> None:
    """1/(1 + e^{−x})."""
    np.negative(x, out)
    np.add(out, 1.0 + _grow(out, out), out)
    np.divide(1.0, out, out)


def mirrored_sigmoid(x: Block, out: Block, _: Sequence[Block]) -> None:
    """1/(1 + e^x)."""
    np.add(out, 1.0 + _grow(x, out), out)
    np.divide(1.0, out, out)


def sigmoid_slope(x: Block, out: Block, work: Sequence[Block]) -> None:
    """r(1 − r) with r = 1/(1 + e^{|x|}) ≤ 1/2."""
    r = work[0]
    np.abs(x, r)
    np.add(r, 1.0 + _grow(r, r), r)
    np.divide(1.0, r, r)
    np.square(r, out)
    np.subtract(r, out, out)


def tanh(x: Block, out: Block, _: Sequence[Block]) -> None:
    """Tanh x."""
    np.tanh(x, out)


def tanh_slope(x: Block, out: Block, work: Sequence[Block]) -> None:
    """s(2 − s) with s = 2/(1 + e^{2|x|}) ≤ 1."""
    s = work[0]
    np.abs(x, s)
    np.add(s, s, s)
    np.add(s, 1.0 + _grow(s, s), s)
    np.divide(2.0, s, s)
    np.subtract(2.0, s, out)
    np.multiply(out, s, out)


def lisht(x: Block, out: Block, _: Sequence[Block]) -> None:
    """X tanh x."""
    np.tanh(x, out)
    np.multiply(x, out, out)


def lisht_slope(x: Block, out: Block, work: Sequence[Block]) -> None:
    """Tanh x + x tanh′ x, which have one sign; the second has faded at the bounds."""
    near = work[1]
    far = -_DEEP[x.dtype.char] / 2
    at_least(-far, x, near)
    at_most(far, near, near)
    tanh_slope(near, out, work)
    np.multiply(out, near, out)
    np.tanh(x, near)
    np.add(out, near, out)


def softsign(x: Block, out: Block, work: Sequence[Block]) -> None:
    """x/(1 + |x|), which is ±1 at the bounds."""
    near = work[0]
    at_least(-1e18, x, near)
    at_most(1e18, near, near)
    np.abs(near, out)
    np.add(out, 1.0, out)
    np.divide(near, out, out)


def softsign_slope(x: Block, out: Block, _: Sequence[Block]) -> None:
    """1/(1 + |x|)²."""
    np.abs(x, out)
    np.add(out, 1.0, out)
    np.divide(1.0, out, out)
    np.square(out, out)


def softplus(x: Block, out: Block, work: Sequence[Block]) -> None:
    """ln(1 + e^{−|x|}) + max(x, 0)."""
    _log1p_of_decay(x, out)
    at_least(0.0, x, work[0])
    np.add(out, work[0], out)


def log_sigmoid(x: Block, out: Block, work: Sequence[Block]) -> None:
    """min(x, 0) − ln(1 + e^{−|x|})."""
    _log1p_of_decay(x, out)
    at_most(0.0, x, work[0])
    np.subtract(work[0], out, out)


def _log1p_of_decay(x: Block, out: Block) -> None:
    np.abs(x, out)
    if x.dtype == np.float32:
        np.add(out, _grow(out, out), out)
        np.divide(1.0, out, out)
    else:
        np.negative(out, out)
        np.exp(out, out)
    np.log1p(out, out)


def elu(depth: float, scale: float) -> tuple[Form, Form]:
    """scale·x for x > 0, else depth·(e^x − 1); the slope of the latter counts at 0."""

    def value(x: Block, out: Block, work: Sequence[Block]) -> None:
        at_most(0.0, x, out)
        np.expm1(out, out)
        if depth != 1.0:
            np.multiply(out, depth, out)
        if scale == 1.0 and depth <= 1.0:
            np.maximum(x, out, out=out)  # the tangent at 0 lies above
            return
        at_least(0.0, x, work[0])
        if scale != 1.0:
            np.multiply(work[0], scale, work[0])
        np.add(out, work[0], out)

    def slope(x: Block, out: Block, work: Sequence[Block]) -> None:
        at_most(0.0, x, out)
        np.exp(out, out)
        if depth != 1.0:
            np.multiply(out, depth, out)
        if depth != scale:
            np.copyto(out, scale, where=np.greater(x, 0.0, work[0].view(np.bool_)[: x.size]))

    return value, slope


def silu(x: Block, out: Block, work: Sequence[Block]) -> None:
    """x/(1 + e^{−x})."""
    near = work[0]
    at_least(_DEEP[x.dtype.char], x, near)
    np.negative(near, out)
    np.add(out, 1.0 + _grow(out, out), out)
    np.divide(near, out, out)


_SILU_ROOT, _EXP_OF_SILU_ROOT = Decimal("-1.27846454276107379510935873902298"), 0.27846454276107379511
_MISH_SETTLED = 21.0  # where the slope has become 1 in float64, and e^{4x} does not overflow in float32
_MISH_ROOT, _EXP_OF_MISH_ROOT = -1.1924312145154952, 0.30348253528152894  # the float64 next to the zero of mish′
_AT_MISH_ROOT = 7.767226202386527e-17  # N there


def distance(x: Block, root: Decimal, out: Block) -> None:
    """x − root, which takes two steps, for the root is no float."""
    high = x.dtype.type(root)
    np.subtract(x, high, out)
    np.subtract(out, float(root - Decimal(float(high))), out)


def silu_slope(x: Block, out: Block, work: Sequence[Block]) -> None:
    """p = (1 − t + e^{−t})·σ′(t) for x ≤ 0, t = |x|, and 1 − p for x > 0, where it is the larger one.

    The bracket is d + e^r(e^d − 1) at the distance d = −t − r from its zero.
    """
    t, grown, d = work[1:4]
    np.abs(x, t)
    at_most(-_DEEP[x.dtype.char], t, t)
    np.negative(t, grown)
    distance(grown, _SILU_ROOT, d)
    np.expm1(d, grown)
    np.multiply(grown, _EXP_OF_SILU_ROOT, grown)
    np.add(d, grown, d)
    sigmoid_slope(t, grown, work)
    np.multiply(grown, d, grown)
    np.subtract(1.0, grown, out)
    at_most(0.0, x, t)
    np.add(out, t, out)  # less than p for x < 0, since p falls from 1/2 by less than t/2
    np.maximum(out, grown, out=out)


def mish(x: Block, out: Block, work: Sequence[Block]) -> None:
    """x/(v + 1/2 + 1/(2 + 4v)) with v = e^{−x}."""
    near, part = work[:2]
    at_least(_DEEP[x.dtype.char], x, near)
    np.negative(near, out)
    less = _grow(out, out)
    np.multiply(out, 4.0, part)
    np.add(part, 2.0 + 4.0 * less, part)
    np.divide(1.0, part, part)
    np.add(out, part, out)
    np.add(out, 0.5 + less, out)
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
    at_least(_DEEP["d"], x, x)
    at_most(_MISH_SETTLED, x, x)
    np.exp(x, e)
    np.add(x, 1.5, x)
    np.multiply(x, 4.0, x)
    np.add(e, 4.0, out)
    np.multiply(out, e, out)
    np.add(out, x, out)
    np.multiply(out, e, out)
    np.add(out, x, out)
    np.subtract(out, 2.0, out)
    np.multiply(out, e, out)
    np.add(e, 2.0, d)
    np.multiply(d, e, d)
    np.add(d, 2.0, d)
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
    at_least(_DEEP["d"], x, below)
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
    np.multiply(e, 0.25, part)
    np.add(part, 1.0 + _EXP_OF_MISH_ROOT / 4, part)
    np.multiply(part, e, part)
    np.add(part, _MISH_ROOT + 1.5 + _EXP_OF_MISH_ROOT + _EXP_OF_MISH_ROOT**2 / 4, part)
    np.multiply(part, q, part)
    np.add(part, _AT_MISH_ROOT, part)
    np.add(e, 1.0, out)
    np.multiply(out, d, out)
    np.add(out, part, out)  # N
    np.add(above, 1.0, above)
    np.multiply(out, above, out)
    np.multiply(e, 0.25, d)
    for coefficient in (1.0, 2.0, 2.0):
        np.add(d, coefficient, d)
        np.multiply(d, e, d)
    np.add(d, 1.0, d)  # D²
    np.negative(below, below)
    np.exp(below, below)
    np.multiply(d, below, d)
    np.divide(out, d, out)
