"""The figures of one layer, taken while the signal and the gradient pass."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isinf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.activations.model import Elementwise, Value
from service.flow.network import Layer
from service.flow.normalization import Numbers
from service.flow.norms import mean_and_std, mean_square, norm, ratio, total
from service.flow.propagation import Passed
from service.flow.report import BackwardFigures, ForwardFigures, Moments, Spread
from service.flow.unrolled import Dense

SATURATED = 0.01  # of the largest |f′| there is


@dataclass(frozen=True)
class Observed:
    """What the diagnosis needs beside the figures: whether all units are equal and stay so, and finiteness."""

    equal_units: bool
    finite_forward: bool
    finite_backward: bool = True


def forward_figures(layer: Layer, g: Numbers, slope: Numbers | None, h: Numbers) -> ForwardFigures:
    """The figures of the signal at a layer: its preactivations, its slopes f′, and what it hands on."""
    saturated = inactive = dead = mean = squared = None
    if slope is not None:
        size = np.abs(slope)
        silent = slope == 0
        inactive = np.count_nonzero(silent) / slope.size
        dead = float(np.count_nonzero(silent.all(axis=0))) if inactive else 0.0
        saturated = _below(size, steepest(layer.activation, layer.parameters))
        mean = total(slope) / slope.size
        squared = mean_square(slope)
    return ForwardFigures(
        preactivation=Moments(*mean_and_std(g)),
        activation=Spread(*mean_and_std(h), float(np.min(h)), float(np.max(h))),
        saturated_fraction=saturated,
        inactive_fraction=inactive,
        dead_units=dead,
        mean_derivative=mean,
        mean_squared_derivative=squared,
    )


def steepest(function: object, parameters: Mapping[str, Value]) -> float:
    """sup|f′| of an elementwise function."""
    if not isinstance(function, Elementwise):
        return inf
    return max(abs(extremum.value) for extremum in function.facts(**parameters).slope)


def _below(size: Numbers, largest: float) -> float | None:
    """The share of slopes that are small beside the largest there is; none is defined where slopes have no bound."""
    return None if isinf(largest) else np.count_nonzero(size < SATURATED * largest) / size.size


def backward_figures(
    step: Dense,
    passed: Passed,
    gradient: Numbers,
    of_input: Numbers,
    weights: Numbers,
    of_weights: Numbers,
    rate: float,
) -> BackwardFigures:
    """The figures of the gradient at a layer, from ∂L/∂g, ∂L/∂x and ∂L/∂W."""
    change = norm(of_weights)
    return BackwardFigures(
        preactivation_gradient_norm=norm(gradient),
        weight_gradient_norm=change,
        bias_gradient_norm=None if step.layer.bias is None else norm(np.sum(gradient, axis=0, dtype=np.float64)),
        input_gradient_norm=norm(of_input),
        sign_coherence=sign_coherence(passed.x, gradient),
        update_ratio=ratio(rate * change, norm(weights)),
    )


def sign_coherence(x: Numbers, gradient: Numbers) -> float | None:
    """The share of units and samples whose weight gradients δ_j x_i, those that are not 0, all have one sign.

    They do for every unit where the inputs of the sample do, so it is enough to count the units with δ_j ≠ 0.

    Parameters
    ----------
    x
        (batch, n_in): the inputs of the layer.
    gradient
        (batch, n_out): ∂L/∂g.

    Returns
    -------
    float or None
        None where no unit has a gradient on any sample.
    """
    least, most = np.min(x, axis=1), np.max(x, axis=1)
    seen = (least < 0) | (most > 0)
    one_signed = seen & ((least >= 0) | (most <= 0))
    if seen.all() and (one_signed.all() or not one_signed.any()):  # as most layers have it: no need to count
        return float(one_signed[0]) if gradient.any() else None
    counted = np.count_nonzero(gradient, axis=1)
    present = int(np.sum(counted[seen]))
    return int(np.sum(counted[one_signed])) / present if present else None


def equal_columns(*arrays: NDArray[Any] | None) -> bool:  # any: float64 or float32
    """Whether every array has equal columns, to rounding, and there are at least two."""
    return all(array is None or _equal(array) for array in arrays)


def _equal(array: NDArray[Any]) -> bool:  # any: float64 or float32
    if array.shape[-1] < 2:
        return False
    first = array[..., :1]
    tolerance = 64 * np.finfo(array.dtype).eps
    if np.any(np.abs(array[..., 1:2] - first) > tolerance * np.abs(first)):
        return False  # the first two tell most arrays apart
    return bool(np.all(np.abs(array - first) <= tolerance * np.max(np.abs(array), initial=0.0)))
