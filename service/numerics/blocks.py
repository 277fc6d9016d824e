"""Steps of kernels: arithmetic on blocks of numbers that stay in the caches, written into arrays that are given.

All arrays are float64 and of one shape (n,), and those given for results share no memory with those read, unless said
otherwise.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from service.numerics.double_double import Array

Flags = NDArray[np.bool_]

_SIGN_BIT = -(1 << 63)
_LEADING_BITS = -(1 << 27)  # as an integer: ones, and 27 zeros at the end


def leading(x: Array, out: Array) -> Array:
    """The first 26 bits of x: products of two such numbers are exact, and so is x minus its own."""
    np.bitwise_and(x.view(np.int64), _LEADING_BITS, out=out.view(np.int64))
    return out


def constants(*numbers: float) -> tuple[Array, ...]:
    """Numbers as numpy takes them without a conversion, which for short blocks counts."""
    return tuple(np.array(number) for number in numbers)


def polynomial(coefficients: Sequence[Array], x: Array, out: Array) -> Array:
    """c₀ + c₁x + c₂x² + … by Horner's rule; the coefficients are `constants`."""
    np.multiply(x, coefficients[-1], out)
    for coefficient in coefficients[-2:0:-1]:
        np.add(out, coefficient, out)
        np.multiply(out, x, out)
    return np.add(out, coefficients[0], out)


def square(x: Array, high: Array, low: Array, spare: Array) -> None:
    """x² as high + low: rounded, and the rounding error."""
    np.multiply(x, x, out=high)
    leading(x, spare)
    np.multiply(spare, spare, out=low)
    low -= high
    np.subtract(x, spare, out=spare)  # x² is its leading part squared, and (x − leading)(x + leading)
    np.add(x, x, out=x)
    x -= spare
    spare *= x
    low += spare


def mended(x: Array, out: Array, flagged: Flags, formula: Callable[[Array], Array]) -> None:
    """Replace the results of the few elements that need another formula."""
    if np.count_nonzero(flagged):
        places = np.flatnonzero(flagged)
        out[places] = formula(x[places])


def reflected(x: Array, out: Array, spare: Array) -> None:
    """From h(|x|) in `out` to the slope that is h where x has a minus sign, and 1 − h where it has none."""
    bits, sign = x.view(np.int64), spare.view(np.int64)
    np.bitwise_and(bits, _SIGN_BIT, out=sign)
    turned = out.view(np.int64)
    turned ^= sign
    np.copyto(spare, bits >= 0)
    np.subtract(spare, out, out=out)


def indicator(flags: Flags, x: Array, out: Array) -> None:
    """1 where flagged, 0 elsewhere, NaN for NaN."""
    np.copyto(out, flags)
    unknown = np.isnan(x)
    if np.count_nonzero(unknown):
        out[unknown] = np.nan
