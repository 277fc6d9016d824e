"""How the pieces of a function are made and joined: lines, constants, and what has accurate formulas as it stands."""

from collections.abc import Callable
from typing import Any

import numpy as np

from service.activations.model import Array, Knot, Piece, Pieces
from service.numerics.double_double import DD, where

_HUGE = 1e250  # |x| beyond which the exact product with x would overflow


def everywhere(piece: Piece) -> Pieces:
    """One piece on the whole line."""
    return Pieces((piece,))


def joined(left: Piece, *rest: Any) -> Pieces:  # noqa: ANN401  knots and pieces take turns
    """Pieces and the knots between them, alternating from left to right; a piece without width is left out."""
    pieces, knots = [left], list[Knot]()
    for knot, piece in zip(rest[::2], rest[1::2], strict=True):
        if knots and knots[-1].x == knot.x:
            pieces.pop()
            knots.pop()
        knots.append(knot)
        pieces.append(piece)
    return Pieces(tuple(pieces), tuple(knots))


def line(slope: float | DD, intercept: float | DD = 0.0) -> Piece:
    """slope·x + intercept, rounded once."""
    steep, level = DD.of(slope), DD.of(intercept)
    if steep.hi.ndim == 0 and steep.hi == 0.0:
        return constant(float(level.value()) + 0.0)  # −0 becomes 0
    proportional = not level.hi.any() and not steep.lo.any()

    def exactly(x: Array) -> DD:
        small = np.abs(x) < _HUGE  # beyond, the intercept does not matter and the exact product would overflow
        return where(small, steep * np.where(small, x, 0.0) + level, steep.hi * x)

    def value(x: Array) -> Array:
        return steep.hi * x if proportional else exactly(x).value()

    def exact(x: Array, order: int) -> tuple[DD, Array]:
        return (exactly(x) if order == 0 else where(np.full(x.shape, order == 1), steep, 0.0)), np.zeros_like(x)

    return Piece(value, lambda x, order: np.full_like(x, steep.value() if order == 1 else 0.0), exact)


def constant(level: float) -> Piece:
    """The same number everywhere."""
    return Piece(lambda x: np.full_like(x, level), lambda x, order: np.zeros_like(x))


def elementary(
    value: Callable[[Array], Array],
    *derivatives: Callable[[Array], Array],
    exact: Callable[[Array, int], tuple[DD, Array]] | None = None,
) -> Piece:
    """A function whose derivatives, listed from f′ on, have formulas that are accurate as they stand; then zeros."""

    def derivative(x: Array, order: int) -> Array:
        return derivatives[order - 1](x) if order <= len(derivatives) else np.zeros_like(x)

    return Piece(value, derivative, exact)
