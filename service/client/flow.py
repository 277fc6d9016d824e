"""Gradient flow: the question, and the figures and findings that are answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from service.client.catalogue import Session
from service.client.drawing import Curve, chart, figure, shown
from service.client.exchange import Exchange, answered
from service.client.reading import Json, read
from service.client.uploads import Tensors, with_tensors

PATH = "/gradient-flow"


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
class Forward:
    """The signal at a layer; figures of f′ are None for functions of vectors."""

    preactivation: Moments
    activation: Spread
    saturated_fraction: float | None
    inactive_fraction: float | None
    dead_units: float | None
    mean_derivative: float | None
    mean_squared_derivative: float | None


@dataclass(frozen=True)
class Backward:
    """The gradient at a layer: norms of ∂L/∂g, ∂L/∂W, ∂L/∂b and of ∂L/∂x by the layer's input x."""

    preactivation_gradient_norm: float
    weight_gradient_norm: float
    bias_gradient_norm: float | None
    input_gradient_norm: float
    sign_coherence: float | None
    update_ratio: float | None


@dataclass(frozen=True)
class Layer:
    """All of one layer; `index` counts from 0 with repeats and blocks written out."""

    index: int
    units: int
    activation: str
    forward: Forward
    backward: Backward


@dataclass(frozen=True)
class Jacobian:
    """Singular values of ∂output/∂input: smallest, largest, root mean square; averaged over samples."""

    min: float
    max: float
    rms: float


@dataclass(frozen=True)
class Summary:
    """‖∂L/∂W‖ of the first layer over that of the last, and the factor per layer of ‖∂L/∂g‖ on its way back."""

    gradient_ratio: float | None
    decay_per_layer: float | None
    jacobian: Jacobian | None


@dataclass(frozen=True)
class Figures:
    """All figures of a network."""

    layers: tuple[Layer, ...]
    loss: float
    input_gradient_norm: float
    summary: Summary


@dataclass(frozen=True)
class Prediction:
    """What theory predicts of this very network, widths included."""

    preactivation_mean_square: tuple[float | None, ...]
    decay_per_layer: float | None


@dataclass(frozen=True)
class Deviation:
    """Measured over predicted, minus 1."""

    preactivation_mean_square: tuple[float | None, ...]
    decay_per_layer: float | None


@dataclass(frozen=True, kw_only=True)
class Theory:
    """What theory says of networks with such layers, and how far this one is from it; what does not exist is None."""

    sigma_w: float | None
    sigma_b: float | None
    q_star: float | None
    chi_1: float | None
    xi_q: float | None
    xi_c: float | None
    phase: str | None
    critical_sigma_w: float | None
    all_critical_sigma_w: tuple[float, ...]
    prediction: Prediction
    deviation: Deviation
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class NotApplicable:
    """Theory says nothing of this network, and why."""

    not_applicable: str


@dataclass(frozen=True)
class Verified:
    """The figures that a finding is about, before and after a change."""

    before: Mapping[str, Json]
    after: Mapping[str, Json]


@dataclass(frozen=True)
class Operation:
    """One operation of a JSON patch (RFC 6902) on the request."""

    op: str
    path: str
    value: Json = None


@dataclass(frozen=True)
class Remedy:
    """A change that was applied to the request, run, and found to help."""

    change: str
    patch: tuple[Operation, ...]
    verified: Verified


@dataclass(frozen=True)
class Finding:
    """A trouble, how grave it is, where it is, the figures that prove it, and what mends it, the best remedy first."""

    code: str
    severity: str
    layers: tuple[int, ...]
    evidence: Mapping[str, Json]
    explanation: str
    remedies: tuple[Remedy, ...]


@dataclass(frozen=True)
class Cost:
    """Floating-point operations and bytes that one trial takes, estimated from the shapes."""

    operations: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class GradientFlow(Figures):
    """The figures of every layer, what theory predicts, and the diagnosis; with several trials, means over them."""

    dtype: str
    seed: int
    trials: int
    standard_errors: Figures | None
    theory: Theory | NotApplicable
    findings: tuple[Finding, ...]
    cost: Cost

    def _repr_html_(self) -> str:
        at = [layer.index for layer in self.layers]
        gradients = [layer.backward.preactivation_gradient_norm for layer in self.layers]
        weights = [layer.backward.weight_gradient_norm for layer in self.layers]
        curves = [Curve(at, gradients, "‖∂L/∂g‖", dots=True), Curve(at, weights, "‖∂L/∂W‖", dots=True)]
        decay = shown(self.summary.decay_per_layer)
        caption = f"{len(self.layers)} layers, loss {self.loss:.4g}, factor per layer on the way back {decay}"
        found = "".join(_item(finding) for finding in self.findings)
        return figure(chart(curves, x="layer", y="gradient norms", log=True), caption, f"<ul>{found}</ul>")


def _item(finding: Finding) -> str:
    remedies = "".join(f"<li>→ {escape(remedy.change)}</li>" for remedy in finding.remedies)
    head = f"<b>{escape(finding.severity)}: {escape(finding.code)}</b> in layers {_ranges(finding.layers)}"
    return f"<li>{head}. {escape(finding.explanation)}<ul>{remedies}</ul></li>"


def _ranges(layers: Sequence[int]) -> str:
    """Numbers, those in a row as a range."""
    starts = [layer for layer in layers if layer - 1 not in layers]
    ends = [layer for layer in layers if layer + 1 not in layers]
    return ", ".join(f"{start}" if start == end else f"{start}–{end}" for start, end in zip(starts, ends, strict=True))


def gradient_flow(
    session: Session, request: Mapping[str, object], tensors: Tensors | None = None
) -> Exchange[GradientFlow]:
    """Send a signal and a gradient through a network, and have it diagnosed.

    Parameters
    ----------
    request
        The members of the request, as `POST /gradient-flow` has them; arrays may stand wherever lists of numbers may.
    tensors
        What the request refers to by name: the path of a .safetensors or .npz file, the bytes of one, or arrays by
        their names (a state dict of PyTorch will do).
    """
    ask = with_tensors(PATH, request, tensors)
    reply = yield from answered(ask, session.retries)
    return read(GradientFlow, reply.body)
