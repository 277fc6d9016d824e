"""Gated linear units: one half of the vector, multiplied by a function of the other half."""

from dataclasses import dataclass
from math import inf

import numpy as np

from service.activations.axes import AXIS, axis
from service.activations.gelu import gelu
from service.activations.model import STEEP, Array, Elementwise, Formula, Gated, Names, Parameter, Piece, Reference
from service.activations.sigmoids import sigmoid_
from service.activations.silu import silu

_SHAPES = ("(…, 2m, …), 2m along axis", "(…, m, …)")
_LARGEST = float(np.finfo(np.float64).max)
_FAINT = 1e-280  # a gate below that, in its tail, loses digits which a large factor would bring back
_VARIANTS = Reference("N. Shazeer (2020). GLU variants improve transformer", "https://arxiv.org/abs/2002.05202")


@dataclass(frozen=True)
class Gate:
    """The function that one half goes through, for every x, and its products with the other half."""

    piece: Piece
    limits: tuple[float, float]

    @classmethod
    def of(cls, function: Elementwise, **parameters: float | str) -> "Gate":
        """The gate of an elementwise function of one piece."""
        (piece,) = function.pieces(**parameters).pieces
        return cls(piece, function.facts(**parameters).limits)

    def value(self, x: Array, factor: Array) -> Array:
        """factor·g(x)."""
        result = self._times(x, 0, factor)
        for end, limit in zip((-inf, inf), self.limits, strict=True):
            result = np.where(x == end, limit * factor, result)
        return result

    def slope(self, x: Array, factor: Array) -> Array:
        """factor·g′(x)."""
        return self._times(x, 1, factor)

    def _times(self, x: Array, order: int, factor: Array) -> Array:
        near = np.nan_to_num(x, nan=0.0, posinf=_LARGEST, neginf=-_LARGEST)  # the pieces are for finite numbers
        gate = self.piece.derivative(near, order) if order else self.piece.value(near)
        result = gate * factor
        faint = (np.abs(gate) < _FAINT) & (np.abs(near) > 1) & np.isfinite(factor)
        if self.piece.times is not None and faint.any():
            result[faint] = self.piece.times(near[faint], order, factor[faint])
        return np.where(np.isnan(x), np.nan, result)


def _halves(x: Array, gate_first: bool) -> tuple[Array, Array]:
    """The half that passes, and the half that gates."""
    first, second = np.split(x, 2, axis=-1)
    return (second, first) if gate_first else (first, second)


def _joined(passing: Array, gating: Array, gate_first: bool) -> Array:
    return np.concatenate([gating, passing] if gate_first else [passing, gating], axis=-1)


def _value(x: Array, gate: Gate, gate_first: bool = False) -> Array:
    passing, gating = _halves(x, gate_first)
    return gate.value(gating, passing)


def _pullback(x: Array, upstream: Array, gate: Gate, gate_first: bool = False) -> Array:
    passing, gating = _halves(x, gate_first)
    through = np.broadcast_to(upstream, passing.shape)
    both = passing * through
    slopes = np.where(np.isfinite(both), gate.slope(gating, both), gate.slope(gating, passing) * through)
    return _joined(gate.value(gating, through), slopes, gate_first)


def _jacobian(x: Array, gate: Gate, gate_first: bool = False) -> Array:
    slopes = _pullback(x, np.ones(1), gate, gate_first)
    half = x.shape[-1] // 2
    return np.where(np.tile(np.eye(half, dtype=bool), 2), slopes[..., None, :], 0.0)


glu = Gated(
    name="glu",
    family="gated",
    formula=Formula("f(a, b) = a·σ(b), a the first half of x, b the second", r"f(a, b) = a\,\sigma(b)"),
    derivative=Formula(
        "∂f/∂a = σ(b), ∂f/∂b = a·σ(b)(1 − σ(b))",
        r"\partial_a f = \sigma(b),\quad \partial_b f = a\,\sigma(b)(1 - \sigma(b))",
    ),
    parameters=(axis(pytorch=-1, jax=-1, keras=-1),),
    exponential=True,
    value=lambda x: _value(x, Gate.of(sigmoid_)),
    jacobian=lambda x: _jacobian(x, Gate.of(sigmoid_)),
    pullback=lambda x, upstream: _pullback(x, upstream, Gate.of(sigmoid_)),
    shapes=_SHAPES,
    range=(-inf, inf),
    lipschitz=inf,
    zero_centered=True,
    names=Names(pytorch=("GLU",), jax=("glu",), keras=("glu",)),
    reference=Reference(
        "Y. Dauphin, A. Fan, M. Auli and D. Grangier (2016). Language modeling with gated convolutional networks",
        "https://arxiv.org/abs/1612.08083",
    ),
)

swiglu = Gated(
    name="swiglu",
    family="gated",
    formula=Formula("f(a, b) = a·σ(αa)·b, a the first half of x, b the second", r"f(a, b) = a\,\sigma(\alpha a)\,b"),
    derivative=Formula(
        "∂f/∂a = b·(σ(αa) + αa·σ′(αa)), ∂f/∂b = a·σ(αa)",
        r"\partial_a f = b\,(\sigma(\alpha a) + \alpha a\,\sigma'(\alpha a)),\quad \partial_b f = a\,\sigma(\alpha a)",
    ),
    parameters=(
        AXIS,
        Parameter(
            "alpha",
            1.0,
            "Steepness α of the gate.",
            minimum=1 / STEEP,
            maximum=STEEP,
            aliases=("beta",),
            defaults={"onnx": 1.0},
        ),
    ),
    exponential=True,
    value=lambda x, alpha: _value(x, Gate.of(silu, beta=alpha), gate_first=True),
    jacobian=lambda x, alpha: _jacobian(x, Gate.of(silu, beta=alpha), gate_first=True),
    pullback=lambda x, upstream, alpha: _pullback(x, upstream, Gate.of(silu, beta=alpha), gate_first=True),
    partials={"alpha": lambda x, alpha: _alpha_slope(x, alpha)},
    shapes=_SHAPES,
    range=(-inf, inf),
    lipschitz=inf,
    zero_centered=True,
    names=Names(onnx=("SwiGLU",)),
    reference=_VARIANTS,
)


def _alpha_slope(x: Array, alpha: float) -> Array:
    """∂f/∂α = b·∂silu(a)/∂α."""
    passing, gating = _halves(x, gate_first=True)
    return passing * silu.partials["beta"](gating, beta=alpha)


geglu = Gated(
    name="geglu",
    family="gated",
    formula=Formula("f(a, b) = a·gelu(b), a the first half of x, b the second", r"f(a, b) = a\,\mathrm{gelu}(b)"),
    derivative=Formula(
        "∂f/∂a = gelu(b), ∂f/∂b = a·gelu′(b)",
        r"\partial_a f = \mathrm{gelu}(b),\quad \partial_b f = a\,\mathrm{gelu}'(b)",
    ),
    parameters=(AXIS,),
    exponential=True,
    value=lambda x: _value(x, Gate.of(gelu, approximate="none")),
    jacobian=lambda x: _jacobian(x, Gate.of(gelu, approximate="none")),
    pullback=lambda x, upstream: _pullback(x, upstream, Gate.of(gelu, approximate="none")),
    shapes=_SHAPES,
    range=(-inf, inf),
    lipschitz=inf,
    zero_centered=True,
    reference=_VARIANTS,
)
