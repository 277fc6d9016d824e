"""How the pieces of a function are made: lines, parabolas, and smooth functions with accurate derivatives."""

from collections.abc import Callable, Mapping
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from service.activations.model import Array, Knot, Piece, Pieces
from service.numerics.double_double import DD, product
from service.numerics.exponential import double_doubles
from service.numerics.jets import Jet

REACH = 1500.0  # |βx| beyond which e^{−|βx|} vanishes in double precision
_TINY = 1e-290  # |x| below which products with x lose their low parts
_WINDOW = 2.0**-3  # around a root of f′ the plain formula cancels, and the jet takes over
_CROSSING = 2.0**-7  # so near a root the distance to it carries the relative precision
_NODES = np.array([0.5 - 0.15**0.5, 0.5, 0.5 + 0.15**0.5])  # Gauss' rule on [0, 1]
_WEIGHTS = np.array([5.0, 8.0, 5.0]) / 18


def everywhere(piece: Piece) -> Pieces:
    """One piece on the whole line."""
    return Pieces((piece,))


def joined(left: Piece, *rest: Knot | Piece) -> Pieces:
    """Pieces and the knots between them, alternating from left to right."""
    knots, pieces = rest[::2], rest[1::2]
    return Pieces((left, *pieces), knots)  # type: ignore[arg-type]  # the positions tell which is which


def line(slope: float, intercept: float = 0.0) -> Piece:
    """slope·x + intercept, rounded once."""
    if np.ndim(slope) == 0 and slope == 0.0:
        return constant(intercept)

    def value(x: Array) -> Array:
        if intercept == 0.0:
            return slope * x
        small = np.abs(x) < 1e250  # beyond, the intercept does not matter and the exact product would overflow
        return np.where(small, (product(np.where(small, x, 0.0), slope) + intercept).value(), slope * x)

    return Piece(value, lambda x, order: np.full_like(x, slope if order == 1 else 0.0))


def constant(level: float) -> Piece:
    """The same number everywhere."""
    return Piece(lambda x: np.full_like(x, level), lambda x, order: np.zeros_like(x))


def elementary(value: Callable[[Array], Array], *derivatives: Callable[[Array], Array]) -> Piece:
    """A function whose derivatives, listed from f′ on, have formulas that are accurate as they stand; then zeros."""

    def derivative(x: Array, order: int) -> Array:
        return derivatives[order - 1](x) if order <= len(derivatives) else np.zeros_like(x)

    return Piece(value, derivative)


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
    roots = roots or {}

    def exact_value(x: Array) -> Array:
        if beta != 1.0:
            delicate = (np.abs(x) <= REACH / beta) & (np.abs(x) > _TINY)
        elif tail is not None:
            delicate = _between(x, tail)
        else:
            return value(x)
        return _recomputed(value(x), delicate, lambda u: jet(u, 0).derivative(0), product(_near(x, delicate), beta))

    def derivative(x: Array, order: int) -> Array:
        u = product(np.clip(x, -REACH / beta, REACH / beta), beta)
        if order > 1 or beta != 1.0:
            result = jet(u, order).derivative(order)
        else:
            delicate = np.zeros(x.shape, dtype=bool) if tail is None else _between(x, tail)
            for zero in roots.get(order, ()):
                delicate |= np.abs((u - zero).hi) < _WINDOW
            result = _recomputed(slope(x), delicate, lambda u: jet(u, order).derivative(order), u)
        for zero in roots.get(order, ()):
            _cross(result, u, zero, order, jet, beta)
        return result

    return Piece(exact_value, derivative)


def _between(x: Array, tail: tuple[float, float]) -> NDArray[np.bool_]:
    size = np.abs(x)
    return (size > tail[0]) & (size <= tail[1])


def _near(x: Array, where: NDArray[np.bool_]) -> Array:
    """x where it is in question, 0 elsewhere, so that no product overflows."""
    return np.where(where, x, 0.0)


def _recomputed(result: Array, where: NDArray[np.bool_], formula: Callable[[DD], Array], u: DD) -> Array:
    """The result with some of its elements replaced by a costlier formula of u."""
    if where.any():
        result = result.copy()
        result[where] = formula(DD(u.hi[where], u.lo[where]))
    return result


def root(digits: str) -> DD:
    """A root given by at least 33 significant digits."""
    return double_doubles([Decimal(digits)])


def _cross(result: Array, u: DD, zero: DD, order: int, jet: Callable[[DD, int], Jet], beta: float) -> None:
    """Put right what cancellation spoils next to a root of the derivative of that order.

    There f⁽ⁿ⁾(x) is the distance to the root times the mean of f⁽ⁿ⁺¹⁾ over that distance, by Gauss' rule.
    """
    distance = (u - zero).value()
    crossing = np.abs(distance) < _CROSSING
    if crossing.any():
        step = distance[crossing]
        places = zero + _NODES[:, None] * step
        slopes = jet(places, order + 1).derivative(order + 1)
        result[crossing] = (step / beta) * (_WEIGHTS @ slopes)
