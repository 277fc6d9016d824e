"""Sigmoids without tanh: smooth functions that rise from one level to another."""

from collections.abc import Sequence
from math import factorial, inf, pi, sqrt

import numpy as np

from service.activations.model import (
    Array,
    Block,
    Elementwise,
    Extremum,
    Facts,
    Formula,
    Kernel,
    Knot,
    Names,
    Piece,
    Reference,
)
from service.activations.pieces import elementary, everywhere, joined
from service.activations.smooth import smooth
from service.numerics import logistic_blocks, quick
from service.numerics.double_double import DD, polynomial, product
from service.numerics.exponential import exp as exp_dd
from service.numerics.exponential import exp_of
from service.numerics.jets import Jet
from service.numerics.logistic import sigmoid, sigmoid_jet, sigmoid_slope
from service.numerics.normal import SQRT_2, TWO_OVER_SQRT_PI, mills_ratio

_STEEPEST_AT_0 = (Extremum(0.0, inf), Extremum(1.0, 0.0))


_SIGMOID_KERNEL = Kernel(
    value=lambda x, out, work: logistic_blocks.sigmoid(x, out, work[0]),
    slope=lambda x, out, work: logistic_blocks.sigmoid_slope(x, out, work[0]),
)


sigmoid_ = Elementwise(
    name="sigmoid",
    family="sigmoid",
    formula=Formula("f(x) = σ(x) = 1/(1 + e^(−x))", r"f(x) = \sigma(x) = \frac{1}{1 + e^{-x}}"),
    derivative=Formula("f′(x) = σ(x)(1 − σ(x))", r"f'(x) = \sigma(x)\,(1 - \sigma(x))"),
    exponential=True,
    fast=lambda: Kernel(quick.sigmoid, quick.sigmoid_slope),
    pieces=lambda: everywhere(smooth(sigmoid, sigmoid_slope, sigmoid_jet)),
    facts=lambda: Facts(range=(0.0, 1.0), limits=(0.0, 1.0), slope=(Extremum(0.0, inf), Extremum(0.25, 0.0))),
    full=lambda: _SIGMOID_KERNEL,
    names=Names(
        pytorch=("Sigmoid", "expit"), jax=("sigmoid",), keras=("sigmoid",), onnx=("Sigmoid",), other=("logistic",)
    ),
    reference=Reference(
        "Y. LeCun, L. Bottou, G. Orr and K.-R. Müller (1998). Efficient BackProp",
        "http://yann.lecun.com/exdb/publis/pdf/lecun-98b.pdf",
    ),
)


def _softsign(side: float) -> Piece:
    """x/(1 + |x|) on the side of that sign: f⁽ⁿ⁾ = n!·(−side)ⁿ⁻¹·rⁿ⁺¹ with r = 1/(1 + |x|)."""

    def derivative(x: Array, order: int) -> Array:
        r = 1 / (1 + np.abs(x))
        result = factorial(order) * (-side) ** (order - 1) * r
        for _ in range(order):
            result = result * r
        return result

    return Piece(lambda x: x / (1 + np.abs(x)), derivative)


def _softsign_block(x: Block, out: Block, work: Sequence[Block]) -> None:
    near = work[0]
    x.clip(-_SATURATED, _SATURATED, out=near)
    np.abs(near, out=out)
    out += 1.0
    np.divide(near, out, out=out)


def _softsign_slope_block(x: Block, out: Block, _: Sequence[Block]) -> None:
    np.abs(x, out=out)
    out += 1.0
    np.divide(1.0, out, out=out)
    out *= out


_SATURATED = 1e300  # where softsign has long been ±1


softsign = Elementwise(
    name="softsign",
    family="sigmoid",
    formula=Formula("f(x) = x/(1 + |x|)", r"f(x) = \frac{x}{1 + |x|}"),
    derivative=Formula("f′(x) = 1/(1 + |x|)²", r"f'(x) = \frac{1}{(1 + |x|)^2}"),
    fast=lambda: Kernel(quick.softsign, quick.softsign_slope),
    pieces=lambda: joined(_softsign(-1.0), Knot(0.0, convention=("mean", "mean")), _softsign(1.0)),
    facts=lambda: Facts(range=(-1.0, 1.0), limits=(-1.0, 1.0), slope=_STEEPEST_AT_0, zero_centered=True),
    full=lambda: Kernel(_softsign_block, _softsign_slope_block),
    names=Names(pytorch=("Softsign",), jax=("soft_sign",), keras=("softsign",), onnx=("Softsign",)),
    reference=Reference(
        "X. Glorot and Y. Bengio (2010). Understanding the difficulty of training deep feedforward neural networks",
        "https://proceedings.mlr.press/v9/glorot10a.html",
    ),
)


def _witch(x: Array) -> tuple[Array, Array]:
    """r = 1/(1 + x²) and s = x·r, without overflow: the derivatives of arctan are polynomials in them."""
    inverse = 1 / np.maximum(np.abs(x), 1e8)
    near = np.clip(x, -1e8, 1e8)
    r = np.where(np.abs(x) > 1e8, inverse * inverse, 1 / (product(near, near) + 1.0).value())
    return r, x * r


