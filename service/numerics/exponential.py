"""exp and expm1 in double-double arithmetic, right to about 2⁻¹⁰⁰ on every processor.

exp(x) = 2^(k/256)·exp(r), |r| ≤ ln 2/512: a table of 2^(j/256) in double-double, and the Taylor series of exp(r) − 1
(P. T. P. Tang, 'Table-driven implementation of the exponential function', ACM TOMS 15 (1989)).
"""

from decimal import Decimal, localcontext
from fractions import Fraction
from math import factorial

import numpy as np

from service.numerics.double_double import DD, Array, quick_two_sum, where

_STEPS = 256


def double_doubles(numbers: list[Decimal]) -> DD:
    """An array of the nearest double-doubles to decimal numbers; one number gives a scalar."""
    highs = [float(number) for number in numbers]
    lows = [float(number - Decimal(high)) for number, high in zip(numbers, highs, strict=True)]
    if len(numbers) == 1:
        return DD(np.asarray(highs[0]), np.asarray(lows[0]))
    return DD(np.array(highs), np.array(lows))


with localcontext() as _context:
    _context.prec = 60
    _LN2 = Decimal(2).ln()
    LN2 = double_doubles([_LN2])
    _POWERS = double_doubles([(_LN2 * j / _STEPS).exp() for j in range(_STEPS)])
    # ln2/256 in three parts; the first two have 32 trailing zero bits, so that k times them is exact for |k| < 2³²
    _STEP_HIGH = float(int(_LN2 / _STEPS * 2**29)) / 2**29
    _STEP_MIDDLE = float(int((_LN2 / _STEPS - Decimal(_STEP_HIGH)) * 2**58)) / 2**58
    _STEP_LOW = _LN2 / _STEPS - Decimal(_STEP_HIGH) - Decimal(_STEP_MIDDLE)
    _STEP_TAIL = double_doubles([_STEP_LOW])


def exp(x: DD, scale: Array | float = 0.0) -> DD:
    """2^scale · e^x, for |x| ≤ 1500; below 2^−1022 both parts are zero or subnormal."""
    k, r = _reduce(x)
    grown = _table(k) * (_expm1_reduced(r) + 1.0)
    return _ldexp(grown, np.floor_divide(k, _STEPS) + scale)


def expm1(x: DD) -> DD:
    """e^x − 1, right relative to itself also near 0, for |x| ≤ 1500."""
    near, tiny = np.abs(x.hi) < 0.25, np.abs(x.hi) < 1e-40
    result = where(near, _expm1_near(where(near, x, 0.0)), exp(where(near, 1.0, x)) - 1.0)
    return where(tiny, x, result)


def exp_of(x: DD) -> Array:
    """e^x in double precision for a double-double x: within an ulp of the true value."""
    grown = np.exp(x.hi)
    return grown + grown * x.lo


def _reduce(x: DD) -> tuple[Array, DD]:
    k = np.rint(x.hi * (_STEPS / float(_LN2)))
    r = DD.of(x.hi - k * _STEP_HIGH) - k * _STEP_MIDDLE
    return k, r + x.lo - _STEP_TAIL * k


def _expm1_reduced(r: DD) -> DD:
    """e^r − 1 for |r| ≤ 0.0014: the first terms of the series in double-double, the rest in double."""
    t = r.hi
    rest = t * (1 / 120 + t * (1 / 720 + t * (1 / 5040 + t * (1 / 40320 + t / 362880))))
    quartic = DD(*quick_two_sum(np.full_like(t, 1 / 24), rest)) + _TWENTY_FOURTH_TAIL
    series = ((quartic * r + _SIXTH) * r + 0.5) * r + 1.0
    return series * r


_INVERSE_FACTORIALS = [DD.exactly(Fraction(1, factorial(n))) for n in range(1, 15)]
_SIXTH = DD.exactly(Fraction(1, 6))
_TWENTY_FOURTH_TAIL = float(Fraction(1, 24) - Fraction(1 / 24))


def _expm1_near(x: DD) -> DD:
    """e^x − 1 for |x| < 1/4, from y = e^{x/16} − 1 by (1 + y)² − 1 = y(2 + y), four times."""
    y = _series(x.scaled(1 / 16))
    for _ in range(4):
        y = y * (y + 2.0)
    return y


def _series(x: DD) -> DD:
    """e^x − 1 for |x| ≤ 1/64 by fourteen terms."""
    result = x * _INVERSE_FACTORIALS[-1]
    for coefficient in _INVERSE_FACTORIALS[-2::-1]:
        result = (result + coefficient) * x
    return result


def _table(k: Array) -> DD:
    j = np.mod(k, _STEPS).astype(np.intp)
    return DD(_POWERS.hi[j], _POWERS.lo[j])


def _ldexp(x: DD, exponent: Array) -> DD:
    power = exponent.astype(np.int32)
    return DD(np.ldexp(x.hi, power), np.ldexp(x.lo, power))
