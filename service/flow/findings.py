"""What a finding is, and the case that it is made of: a network, and what was measured of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Literal

from service.flow.measurement import Measurement
from service.flow.network import Experiment
from service.flow.report import LayerFigures
from service.flow.unrolled import Dense, Join, Step

Severity = Literal["info", "warning", "critical"]
Code = Literal[
    "nonfinite",
    "no_gradient",
    "dead_units",
    "symmetry",
    "vanishing_gradient",
    "exploding_gradient",
    "saturation",
    "linear_collapse",
    "not_zero_centered",
]
Figure = float | int | str | tuple[float, ...] | None
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")

_CUT = 1e-30  # a gradient that falls from above this to exactly 0 was cut, rather than faded


@dataclass(frozen=True)
class Finding:
    """A trouble: its code, how grave it is, the layers that have it, and the figures that prove it."""

    code: Code
    severity: Severity
    layers: tuple[int, ...]
    evidence: Mapping[str, Figure]
    explanation: str


@dataclass(frozen=True)
class Case:
    """A network and what was measured of it."""

    experiment: Experiment
    steps: tuple[Step, ...]
    measurement: Measurement

    @cached_property
    def layers(self) -> tuple[LayerFigures, ...]:
        """The figures of the layers."""
        return self.measurement.figures.layers

    @cached_property
    def dense(self) -> tuple[Dense, ...]:
        """The layers themselves."""
        return tuple(step for step in self.steps if isinstance(step, Dense))

    @cached_property
    def relative_gradients(self) -> tuple[float, ...]:
        """‖∂L/∂g‖ of each layer over that of the last; empty where the last has none.

        Where a block is scaled down beside its residual connection, so are the gradients in it, by intention and once:
        the scale is taken out.
        """
        norms = [layer.backward.preactivation_gradient_norm for layer in self.layers]
        if not 0 < norms[-1] < inf:
            return ()
        return tuple(norm / scale / norms[-1] for norm, scale in zip(norms, self._scales, strict=True))

    @cached_property
    def _scales(self) -> list[float]:
        """For each layer the scale of the residual block it is in, if that is small; else 1."""
        scales, inside = list[float](), 0
        for step in self.steps:
            if isinstance(step, Dense):
                scales.append(1.0)
                inside += 1
            elif isinstance(step, Join) and step.residual and 0 < abs(step.scale) < 1:
                scales[-inside:] = [abs(step.scale)] * inside
            if not isinstance(step, Dense):
                inside = 0
        return scales

    @cached_property
    def behind_zero_weights(self) -> tuple[int, ...]:
        """Layers without a gradient only because weights behind them are all 0, which have a gradient themselves."""
        found, waiting = list[int](), False
        for layer in reversed(self.layers):
            gradient = layer.backward.preactivation_gradient_norm
            if waiting and gradient == 0:
                found.append(layer.index)
                continue
            waiting = gradient > _CUT and layer.backward.input_gradient_norm == 0 < layer.backward.weight_gradient_norm
        return tuple(reversed(found))

    @cached_property
    def gradient_is_cut(self) -> bool:
        """Whether the gradient is lost at once, at a layer that lets none through, rather than little by little."""
        passing = [
            norm
            for layer in reversed(self.layers)
            for norm in (layer.backward.preactivation_gradient_norm, layer.backward.input_gradient_norm)
        ]
        lost = next((place for place, norm in enumerate(passing) if norm == 0), 0)
        return lost > 0 and passing[lost - 1] > _CUT
