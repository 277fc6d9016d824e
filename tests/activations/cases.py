"""Every elementwise function with its default parameters and at other settings, and where to look at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.activations import catalogue, lookup
from service.activations.model import Elementwise, Facts, Pieces
from service.activations.parameters import bind
from service.compute import AtKink, derivative, evaluate
from tests.oracle.settings import OTHERS

Float64s = NDArray[np.float64]

LARGEST = float(np.finfo(np.float64).max)
_CHOICES: Mapping[str, tuple[Mapping[str, Any], ...]] = {"gelu": ({"approximate": "tanh"},)}


@dataclass(frozen=True)
class Case:
    """A function, and the parameters that differ from its defaults."""

    name: str
    setting: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.name}({','.join(f'{name}={value}' for name, value in self.setting.items())})"

    @cached_property
    def function(self) -> Elementwise:
        """The object of the catalogue."""
        function = lookup(self.name)
        assert isinstance(function, Elementwise)
        return function

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """All the parameters."""
        return dict(bind(self.function, self.setting))

    @cached_property
    def facts(self) -> Facts:
        """What is published of it at these parameters."""
        return self.function.facts(**self.parameters)

    @cached_property
    def pieces(self) -> Pieces:
        """Its definition at these parameters."""
        return self.function.pieces(**self.parameters)

    @property
    def knots(self) -> tuple[float, ...]:
        """Where its pieces meet."""
        return tuple(knot.x for knot in self.pieces.knots)

    def value(self, x: Float64s) -> Float64s:
        """f(x)."""
        return evaluate(self.function, x, self.parameters)

    def derivative(self, x: Float64s, order: int = 1, at_kink: AtKink = "convention") -> Float64s:
        """The derivative of an order at x."""
        return derivative(self.function, x, self.parameters, order=order, at_kink=at_kink)

    def at(self, x: float) -> float:
        """f at one number."""
        return float(self.value(np.array([x]))[0])

    def slope_at(self, x: float, at_kink: AtKink = "convention") -> float:
        """The derivative at one number."""
        return float(self.derivative(np.array([x]), 1, at_kink)[0])


ELEMENTWISE = tuple(function for function in catalogue() if isinstance(function, Elementwise))
DEFAULTS = tuple(Case(function.name, {}) for function in ELEMENTWISE)
CASES = tuple(
    Case(function.name, setting)
    for function in ELEMENTWISE
    for setting in ({}, *OTHERS.get(function.name, ()), *_CHOICES.get(function.name, ()))
)


def sample(case: Case) -> Float64s:
    """Ascending points of the domain: dense near 0, up to the largest numbers, and on both sides of every knot."""
    tails = np.geomspace(1.0, 1.0e308, 400)
    magnitudes = np.geomspace(1e-320, 1.0, 200)
    sides = [(np.nextafter(x, -inf), x, np.nextafter(x, inf)) for x in case.knots]
    dense = np.concatenate([np.linspace(-8.0, 8.0, 4097), np.linspace(-40.0, 40.0, 1601)])
    spread = np.concatenate([dense, tails, -tails, magnitudes, -magnitudes, np.ravel(sides), [-LARGEST, LARGEST]])
    lower, upper = case.pieces.domain
    return np.unique(spread[(spread >= lower) & (spread <= upper)])
