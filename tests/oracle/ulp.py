"""How far a computed number is from the truth, in units in the last place, and what the right number is."""

from __future__ import annotations

import math
from dataclasses import dataclass

from flint import arb, ctx

# Wide enough for exact sums of a tiny and a large number, which may lie next to a tie.
_BITS = 4096


@dataclass(frozen=True)
class Format:
    """A binary format: digits of the mantissa, exponents of the least and of the greatest power of two."""

    digits: int
    least: int
    greatest: int

    @property
    def smallest_normal(self) -> float:
        """The least number with all its digits."""
        return math.ldexp(1.0, self.least + self.digits - 1)


FORMATS = {
    "float64": Format(53, -1074, 1023),
    "float32": Format(24, -149, 127),
    "float16": Format(11, -24, 15),
    "bfloat16": Format(8, -133, 127),
}


def ulp_error(y: float, truth: arb, dtype: str) -> float:
    """The distance of y from the truth in units in the last place of the correctly rounded result.

    Parameters
    ----------
    y
        The computed number, a value of the dtype.
    truth
        The ball of the true value.
    dtype
        A key of `FORMATS`.

    Returns
    -------
    float
        At most 0.5 where y is correctly rounded. The unit of a subnormal result is the subnormal spacing. Infinity
        for a NaN and for an infinity where the right answer is finite; 0 for the infinity that is the right answer.
    """
    right = roundings(truth, dtype)[0]
    if y == right and math.isinf(y):
        return 0.0
    if not math.isfinite(y):
        return math.inf
    with ctx.workprec(_BITS):
        return float((abs(arb(y) - truth) / arb(_spacing(right, FORMATS[dtype]))).mid())


def _spacing(value: float, form: Format) -> float:
    if value == 0:
        return math.ldexp(1.0, form.least)
    exponent = form.greatest if math.isinf(value) else math.frexp(value)[1] - 1
    return math.ldexp(1.0, max(exponent - form.digits + 1, form.least))


def correctly_rounded(truth: arb, dtype: str) -> float:
    """The value of the dtype nearest to the truth, ties to even, overflow to infinity.

    Raises
    ------
    ArithmeticError
        If the ball holds a point where the rounding changes.
    """
    low, high = roundings(truth, dtype)
    if low != high:
        raise ArithmeticError(f"{truth} may round to {low} or {high}")
    return low


def roundings(truth: arb, dtype: str) -> tuple[float, float]:
    """What the least and the greatest number of a ball round to: two values where the truth is all but a tie."""
    with ctx.workprec(_BITS):
        return _round(truth.lower(), FORMATS[dtype]), _round(truth.upper(), FORMATS[dtype])


def _round(value: arb, form: Format) -> float:
    """An exact ball to the nearest value of a format, in integers."""
    mantissa, exponent = (int(part) for part in value.man_exp())
    top = exponent + mantissa.bit_length() - 1
    if mantissa == 0 or top < form.least - 1:
        return 0.0
    if top > form.greatest:
        return math.inf if mantissa > 0 else -math.inf
    unit = max(top - form.digits + 1, form.least)
    count = _nearest(mantissa, exponent - unit)
    if count.bit_length() + unit - 1 > form.greatest:
        return math.inf if mantissa > 0 else -math.inf
    return math.ldexp(count, unit)


def _nearest(mantissa: int, shift: int) -> int:
    """The integer nearest to mantissa · 2^shift, ties to even."""
    if shift >= 0:
        return mantissa << shift
    floor = mantissa >> -shift
    twice_rest = (mantissa - (floor << -shift)) * 2
    unit = 1 << -shift
    return floor + (twice_rest > unit or (twice_rest == unit and floor % 2 == 1))
