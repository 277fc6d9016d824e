"""Numbers of twice double precision: unevaluated sums hi + lo of two float64 arrays.

The sum of two such numbers is within 2·2⁻¹⁰⁶ of the exact sum, also when it cancels; a product or quotient within
about 2⁻¹⁰². Error-free transformations: T. J. Dekker, 'A floating-point technique for extending the available
precision', Numer. Math. 18 (1971); algorithms and bounds: M. Joldes, J.-M. Muller and V. Popescu, 'Tight and rigorous
error bounds for basic building blocks of double-word arithmetic', ACM TOMS 44 (2017).
Finite numbers below 1e300 only: the splitting of a product overflows above.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Operand: TypeAlias = "DD | Array | float"

_SPLITTER = 2.0**27 + 1


def two_sum(a: Array, b: Array | float) -> tuple[Array, Array]:
    """The rounded sum and its rounding error, exactly."""
    total = a + b
    b_part = total - a
    return total, (a - (total - b_part)) + (b - b_part)


def quick_two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """The rounded sum and its error, exactly where |a| ≥ |b| or a = 0."""
    total = a + b
    return total, b - (total - a)


def _split(a: Array | float) -> tuple[Array | float, Array | float]:
    high = _SPLITTER * a
    high = high - (high - a)
    return high, a - high


def two_product(a: Array, b: Array | float) -> tuple[Array, Array]:
    """The rounded product and its rounding error, exactly unless a partial product is subnormal."""
    product = a * b
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, np.asarray(error)


@dataclass(frozen=True, slots=True, eq=False)
class DD:
    """hi + lo with |lo| ≤ ulp(hi)/2; arrays of one shape, or broadcastable."""

    hi: Array
    lo: Array

    __array_ufunc__ = None  # so that ndarray + DD comes to DD.__radd__

    @classmethod
    def of(cls, x: Operand) -> DD:
        """A float or an array as it is, without a low part."""
        if isinstance(x, DD):
            return x
        hi = np.asarray(x, dtype=np.float64)
        return cls(hi, np.zeros_like(hi))

    @classmethod
    def exactly(cls, number: Fraction) -> DD:
        """The nearest double-double to a rational number."""
        hi = float(number)
        return cls(np.float64(hi), np.float64(float(number - Fraction(hi))))  # type: ignore[arg-type]  # 0-d

    def value(self) -> Array:
        """Rounded to double precision."""
        return self.hi + self.lo

    def __neg__(self) -> DD:
        return DD(-self.hi, -self.lo)

    def __add__(self, other: Operand) -> DD:
        if not isinstance(other, DD):
            high, low = two_sum(self.hi, other)
            return DD(*quick_two_sum(high, low + self.lo))
        high, low = two_sum(self.hi, other.hi)
        low_high, low_low = two_sum(self.lo, other.lo)
        high, low = quick_two_sum(high, low + low_high)
        return DD(*quick_two_sum(high, low + low_low))

    __radd__ = __add__

    def __sub__(self, other: Operand) -> DD:
        return self + (-other)

    def __rsub__(self, other: Operand) -> DD:
        return (-self) + other

    def __mul__(self, other: Operand) -> DD:
        if not isinstance(other, DD):
            high, low = two_product(self.hi, other)
            return DD(*quick_two_sum(high, low + self.lo * other))
        high, low = two_product(self.hi, other.hi)
        return DD(*quick_two_sum(high, low + (self.hi * other.lo + self.lo * other.hi)))

    __rmul__ = __mul__

    def __truediv__(self, other: Operand) -> DD:
        divisor = DD.of(other)
        first = self.hi / divisor.hi
        remainder = self - divisor * first
        second = remainder.hi / divisor.hi
        third = (remainder - divisor * second).hi / divisor.hi
        return DD(*quick_two_sum(first, second)) + third

    def __rtruediv__(self, other: Operand) -> DD:
        return DD.of(other) / self

    def ratio(self, divisor: DD) -> Array:
        """The quotient rounded to double precision, with one correction step."""
        first = self.hi / divisor.hi
        return first + (self - divisor * first).hi / divisor.hi

    def scaled(self, power_of_two: Array | float) -> DD:
        """Times a power of two, exactly unless it over- or underflows."""
        return DD(self.hi * power_of_two, self.lo * power_of_two)


def product(a: Array | float, b: Array | float) -> DD:
    """The exact product of two doubles."""
    return DD(*two_product(np.asarray(a, dtype=np.float64), b))


def total(a: Array | float, b: Array | float) -> DD:
    """The exact sum of two doubles."""
    return DD(*two_sum(np.asarray(a, dtype=np.float64), b))


def square_root(x: DD) -> DD:
    """√x for x > 0, by one Newton step from the double-precision root."""
    guess = np.sqrt(x.hi)
    return (x - product(guess, guess)) / (guess + guess) + guess


def where(condition: NDArray[np.bool_], yes: Operand, no: Operand) -> DD:
    """One number or the other, elementwise."""
    a, b = DD.of(yes), DD.of(no)
    return DD(np.where(condition, a.hi, b.hi), np.where(condition, a.lo, b.lo))


def polynomial(coefficients: Sequence[float], x: DD) -> DD:
    """c₀ + c₁x + c₂x² + … by Horner's rule; the coefficients are doubles taken exactly."""
    result = DD.of(np.full_like(x.hi, coefficients[-1]))
    for coefficient in coefficients[-2::-1]:
        result = result * x + coefficient
    return result
