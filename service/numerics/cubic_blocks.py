"""Odd cubics in twice double precision, block by block."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from service.numerics.blocks import leading, square
from service.numerics.double_double import DD, Array


class Cubic(NamedTuple):
    """x·(a + cx²), with a and c as pairs: the first 26 bits or fewer, and the rest."""

    linear: tuple[float, float]
    cubic: tuple[float, float]

    @classmethod
    def of(cls, linear: DD, cubic: DD) -> "Cubic":
        """The cubic with these coefficients, which are scalars."""
        return cls(_pair(linear), _pair(cubic))

    def into(self, x: Array, high: Array, low: Array, work: Sequence[Array]) -> None:
        """Its values as high + low, to about 2⁻⁷⁵ of them, for |x| < 1e50; x is overwritten.

        a + cx² is found first, by exact products of leading parts, then its product with x in the same way.
        """
        factor, (rest, spare, head) = low, work
        np.copyto(head, x)
        square(head, high, rest, spare)
        leading(high, spare)
        np.subtract(high, spare, out=head)
        rest += head
        rest *= self.cubic[0]
        high *= self.cubic[1]
        rest += high
        spare *= self.cubic[0]
        np.add(spare, self.linear[0], out=factor)
        np.subtract(factor, self.linear[0], out=high)
        spare -= high  # what rounding took from the factor
        rest += spare
        rest += self.linear[1]
        np.add(factor, rest, out=head)
        factor -= head
        rest += factor
        np.multiply(x, head, out=high)
        leading(head, spare)
        head -= spare
        rest += head
        leading(x, head)
        rest *= x
        x -= head
        np.multiply(head, spare, out=low)
        low -= high
        low += rest
        x *= spare
        low += x


def _pair(number: DD) -> tuple[float, float]:
    head = float(leading(np.atleast_1d(number.hi), np.empty(1))[0])
    return head, float(number.hi - head + number.lo)
