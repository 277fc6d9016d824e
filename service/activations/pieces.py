"""How the pieces of a function are made: lines, parabolas, and smooth functions with accurate derivatives."""

from collections.abc import Callable, Mapping
from decimal import Decimal

import numpy as np

from service.activations.model import Array, Knot, Piece, Pieces
from service.numerics.double_double import DD, product
from service.numerics.exponential import double_doubles
from service.numerics.jets import Jet

REACH = 1500.0  # |βx| beyond which e^{−|βx|} vanishes in double precision
_WINDOW = 0.25  # around a root of f′ the plain formula cancels, and the jet takes over
_CROSSING = 2.0**-6  # so near a root the distance to it carries the relative precision
_GAUSS = ((0.5 - 0.15**0.5, 5 / 18), (0.5, 8 / 18), (0.5 + 0.15**0.5, 5 / 18))  # nodes and weights on [0, 1]


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
    roots: Mapping[int, tuple[DD, ...]] | None = None,
) -> Piece:
    """A smooth function of u = βx that settles as |u| grows.

    Parameters
    ----------
    value, slope
        f and f′ of x in plain double precision: used as they stand where β = 1, and for |u| > 1500 whatever β is.
    jet
        The jet of f by x, from u in double-double and the order; used wherever the plain forms are not.
    beta
        β > 0.
    roots
        By order, the u at which that derivative is zero other than by a factor x.
    """
    roots = roots or {}

    def exact_value(x: Array) -> Array:
        if beta == 1.0:
            return value(x)
        near = np.abs(x) <= REACH / beta
        return np.where(near, jet(product(np.where(near, x, 0.0), beta), 0).derivative(0), value(x))

    def derivative(x: Array, order: int) -> Array:
        u = product(np.clip(x, -REACH / beta, REACH / beta), beta)
        plain = order == 1 and beta == 1.0
        result = slope(x) if plain else jet(u, order).derivative(order)
        for root in roots.get(order, ()):
            _cross(result, u, root, order, jet, beta, recompute=plain)
        return result

    return Piece(exact_value, derivative)


def root(digits: str) -> DD:
    """A root given by at least 33 significant digits."""
    return double_doubles([Decimal(digits)])


def _cross(
    result: Array, u: DD, zero: DD, order: int, jet: Callable[[DD, int], Jet], beta: float, *, recompute: bool
) -> None:
    """Put right what cancellation spoils around a root of the derivative of that order.

    Close to it f⁽ⁿ⁾(x) is the distance to the root times the mean of f⁽ⁿ⁺¹⁾ over that distance, by Gauss' rule.
    """
    distance = (u - zero).value()
    window = np.abs(distance) < _WINDOW
    if recompute and window.any():
        result[window] = jet(DD(u.hi[window], u.lo[window]), order).derivative(order)
    crossing = np.abs(distance) < _CROSSING
    if crossing.any():
        step = distance[crossing]
        slopes = [weight * jet(zero + step * node, order + 1).derivative(order + 1) for node, weight in _GAUSS]
        result[crossing] = (step / beta) * sum(slopes)
