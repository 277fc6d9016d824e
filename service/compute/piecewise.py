"""What the pieces of a function give at finite numbers: its values, its derivatives, and what counts at its knots."""

from typing import Literal

import numpy as np

from service.activations.model import Array, Pieces

AtKink = Literal["convention", "left", "right", "nan"]

_TOLERANCE = 2.0**-50  # two sides of a knot that agree to this are the same number, rounded differently


def value(pieces: Pieces, x: Array) -> Array:
    """f(x) for finite float64 numbers x of shape (n,)."""
    result = pieces.pieces[0].value(x)
    for index, knot in enumerate(pieces.knots):
        beyond = x >= knot.x if knot.owner == "right" else x > knot.x
        result = np.where(beyond, pieces.pieces[index + 1].value(x), result)
        if knot.owner == "mean":
            result = np.where(x == knot.x, np.mean(sides(pieces, index, 0, x), axis=0), result)
    return result


def derivative(pieces: Pieces, x: Array, order: int, at_kink: AtKink) -> Array:
    """f⁽ⁿ⁾(x) for finite float64 numbers x of shape (n,)."""
    result = pieces.pieces[0].derivative(x, order)
    for index, knot in enumerate(pieces.knots):
        result = np.where(x > knot.x, pieces.pieces[index + 1].derivative(x, order), result)
        there = x == knot.x
        if there.any():
            result = np.where(there, _at_knot(pieces, index, order, at_kink, x), result)
    return result


def breaking_order(pieces: Pieces, index: int, like: Array | None = None) -> int:
    """The lowest order of derivative that differs between the sides of a knot; 0 for a jump, 5 if none does.

    `like` has the shape of the parameters, where these are arrays.
    """
    here = np.full_like(np.zeros(1) if like is None else like, pieces.knots[index].x)
    slopes = sides(pieces, index, 1, here)
    reach = np.abs(here) * np.maximum(*np.abs(slopes))  # what an ulp of the knot's place makes of the value
    if _differ(*sides(pieces, index, 0, here), reach):
        return 0
    if _differ(*slopes):
        return 1
    return next((order for order in range(2, 5) if _differ(*sides(pieces, index, order, here))), 5)


def sides(pieces: Pieces, index: int, order: int, x: Array) -> tuple[Array, Array]:
    """f⁽ⁿ⁾ at a knot, from the left and from the right, in the shape of x."""
    there = np.full_like(x, pieces.knots[index].x)
    left, right = pieces.pieces[index : index + 2]
    if order == 0:
        return left.value(there), right.value(there)
    return left.derivative(there, order), right.derivative(there, order)


def _at_knot(pieces: Pieces, index: int, order: int, at_kink: AtKink, x: Array) -> Array | float:
    left, right = sides(pieces, index, order, x)
    if order < breaking_order(pieces, index, x):
        return left
    if at_kink == "nan":
        return float("nan")
    side = pieces.knots[index].convention[min(order, 2) - 1] if at_kink == "convention" else at_kink
    return {"left": left, "right": right, "mean": (left + right) / 2, "zero": np.zeros_like(x)}[side]


def _differ(left: Array, right: Array, reach: Array | float = 0.0) -> bool:
    return bool(np.any(np.abs(left - right) > _TOLERANCE * np.maximum(np.maximum(np.abs(left), np.abs(right)), reach)))
