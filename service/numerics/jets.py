"""Jets: a function and its derivatives f, f′, …, f⁽ⁿ⁾ at every point of an array, in double-double arithmetic.

Products follow Leibniz' rule and compositions Faà di Bruno's. A jet may be stored 2^scale times too large, so that
numbers close to the underflow threshold keep their low parts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import comb

import numpy as np

from service.numerics.double_double import DD, Array, Operand


@dataclass(frozen=True, slots=True)
class Jet:
    """Derivatives of orders 0 to n, each times 2^scale (a float64 array, or 0)."""

    orders: tuple[DD, ...]
    scale: Array | float = 0.0

    def derivative(self, order: int) -> Array:
        """The derivative of that order, rounded to double precision."""
        return np.ldexp(self.orders[order].value(), np.asarray(-self.scale, dtype=np.int32))

    def __mul__(self, other: Operand) -> Jet:
        return Jet(tuple(order * other for order in self.orders), self.scale)

    __rmul__ = __mul__

    def __neg__(self) -> Jet:
        return Jet(tuple(-order for order in self.orders), self.scale)

    def times_variable(self, x: DD) -> Jet:
        """x·f(x): its n-th derivative is x·f⁽ⁿ⁾ + n·f⁽ⁿ⁻¹⁾."""
        higher = (x * f + below * float(n) for n, (below, f) in enumerate(pairwise(self.orders), start=1))
        return Jet((x * self.orders[0], *higher), self.scale)

    def stretched(self, factor: Operand) -> Jet:
        """f(factor·x) with the derivatives taken by x, from f's jet at factor·x."""
        orders, power = [self.orders[0]], DD.of(1.0)
        for order in self.orders[1:]:
            power = power * factor
            orders.append(order * power)
        return Jet(tuple(orders), self.scale)

    def composed(self, inner: tuple[DD, ...]) -> Jet:
        """f(u(x)), from f's jet at u(x) and u′, u″, … (as many as there are orders)."""
        higher = (
            _sum(self.orders[k] * _bell(n, k, inner) for k in range(1, n + 1)) for n in range(1, len(self.orders))
        )
        return Jet((self.orders[0], *higher), self.scale)


def _bell(n: int, k: int, inner: tuple[DD, ...]) -> DD:
    """The partial Bell polynomial B_{n,k}(u′, u″, …), by its recurrence over the block that holds the first element."""
    if k == 0 or n == 0:
        return DD.of(float(n == k))
    blocks = range(1, n - k + 2)
    return _sum(inner[i - 1] * _bell(n - i, k - 1, inner) * float(comb(n - 1, i - 1)) for i in blocks)


def _sum(terms: Iterable[DD]) -> DD:
    result, *rest = terms
    for term in rest:
        result = result + term
    return result
