"""silu, also called swish: x gated by the logistic function of βx."""

from collections.abc import Sequence
from math import inf

import numpy as np

from service.activations.model import (
    STEEP,
    Array,
    Block,
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
from service.numerics import crossings, gate_blocks, quick_gates
from service.numerics.blocks import mended
from service.numerics.double_double import DD, product, total, where
from service.numerics.gate_blocks import multiple
from service.numerics.jets import Jet
from service.numerics.logistic import REACH, bounded, sigmoid_jet
from service.numerics.logistic_blocks import DEEP, FAR, times_exp, times_sigmoid

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


def _silu_block(x: Block, out: Block, _: Sequence[Block]) -> None:
    np.negative(x, out=out)
    np.exp(out, out=out)
    out += 1.0
    np.divide(x, out, out=out)
    mended(x, out, x < -FAR, lambda left: times_sigmoid(bounded(left), left))


def _silu_slope_block(x: Block, out: Block, work: Sequence[Block]) -> None:
    """N/d with d = 1 + e^{−x} and N = 1 + x(1 − σ): the same as 1 + x − x/d, which cancels less for x < 0."""
    divisor, negative = work[:2]
    np.negative(x, out=divisor)
    np.exp(divisor, out=divisor)
    x.clip(0.0, REACH, out=out)
    x.clip(-REACH, 0.0, out=negative)
    out *= divisor
    divisor += 1.0
    out -= negative
    out /= divisor
    negative += 1.0
    out += negative
    out /= divisor
    crossings.SILU.mend(x, out, _SILU_ROOTS[1][0])
    mended(x, out, x < DEEP, lambda deep: times_exp(bounded(deep) + 1.0, deep))


def _swish_kernel(beta: float) -> Kernel:
    """The same of u = βx, which is carried beyond double precision into the exponential."""
    piece, reach = _swish(beta), REACH / beta
    begin, end = -FAR / beta, -760.0 / beta

    def decay(x: Block, out: Block, work: Sequence[Block]) -> None:
        """e^{−u} = out·(1 − error), and u itself: in the last three arrays of work."""
        near, error, argument = work[3:6]
        x.clip(-reach, reach, out=near)
        multiple(near, beta, argument, error, work)
        np.negative(argument, out=out)
        np.exp(out, out=out)

    def value(x: Block, out: Block, work: Sequence[Block]) -> None:
        decay(x, out, work)
        gate_blocks.value(x, reach, out, work[4], work)
        gate_blocks.far_left(x, out, begin, end, piece.value)

    def slope(x: Block, out: Block, work: Sequence[Block]) -> None:
        decay(x, out, work)
        low, argument = work[4:6]
        np.multiply(low, out, out=work[0])
        out -= work[0]
        gate_blocks.slope(x, out, argument, low, work)
        crossings.SILU.mend(x, out, _SILU_ROOTS[1][0], beta)
        gate_blocks.far_left(x, out, begin, end, lambda far: piece.derivative(far, 1))

    return Kernel(value, slope)


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
    full=lambda beta: Kernel(_silu_block, _silu_slope_block) if beta == 1.0 else _swish_kernel(beta),
    partials={"beta": lambda x, beta: _partial(x, beta)},
    names=Names(pytorch=("SiLU",), jax=("silu", "swish"), keras=("silu", "swish"), onnx=("Swish",)),
    reference=Reference(
        "S. Elfwing, E. Uchibe and K. Doya (2017). Sigmoid-weighted linear units", "https://arxiv.org/abs/1702.03118"
    ),
)
