"""The functions of vectors, and rows on which they are easily wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Any

import numpy as np
from flint import arb

from service.activations import catalogue, lookup
from service.activations.model import AlongAxis
from service.activations.parameters import bind
from service.compute import evaluate, jacobian, pullback
from tests.activations.cases import Float64s
from tests.oracle.ulp import roundings, ulp_error

SETTINGS: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "gumbel_softmax": ({"tau": 0.3}, {"tau": 7.0}),
    "standardize": ({"epsilon": 1e-12}, {"epsilon": 1.0}),
    "swiglu": ({"alpha": 1.702}, {"alpha": 0.3}),
}
HARD = {"tau": 1.0, "hard": True}


@dataclass(frozen=True)
class Rows:
    """A function of vectors, and the parameters that differ from its defaults."""

    name: str
    setting: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.name}({','.join(f'{name}={value}' for name, value in self.setting.items())})"

    @cached_property
    def function(self) -> AlongAxis:
        """The object of the catalogue."""
        function = lookup(self.name)
        assert isinstance(function, AlongAxis)
        return function

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """All the parameters."""
        return dict(bind(self.function, self.setting))

    def value(self, x: Float64s) -> Float64s:
        """f(x) along the last axis."""
        return evaluate(self.function, x, self.parameters)

    def jacobian(self, x: Float64s) -> Float64s:
        """∂y_i/∂x_j, with one row for reductions."""
        found = jacobian(self.function, x, self.parameters)
        return found[..., None, :] if self.function.kind == "reduction" else found

    def pullback(self, x: Float64s, upstream: Float64s) -> Float64s:
        """Σ_i upstream_i ∂y_i/∂x_j."""
        return pullback(self.function, x, self.parameters, upstream)


ALONG_AXIS = tuple(function for function in catalogue() if isinstance(function, AlongAxis))
DEFAULTS = tuple(Rows(function.name, {}) for function in ALONG_AXIS)
CASES = tuple(Rows(function.name, s) for function in ALONG_AXIS for s in ({}, *SETTINGS.get(function.name, ())))

_generator = np.random.default_rng(5)
# All of even length, so that they can be halved.
ROWS: Mapping[str, Float64s] = {
    "ordinary": np.array([0.3, -1.2, 2.5, 0.9]),
    "two": np.array([0.125, -3.5]),
    "close": 1.0 + 1e-9 * np.arange(6.0),
    "tied": np.array([1.5, 1.5, -0.5, 1.5, -0.5, 1.5]),
    "equal": np.full(8, -7.25),
    "wide": np.array([-700.0, -350.5, -40.25, 0.0, 3.5, 36.75]),
    "far apart": np.array([-745.0, 0.0, -708.25, -730.5]),
    "shifted": 1e6 + np.array([0.1, 0.7, -3.3, 1.9, 12.5, -36.0]),
    "tiny": np.array([1e-300, -2e-308, 5e-324, 0.0, -1e-320, 3e-310]),
    "mixed": np.array([1e-300, 30.0, -1e-16, -30.0]),
    "faint": np.array([-730.25, -37.75, -1e10, -3e5, 1e10, 3e5, -730.25, -37.75]),
    "many": _generator.normal(0.0, 3.0, 200),
    "steep": np.linspace(-500.0, 100.0, 64),
}
HUGE: Mapping[str, Float64s] = {
    "huge": np.array([1e300, -1e300, 1e290, 0.0]),
    "largest": np.array([1.7976931348623157e308, 1e308, -1.7976931348623157e308, 5e-324]),
}


def worst(found: Float64s, truths: list[arb]) -> float:
    """The largest error in ulp, where a subnormal result counts in subnormal spacings."""
    pairs = zip(np.ravel(found).tolist(), truths, strict=True)
    return max((_error(y, truth) for y, truth in pairs), default=0.0)


def _error(y: float, truth: arb) -> float:
    right = roundings(truth, "float64")
    return 0.0 if y in right else ulp_error(y, truth, "float64") if right[0] not in (inf, -inf) else inf
