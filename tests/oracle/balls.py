"""How a formula becomes a number to trust: evaluate it on balls, doubling the precision until every ball is small.

Ball arithmetic carries a rigorous error bound through every operation, so a formula that cancels costs bits, never
digits: no stable form is needed, and none is used.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from flint import arb, ctx, fmpq

RELATIVE_BITS = 150
MAXIMUM_BITS = 1 << 15
# Far below the smallest subnormal number of every dtype.
_NEGLIGIBLE = arb("1e-400")


class PrecisionExhaustedError(ArithmeticError):
    """No precision up to `MAXIMUM_BITS` makes the balls small."""


def enclose(expression: Callable[[], list[arb]], bits: int) -> list[arb]:
    """Evaluate an expression until each ball has a relative radius below 2^-150 or lies within ±1e-400.

    Parameters
    ----------
    expression
        The balls at flint's current precision.
    bits
        The precision to begin with.

    Raises
    ------
    PrecisionExhaustedError
        If `MAXIMUM_BITS` are not enough.
    """
    with ctx.workprec(bits):
        balls = expression()
        if all(_is_small(ball) for ball in balls):
            return balls
    if 2 * bits > MAXIMUM_BITS:
        raise PrecisionExhaustedError(f"{bits} bits are not enough for {balls}")
    return enclose(expression, 2 * bits)


def _is_small(ball: arb) -> bool:
    if not ball.is_finite():
        return False
    return bool(ball.rel_accuracy_bits() >= RELATIVE_BITS or ball.abs_upper() < _NEGLIGIBLE)


def starting_bits(x: float) -> int:
    """A precision that mostly suffices at x: cancellation costs bits in proportion to |x|, or to -log2|x| near zero."""
    size = max(abs(x), -math.log2(abs(x))) if x else 0.0
    return 256 + int(min(3 * size, 1600))


def exact(value: Fraction) -> arb:
    """The ball of a fraction; its radius is zero where the denominator is a power of two."""
    return arb(fmpq(value.numerator, value.denominator))
