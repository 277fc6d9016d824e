"""softplus, its mirror image log_sigmoid, and squareplus, which needs no exponential."""

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
from service.activations.pieces import elementary, everywhere
from service.activations.smooth import smooth
from service.numerics import logistic_blocks, quick
from service.numerics.double_double import DD, product, square_root
from service.numerics.jets import Jet
from service.numerics.logistic import REACH, sigmoid, softplus_jet
from service.numerics.logistic_blocks import log1p_exp, sigmoid_of_negative

_RISES_TO_ONE = (Extremum(0.0, -inf), Extremum(1.0, inf))


def _softplus(beta: float) -> Piece:
    def value(x: Array) -> Array:
        return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x * beta))) / beta

    def jet(u: DD, order: int) -> Jet:
        return softplus_jet(u, order).stretched(beta) * (1.0 / DD.of(beta))

    return smooth(value, sigmoid, jet, beta=beta)


def _softplus_block(x: Block, out: Block, work: Sequence[Block]) -> None:
    log1p_exp(x, out)
    x.clip(0.0, inf, out=work[0])
    out += work[0]


_SOFTPLUS_KERNEL = Kernel(_softplus_block, lambda x, out, work: logistic_blocks.sigmoid_as_slope(x, out))


def _softplus_partial(x: Array, beta: float) -> Array:
    """∂f/∂β = (uσ(u) − ln(1 + e^u))/β² with u = βx: the same for u and −u, and negative."""
    a = product(-np.minimum(np.abs(x), REACH / beta), beta)
    jet = softplus_jet(a, 1)
    return np.ldexp((jet.orders[1] * a - jet.orders[0]).value(), -np.asarray(jet.scale, dtype=np.int32)) / beta / beta


softplus = Elementwise(
    name="softplus",
    family="softplus",
    formula=Formula("f(x) = ln(1 + e^(βx))/β", r"f(x) = \tfrac{1}{\beta}\ln(1 + e^{\beta x})"),
    derivative=Formula("f′(x) = σ(βx)", r"f'(x) = \sigma(\beta x)"),
    parameters=(
        Parameter(
            "beta",
            1.0,
            "Steepness β; softplus nears relu as it grows. There is no threshold: the formula holds everywhere.",
            minimum=1 / STEEP,
            maximum=STEEP,
            defaults={"pytorch": 1.0},
        ),
    ),
    exponential=True,
    fast=lambda beta: Kernel(quick.softplus, quick.sigmoid) if beta == 1.0 else None,
    pieces=lambda beta: everywhere(_softplus(beta)),
    facts=lambda beta: Facts(range=(0.0, inf), limits=(0.0, inf), slope=_RISES_TO_ONE),
    full=lambda beta: _SOFTPLUS_KERNEL if beta == 1.0 else None,
    partials={"beta": lambda x, beta: _softplus_partial(x, beta)},
    names=Names(pytorch=("Softplus",), jax=("softplus",), keras=("softplus",), onnx=("Softplus",)),
    reference=Reference(
        "C. Dugas, Y. Bengio, F. Bélisle, C. Nadeau and R. Garcia (2000). Second-order functional knowledge",
        "https://papers.nips.cc/paper/1920-incorporating-second-order-functional-knowledge-for-better-option-pricing",
    ),
)


def _log_sigmoid_block(x: Block, out: Block, work: Sequence[Block]) -> None:
    log1p_exp(x, out)
    x.clip(-inf, 0.0, out=work[0])
    np.subtract(work[0], out, out=out)


_LOG_SIGMOID_KERNEL = Kernel(_log_sigmoid_block, lambda x, out, work: sigmoid_of_negative(x, out))