def _atan_third(x: Array) -> Array:
    """2r³(3x² − 1)."""
    r, s = _witch(x)
    return 2 * r * (sqrt(3) * s - r) * (sqrt(3) * s + r)


def _atan_fourth(x: Array) -> Array:
    """24xr⁴(1 − x²)."""
    r, s = _witch(x)
    return 24 * s * r * (r - s) * (r + s)


atan = Elementwise(
    name="atan",
    family="sigmoid",
    formula=Formula("f(x) = arctan(x)", r"f(x) = \arctan x"),
    derivative=Formula("f′(x) = 1/(1 + x²)", r"f'(x) = \frac{1}{1 + x^2}"),
    exponential=True,
    pieces=lambda: everywhere(
        elementary(np.arctan, lambda x: _witch(x)[0], lambda x: -2 * np.multiply(*_witch(x)), _atan_third, _atan_fourth)
    ),
    facts=lambda: Facts(range=(-pi / 2, pi / 2), limits=(-pi / 2, pi / 2), slope=_STEEPEST_AT_0, zero_centered=True),
    names=Names(pytorch=("atan", "arctan"), jax=("arctan",), keras=("arctan",), onnx=("Atan",)),
    reference=Reference("ONNX operators: Atan", "https://onnx.ai/onnx/operators/onnx__Atan.html"),
)


_ERF_SERIES = tuple((-1) ** n / (factorial(n) * (2 * n + 1)) for n in range(1, 18))


def _erf_value(x: Array) -> Array:
    """2/√π·Σ(−1)ⁿx²ⁿ⁺¹/(n!(2n + 1)) for |x| < 3/4, else 1 − 2Φ(−√2|x|) with the sign of x."""
    return np.where(np.abs(x) < 0.75, _erf_near(np.clip(x, -0.75, 0.75)), _erf_far(x))


def _erf_near(x: Array) -> Array:
    square = x * x
    rest = np.zeros_like(x)
    for coefficient in _ERF_SERIES[::-1]:
        rest = (rest + coefficient) * square
    curved = ((TWO_OVER_SQRT_PI + TWO_OVER_SQRT_PI.hi * rest) * x).value()
    return np.where(np.abs(x) < 1e-280, TWO_OVER_SQRT_PI.hi * x, curved)


def _erf_far(x: Array) -> Array:
    t = np.minimum(np.abs(x), 20.0)
    argument = SQRT_2 * t
    ratio = mills_ratio(argument.hi).value()
    ratio = ratio + argument.lo * (argument.hi * ratio - 1.0)
    missing = float(SQRT_2.hi) * TWO_OVER_SQRT_PI.hi / 2 * ratio * exp_of(-product(t, t))
    return np.copysign(1.0 - missing, x)


def _erf_jet(u: DD, order: int) -> Jet:
    """f′ = 2/√π·e^{−x²}, and the higher orders are f′ times Hermite polynomials of x."""
    x = np.clip(u.hi, -50.0, 50.0)
    scale = np.where(np.abs(x) > 22, 512.0, 0.0)
    slope = exp_dd(-product(x, x), scale) * TWO_OVER_SQRT_PI
    hermite = ((1.0,), (0.0, -2.0), (-2.0, 0.0, 4.0), (0.0, 12.0, 0.0, -8.0))
    value = DD.of(_erf_value(u.hi) * np.exp2(scale))  # to double precision only
    return Jet((value, *(slope * polynomial(hermite[n], DD.of(x)) for n in range(order))), scale)


erf = Elementwise(
    name="erf",
    family="sigmoid",
    formula=Formula(
        "f(x) = erf(x) = 2/√π·∫₀ˣ e^(−t²) dt", r"f(x) = \operatorname{erf}(x) = \frac{2}{\sqrt\pi}\int_0^x e^{-t^2}\,dt"
    ),
    derivative=Formula("f′(x) = 2/√π·e^(−x²)", r"f'(x) = \frac{2}{\sqrt\pi} e^{-x^2}"),
    exponential=True,
    pieces=lambda: everywhere(
        smooth(
            _erf_value,
            lambda x: TWO_OVER_SQRT_PI.hi * exp_of(-product(np.clip(x, -50.0, 50.0), np.clip(x, -50.0, 50.0))),
            _erf_jet,
            tail=(25.0, 50.0),
        )
    ),
    facts=lambda: Facts(
        range=(-1.0, 1.0),
        limits=(-1.0, 1.0),
        slope=(Extremum(0.0, inf), Extremum(2 / sqrt(pi), 0.0)),
        zero_centered=True,
    ),
    names=Names(pytorch=("erf",), jax=("erf",), keras=("erf",), onnx=("Erf",)),
    reference=Reference("NIST Digital library of mathematical functions, 7.2", "https://dlmf.nist.gov/7.2"),
)
