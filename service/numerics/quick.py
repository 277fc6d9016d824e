"""Fast forms of smooth functions, for blocks in float32 or float64: few passes, within 4 ulp, and nothing allocated.

`value(x, out, work)` and `slope(x, out, work)` are as in `service.numerics.ramps`. With growing exponentials in the
denominators nothing cancels, and what overflows becomes 0.
"""

from collections.abc import Sequence

import numpy as np

from service.numerics.passes import ONE, TWO, Block, Form, at_least, at_most, number
from service.numerics.ramps import step

LESS = {"f": 1.0, "d": 0.0}
DEEP = {"f": -120.0, "d": -800.0}  # e^{−x} is infinite there: a quotient by it is 0, also at x = −∞

_ONE_MORE = {letter: np.array(1.0 + less, letter) for letter, less in LESS.items()}


def exponential(x: Block, out: Block, _: Sequence[Block]) -> None:
    """e^x."""
    np.exp(x, out)


def grow(x: Block, out: Block) -> None:
    """e^x − `LESS`: in float32 expm1 is as fast as exp, and nearer where it is large."""
    if x.dtype.char == "f":
        np.expm1(x, out)
    else:
        np.exp(x, out)


def add_one(grown: Block) -> None:
    """1 + e^x, from what `grow` gave, in its place."""
    np.add(grown, _ONE_MORE[grown.dtype.char], grown)


def sigmoid(x: Block, out: Block, _: Sequence[Block]) -> None:
    """1/(1 + e^{−x})."""
    np.negative(x, out)
    grow(out, out)
    add_one(out)
    np.divide(ONE[x.dtype.char], out, out)


def mirrored_sigmoid(x: Block, out: Block, _: Sequence[Block]) -> None:
    """1/(1 + e^x)."""
    grow(x, out)
    add_one(out)
    np.divide(ONE[x.dtype.char], out, out)


def sigmoid_slope(x: Block, out: Block, work: Sequence[Block]) -> None:
    """σ′(x) = σ′(|x|)."""
    np.abs(x, work[1])
    logistic_slope(work[1], out, work[0])


def logistic_slope(t: Block, out: Block, r: Block) -> None:
    """r(1 − r) with r = 1/(1 + e^t) ≤ 1/2, for t ≥ 0."""
    grow(t, r)
    add_one(r)
    np.divide(ONE[t.dtype.char], r, r)
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
    grow(s, s)
    add_one(s)
    np.divide(TWO[x.dtype.char], s, s)
    np.subtract(TWO[x.dtype.char], s, out)
    np.multiply(out, s, out)


def lisht(x: Block, out: Block, _: Sequence[Block]) -> None:
    """X tanh x."""
    np.tanh(x, out)
    np.multiply(x, out, out)


def lisht_slope(x: Block, out: Block, work: Sequence[Block]) -> None:
    """Tanh x + x tanh′ x, which have one sign; the second has faded at the bounds."""
    near = work[1]
    far = -DEEP[x.dtype.char] / 2
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
    np.add(out, ONE[x.dtype.char], out)
    np.divide(near, out, out)


def softsign_slope(x: Block, out: Block, _: Sequence[Block]) -> None:
    """1/(1 + |x|)²."""
    np.abs(x, out)
    np.add(out, ONE[x.dtype.char], out)
    np.divide(ONE[x.dtype.char], out, out)
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
        np.expm1(out, out)
        np.add(out, ONE["f"], out)
        np.divide(ONE["f"], out, out)
    else:
        np.negative(out, out)
        np.exp(out, out)
    np.log1p(out, out)


def elu(depth: float, scale: float) -> tuple[Form, Form]:
    """scale·x for x > 0, else depth·(e^x − 1); the slope of the latter counts at 0."""
    deep, steep, jump = map(number, (depth, scale, scale - depth))

    def value(x: Block, out: Block, work: Sequence[Block]) -> None:
        at_most(0.0, x, out)
        np.expm1(out, out)
        if depth != 1.0:
            np.multiply(out, deep[x.dtype.char], out)
        if scale == 1.0 and depth <= 1.0:
            np.maximum(x, out, out=out)  # its tangent at 0 lies above
            return
        at_least(0.0, x, work[0])
        if scale != 1.0:
            np.multiply(work[0], steep[x.dtype.char], work[0])
        np.add(out, work[0], out)

    def slope(x: Block, out: Block, work: Sequence[Block]) -> None:
        at_most(0.0, x, out)
        np.exp(out, out)
        if depth != 1.0:
            np.multiply(out, deep[x.dtype.char], out)
        if depth != scale:
            step(x, work[0])
            np.multiply(work[0], jump[x.dtype.char], work[0])
            np.add(out, work[0], out)

    return value, slope
