"""Where to look: test points of every magnitude and around every kink and zero, and the zeros of the derivatives."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import pairwise

import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray

from tests.oracle.formulas import piece_truths, segments

Float64s = NDArray[np.float64]

Parameters = tuple[tuple[str, float | None], ...]
Evaluate = Callable[[arb, int], arb]

_SEED = 20240229
_SPAN = 60.0
_BITS = 300
_BISECTIONS = 20
_NEWTON_STEPS = 5
# A derivative this small at a zero of the next one is zero there, up to the rounding of that zero.
_TOUCH = arb(2) ** -200


def points(
    knots: Iterable[float | Fraction] = (),
    zeros: Iterable[float | Fraction] = (),
    domain: tuple[float, float] = (-math.inf, math.inf),
    n: int = 300,
) -> Float64s:
    """Points that leave an error no place to hide; the same at every call.

    Parameters
    ----------
    knots, zeros
        Kinks, and zeros of the function or of a derivative: both sides of each are sampled, besides the n points.
    domain
        The open interval to stay in.
    n
        The number of points spread over [-1, 1], [-40, 40], all magnitudes to 750, and the tails.

    Returns
    -------
    ndarray of float64
        Ascending and distinct.
    """
    generator = np.random.default_rng(_SEED)
    magnitudes = np.geomspace(1e-308, 750.0, n // 8)
    tail = generator.uniform(30.0, 745.0, n // 8)
    spread = [generator.uniform(-1.0, 1.0, n // 4), generator.uniform(-40.0, 40.0, n // 4)]
    around = [_neighbourhood(float(place)) for place in (*knots, *zeros)]
    candidates = np.concatenate([[0.0], *spread, magnitudes, -magnitudes, tail, -tail, *around])
    lower, upper = domain
    return np.unique(candidates[(lower < candidates) & (candidates < upper)])


def _neighbourhood(place: float) -> Float64s:
    """A place, its four nearest neighbours on either side, and those at ±2^-4 … ±2^-50."""
    steps = 2.0 ** -np.arange(4, 51)
    neighbours = [place]
    for direction in (-math.inf, math.inf):
        x = place
        for _ in range(4):
            x = math.nextafter(x, direction)
            neighbours.append(x)
    return np.concatenate([neighbours, place - steps, place + steps])


@functools.cache
def zeros(name: str, order: int, **parameters: float | None) -> tuple[tuple[float, float], ...]:
    """The isolated zeros of f^(order) in [-60, 60], each as an unevaluated sum hi + lo of two float64.

    They are bracketed by changes of sign on a grid, piece by piece, and refined until the oracle proves a change of
    sign within 2^-100. A zero without a change of sign is found as a zero of the next derivative. Zeros at a knot
    are not listed: they are knots.
    """
    found: list[arb] = []
    for index, lower, upper in segments(name, **parameters):
        evaluate = functools.partial(_derivative, name, index, tuple(parameters.items()))
        grid = _grid(lower, upper)
        touching = [z for z in _crossings(evaluate, order + 1, grid) if abs(evaluate(z, order)) < _TOUCH]
        found += [*_crossings(evaluate, order, grid), *touching]
    return tuple(sorted({_split(zero) for zero in found}))


def _derivative(name: str, index: int, parameters: Parameters, x: arb, order: int) -> arb:
    return piece_truths(name, index, x, order, **dict(parameters))[order]


def _grid(lower: float, upper: float) -> list[float]:
    """Points inside an interval, fine within [-8, 8]; zero and other round numbers are not among them."""
    coarse = np.arange(-_SPAN, _SPAN, 1 / 8) + 1 / 193
    fine = np.arange(-8.0, 8.0, 1 / 64) + 1 / 193
    ends = [lower + 2.0**-20, upper - 2.0**-20]
    grid = np.unique([*coarse, *fine, *ends])
    return [float(x) for x in grid if lower < x < upper and abs(x) <= _SPAN]


def _crossings(evaluate: Evaluate, order: int, grid: list[float]) -> Iterator[arb]:
    """The zeros where the derivative of an order changes its sign between neighbours of the grid."""
    signs = [_sign(evaluate(arb(x), order)) for x in grid]
    for (a, b), (before, after) in zip(pairwise(grid), pairwise(signs), strict=True):
        if before * after < 0:
            yield _refined(evaluate, order, a, b)


def _sign(ball: arb) -> int:
    return int(ball > 0) - int(ball < 0)


def _refined(evaluate: Evaluate, order: int, a: float, b: float) -> arb:
    """The zero between a and b: zero itself, or what Newton's method finds from the middle of a short bracket."""
    if a < 0 < b and evaluate(arb(0), order).contains(0):
        return arb(0)
    rising = _sign(evaluate(arb(b), order))
    for _ in range(_BISECTIONS):
        middle = (a + b) / 2
        a, b = (a, middle) if _sign(evaluate(arb(middle), order)) == rising else (middle, b)
    zero = arb((a + b) / 2)
    with ctx.workprec(_BITS):
        for _ in range(_NEWTON_STEPS):
            zero = (zero - evaluate(zero, order) / evaluate(zero, order + 1)).mid()
        _prove(evaluate, order, zero)
    return zero


def _prove(evaluate: Evaluate, order: int, zero: arb) -> None:
    margin = arb(2) ** -100 * max(1.0, abs(float(zero)))
    if _sign(evaluate(zero - margin, order)) * _sign(evaluate(zero + margin, order)) >= 0:
        raise ArithmeticError(f"no change of sign at {zero}")


def _split(zero: arb) -> tuple[float, float]:
    with ctx.workprec(_BITS):
        hi = float(zero)
        return hi, float(zero - hi)
