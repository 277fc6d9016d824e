"""gelu: x gated by the normal distribution function, and its approximation by tanh."""

from collections.abc import Sequence
from fractions import Fraction
from math import inf, sqrt

import numpy as np

from service.activations.model import (
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
from service.numerics import crossings, gate_blocks, quick_normal
from service.numerics.blocks import mended, reflected
from service.numerics.cubic_blocks import Cubic
from service.numerics.double_double import DD, polynomial, product, where
from service.numerics.exponential import exp_of
from service.numerics.jets import Jet
from service.numerics.logistic import sigmoid_jet
from service.numerics.normal import INVERSE_SQRT_2PI, SQRT_8_OVER_PI, density, mills_ratio
from service.numerics.normal_blocks import FAR, FARTHEST, SETTLED, far_moment, far_slope, tail_moment, tail_slope

_GELU_ROOTS = {1: (root("-0.75179152469356445745790494677952403966447115342345"),)}


_HERMITE = {2: (2.0, 0.0, -1.0), 3: (0.0, -4.0, 0.0, 1.0), 4: (-4.0, 0.0, 7.0, 0.0, -1.0)}


_FAR = 40.0  # Φ(−40) is zero in double precision by a margin of 2^100


def _gelu_value(x: Array) -> Array:
    """xΦ(x) = −tΦ(−t) for x ≤ 0, t = −x; for x > 0 it is what that lacks to x."""
    t = np.minimum(np.abs(x), _FAR)
    square = product(t, t).scaled(-0.5)
    decay = np.exp(square.hi)
    below = np.where(x > 0, -t, np.maximum(x, -_FAR))
    passed = DD(decay, decay * square.lo) * (mills_ratio(t) * INVERSE_SQRT_2PI * below)
    return np.where(x > 0, (passed + x).value(), passed.value())


def _gelu_slope(x: Array) -> Array:
    """Φ(x) + xφ(x) = φ(t)(R(t) − t) for x ≤ 0, t = −x; f′(x) = 1 − f′(−x)."""
    t = np.minimum(np.abs(x), _FAR)
    passed = exp_of(product(t, t).scaled(-0.5)) * ((mills_ratio(t) - t) * INVERSE_SQRT_2PI).value()
    return np.where(x > 0, 1.0 - passed, passed)


def _gelu_jet(u: DD, order: int) -> Jet:
    """For x ≤ 0 f = xΦ and f′ = Φ + xφ by Mills' ratio; f(x) = x + f(−x), f′(x) = 1 − f′(−x); f⁽ⁿ⁾ = φ·polynomial."""
    x = np.clip(u.hi, -_FAR, _FAR)
    t, scale = np.abs(x), np.where(np.abs(x) > 30, 512.0, 0.0)
    phi, ratio, unit = density(x, scale), mills_ratio(t), np.exp2(scale)
    value, slope = phi * ratio * -t, phi * (ratio - t)
    value, slope = where(x > 0, value + u.hi * unit, value), where(x > 0, unit - slope, slope)
    higher = [phi * polynomial(_HERMITE[n], DD.of(x)) for n in range(2, order + 1)]
    return Jet((value, slope, *higher), scale)


_GELU = smooth(_gelu_value, _gelu_slope, _gelu_jet, tail=(30.0, _FAR), roots=_GELU_ROOTS)


def _gelu_block(x: Block, out: Block, work: Sequence[Block]) -> None:
    """max(x, 0) − tΦ(−t), t = |x|."""
    t, low = work[:2]
    np.abs(x, out=t)
    t.clip(0.0, SETTLED, out=t)
    tail_moment(t, out, low, work[2:6])
    x.clip(0.0, inf, out=t)
    np.subtract(t, out, out=out)
    out -= low
    mended(x, out, x < -FAR, lambda far: -far_moment(np.minimum(-far, FARTHEST)))


def _gelu_slope_block(x: Block, out: Block, work: Sequence[Block]) -> None:
    """h = Φ(−t) − tφ(t) for x < 0, and 1 − h for x ≥ 0."""
    t = work[0]
    np.abs(x, out=t)
    t.clip(0.0, SETTLED, out=t)
    tail_slope(t, out, work[1:5])
    reflected(x, out, t)
    mended(x, out, x < -FAR, lambda far: far_slope(np.minimum(-far, FARTHEST)))


def _gelu_facts() -> Facts:
    return Facts(
        range=(-0.16997120747990366, inf),
        limits=(0.0, inf),
        slope=(Extremum(-0.12890414518515479, -sqrt(2)), Extremum(1.1289041451851548, sqrt(2))),
        monotonic=False,
    )


_CUBIC = DD.exactly(Fraction(44715, 10**6))


_GELU_TANH_ROOTS = {
    1: (root("-0.75246142207101625848795444328891609060539217803763"),),
    2: (
        root("-1.41850400879082835554803354559964269792415831878853"),
        root("1.41850400879082835554803354559964269792415831878853"),
    ),
}


def _gelu_tanh_exponent(x: DD) -> DD:
    """w(x) = √(8/π)·(x + 0.044715x³), so that f(x) = x·σ(w)."""
    return x * (x * x * _CUBIC + 1.0) * SQRT_8_OVER_PI


def _gelu_tanh_value(x: Array) -> Array:
    near = np.clip(x, -_FAR, _FAR)
    w = _gelu_tanh_exponent(DD.of(-np.abs(near)))
    decay = np.exp(w.hi)
    grown = DD(decay, decay * w.lo)
    passed = (grown * near).ratio(grown + 1.0)
    return np.where(x > 0, (DD.of(near)).ratio(grown + 1.0) + (x - near), passed)


def _gelu_tanh_slope(x: Array) -> Array:
    """σ(w) + xw′σ′(w) = E(1 + E + xw′)/(1 + E)² for x ≤ 0, E = e^w; f′(x) = 1 − f′(−x)."""
    t = DD.of(-np.minimum(np.abs(x), _FAR))
    w = _gelu_tanh_exponent(t)
    grown = np.exp(w.hi)
    decay = DD(grown, grown * w.lo)
    steep = t * (t * t * _CUBIC * 3.0 + 1.0) * SQRT_8_OVER_PI
    passed = (decay * (steep + decay + 1.0)).ratio((decay + 1.0) * (decay + 1.0))
    return np.where(x > 0, 1.0 - passed, passed)


def _gelu_tanh_jet(u: DD, order: int) -> Jet:
    x = where(np.abs(u.hi) > _FAR, np.clip(u.hi, -_FAR, _FAR), u)  # only values differ beyond, by the factor x
    square = x * x * _CUBIC
    inner = (
        (square * 3.0 + 1.0) * SQRT_8_OVER_PI,
        x * _CUBIC * SQRT_8_OVER_PI * 6.0,
        _CUBIC * SQRT_8_OVER_PI * 6.0,
        DD.of(0.0),
    )
    return sigmoid_jet(_gelu_tanh_exponent(x), order).composed(inner).times_variable(x)


_GELU_TANH = smooth(_gelu_tanh_value, _gelu_tanh_slope, _gelu_tanh_jet, tail=(15.0, _FAR), roots=_GELU_TANH_ROOTS)


_EXPONENT = Cubic.of(SQRT_8_OVER_PI, SQRT_8_OVER_PI * _CUBIC)
_STEEPNESS = Cubic.of(SQRT_8_OVER_PI, SQRT_8_OVER_PI * _CUBIC * 3.0)
_FLAT = 30.0  # x beyond which nothing but x is left


def _gelu_tanh_decay(x: Block, decay: Block, error: Block, work: Sequence[Block]) -> None:
    """e^{−w} = decay·(1 − error)."""
    _cubic(_EXPONENT, x, decay, error, work)
    np.negative(decay, out=decay)
    np.exp(decay, out=decay)


def _cubic(cubic: Cubic, x: Block, high: Block, low: Block, work: Sequence[Block]) -> None:
    near = work[0]
    x.clip(-_FLAT, _FLAT, out=near)
    cubic.into(near, high, low, work[1:4])


def _gelu_tanh_block(x: Block, out: Block, work: Sequence[Block]) -> None:
    error = work[5]
    _gelu_tanh_decay(x, out, error, work)
    gate_blocks.value(x, _FLAT, out, error, work)
    gate_blocks.far_left(x, out, -FAR, -_FLAT, _GELU_TANH.value)


def _gelu_tanh_slope_block(x: Block, out: Block, work: Sequence[Block]) -> None:
    low, steep = work[4:6]
    _gelu_tanh_decay(x, out, low, work)
    low *= out
    out -= low
    _cubic(_STEEPNESS, x, steep, low, work)
    gate_blocks.slope(x, out, steep, low, work)
    crossings.GELU_TANH.mend(x, out, _GELU_TANH_ROOTS[1][0])
    gate_blocks.far_left(x, out, -FAR, -_FLAT, lambda far: _GELU_TANH.derivative(far, 1))


_GELU_TANH_KERNEL = Kernel(_gelu_tanh_block, _gelu_tanh_slope_block)


def _gelu_tanh_facts() -> Facts:
    return Facts(
        range=(-0.17004075057125405, inf),
        limits=(0.0, inf),
        slope=(
            Extremum(-0.12899306865877177, -1.4185040087908284),
            Extremum(1.1289930686587718, 1.4185040087908284),
        ),
        monotonic=False,
    )


gelu = Elementwise(
    name="gelu",
    family="gate",
    formula=Formula(
        "f(x) = x·Φ(x) = x/2·(1 + erf(x/√2))",
        r"f(x) = x\,\Phi(x) = \tfrac{x}{2}\left(1 + \operatorname{erf}(x/\sqrt2)\right)",
    ),
    derivative=Formula("f′(x) = Φ(x) + x·φ(x)", r"f'(x) = \Phi(x) + x\,\varphi(x)"),
    parameters=(
        Parameter(
            "approximate",
            "none",
            "'tanh' for the approximation by tanh, which is also the function gelu_tanh.",
            minimum=None,
            maximum=None,
            choices=("none", "tanh"),
            defaults={
                "pytorch": "none",
                "jax": "tanh",
                "keras.activations": "none",
                "keras.ops": "tanh",
                "onnx": "none",
            },
        ),
    ),
    exponential=True,
    fast=lambda approximate: Kernel(quick_normal.gelu, quick_normal.gelu_slope) if approximate == "none" else None,
    pieces=lambda approximate: everywhere(_GELU if approximate == "none" else _GELU_TANH),
    facts=lambda approximate: _gelu_facts() if approximate == "none" else _gelu_tanh_facts(),
    full=lambda approximate: Kernel(_gelu_block, _gelu_slope_block) if approximate == "none" else _GELU_TANH_KERNEL,
    names=Names(pytorch=("GELU",), jax=("gelu",), keras=("gelu",), onnx=("Gelu",), other=("gelu_erf",)),
    reference=Reference(
        "D. Hendrycks and K. Gimpel (2016). Gaussian error linear units", "https://arxiv.org/abs/1606.08415"
    ),
)


gelu_tanh = Elementwise(
    name="gelu_tanh",
    family="gate",
    formula=Formula(
        "f(x) = x/2·(1 + tanh(√(2/π)·(x + 0.044715x³)))",
        r"f(x) = \tfrac{x}{2}\left(1 + \tanh\left(\sqrt{2/\pi}\,(x + 0.044715x^3)\right)\right)",
    ),
    derivative=Formula(
        "f′(x) = σ(w) + x·σ(w)(1 − σ(w))·w′, w = √(8/π)·(x + 0.044715x³)",
        r"f'(x) = \sigma(w) + x\,\sigma(w)(1 - \sigma(w))\,w',\quad w = \sqrt{8/\pi}\,(x + 0.044715x^3)",
    ),
    exponential=True,
    pieces=lambda: everywhere(_GELU_TANH),
    facts=_gelu_tanh_facts,
    full=lambda: _GELU_TANH_KERNEL,
    names=Names(other=("gelu_new", "fast_gelu", "gelu_approximate")),
    reference=Reference(
        "D. Hendrycks and K. Gimpel (2016). Gaussian error linear units", "https://arxiv.org/abs/1606.08415"
    ),
)
