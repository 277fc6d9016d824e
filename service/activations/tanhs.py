"""tanh, and the functions made of it."""

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
    Reference,
)
from service.activations.pieces import everywhere
from service.activations.smooth import root, smooth
from service.numerics import logistic_blocks, quick
from service.numerics.blocks import mended
from service.numerics.double_double import DD, product, where
from service.numerics.exponential import LN2, expm1
from service.numerics.jets import Jet
from service.numerics.logistic import REACH, log1p, sigmoid_slope, tanh_jet
from service.numerics.logistic import tanh as tanh_dd
from service.numerics.logistic_blocks import times_exp


def _tanh_slope(x: Array) -> Array:
    """tanh′(x) = 4E/(1 + E)² with E = e^{−2|x|}: an ordinary number as far as |x| = 354."""
    return 4.0 * sigmoid_slope(2.0 * np.clip(x, -REACH, REACH))


def _tanh_slope_block(x: Block, out: Block, work: Sequence[Block]) -> None:
    """4σ′(2x)."""
    double, spare = work[:2]
    np.add(x, x, out=double)
    logistic_blocks.sigmoid_slope(double, out, spare)
    out *= 4.0
    mended(x, out, out < _TINY, lambda far: times_exp(4.0, -2.0 * np.abs(far)))


_TINY = 1e-300  # slopes below which e^{−2|x|} is close to subnormal


def _tanh_block(x: Block, out: Block, _: Sequence[Block]) -> None:
    np.tanh(x, out=out)


_TANH_KERNEL = Kernel(_tanh_block, _tanh_slope_block)


tanh = Elementwise(
    name="tanh",
    family="sigmoid",
    formula=Formula("f(x) = (e^x − e^(−x))/(e^x + e^(−x))", r"f(x) = \tanh x = \frac{e^x - e^{-x}}{e^x + e^{-x}}"),
    derivative=Formula("f′(x) = 1 − tanh²(x)", r"f'(x) = 1 - \tanh^2 x"),
    exponential=True,
    fast=lambda: Kernel(quick.tanh, quick.tanh_slope),
    pieces=lambda: everywhere(smooth(np.tanh, _tanh_slope, tanh_jet)),
    facts=lambda: Facts(
        range=(-1.0, 1.0), limits=(-1.0, 1.0), slope=(Extremum(0.0, inf), Extremum(1.0, 0.0)), zero_centered=True
    ),
    full=lambda: _TANH_KERNEL,
    names=Names(pytorch=("Tanh",), jax=("tanh",), keras=("tanh",), onnx=("Tanh",)),
    reference=Reference(
        "Y. LeCun, L. Bottou, G. Orr and K.-R. Müller (1998). Efficient BackProp",
        "http://yann.lecun.com/exdb/publis/pdf/lecun-98b.pdf",
    ),
)


def _tanh_at(x: Array, beta: float) -> Jet:
    """tanh and tanh′ at βx."""
    return tanh_jet(product(np.clip(x, -REACH / beta, REACH / beta), beta), 1)


def _by_steepness(x: Array, alpha: float, beta: float) -> Array:
    """∂f/∂β = αx·tanh′(βx), rounded once."""
    return (_tanh_at(x, beta) * np.clip(x, -REACH / beta, REACH / beta) * alpha).derivative(1)


scaled_tanh = Elementwise(
    name="scaled_tanh",
    family="sigmoid",
    formula=Formula("f(x) = α·tanh(βx)", r"f(x) = \alpha\tanh(\beta x)"),
    derivative=Formula("f′(x) = αβ(1 − tanh²(βx))", r"f'(x) = \alpha\beta\,(1 - \tanh^2(\beta x))"),
    parameters=(
        Parameter(
            "alpha", 1.7159, "Height α. LeCun's choice; the ONNX standard has no default.", minimum=0.0, maximum=STEEP
        ),
        Parameter(
            "beta",
            2 / 3,
            "Steepness β. LeCun's choice; the ONNX standard has no default.",
            minimum=1 / STEEP,
            maximum=STEEP,
        ),
    ),
    exponential=True,
    pieces=lambda alpha, beta: everywhere(
        smooth(
            value=lambda x: np.where(np.abs(x) < 1e-200, alpha * beta * x, alpha * np.tanh(beta * x)),
            slope=lambda x: alpha * _tanh_slope(x),
            jet=lambda u, order: tanh_jet(u, order).stretched(beta) * alpha,
            beta=beta,
        )
    ),
    facts=lambda alpha, beta: Facts(
        range=(-alpha, alpha),
        limits=(-alpha, alpha),
        slope=(Extremum(0.0, inf), Extremum(alpha * beta, 0.0)),
        zero_centered=True,
    ),
    partials={
        "alpha": lambda x, alpha, beta: _tanh_at(x, beta).derivative(0),
        "beta": _by_steepness,
    },
    names=Names(onnx=("ScaledTanh",)),
    reference=Reference(
        "Y. LeCun, L. Bottou, G. Orr and K.-R. Müller (1998). Efficient BackProp",
        "http://yann.lecun.com/exdb/publis/pdf/lecun-98b.pdf",
    ),
)


def _tanh_shrink_value(x: Array) -> Array:
    """x³(1/3 − 2x²/15 + 17x⁴/315) for |x| < 10⁻⁴, where x − tanh(x) cancels."""
    near = np.clip(x, -1e-4, 1e-4)
    square = near * near
    series = near * square * (1 / 3 - square * (2 / 15 - square * 17 / 315))
    middle = DD.of(np.clip(x, -REACH / 2, REACH / 2))
    far = (middle - tanh_dd(middle)).value() + (x - middle.hi)
    return np.where(np.abs(x) < 1e-4, series, far)