log_sigmoid = Elementwise(
    name="log_sigmoid",
    family="softplus",
    formula=Formula("f(x) = ln σ(x) = −ln(1 + e^(−x))", r"f(x) = \ln\sigma(x) = -\ln(1 + e^{-x})"),
    derivative=Formula("f′(x) = σ(−x)", r"f'(x) = \sigma(-x)"),
    exponential=True,
    fast=lambda: Kernel(quick.log_sigmoid, quick.mirrored_sigmoid),
    pieces=lambda: everywhere(
        smooth(
            value=lambda x: np.minimum(x, 0.0) - np.log1p(np.exp(-np.abs(x))),
            slope=lambda x: sigmoid(-x),
            jet=lambda u, order: -softplus_jet(-u, order).stretched(-1.0),
        )
    ),
    facts=lambda: Facts(range=(-inf, 0.0), limits=(-inf, 0.0), slope=(Extremum(0.0, inf), Extremum(1.0, -inf))),
    full=lambda: _LOG_SIGMOID_KERNEL,
    names=Names(pytorch=("LogSigmoid", "logsigmoid"), jax=("log_sigmoid",), keras=("log_sigmoid",)),
    reference=Reference(
        "PyTorch: LogSigmoid", "https://docs.pytorch.org/docs/stable/generated/torch.nn.LogSigmoid.html"
    ),
)


_FAR = 1e120  # |x| beyond which b is nothing beside x²


def _root(x: Array, b: float) -> Array:
    """√(x² + b)."""
    return np.hypot(x, np.sqrt(b))


def _lower(x: Array, b: float) -> DD:
    """√(x² + b) + |x|, of which half is f(|x|), and b over its double f(−|x|)."""
    near = np.minimum(np.abs(x), _FAR)
    return square_root(product(near, near) + b) + near


def _squareplus(b: float) -> Piece:
    """With r = √(x² + b) and w = √b/r: f′ = (1 + x/r)/2, f″ = w²/(2r), f‴ = −3w²x/(2r³), f⁗ = 3w²(4x² − b)/(2r⁵)."""

    def value(x: Array) -> Array:
        lower = _lower(x, b)
        near = np.where(x > 0, lower.value(), DD.of(b).ratio(lower)) / 2
        return np.where(np.abs(x) > _FAR, np.where(x > 0, x, b / np.abs(x) / 4), near)

    def slope(x: Array) -> Array:
        small = np.where(np.abs(x) > _FAR, b / np.abs(x) / 2, DD.of(b).ratio(_lower(x, b))) / _root(x, b) / 2
        return np.where(x > 0, 1 - small, small)

    def second(x: Array) -> Array:
        r = _root(x, b)
        return np.asarray(np.square(np.sqrt(b) / r) / r / 2)

    def third(x: Array) -> Array:
        return -3 * second(x) * (x / _root(x, b)) / _root(x, b)

    def fourth(x: Array) -> Array:
        r = _root(x, b)
        near = np.clip(x, -1e100, 1e100)
        numerator = (product(near, near).scaled(4.0) - b).value() / np.square(_root(near, b))
        return 3 * second(x) * numerator / r / r

    return elementary(value, slope, second, third, fourth)


squareplus = Elementwise(
    name="squareplus",
    family="softplus",
    formula=Formula("f(x) = (x + √(x² + b))/2", r"f(x) = \tfrac12\left(x + \sqrt{x^2 + b}\right)"),
    derivative=Formula("f′(x) = (1 + x/√(x² + b))/2", r"f'(x) = \tfrac12\left(1 + \frac{x}{\sqrt{x^2 + b}}\right)"),
    parameters=(
        Parameter(
            "b",
            4.0,
            "Curvature b: how round the bend at 0 is.",
            minimum=1 / STEEP,
            maximum=STEEP,
            defaults={"jax": 4, "keras": 4},
        ),
    ),
    pieces=lambda b: everywhere(_squareplus(b)),
    facts=lambda b: Facts(range=(0.0, inf), limits=(0.0, inf), slope=_RISES_TO_ONE),
    partials={"b": lambda x, b: 1 / _root(x, b) / 4},
    names=Names(jax=("squareplus",), keras=("squareplus",)),
    reference=Reference("J. T. Barron (2021). Squareplus", "https://arxiv.org/abs/2112.11687"),
)
