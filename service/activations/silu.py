"""silu, also called swish: x gated by the logistic function of βx."""

from math import inf

import numpy as np

from service.activations.model import (
    STEEP,
    Array,
    Elementwise,
    Extremum,
    Facts,
    Formula,
    Kernel,
    Names,
    Parameter,
    Piece,
    Reference,
)
from service.activations.pieces import everywhere
from service.activations.smooth import root, smooth
from service.numerics import quick_gates
from service.numerics.double_double import DD, product, total, where
from service.numerics.jets import Jet
from service.numerics.logistic import REACH, bounded, sigmoid_jet

_SILU_ROOTS = {
    1: (root("-1.27846454276107379510935873902298015543947748862"),),
    2: (
        root("-2.39935728051546766783273969728228388852291757683721"),
        root("2.39935728051546766783273969728228388852291757683721"),
    ),
}


def _swish(beta: float) -> Piece:
    """x·σ(βx). With E = e^{−|u|}, u = βx, the derivative is E(1 + u + E)/(1 + E)² for u < 0, and 1 minus that of −u."""

    def value(x: Array) -> Array:
        decay, near = np.exp(-np.abs(x * beta)), np.clip(x, -1e290, 1e290)
        result = product(np.where(x >= 0, 1.0, decay), near).ratio(total(1.0, decay))
        return np.where(x > 1e290, x, result)

    def slope(x: Array) -> Array:
        near = bounded(x)
        decay = DD.of(np.exp(-np.abs(near)))
        passed = where(near >= 0, decay * total(1.0, near) + 1.0, decay * (total(1.0, near) + decay))
        return passed.ratio((decay + 1.0) * (decay + 1.0))

    def jet(u: DD, order: int) -> Jet:
        return sigmoid_jet(u, order).times_variable(u).stretched(beta) * (1.0 / DD.of(beta))

    return smooth(value, slope, jet, beta=beta, roots=_SILU_ROOTS)


def _partial(x: Array, beta: float) -> Array:
    """∂f/∂β = x²σ′(βx), rounded once."""
    near = np.clip(x, -REACH / beta, REACH / beta)
    return (sigmoid_jet(product(near, beta), 1) * near * near).derivative(1)


silu = Elementwise(
    name="silu",
    family="gate",
    formula=Formula("f(x) = x·σ(βx) = x/(1 + e^(−βx))", r"f(x) = x\,\sigma(\beta x) = \frac{x}{1 + e^{-\beta x}}"),
    derivative=Formula(
        "f′(x) = σ(u) + u·σ(u)(1 − σ(u)), u = βx", r"f'(x) = \sigma(u) + u\,\sigma(u)(1 - \sigma(u)),\quad u = \beta x"
    ),
    parameters=(
        Parameter(
            "beta",
            1.0,
            "Steepness β of the gate: 1 for silu; ONNX calls the function with a β of its own Swish.",
            minimum=1 / STEEP,
            maximum=STEEP,
            aliases=("alpha",),
            defaults={"onnx": 1.0},
        ),
    ),
    exponential=True,
    fast=lambda beta: Kernel(quick_gates.silu, quick_gates.silu_slope) if beta == 1.0 else None,
    pieces=lambda beta: everywhere(_swish(beta)),
    facts=lambda beta: Facts(
        range=(-0.27846454276107380 / beta, inf),
        limits=(0.0, inf),
        slope=(
            Extremum(-0.099839320128866917, -2.3993572805154677 / beta),
            Extremum(1.0998393201288669, 2.3993572805154677 / beta),
        ),
        monotonic=False,
    ),
    partials={"beta": lambda x, beta: _partial(x, beta)},
    names=Names(pytorch=("SiLU",), jax=("silu", "swish"), keras=("silu", "swish"), onnx=("Swish",)),
    reference=Reference(
        "S. Elfwing, E. Uchibe and K. Doya (2017). Sigmoid-weighted linear units", "https://arxiv.org/abs/1702.03118"
    ),
)
