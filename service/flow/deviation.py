"""How far a sampled network is from what theory predicts of infinitely wide ones."""

from dataclasses import dataclass
from math import isfinite

from service.flow.measurement import Measurement
from service.flow.theory import Theory


@dataclass(frozen=True)
class Deviation:
    """Measured over predicted, minus 1: of the mean square preactivation of each layer, and of the decay per layer.

    Null where either does not exist. Wide networks come near 0; of width n, the logarithm of a gradient norm scatters
    by about √(5L/n)/2 over L relu layers.
    """

    preactivation_mean_square: tuple[float | None, ...]
    decay_per_layer: float | None


def deviation(theory: Theory, measurement: Measurement) -> Deviation:
    """Compare the figures of a network with the prediction for it."""
    moments = [layer.forward.preactivation for layer in measurement.figures.layers]
    measured = [moment.mean * moment.mean + moment.std * moment.std for moment in moments]
    pairs = zip(measured, theory.preactivation_mean_square, strict=True)
    decay = measurement.figures.summary.decay_per_layer
    return Deviation(
        tuple(_relative(square, predicted) for square, predicted in pairs), _relative(decay, theory.gradient_decay)
    )


def _relative(measured: float | None, predicted: float | None) -> float | None:
    if measured is None or not predicted or not isfinite(measured) or not isfinite(predicted):
        return None
    return measured / predicted - 1
