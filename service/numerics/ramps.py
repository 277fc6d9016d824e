"""Fast forms of functions made of lines, for blocks in float32 or float64: few passes, and nothing allocated.

`value(x, out, work)` and `slope(x, out, work)` write into `out` and may use the arrays of `work`; see
`service.activations.model.Kernel`. Ceilings and truncations of clipped numbers tell the pieces apart: they keep NaN, as
comparisons do not.
"""

from collections.abc import Sequence

import numpy as np

from service.numerics.passes import ONE, SIX, THREE, THREE_HALVES, Block, Form, at_least, at_most, number


def step(x: Block, out: Block) -> None:
    """1 for x > 0, else 0."""
    at_least(0.0, x, out)
    at_most(1.0, out, out)
    np.ceil(out, out)


def relu(x: Block, out: Block, _: Sequence[Block]) -> None:
    """max(x, 0)."""
    at_least(0.0, x, out)


def relu_slope(x: Block, out: Block, _: Sequence[Block]) -> None:
    """1 for x > 0, else 0."""
    step(x, out)


def leaky(below: float) -> tuple[Form, Form]:
    """x for x ≥ 0, else below·x; the slope there counts at 0 too."""
    extreme = np.maximum if below <= 1 else np.minimum
    factor, rise = number(below), number(1 - below)

    def value(x: Block, out: Block, _: Sequence[Block]) -> None:
        np.multiply(x, factor[x.dtype.char], out)
        extreme(x, out, out=out)

    def slope(x: Block, out: Block, _: Sequence[Block]) -> None:
        step(x, out)
        if 0 < below <= 1:
            at_least(below, out, out)
        else:
            np.multiply(out, rise[x.dtype.char], out)
            np.add(out, factor[x.dtype.char], out)

    return value, slope


def relu6(x: Block, out: Block, _: Sequence[Block]) -> None:
    """min(max(x, 0), 6)."""
    at_least(0.0, x, out)
    at_most(6.0, out, out)


def relu6_slope(x: Block, out: Block, work: Sequence[Block]) -> None:
    """1 for 0 < x < 6, else 0."""
    passed = work[0]
    relu6(x, passed, work)
    at_most(1.0, passed, out)
    np.ceil(out, out)
    np.divide(passed, SIX[x.dtype.char], passed)
    np.floor(passed, passed)
    np.subtract(out, passed, out)


def hard_tanh(x: Block, out: Block, _: Sequence[Block]) -> None:
    """min(max(x, −1), 1)."""
    at_least(-1.0, x, out)
    at_most(1.0, out, out)


def hard_tanh_slope(x: Block, out: Block, work: Sequence[Block]) -> None:
    """1 for −1 < x < 1, else 0."""
    hard_tanh(x, out, work)
    _inside(x, out)


def hard_sigmoid(x: Block, out: Block, _: Sequence[Block]) -> None:
    """min(max(x + 3, 0), 6)/6."""
    np.add(x, THREE[x.dtype.char], out)
    at_least(0.0, out, out)
    at_most(6.0, out, out)
    np.divide(out, SIX[x.dtype.char], out)


def hard_sigmoid_slope(x: Block, out: Block, _: Sequence[Block]) -> None:
    """1/6 for −3 < x < 3, else 0."""
    _thirds(x, out)
    _inside(x, out)
    np.divide(out, SIX[x.dtype.char], out)


def hard_swish(x: Block, out: Block, work: Sequence[Block]) -> None:
    """t·min(t + 3, 6)/6 with t = max(x, −3)."""
    t = work[0]
    at_least(-3.0, x, t)
    np.add(t, THREE[x.dtype.char], out)
    at_most(6.0, out, out)
    np.divide(out, SIX[x.dtype.char], out)
    np.multiply(out, t, out)


def hard_swish_slope(x: Block, out: Block, work: Sequence[Block]) -> None:
    """(t + 3/2)/3 with t = x between −3 and 3; beyond, half of t is taken off, which makes it 0 and 1."""
    half = work[0]
    at_least(-3.0, x, out)
    at_most(3.0, out, out)
    np.divide(out, THREE[x.dtype.char], half)
    np.trunc(half, half)
    np.multiply(half, THREE_HALVES[x.dtype.char], half)
    np.subtract(out, half, out)
    np.add(out, THREE_HALVES[x.dtype.char], out)
    np.divide(out, THREE[x.dtype.char], out)


def _thirds(x: Block, out: Block) -> None:
    """x/3, clipped to [−1, 1], which it reaches at ±3 only."""
    at_least(-3.0, x, out)
    at_most(3.0, out, out)
    np.divide(out, THREE[x.dtype.char], out)


def _inside(x: Block, out: Block) -> None:
    """Turn ±1 into 0, and what is between into 1."""
    np.trunc(out, out)
    np.square(out, out)
    np.subtract(ONE[x.dtype.char], out, out)
