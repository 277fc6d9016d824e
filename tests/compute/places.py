"""Where to look at a function: around its knots and the zeros of its derivatives, besides points of every magnitude."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from tests.activations.cases import Case, Float64s
from tests.oracle.bars import Result, Verdict, is_relative, judge
from tests.oracle.formulas import Side, domain, knots, truths
from tests.oracle.points import points

ORDERS = range(5)
_GRID = np.arange(-60.0, 60.0, 1 / 128) + 1 / 1234
_DISTANCE = 1e-3


def zeros(case: Case, order: int) -> Float64s:
    """Where a derivative of an order changes its sign, to the last bit: merely places to look at."""
    f: Callable[[Float64s], Float64s] = (lambda x: case.derivative(x, order)) if order else case.value
    y = f(_GRID)
    changes = np.flatnonzero(y[:-1] * y[1:] < 0)
    low, high = _GRID[changes], _GRID[changes + 1]
    rising = y[changes] < 0
    for _ in range(60):
        middle = (low + high) / 2
        beyond = (f(middle) > 0) == rising
        low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
    return high


def verdicts(case: Case, count: int) -> Iterator[tuple[int, Verdict]]:
    """The judgement of every order in float64, from both sides of every knot."""
    roots = [zeros(case, order) for order in ORDERS]
    edges = knots(case.name, **case.setting)
    x = points(edges, np.concatenate(roots).tolist(), domain(case.name), count)
    sides: dict[Side, Float64s] = {"left": x, "right": np.intersect1d(x, [float(edge) for edge in edges])}
    true = {
        side: [truths(case.name, t, max(ORDERS), side=side, **case.setting) for t in at.tolist()]
        for side, at in sides.items()
    }
    for order in ORDERS:
        results = [
            Result(t, y, balls[order])
            for side, at in sides.items()
            for t, y, balls in zip(at.tolist(), _computed(case, at, order, side).tolist(), true[side], strict=True)
        ]
        yield order, judge([r for r in results if _counts(r.x, order, roots[order])], order, "float64")


def _computed(case: Case, x: Float64s, order: int, side: Side) -> Float64s:
    return case.derivative(x, order, side) if order else case.value(x)


def _counts(x: float, order: int, roots: Float64s) -> bool:
    """The highest orders are judged away from their zeros only."""
    if not is_relative(order, "float64"):
        return True
    return bool((np.abs(x - roots) >= _DISTANCE * np.maximum(1.0, np.abs(roots))).all())
