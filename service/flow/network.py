"""What is put to the test: a network of dense layers and blocks, its input, its loss, and how it is drawn.

A layer computes g = xW + b, then, if asked, a normalization ĝ of g, then h = f(ĝ); a block computes
x + scale·B(norm(x)) for the layers B in it. All values are plain and frozen; ``service.flow.unrolled`` checks that
their shapes chain.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from service.activations.model import Activation, Array, Value

Normalization = Literal["layer", "batch", "rms"]
Dtype = Literal["float64", "float32"]


@dataclass(frozen=True)
class Drawn:
    """Numbers drawn by a rule: the name of an initializer or distribution, and all of its parameters."""

    rule: str
    parameters: Mapping[str, float | str | None] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Given:
    """Numbers of the caller's own; `tensor` and `layout` say which uploaded tensor they are, if they are one.

    Weights stand as (n_in, n_out), whatever the layout of the tensor that they came from.
    """

    values: Array
    tensor: str | None = None
    layout: Literal["pytorch"] | None = None


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A dense layer, `repeat` times: `units` outputs of f(norm(xW + b)); a bias of None is no bias at all."""

    units: int
    activation: Activation
    parameters: Mapping[str, Value]
    weights: Drawn | Given
    bias: Drawn | Given | None = Drawn("zeros")
    normalization: Normalization | None = None
    repeat: int = 1


@dataclass(frozen=True, kw_only=True)
class Block:
    """Layers as one: x + scale·B(norm(x)), or scale·B(norm(x)) without the residual connection; `repeat` times."""

    layers: tuple[Layer, ...]
    residual: bool = True
    pre_normalization: Normalization | None = None
    scale: float = 1.0
    repeat: int = 1


@dataclass(frozen=True)
class SampledInput:
    """A batch drawn from a distribution: (batch, features)."""

    drawn: Drawn
    features: int
    batch: int


@dataclass(frozen=True, eq=False)
class Loss:
    """What is differentiated: the sum or mean of the outputs, a distance to targets, or Σ gradient · outputs.

    `targets` are (batch, n_out) for mse and class indices (batch,) for cross_entropy, or 'random'; `gradient` is
    (batch, n_out).
    """

    name: Literal["sum", "mean", "mse", "cross_entropy", "upstream"] = "sum"
    targets: Array | Literal["random"] | None = None
    gradient: Array | None = None


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A network, what flows through it, and how often it is drawn."""

    input: SampledInput | Given
    entries: tuple[Layer | Block, ...]
    loss: Loss = Loss()
    seed: int = 0
    trials: int = 1
    dtype: Dtype = "float64"
    learning_rate: float = 0.01
    jacobian_samples: int = 1

    @property
    def batch(self) -> int:
        """Number of samples."""
        return self.input.batch if isinstance(self.input, SampledInput) else int(self.input.values.shape[0])

    @property
    def features(self) -> int:
        """Number of inputs of the first layer."""
        return self.input.features if isinstance(self.input, SampledInput) else int(self.input.values.shape[1])
