"""Smooth pieces: plain formulas where double precision is enough, and jets in double-double where it is not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from service.activations.model import MAX_ORDER, Array, Piece
from service.numerics.double_double import DD, product
from service.numerics.exponential import double_doubles
from service.numerics.jets import Jet
from service.numerics.logistic import REACH

_TINY = 1e-290  # |x| below which products with x lose their low parts
_SMALL = 2.0**-200  # a place where functions are proportional to x, and products with x have their low parts
_SPARE = 400  # bits by which a factor is made smaller, so that its product does not overflow on the way
_WINDOW = 2.0**-3  # around a root of f′ the plain formula cancels, and the jet takes over
_CROSSING = 2.0**-7  # so near a root the distance to it carries the relative precision
_NODES = np.array([0.5 - 0.15**0.5, 0.5, 0.5 + 0.15**0.5])  # Gauss' rule on [0, 1]
_WEIGHTS = np.array([5.0, 8.0, 5.0]) / 18


def smooth(
    value: Callable[[Array], Array],
    slope: Callable[[Array], Array],
    jet: Callable[[DD, int], Jet],
    *,
    beta: float = 1.0,
    tail: tuple[float, float] | None = (300.0, REACH),
    roots: Mapping[int, tuple[DD, ...]] | None = None,
) -> Piece:
    """A smooth function of u = βx that settles as |u| grows.

    Parameters
    ----------
    value, slope
        f and f′ of x in plain double precision; `value` holds for every x, though less accurately where β ≠ 1.
    jet
        The jet of f by x, from u in double-double and the order: what counts where the plain forms are not accurate,
        that is for higher orders, for β ≠ 1, near the roots, and in the tails, close to the underflow threshold.
    beta
        β > 0.
    tail
        Where in |u| the tails begin, and where the plain forms have settled; None if they are accurate throughout.
    roots
        By order, the u at which that derivative is zero other than by a factor x.
    """
    function = _Smooth(value, slope, jet, beta, tail, roots or {})
    return Piece(function.values, function.derivative, function.exact, function.times)


def root(digits: str) -> DD:
    """A root given by at least 33 significant digits."""
    return double_doubles([Decimal(digits)])


@dataclass(frozen=True)
class _Smooth:
    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    jet: Callable[[DD, int], Jet]
    beta: float
    tail: tuple[float, float] | None
    roots: Mapping[int, tuple[DD, ...]] = field(default_factory=dict)

    def values(self, x: Array) -> Array:
        near = (np.abs(x) <= REACH / self.beta) & (np.abs(x) > _TINY)
        delicate = near if self.beta != 1.0 else self._in_tail(x)
        return self._recomputed(self.value(x), delicate, np.where(delicate, x, 0.0), 0)

    def derivative(self, x: Array, order: int) -> Array:
        if order > 1 or self.beta != 1.0:
            result = self._by_jet(self._argument(x), order)
        else:
            result = self._recomputed(self.slope(x), self._in_tail(x) | self._near_root(x), x, order)
        return self._proportional(self._crossed(result, x, order), x, order)

    def exact(self, x: Array, order: int) -> tuple[DD, Array]:
        jets = self.jet(self._argument(x), min(order + 2, MAX_ORDER))
        bend = jets.orders[order + 2].hi if order + 2 < len(jets.orders) else np.zeros_like(x)
        return jets.orders[order].scaled(np.exp2(-np.asarray(jets.scale))), np.sign(bend)

    def times(self, x: Array, order: int, factor: Array) -> Array:
        jets = self.jet(self._argument(x), order)
        product_ = jets.orders[order] * np.ldexp(factor, -_SPARE)
        return np.ldexp(product_.value(), _SPARE - np.asarray(jets.scale, dtype=np.int32))

    def _argument(self, x: Array) -> DD:
        return product(np.clip(x, -REACH / self.beta, REACH / self.beta), self.beta)

    def _by_jet(self, u: DD, order: int) -> Array:
        return self.jet(u, order).derivative(order)

    def _in_tail(self, x: Array) -> NDArray[np.bool_]:
        begin, end = self.tail or (np.inf, np.inf)
        return (np.abs(x) > begin) & (np.abs(x) <= end)

    def _near_root(self, x: Array) -> NDArray[np.bool_]:
        near = np.zeros(x.shape, dtype=bool)
        for zero in self.roots.get(1, ()):
            near |= np.abs(x - zero.hi) < _WINDOW
        return near

    def _recomputed(self, result: Array, delicate: NDArray[np.bool_], x: Array, order: int) -> Array:
        """The plain result with its delicate elements replaced."""
        if delicate.any():
            result = np.array(result)
            result[delicate] = self._by_jet(product(x[delicate], self.beta), order)
        return result

    def _crossed(self, result: Array, x: Array, order: int) -> Array:
        """The result with what cancellation spoils next to the roots of that order put right.

        There f⁽ⁿ⁾(x) is the distance to the root times the mean of f⁽ⁿ⁺¹⁾ over that distance, by Gauss' rule.
        """
        for zero in self.roots.get(order, ()):
            distance = (self._argument(x) - zero).value()
            crossing = np.abs(distance) < _CROSSING
            if crossing.any():
                step = distance[crossing]
                slopes = self._by_jet(zero + _NODES[:, None] * step, order + 1)
                result = np.array(result)
                result[crossing] = (step / self.beta) * (_WEIGHTS @ slopes)
        return result

    def _proportional(self, result: Array, x: Array, order: int) -> Array:
        """For x so small that products with it are subnormal: a derivative that is 0 at 0 is proportional to x."""
        tiny = (np.abs(x) < _TINY) & (x != 0)
        if tiny.any():
            level, raised = self._by_jet(self._argument(np.array([0.0, _SMALL])), order)
            result = np.where(tiny, level if level else raised / _SMALL * x, result)
        return result
