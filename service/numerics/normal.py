"""The normal distribution: its density φ, its distribution function Φ, and what erf needs.

For t ≥ 0, Φ(−t) = φ(t)·R(t) with Mills' ratio R, which solves R′ = tR − 1. R is expanded around the multiples of 1/16
up to 40; R at those points comes from its continued fraction (Laplace) and the coefficients from the equation,
r₁ = cr₀ − 1 and (k+1)r_{k+1} = cr_k + r_{k−1}, both in 120-digit decimal arithmetic, once, when first used.
"""

from decimal import Decimal, localcontext
from functools import cache

import numpy as np

from service.numerics.double_double import DD, Array, product
from service.numerics.exponential import double_doubles, exp

_GRID = 16
_FARTHEST = 40
_DEGREE = 11
_PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798")
with localcontext(prec=100):
    INVERSE_SQRT_2PI = double_doubles([1 / (2 * _PI).sqrt()])
    SQRT_2 = double_doubles([Decimal(2).sqrt()])
    TWO_OVER_SQRT_PI = double_doubles([2 / _PI.sqrt()])
    SQRT_8_OVER_PI = double_doubles([(8 / _PI).sqrt()])


def density(x: Array, scale: Array | float = 0.0) -> DD:
    """2^scale · φ(x), the square in the exponent taken exactly; |x| ≤ 50."""
    return exp(product(x, x).scaled(-0.5), scale) * INVERSE_SQRT_2PI


def mills_ratio(t: Array) -> DD:
    """R(t) = Φ(−t)/φ(t) for 0 ≤ t ≤ 40, within about 2⁻⁶³."""
    heads, slopes, coefficients = _expansions()
    index = np.rint(t * _GRID).astype(np.intp)
    h = t - index / _GRID
    rest = coefficients[-1][index]
    for column in coefficients[-2::-1]:
        rest = rest * h + column[index]
    return (DD(slopes.hi[index], slopes.lo[index]) + rest * h) * h + DD(heads.hi[index], heads.lo[index])


@cache
def _expansions() -> tuple[DD, DD, list[Array]]:
    rows = [_row(Decimal(j) / _GRID) for j in range(_FARTHEST * _GRID + 1)]
    columns = [np.array([float(row[k]) for row in rows]) for k in range(2, _DEGREE + 1)]
    return double_doubles([row[0] for row in rows]), double_doubles([row[1] for row in rows]), columns


def _row(centre: Decimal) -> list[Decimal]:
    with localcontext(prec=120):
        row = [_mills_ratio_exactly(centre)]
        row.append(centre * row[0] - 1)
        for k in range(1, _DEGREE):
            row.append((centre * row[k] + row[k - 1]) / (k + 1))
        return row


def _mills_ratio_exactly(t: Decimal) -> Decimal:
    if t < 3:
        return _from_series(t)
    fraction = t
    for n in range(_terms(t), 0, -1):
        fraction = t + n / fraction
    return 1 / fraction


def _terms(t: Decimal) -> int:
    """Levels of the continued fraction for 60 digits: it gains about t·sqrt(8n)/ln 10 digits in n levels."""
    return int((75 / float(t)) ** 2) + 40


def _from_series(t: Decimal) -> Decimal:
    """R(t) = √(π/2)·e^{t²/2} − Σ t^{2n+1}/(1·3·…·(2n+1))."""
    term = total = t
    n = 1
    while abs(term) > Decimal("1e-100"):
        term = term * t * t / (2 * n + 1)
        total += term
        n += 1
    return (_PI / 2).sqrt() * (t * t / 2).exp() - total
