"""How lengths and gradients travel through one given network, layer by layer, in the limit of great width.

A layer takes a signal of mean square K over its n units to preactivations of mean square q = nσ²K + σ_b², for weights
of variance σ², then, normalized to q̂ = q/(q + ε) or not, to a signal of mean E f and mean square E f², u ~ N(0, q̂). The
mean square of the gradient goes back by E f′(u)²/(q + ε) and then by n_out σ²; a branch x + s·B(x) adds

    K′ = K + 2s·mean(x)·mean(B) + s²·K_B       and       G = G′ + s²·G_B.

Batch normalization divides by what varies between the samples only, nσ²(K − C) with C the mean product of two samples:
C = 0 for the input, whose samples are taken to be unrelated, and (E f)² behind a batch normalization, which makes them
so. Elsewhere C is not followed, and gradients are NaN.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.activations.model import Array, Elementwise
from service.flow.initializers import bias_variance, weight_variance
from service.flow.meanfield.expectations import HIGHEST, LOWEST
from service.flow.meanfield.kernel import Kernel, kernel_of
from service.flow.network import Drawn, Layer
from service.flow.normalization import EPSILON
from service.flow.unrolled import Dense, Fork, Join, Step


@dataclass(frozen=True)
class Signal:
    """Over the units: mean and mean square, and the mean product of two samples (NaN where it is not followed)."""

    mean: float
    square: float
    shared: float

    def normalized(self, kind: str | None) -> tuple["Signal", float]:
        """The signal in front of a block, normalized over the units, and what its square was divided by."""
        if kind is None:
            return self, 1.0
        mean = 0.0 if kind == "layer" else self.mean
        spread = self.square - (self.mean**2 if kind == "layer" else 0.0)
        divisor = spread + EPSILON
        return Signal(mean / np.sqrt(divisor), spread / divisor, np.nan), divisor

    def plus(self, branch: "Signal", scale: float) -> "Signal":
        """The signal x + scale·branch; the branch's last weights make its units independent of those of x."""
        return Signal(
            self.mean + scale * branch.mean,
            self.square + 2 * scale * self.mean * branch.mean + scale**2 * branch.square,
            self.shared + 2 * scale * self.mean * branch.mean + scale**2 * branch.shared,
        )


@dataclass(frozen=True)
class Passage:
    """What a step did to the signal: the mean square of preactivations, and two factors of the squared gradient.

    `slope` leads from ∂L/∂h to ∂L/∂g, `weights` on to ∂L/∂x; for the beginning of a block only `weights` counts.
    """

    square: float
    slope: float
    weights: float


def forward(steps: Sequence[Step], input_mean_square: float) -> list[Passage | None]:
    """What each step does to the signal; None for the ends of blocks."""
    signal, kept, passages = Signal(0.0, input_mean_square, 0.0), list[Signal](), list[Passage | None]()
    known: dict[tuple[Kernel, float], tuple[float, float, float]] = {}
    with np.errstate(all="ignore"):
        for step in steps:
            if isinstance(step, Dense):
                passage, signal = _through(step, signal, known)
                passages.append(passage)
            elif isinstance(step, Fork):
                kept.append(signal)
                signal, divisor = signal.normalized(step.normalization)
                passages.append(Passage(np.nan, 1.0, 1 / divisor))
            else:
                begun = kept.pop()
                signal = (begun if step.residual else Signal(0.0, 0.0, 0.0)).plus(signal, step.scale)
                passages.append(None)
    return passages


def gradients(steps: Sequence[Step], passages: Sequence[Passage | None]) -> list[float]:
    """ln of the mean square of ∂L/∂g at each layer, up to one constant: 0 behind the last step, or at its g.

    The last layer's activation does not count, if nothing follows it.
    """
    gradient, kept, result = 0.0, list[float](), list[float]()
    with np.errstate(all="ignore"):
        for index in reversed(range(len(steps))):
            step, passage = steps[index], passages[index]
            if isinstance(step, Join):
                kept.append(gradient if step.residual else -np.inf)
                gradient += 2 * np.log(abs(step.scale))
            elif passage is not None and isinstance(step, Dense):
                gradient += 0.0 if index == len(steps) - 1 else np.log(passage.slope)
                result.append(float(gradient))
                gradient += np.log(passage.weights)
            elif passage is not None:
                gradient = np.logaddexp(gradient + np.log(passage.weights), kept.pop())
    return result[::-1]


def _through(
    step: Dense, signal: Signal, known: dict[tuple[Kernel, float], tuple[float, float, float]]
) -> tuple[Passage, Signal]:
    layer = step.layer
    weight, bias = variances(layer, step.n_in, step.n_out)
    square = step.n_in * weight * signal.square + bias
    divisor = 1.0
    if layer.normalization is not None:
        batch = layer.normalization == "batch"
        divisor = EPSILON + (step.n_in * weight * (signal.square - signal.shared) if batch else square)
    kernel = kernel_of(layer.activation, layer.parameters) if isinstance(layer.activation, Elementwise) else None
    if kernel is None:  # the last layer: nothing follows it
        return Passage(square, np.nan, step.n_out * weight), Signal(np.nan, np.nan, np.nan)
    q = square if layer.normalization is None else 1 - EPSILON / (divisor if divisor > 0 else 1.0)
    if (kernel, q) not in known:
        known[kernel, q] = _expectations(kernel, q)
    mean, length, slope = known[kernel, q]
    shared = mean**2 if layer.normalization == "batch" else np.nan
    return Passage(square, slope / divisor, step.n_out * weight), Signal(mean, length, shared)


def variances(layer: Layer, n_in: int, n_out: int) -> tuple[float, float]:
    """Variance of one weight and of one bias of a layer whose numbers are drawn."""
    if not isinstance(layer.weights, Drawn):
        raise TypeError("theory knows no given weights")
    bias = bias_variance(layer.bias) if isinstance(layer.bias, Drawn) else 0.0
    return weight_variance(layer.weights, n_in, n_out), bias


def _expectations(kernel: Kernel, q: float) -> tuple[float, float, float]:
    """E f, E f² and E f′² at any q; beyond the q that are followed f is as good as linear, or constant."""
    near = float(np.clip(q, LOWEST, HIGHEST))
    moments = kernel.moments(np.array([near]))
    mean, square, slope = (float(each[0]) for each in (moments.mean, moments.square, moments.slope_square))
    straight = kernel.origin_square == 0.0 if q < LOWEST else kernel.outer_slope > 0
    if straight and q != near:
        mean, square = mean * float(np.sqrt(q / near)), square * (q / near)
    return mean, square, slope


def mean_squares(passages: Sequence[Passage | None], steps: Sequence[Step]) -> Array:
    """The mean square of the preactivations of every layer."""
    pairs = zip(passages, steps, strict=True)
    return np.array([passage.square for passage, step in pairs if passage is not None and isinstance(step, Dense)])
