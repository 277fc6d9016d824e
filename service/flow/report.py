"""What is answered of a network: figures by layer and of the whole.

Norms are Frobenius norms; means and standard deviations are over batch and units (population). A figure that is not
defined is None.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Moments:
    """Mean and population standard deviation over batch and units."""

    mean: float
    std: float


@dataclass(frozen=True)
class Spread(Moments):
    """Mean, population standard deviation, smallest and largest over batch and units."""

    min: float
    max: float


@dataclass(frozen=True)
class ForwardFigures:
    """The signal at a layer: the preactivation g = xW + b (before a normalization), the activation, and f′.

    The activation is what the layer hands on: h, or at the end of a block the block's output.
    `saturated_fraction` is the share of entries with |f′| < 0.01·sup|f′|, `inactive_fraction` that with f′ = 0,
    `dead_units` the number of units with f′ = 0 on the whole batch. Figures of f′ are null for functions of vectors.
    """

    preactivation: Moments
    activation: Spread
    saturated_fraction: float | None
    inactive_fraction: float | None
    dead_units: float | None
    mean_derivative: float | None
    mean_squared_derivative: float | None


@dataclass(frozen=True)
class BackwardFigures:
    """The gradient at a layer: norms of ∂L/∂g, ∂L/∂W, ∂L/∂b, and of ∂L/∂x by the layer's input x.

    `sign_coherence` is the share of units and samples whose weight gradients all have one sign; `update_ratio` is
    learning_rate·‖∂L/∂W‖/‖W‖.
    """

    preactivation_gradient_norm: float
    weight_gradient_norm: float
    bias_gradient_norm: float | None
    input_gradient_norm: float
    sign_coherence: float | None
    update_ratio: float | None


@dataclass(frozen=True)
class LayerFigures:
    """All of one layer; `index` counts from 0 with repeats and blocks written out."""

    index: int
    units: int
    activation: str
    forward: ForwardFigures
    backward: BackwardFigures


@dataclass(frozen=True)
class JacobianFigures:
    """Singular values of ∂output/∂input of one sample: smallest, largest, root mean square; averaged over samples."""

    min: float
    max: float
    rms: float


@dataclass(frozen=True)
class Summary:
    """`gradient_ratio` is ‖∂L/∂W‖ of the first layer over that of the last; `decay_per_layer` is the factor per layer
    of ‖∂L/∂g‖ from the last layer to the first.
    """  # noqa: D205  one sentence

    gradient_ratio: float | None
    decay_per_layer: float | None
    jacobian: JacobianFigures | None


@dataclass(frozen=True)
class Figures:
    """All figures of a network."""

    layers: tuple[LayerFigures, ...]
    loss: float
    input_gradient_norm: float
    summary: Summary
