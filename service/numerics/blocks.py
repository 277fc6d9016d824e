"""Steps of kernels: arithmetic on blocks of numbers that stay in the caches, written into arrays that are given.

All arrays are float64 and of one shape (n,), and those given for results share no memory with those read, unless said
otherwise.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from service.numerics.double_double import Array

Flags = NDArray[np.bool_]

_LEADING_BITS = -(1 << 27)  # as an integer: ones, and 27 zeros at the end


def leading(x: Array, out: Array) -> Array:
    """The first 26 bits of x: products of two such numbers are exact, and so is x minus its own."""
    np.bitwise_and(x.view(np.int64), _LEADING_BITS, out=out.view(np.int64))
    return out


def polynomial(coefficients: Sequence[float], x: Array, out: Array) -> Array:
    """c₀ + c₁x + c₂x² + … by Horner's rule."""
    np.multiply(x, coefficients[-1], out=out)
    for coefficient in coefficients[-2:0:-1]:
        out += coefficient
        out *= x
    out += coefficients[0]
    return out


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
    if flagged.any():
        places = np.flatnonzero(flagged)
        out[places] = formula(x[places])
