"""elu and its kin: lines for x > 0, exponentials that level off for x ≤ 0."""

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
    Knot,
    Names,
    Parameter,
    Piece,
    Pieces,
    Reference,
)
from service.activations.pieces import joined, line
from service.numerics import quick
from service.numerics.blocks import mended
from service.numerics.double_double import DD, product
from service.numerics.exponential import exp, exp_of, expm1
from service.numerics.logistic import REACH
from service.numerics.logistic_blocks import DEEP, times_exp

_ALPHA = Parameter(
    "alpha",
    1.0,
    "Distance α of the lower asymptote from 0.",
    minimum=1 / STEEP,
    maximum=STEEP,
    defaults={"pytorch": 1.0, "jax": 1.0, "keras": 1.0, "onnx": 1.0},
)


_TINY = 1e-280  # |x| below which the function is a line, and products with x lose their low parts
_UNDERFLOW = 690.0  # e^{−x} beyond is close to subnormal, and is split so that it is rounded once


def _falling(height: float | DD, steepness: DD | float = 1.0) -> Piece:
    """height·(e^{steepness·x} − 1) for x ≤ 0; each derivative has one more factor `steepness`."""
    exact = DD.of(height)
    rate = DD.of(steepness)

    def value(x: Array) -> Array:
        u = rate * np.clip(x, -1e200, 0.0)
        grown = np.expm1(np.minimum(u.hi, 0.0))
        curved = (DD(grown, u.lo * (grown + 1.0)) * exact).value()
        return np.where(np.abs(x) < _TINY, factor_of(1).value() * x, curved)

    def factor_of(order: int) -> DD:
        return exact if order == 0 else factor_of(order - 1) * rate

    def beyond_double(x: Array, order: int) -> tuple[DD, Array]:
        u = rate * np.clip(x, -REACH / rate.hi, 0.0)
        return factor_of(order) * (exp(u) if order else expm1(u)), np.ones_like(x)  # convex: above its tangents

    def derivative(x: Array, order: int) -> Array:
        bounded = rate * np.clip(x, -1e200, 0.0)
        factor = factor_of(order)
        half = exp_of(DD(np.maximum(bounded.hi, -2 * REACH), bounded.lo).scaled(0.5))
        near = factor.value() * exp_of(DD(np.maximum(bounded.hi, -_UNDERFLOW), bounded.lo))
        return np.where(bounded.hi < -_UNDERFLOW, (factor.value() * half) * half, near)

    return Piece(value, derivative, beyond_double)


def _falling_kernel(height: float, steepness: float) -> Kernel:
    """height·(e^x − 1) for x ≤ 0, steepness·x for x > 0; the copied signs keep −0."""

    def value(x: Block, out: Block, work: Sequence[Block]) -> None:
        rising = work[0]
        np.minimum(x, 0.0, out=out)
        np.expm1(out, out=out)
        out *= height
        x.clip(0.0, inf, out=rising)
        rising *= steepness
        out += rising
        np.copysign(out, x, out=out)

    def slope(x: Block, out: Block, work: Sequence[Block]) -> None:
        positive = work[0]
        np.minimum(x, 0.0, out=out)
        np.exp(out, out=out)
        out *= height
        np.copyto(positive, x > 0.0)
        _chosen(positive, steepness, out, work[1])
        mended(x, out, x < DEEP, lambda deep: times_exp(height, deep))

    return Kernel(value, slope)


def _chosen(flags: Block, chosen: float, out: Block, spare: Block) -> None:
    """`chosen` where the flag is 1, what is there where it is 0."""
    np.multiply(flags, out, out=spare)
    out -= spare
    flags *= chosen
    out += flags


def _elu_block(x: Block, out: Block, _: Sequence[Block]) -> None:
    """max(x, e^x − 1), in which the exponential stops at −0, so that of equal zeros either is right."""
    np.minimum(x, -0.0, out=out)
    np.expm1(out, out=out)
    np.maximum(out, x, out=out)


def _elu_slope_block(x: Block, out: Block, _: Sequence[Block]) -> None:
    np.minimum(x, 0.0, out=out)
    np.exp(out, out=out)


_ELU_KERNEL = Kernel(_elu_block, _elu_slope_block)


def _elu(alpha: float) -> Pieces:
    return joined(_falling(alpha), Knot(0.0, convention=("left", "right")), line(1.0))


def _fast_elu(alpha: float, scale: float) -> Kernel | None:
    """None where the slope of the line would be lost beside that of the exponential."""
    return Kernel(*quick.elu(scale * alpha, scale)) if abs(alpha) <= 2 else None


