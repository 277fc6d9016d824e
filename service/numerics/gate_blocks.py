"""Gates x·σ(w) with a w that is known beyond double precision, block by block.

What is given is e^{−w} = decay·(1 − error). With D = 1 + e^{−w}, the value is x/D, the slope N/D, N = 1 + g·e^{−w}/D,
g = xw′, which is the same as 1 + g − g/D: that cancels less for x < 0.
"""

from collections.abc import Callable, Sequence

import numpy as np

from service.numerics.blocks import leading, mended
from service.numerics.double_double import Array


def value(x: Array, reach: float, decay: Array, error: Array, work: Sequence[Array]) -> None:
    """x/D in the place of the decay, with what rounding takes from D put back; beyond the reach D is 1 for x > 0."""
    divisor, lost = work[:2]
    error *= decay
    np.add(decay, 1.0, out=divisor)
    np.subtract(divisor, 1.0, out=lost)
    np.subtract(decay, lost, out=lost)
    lost -= error
    x.clip(-reach, reach, out=error)
    lost *= error
    lost /= divisor
    lost /= divisor
    np.divide(x, divisor, out=decay)
    decay -= lost


def slope(x: Array, decay: Array, high: Array, low: Array, work: Sequence[Array]) -> None:
    """N/D in the place of the decay, from g = high + low; for a decay without an error."""
    divisor, negative = work[:2]
    np.add(decay, 1.0, out=divisor)
    high.clip(-np.inf, 0.0, out=negative)
    high -= negative
    decay *= high
    decay -= negative
    decay /= divisor
    low *= x < 0.0
    decay += low
    negative += 1.0
    decay += negative
    decay /= divisor


def far_left(x: Array, out: Array, begin: float, end: float, formula: Callable[[Array], Array]) -> None:
    """Replace results for x from `begin` down to `end` by the formula, and those below by −0."""

    def left(far: Array) -> Array:
        result = np.full_like(far, -0.0)
        mended(far, result, far > end, formula)
        return result

    mended(x, out, x < begin, left)


def multiple(x: Array, factor: float, high: Array, low: Array, work: Sequence[Array]) -> None:
    """factor·x as high + low; x is overwritten."""
    head, spare = work[:2]
    first = float(leading(np.array([factor]), np.empty(1))[0])
    np.multiply(x, factor, out=high)
    leading(x, head)
    np.multiply(head, first, out=low)
    low -= high
    np.multiply(head, factor - first, out=spare)
    low += spare
    x -= head
    x *= factor
    low += x
