"""An experiment carried out: every trial drawn, sent forward and back, and its figures averaged over the trials."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

import numpy as np

from service.flow import losses
from service.flow.drawing import Drawing, drawing
from service.flow.network import Experiment
from service.flow.normalization import Numbers
from service.flow.norms import mean_square, norm, ratio
from service.flow.propagation import Passed, Trace, backward, forward, jacobian
from service.flow.report import BackwardFigures, Figures, ForwardFigures, JacobianFigures, LayerFigures, Summary
from service.flow.statistics import Observed, backward_figures, equal_columns, forward_figures
from service.flow.trials import mean, over, standard_error
from service.flow.unrolled import Dense, Step, outputs, unroll


@dataclass(frozen=True)
class Measurement:
    """The mean figures over the trials, their standard errors (None for one trial), and what the diagnosis needs."""

    figures: Figures
    standard_errors: Figures | None
    observed: tuple[Observed, ...]
    input_mean_square: float


def measure(experiment: Experiment) -> Measurement:
    """Carry out an experiment.

    Raises
    ------
    InvalidInput
        Shapes that do not chain.
    """
    steps = unroll(experiment)
    trials = [measure_drawing(experiment, steps, drawing(experiment, steps, t)) for t in range(experiment.trials)]
    figures = [trial.figures for trial in trials]
    if len(trials) == 1:
        return trials[0]
    return Measurement(
        figures=over(figures, mean),
        standard_errors=over(figures, standard_error),
        observed=tuple(_every(layer) for layer in zip(*(trial.observed for trial in trials), strict=True)),
        input_mean_square=float(np.mean([trial.input_mean_square for trial in trials])),
    )


def measure_drawing(experiment: Experiment, steps: Sequence[Step], drawn: Drawing) -> Measurement:
    """Send one drawing forward and back."""
    with np.errstate(all="ignore"):
        signal = _Signal(experiment, drawn)
        y, trace = forward(steps, drawn.weights, drawn.biases, drawn.x, signal.seen_forward)
        loss, upstream = losses.value_and_gradient(experiment.loss.name, y, drawn.goal)
        of_input = backward(steps, drawn.weights, trace, upstream, signal.seen_backward)
        layers = signal.layers()
        figures = Figures(
            layers=layers,
            loss=loss,
            input_gradient_norm=norm(of_input),
            summary=_summary(layers, _singular_values(experiment, steps, drawn, trace)),
        )
        return Measurement(figures, None, signal.observed(), mean_square(drawn.x))


class _Signal:
    """Collects the figures of the layers as the signal and then the gradient pass them."""

    def __init__(self, experiment: Experiment, drawn: Drawing) -> None:
        self._experiment = experiment
        self._drawn = drawn
        self._forward: list[tuple[Dense, ForwardFigures, bool]] = []
        self._backward: list[tuple[BackwardFigures, bool, bool]] = []

    def seen_forward(self, step: Dense, g: Numbers, passed: Passed, handed_on: Numbers) -> None:
        """Take the figures of the signal."""
        figures = forward_figures(step.layer, g, passed.activated.slope, handed_on)
        finite = _finite(g, figures.preactivation.mean) and _finite(handed_on, figures.activation.mean)
        self._forward.append((step, figures, finite))

    def seen_backward(self, step: Dense, passed: Passed, gradient: Numbers, of_input: Numbers) -> None:
        """Take the figures of the gradient."""
        weights, bias = self._drawn.weights[step.index], self._drawn.biases[step.index]
        of_weights = passed.x.T @ gradient
        rate = self._experiment.learning_rate
        figures = backward_figures(step, passed, gradient, of_input, weights, of_weights, rate)
        equal = equal_columns(weights, bias, of_weights)
        self._backward.append((figures, equal, _finite(of_weights, figures.weight_gradient_norm)))

    def layers(self) -> tuple[LayerFigures, ...]:
        """The figures of all layers, the first one first."""
        pairs = zip(self._forward, reversed(self._backward), strict=True)
        return tuple(
            LayerFigures(step.index, step.n_out, step.layer.activation.name, forwards, backwards)
            for (step, forwards, _), (backwards, _, _) in pairs
        )

    def observed(self) -> tuple[Observed, ...]:
        """What the diagnosis needs of all layers."""
        pairs = zip(self._forward, reversed(self._backward), strict=True)
        return tuple(Observed(equal, there, back) for (_, _, there), (_, equal, back) in pairs)


def _finite(x: Numbers, figure: float) -> bool:
    """Whether all numbers are; a finite mean or norm tells so, and one that overflowed does not."""
    return isfinite(figure) or bool(np.isfinite(x).all())


def _summary(layers: Sequence[LayerFigures], singular: JacobianFigures | None) -> Summary:
    first, last = layers[0].backward, layers[-1].backward
    return Summary(
        gradient_ratio=ratio(first.weight_gradient_norm, last.weight_gradient_norm),
        decay_per_layer=_decay(first.preactivation_gradient_norm, last.preactivation_gradient_norm, len(layers) - 1),
        jacobian=singular,
    )


def _decay(first: float, last: float, steps: int) -> float | None:
    """(first/last)^(1/steps), by roots whose quotient cannot overflow."""
    return ratio(first ** (1 / steps), last ** (1 / steps)) if steps else None


def _singular_values(
    experiment: Experiment, steps: Sequence[Step], drawn: Drawing, trace: Trace
) -> JacobianFigures | None:
    samples = min(experiment.jacobian_samples, experiment.batch)
    if not samples:
        return None
    n_out = outputs(tuple(steps))
    matrices = (jacobian(steps, drawn.weights, trace, sample, n_out) for sample in range(samples))
    found = [_extent(matrix.astype(np.float64)) for matrix in matrices]
    return JacobianFigures(*(float(mean) for mean in np.mean(found, axis=0)))


def _extent(matrix: Numbers) -> tuple[float, float, float]:
    """The smallest, the largest and the root mean square of the singular values."""
    if not np.isfinite(matrix).all():
        return float("nan"), float("nan"), float("nan")
    values = np.linalg.svd(matrix, compute_uv=False)
    return float(values[-1]), float(values[0]), norm(values) / sqrt(values.size)


def _every(layer: Sequence[Observed]) -> Observed:
    return Observed(
        equal_units=all(item.equal_units for item in layer),
        finite_forward=all(item.finite_forward for item in layer),
        finite_backward=all(item.finite_backward for item in layer),
    )