elu = Elementwise(
    name="elu",
    family="exponential",
    formula=Formula(
        "f(x) = x if x > 0, else α(e^x − 1)", r"f(x) = \begin{cases}x & x > 0\\ \alpha(e^x - 1) & x \le 0\end{cases}"
    ),
    derivative=Formula(
        "f′(x) = 1 if x > 0, else αe^x", r"f'(x) = \begin{cases}1 & x > 0\\ \alpha e^x & x \le 0\end{cases}"
    ),
    parameters=(_ALPHA,),
    exponential=True,
    fast=lambda alpha: _fast_elu(alpha, 1.0),
    pieces=_elu,
    facts=lambda alpha: Facts(
        range=(-alpha, inf),
        limits=(-alpha, inf),
        slope=(Extremum(0.0, -inf), Extremum(1.0, (0.0, inf)) if alpha <= 1 else Extremum(alpha, 0.0)),
    ),
    full=lambda alpha: _ELU_KERNEL if alpha == 1.0 else _falling_kernel(alpha, 1.0),
    partials={"alpha": lambda x, alpha: np.expm1(np.minimum(x, 0.0))},
    names=Names(pytorch=("ELU",), jax=("elu",), keras=("elu",), onnx=("Elu",)),
    reference=Reference(
        "D.-A. Clevert, T. Unterthiner and S. Hochreiter (2015). Exponential linear units",
        "https://arxiv.org/abs/1511.07289",
    ),
)


def _celu_partial(x: Array, alpha: float) -> Array:
    """∂f/∂α = e^u − 1 − ue^u with u = x/α, for x < 0; near 0 by its series, because the terms cancel."""
    u = DD.of(np.clip(x, -REACH * alpha, 0.0)) / alpha
    grown, t = expm1(u), u.hi
    series = -t * t * (1 / 2 + t * (1 / 3 + t * (1 / 8 + t * (1 / 30 + t / 144))))
    return np.where(t > -1e-3, series, (grown - (grown + 1.0) * u).value())


celu = Elementwise(
    name="celu",
    family="exponential",
    formula=Formula(
        "f(x) = max(0, x) + min(0, α(e^(x/α) − 1))", r"f(x) = \max(0, x) + \min(0, \alpha(e^{x/\alpha} - 1))"
    ),
    derivative=Formula(
        "f′(x) = 1 if x > 0, else e^(x/α)", r"f'(x) = \begin{cases}1 & x > 0\\ e^{x/\alpha} & x \le 0\end{cases}"
    ),
    parameters=(_ALPHA,),
    exponential=True,
    fast=lambda alpha: Kernel(*quick.elu(1.0, 1.0)) if alpha == 1.0 else None,
    pieces=lambda alpha: joined(
        _falling(alpha, 1.0 / DD.of(alpha)), Knot(0.0, convention=("left", "right")), line(1.0)
    ),
    facts=lambda alpha: Facts(
        range=(-alpha, inf), limits=(-alpha, inf), slope=(Extremum(0.0, -inf), Extremum(1.0, (0.0, inf)))
    ),
    full=lambda alpha: _ELU_KERNEL if alpha == 1.0 else None,
    partials={"alpha": _celu_partial},
    names=Names(pytorch=("CELU",), jax=("celu",), keras=("celu",), onnx=("Celu",)),
    reference=Reference(
        "J. T. Barron (2017). Continuously differentiable exponential linear units", "https://arxiv.org/abs/1704.07483"
    ),
)


def _selu_facts(alpha: float, scale: float) -> Facts:
    steepest = Extremum(scale * alpha, 0.0) if alpha > 1 else Extremum(scale, (0.0, inf))
    return Facts(range=(-scale * alpha, inf), limits=(-scale * alpha, inf), slope=(Extremum(0.0, -inf), steepest))


selu = Elementwise(
    name="selu",
    family="exponential",
    formula=Formula(
        "f(x) = λx if x > 0, else λα(e^x − 1)",
        r"f(x) = \lambda\begin{cases}x & x > 0\\ \alpha(e^x - 1) & x \le 0\end{cases}",
    ),
    derivative=Formula(
        "f′(x) = λ if x > 0, else λαe^x", r"f'(x) = \lambda\begin{cases}1 & x > 0\\ \alpha e^x & x \le 0\end{cases}"
    ),
    parameters=(
        Parameter(
            "alpha",
            1.6732632423543772,
            "Constant α that makes the fixed point (mean 0, variance 1) attractive.",
            minimum=1 / STEEP,
            maximum=STEEP,
            defaults={"pytorch": 1.6732632423543772, "onnx": 1.6732631921768188},
        ),
        Parameter(
            "scale",
            1.0507009873554805,
            "Constant λ.",
            minimum=1 / STEEP,
            maximum=STEEP,
            aliases=("gamma", "lambda"),
            defaults={"pytorch": 1.0507009873554805, "onnx": 1.0507010221481323},
        ),
    ),
    exponential=True,
    fast=lambda alpha, scale: _fast_elu(alpha, scale),
    pieces=lambda alpha, scale: joined(
        _falling(product(scale, alpha)), Knot(0.0, convention=("left", "right")), line(scale)
    ),
    facts=_selu_facts,
    full=lambda alpha, scale: _falling_kernel(scale * alpha, scale),
    partials={
        "alpha": lambda x, alpha, scale: scale * np.expm1(np.minimum(x, 0.0)),
        "scale": lambda x, alpha, scale: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0))),
    },
    names=Names(pytorch=("SELU",), jax=("selu",), keras=("selu",), onnx=("Selu",)),
    reference=Reference(
        "G. Klambauer, T. Unterthiner, A. Mayr and S. Hochreiter (2017). Self-normalizing neural networks",
        "https://arxiv.org/abs/1706.02515",
    ),
)
