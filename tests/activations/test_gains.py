"""The gains 1/√E f(z)² and 1/√E f′(z)², z ~ N(0, 1), by another quadrature and against figures of 20 digits.

The quadrature is tanh-sinh between the knots: its nodes crowd at the ends of each interval, so that no kink is missed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from math import inf, pi, sqrt
from pathlib import Path

import numpy as np
import pytest

from service.activations import lookup
from service.compute import describe
from tests.activations.cases import DEFAULTS, Case, Float64s

FIGURES = json.loads((Path(__file__).parents[1] / "data" / "gains.json").read_text())
REACH = 14.0


def expectation(f: Callable[[Float64s], Float64s], knots: tuple[float, ...]) -> float:
    """E f(z) for z ~ N(0, 1), f smooth between the knots."""
    ends = sorted({-REACH, REACH, *np.arange(-12.0, 13.0, 4.0).tolist(), *knots})
    return float(sum(_integral(lambda z: f(z) * np.exp(-z * z / 2), a, b) for a, b in pairwise(ends))) / sqrt(2 * pi)


def _integral(f: Callable[[Float64s], Float64s], a: float, b: float) -> float:
    t = np.arange(-3.2, 3.2, 1 / 32)
    u = pi / 2 * np.sinh(t)
    x = (a + b) / 2 + (b - a) / 2 * np.tanh(u)
    inside = (x > a) & (x < b)
    weights = (b - a) / 2 * (pi / 2) * np.cosh(t) / np.cosh(u) ** 2 / 32
    return float(np.sum(weights[inside] * f(x[inside])))


def gain(mean_square: float) -> float | None:
    return None if mean_square == 0.0 else mean_square**-0.5


@pytest.mark.parametrize("case", DEFAULTS, ids=str)
def test_gains_are_those_of_another_quadrature(case: Case) -> None:
    description = describe(case.function)
    assert description.gains is not None
    if case.pieces.domain != (-inf, inf):
        assert (description.gains.forward, description.gains.backward) == (None, None)
        return
    forward = gain(expectation(lambda z: case.value(z) ** 2, case.knots))
    backward = gain(expectation(lambda z: case.derivative(z) ** 2, case.knots))
    assert description.gains.forward == pytest.approx(forward, rel=1e-13)
    # the square of an infinite slope, at a jump, has no mean
    assert description.gains.backward == (None if description.jumps else pytest.approx(backward, rel=1e-13))


@pytest.mark.parametrize("name", FIGURES)
def test_gains_are_the_known_ones(name: str) -> None:
    gains = describe(lookup(name)).gains
    assert gains is not None
    expected = (float(FIGURES[name]["forward"]), float(FIGURES[name]["backward"]))
    assert (gains.forward, gains.backward) == pytest.approx(expected, rel=1e-14)
