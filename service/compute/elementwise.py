"""Elementwise functions on arrays: values, one-sided derivatives at kinks, limits at infinity, in bounded memory."""

from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from service.activations.model import WORK, Array, Elementwise, Parameters, Pieces
from service.compute.dtypes import round_to
from service.compute.rounding import rounded

AtKink = Literal["convention", "left", "right", "nan"]
Floats = TypeVar("Floats", bound=NDArray[np.floating[Any]])  # any: float64 or float32; both are computed in float64

_BLOCK = 16384  # elements: small enough for the caches, large enough for the costly formulas of a few elements
_LARGEST = np.finfo(np.float64).max
_ENDLESS = 1e200  # what is larger at the largest numbers grows without end; what is smaller than its inverse fades
_TOLERANCE = 2.0**-50  # two sides of a knot that agree to this are the same number, rounded differently


def value(function: Elementwise, x: Floats, parameters: Parameters, dtype: str = "float64") -> Floats:
    """f(x) in the shape of x, rounded to the dtype; in an array of float32 rounded to that."""
    limits, fixed = _limits(function, parameters), _fixed(function, parameters)
    kernel = function.full(**parameters) if fixed and function.full else None
    work = np.empty((WORK, _BLOCK))

    def compute(block: Array, local: Parameters) -> Array:
        if kernel:
            y = np.empty_like(block)
            kernel.value(block, y, work[:, : block.size])
            return y if dtype == "float64" else rounded(fixed or function.pieces(**local), block, y, 0, dtype)
        pieces, near = fixed or function.pieces(**local), _finite(block)
        y = rounded(pieces, near, _value(pieces, near), 0, dtype)
        return y if near is block else _settled(y, block, round_to(limits, dtype))

    return _blockwise(compute, x, parameters)


def derivative(
    function: Elementwise,
    x: Floats,
    parameters: Parameters,
    order: int = 1,
    at_kink: AtKink = "convention",
    dtype: str = "float64",
) -> Floats:
    """f⁽ⁿ⁾(x) in the shape of x, rounded as values are; at ±inf its limit there."""
    limits = _limits(function, parameters)
    unknown, fixed = tuple(limit if np.isnan(limit) else None for limit in limits), _fixed(function, parameters)
    kernel = function.full(**parameters) if fixed and function.full and order == 1 and at_kink == "convention" else None
    work = np.empty((WORK, _BLOCK))

    def compute(block: Array, local: Parameters) -> Array:
        if kernel:
            slopes = np.empty_like(block)
            kernel.slope(block, slopes, work[:, : block.size])
            return slopes if dtype == "float64" else rounded(fixed or function.pieces(**local), block, slopes, 1, dtype)
        pieces, near = fixed or function.pieces(**local), _finite(block)
        slopes = rounded(pieces, near, _derivative(pieces, near, order, at_kink), order, dtype)
        return slopes if near is block else _settled(slopes, block, unknown)

    return _blockwise(compute, x, parameters)


def partial(function: Elementwise, x: Array, parameters: Parameters, name: str) -> Array:
    """∂f/∂parameter at x, in the shape of x."""
    formula = function.partials[name]

    def compute(block: Array, local: Parameters) -> Array:
        slopes = formula(_finite(block), **local)
        endless = np.isinf(block) & (np.abs(slopes) > _ENDLESS)
        fading = np.isinf(block) & (np.abs(slopes) < 1 / _ENDLESS)
        slopes = np.where(endless, np.copysign(np.inf, slopes), np.where(fading, 0.0, slopes))
        return _settled(slopes, block, (None, None))

    return _blockwise(compute, x, parameters)


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


def _limits(function: Elementwise, parameters: Parameters) -> Array:
    """At −∞ and +∞; of a parameter drawn for each element, one tells, since all have its sign."""
    means = {name: given.flat[0] if isinstance(given, np.ndarray) else given for name, given in parameters.items()}
    return np.array(function.facts(**means).limits)


def _fixed(function: Elementwise, parameters: Parameters) -> Pieces | None:
    """The pieces for all elements, unless a parameter is drawn for each."""
    drawn = any(isinstance(given, np.ndarray) for given in parameters.values())
    return None if drawn else function.pieces(**parameters)


def _blockwise(compute: Callable[[Array, Parameters], Array], x: Floats, parameters: Parameters) -> Floats:
    """Apply to block after block of x, with the part of the parameters that belongs to it if they are arrays."""
    flat = np.ascontiguousarray(x).reshape(-1)
    result = np.empty_like(flat)
    with np.errstate(all="ignore"):
        for start in range(0, flat.size, _BLOCK):
            part = slice(start, start + _BLOCK)
            block = flat[part].astype(np.float64, copy=False)
            result[part] = compute(block, {name: _part(given, part) for name, given in parameters.items()})
    return result.reshape(x.shape)  # type: ignore[return-value]  # the dtype is that of x


def _part(given: object, part: slice) -> object:
    return given.reshape(-1)[part] if isinstance(given, np.ndarray) else given


def _finite(x: Array) -> Array:
    """x with ±inf brought to the largest numbers, where every derivative has reached its limit, and NaN to 0."""
    return x if np.isfinite(x).all() else np.nan_to_num(x, nan=0.0, posinf=_LARGEST, neginf=-_LARGEST)


def _settled(y: Array, x: Array, limits: Iterable[float | None]) -> Array:
    """The results for x that is not finite: NaN for NaN, and the limits at −∞ and +∞ that are given."""
    if not np.isfinite(x).all():
        y = np.where(np.isnan(x), np.nan, y)
        for place, limit in zip((-np.inf, np.inf), limits, strict=True):
            y = y if limit is None else np.where(x == place, limit, y)
    return y


def _value(pieces: Pieces, x: Array) -> Array:
    result = pieces.pieces[0].value(x)
    for index, knot in enumerate(pieces.knots):
        beyond = x >= knot.x if knot.owner == "right" else x > knot.x
        result = np.where(beyond, pieces.pieces[index + 1].value(x), result)
        if knot.owner == "mean":
            result = np.where(x == knot.x, np.mean(sides(pieces, index, 0, x), axis=0), result)
    return result


def _derivative(pieces: Pieces, x: Array, order: int, at_kink: AtKink) -> Array:
    result = pieces.pieces[0].derivative(x, order)
    for index, knot in enumerate(pieces.knots):
        result = np.where(x > knot.x, pieces.pieces[index + 1].derivative(x, order), result)
        there = x == knot.x
        if there.any():
            result = np.where(there, _at_knot(pieces, index, order, at_kink, x), result)
    return result


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
