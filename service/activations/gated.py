"""Gated linear units: one half of the vector, multiplied by a function of the other half."""

from dataclasses import replace
from math import inf

import numpy as np

from service.activations.axes import AXIS
from service.activations.gelu import gelu
from service.activations.model import Array, Elementwise, Formula, Gated, Names, Parameter, Piece, Reference
from service.activations.sigmoids import sigmoid_
from service.activations.silu import silu

_AXIS = replace(AXIS, defaults={"pytorch": -1, "jax": -1, "keras": -1})
_SHAPES = ("(…, 2m, …), 2m along axis", "(…, m, …)")
_VARIANTS = Reference("N. Shazeer (2020). GLU variants improve transformer", "https://arxiv.org/abs/2002.05202")


def _gate(function: Elementwise, **parameters: float | str) -> Piece:
    (piece,) = function.pieces(**parameters).pieces
    return piece


def _halves(x: Array, gate_first: bool) -> tuple[Array, Array]:
    """The half that passes, and the half that gates."""
    first, second = np.split(x, 2, axis=-1)
    return (second, first) if gate_first else (first, second)


def _joined(passing: Array, gating: Array, gate_first: bool) -> Array:
    return np.concatenate([gating, passing] if gate_first else [passing, gating], axis=-1)


def _value(x: Array, gate: Piece, gate_first: bool = False) -> Array:
    passing, gating = _halves(x, gate_first)
    return passing * gate.value(gating)


def _pullback(x: Array, upstream: Array, gate: Piece, gate_first: bool = False) -> Array:
    passing, gating = _halves(x, gate_first)
    return _joined(upstream * gate.value(gating), upstream * (passing * gate.derivative(gating, 1)), gate_first)


def _jacobian(x: Array, gate: Piece, gate_first: bool = False) -> Array:
    slopes = _pullback(x, np.ones(1), gate, gate_first)
    half = x.shape[-1] // 2
    return np.tile(np.eye(half), 2) * slopes[..., None, :]


glu = Gated(
    name="glu",
    family="gated",
    formula=Formula("f(a, b) = a·σ(b), a the first half of x, b the second", r"f(a, b) = a\,\sigma(b)"),
    derivative=Formula(
        "∂f/∂a = σ(b), ∂f/∂b = a·σ(b)(1 − σ(b))",
        r"\partial_a f = \sigma(b),\quad \partial_b f = a\,\sigma(b)(1 - \sigma(b))",
    ),
    parameters=(_AXIS,),
    exponential=True,
    value=lambda x: _value(x, _gate(sigmoid_)),
    jacobian=lambda x: _jacobian(x, _gate(sigmoid_)),
    pullback=lambda x, upstream: _pullback(x, upstream, _gate(sigmoid_)),
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
            minimum=1e-100,
            maximum=1e100,
            aliases=("beta",),
            defaults={"onnx": 1.0},
        ),
    ),
    exponential=True,
    value=lambda x, alpha: _value(x, _gate(silu, beta=alpha), gate_first=True),
    jacobian=lambda x, alpha: _jacobian(x, _gate(silu, beta=alpha), gate_first=True),
    pullback=lambda x, upstream, alpha: _pullback(x, upstream, _gate(silu, beta=alpha), gate_first=True),
    shapes=_SHAPES,
    range=(-inf, inf),
    lipschitz=inf,
    zero_centered=True,
    names=Names(onnx=("SwiGLU",)),
    reference=_VARIANTS,
)

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
    value=lambda x: _value(x, _gate(gelu, approximate="none")),
    jacobian=lambda x: _jacobian(x, _gate(gelu, approximate="none")),
    pullback=lambda x, upstream: _pullback(x, upstream, _gate(gelu, approximate="none")),
    shapes=_SHAPES,
    range=(-inf, inf),
    lipschitz=inf,
    zero_centered=True,
    reference=_VARIANTS,
)