def _tanh_shrink_slope(x: Array) -> Array:
    """tanh²(x), which is x² to double precision where the square of its double-double would be subnormal."""
    return np.where(np.abs(x) < 1e-100, x * x, _tanh_shrink_jet(DD.of(x), 1).derivative(1))


def _tanh_shrink_jet(u: DD, order: int) -> Jet:
    """f′ = tanh², and the higher orders are those of −tanh."""
    jet = tanh_jet(u, order)
    unit = np.exp2(np.asarray(jet.scale))
    value = u.scaled(unit) - jet.orders[0]
    slope = jet.orders[0].scaled(1 / unit) * jet.orders[0]
    return Jet((value, slope, *(-term for term in jet.orders[2:])), jet.scale)


tanh_shrink = Elementwise(
    name="tanh_shrink",
    family="shrinkage",
    formula=Formula("f(x) = x − tanh(x)", r"f(x) = x - \tanh x"),
    derivative=Formula("f′(x) = tanh²(x)", r"f'(x) = \tanh^2 x"),
    exponential=True,
    pieces=lambda: everywhere(smooth(_tanh_shrink_value, _tanh_shrink_slope, _tanh_shrink_jet, tail=None)),
    facts=lambda: Facts(
        range=(-inf, inf),
        limits=(-inf, inf),
        slope=(Extremum(0.0, 0.0), Extremum(1.0, inf)),
        zero_centered=True,
    ),
    names=Names(pytorch=("Tanhshrink",), keras=("tanh_shrink",)),
    reference=Reference(
        "PyTorch: Tanhshrink", "https://docs.pytorch.org/docs/stable/generated/torch.nn.Tanhshrink.html"
    ),
)


_LISHT_ROOT = "1.19967864025773383391636984864114194426145878841860720891548"


def _lisht_jet(u: DD, order: int) -> Jet:
    return tanh_jet(u, order).times_variable(u)


def _lisht_block(x: Block, out: Block, _: Sequence[Block]) -> None:
    np.tanh(x, out=out)
    out *= x


def _lisht_slope_block(x: Block, out: Block, work: Sequence[Block]) -> None:
    """tanh(x) + x·tanh′(x): terms of one sign."""
    double, rising, spare = work[:3]
    x.clip(-REACH, REACH, out=spare)
    np.add(spare, spare, out=double)
    logistic_blocks.sigmoid_slope(double, out, rising)
    out *= 4.0
    out *= spare
    np.tanh(x, out=rising)
    out += rising


lisht = Elementwise(
    name="lisht",
    family="gate",
    formula=Formula("f(x) = x·tanh(x)", r"f(x) = x\tanh x"),
    derivative=Formula("f′(x) = tanh(x) + x·(1 − tanh²(x))", r"f'(x) = \tanh x + x\,(1 - \tanh^2 x)"),
    exponential=True,
    fast=lambda: Kernel(quick.lisht, quick.lisht_slope),
    pieces=lambda: everywhere(
        smooth(
            value=lambda x: x * np.tanh(x),
            slope=lambda x: _lisht_jet(product(np.clip(x, -REACH, REACH), 1.0), 1).derivative(1),
            jet=_lisht_jet,
            roots={2: (root("-" + _LISHT_ROOT), root(_LISHT_ROOT))},
        )
    ),
    facts=lambda: Facts(
        range=(0.0, inf),
        limits=(inf, inf),
        slope=(Extremum(-1.1996786402577338, -1.1996786402577338), Extremum(1.1996786402577338, 1.1996786402577338)),
        monotonic=False,
    ),
    full=lambda: Kernel(_lisht_block, _lisht_slope_block),
    names=Names(other=("LiSHT",)),
    reference=Reference(
        "S. K. Roy et al. (2019). LiSHT: non-parametric linearly scaled hyperbolic tangent",
        "https://arxiv.org/abs/1901.05894",
    ),
)


def _logcosh_value(x: Array) -> Array:
    return _logcosh(DD.of(x)).value()


def _logcosh(u: DD) -> DD:
    """½·ln(1 + sinh²u) up to |u| = 20, then |u| − ln 2 + e^{−2|u|}."""
    size = where(u.hi < 0, -u, u)
    near = size.hi < 20
    grown = expm1(where(near, size, 0.0))
    sinh = (grown + grown / (grown + 1.0)).scaled(0.5)
    decay = np.exp(-2.0 * size.hi)
    return where(near, log1p(sinh * sinh).scaled(0.5), size - LN2 + decay)


def _logcosh_jet(u: DD, order: int) -> Jet:
    slopes = tanh_jet(u, max(order - 1, 0))
    return Jet((_logcosh(u).scaled(np.exp2(slopes.scale)), *slopes.orders), slopes.scale)


logcosh = Elementwise(
    name="logcosh",
    family="softplus",
    formula=Formula("f(x) = ln cosh(x) = |x| + ln(1 + e^(−2|x|)) − ln 2", r"f(x) = \ln\cosh x"),
    derivative=Formula("f′(x) = tanh(x)", r"f'(x) = \tanh x"),
    exponential=True,
    pieces=lambda: everywhere(smooth(_logcosh_value, np.tanh, _logcosh_jet, tail=None)),
    facts=lambda: Facts(
        range=(0.0, inf),
        limits=(inf, inf),
        slope=(Extremum(-1.0, -inf), Extremum(1.0, inf)),
        monotonic=False,
    ),
    names=Names(other=("log_cosh",)),
    reference=Reference("Flux: NNlib.logcosh", "https://fluxml.ai/NNlib.jl/stable/reference/"),
)
