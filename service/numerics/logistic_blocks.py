"""The logistic function and its relatives, block by block.

With E = e^{−|x|}: σ′ = E/(1 + E(2 + E)) and ln(1 + e^x) = max(x, 0) + ln(1 + E). σ = 1/(1 + e^{−x}) is good as far as
e^{−x} does not overflow; beyond, where few elements lie, they are computed anew, from e^x.
"""

import numpy as np

from service.numerics.blocks import mended
from service.numerics.double_double import Array, two_product

FAR = 6.5  # |x| beyond which functions with a factor σ(−|x|) compute it anew
_TINY = -36.0  # x below which putting back what 1 + e^{−x} lost costs more in rounding than it gains
DEEP = -700.0  # x below which e^x is close to subnormal
_DEEPEST = -1500.0  # e^{−1500} times any factor here is zero
_SHIFT_POWER = 128
_SHIFT, _SHIFT_LOW = 88.72283911167233, 6.708785515362174e-13  # 128 ln 2; the first can be added to x < DEEP exactly


def sigmoid(x: Array, out: Array, spare: Array) -> None:
    """σ(x), with what rounding takes from 1 + e^{−x} put back where e^{−x} is the larger."""
    np.negative(x, out=out)
    np.exp(out, out=out)
    np.add(out, 1.0, out=spare)
    np.subtract(spare, out, out=out)
    np.subtract(1.0, out, out=out)
    np.divide(1.0, spare, out=spare)
    out *= spare
    out *= spare
    np.subtract(spare, out, out=out)
    mended(x, out, x < _TINY, lambda left: times_sigmoid(1.0, left))


def sigmoid_as_slope(x: Array, out: Array) -> None:
    """σ(x) within the bounds of a slope."""
    np.negative(x, out=out)
    np.exp(out, out=out)
    out += 1.0
    np.divide(1.0, out, out=out)
    mended(x, out, x < DEEP, lambda left: times_sigmoid(1.0, left))


def sigmoid_of_negative(x: Array, out: Array) -> None:
    """σ(−x)."""
    np.exp(x, out=out)
    out += 1.0
    np.divide(1.0, out, out=out)
    mended(x, out, x > -DEEP, lambda right: times_sigmoid(1.0, -right))


def sigmoid_slope(x: Array, out: Array, spare: Array) -> None:
    """σ′(x)."""
    np.abs(x, out=out)
    np.negative(out, out=out)
    np.exp(out, out=out)
    np.add(out, 2.0, out=spare)
    spare *= out
    spare += 1.0
    out /= spare


def log1p_exp(x: Array, out: Array) -> None:
    """ln(1 + E)."""
    np.abs(x, out=out)
    np.negative(out, out=out)
    np.exp(out, out=out)
    np.log1p(out, out=out)


def times_sigmoid(factor: Array | float, x: Array) -> Array:
    """factor·σ(x) in a new array, for x < −FAR."""
    grown = np.exp(x)
    return times_exp(factor, x, grown / (1.0 + grown))


def times_exp(factor: Array | float, x: Array, lack: Array | float = 0.0) -> Array:
    """factor·e^x·(1 − lack) in a new array, for x < 0: as exact as exp, where e^x is subnormal too."""
    near = np.maximum(x, _DEEPEST)
    deep = near < DEEP
    grown = np.exp(near + deep * _SHIFT)
    high, low = two_product(grown, factor)
    low -= high * (lack - deep * _SHIFT_LOW)
    return np.asarray(np.ldexp(high + low, deep * -_SHIFT_POWER))
