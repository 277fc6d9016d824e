"""Gates: functions x·g(x) of a smooth gate g between 0 and 1, or of tanh: gelu, silu, mish and their kin."""

from fractions import Fraction
from math import inf, sqrt

import numpy as np

from service.activations.model import (
    Array,
    Elementwise,
    Extremum,
    Facts,
    Formula,
    Names,
    Parameter,
    Piece,
    Reference,
)
from service.activations.pieces import REACH, everywhere, root, smooth
from service.numerics.double_double import DD, polynomial, product, total, where
from service.numerics.exponential import exp, exp_of
from service.numerics.jets import Jet
from service.numerics.logistic import bounded, sigmoid_jet, tanh_jet
from service.numerics.normal import INVERSE_SQRT_2PI, SQRT_8_OVER_PI, density, mills_ratio

_SILU_ROOTS = {
    1: (root("-1.27846454276107379510935873902298015543947748862"),),
    2: (
        root("-2.39935728051546766783273969728228388852291757683721"),
        root("2.39935728051546766783273969728228388852291757683721"),
    ),
}


def _swish(beta: float) -> Piece:
    """x·σ(βx); with E = e^{−|u|}, u = βx, the derivative is ((1 + u)E + E²)/(1 + E)² for u < 0, 1 minus that of −u else."""

    def value(x: Array) -> Array:
        decay = np.exp(-np.abs(x * beta))
        return product(np.where(x >= 0, 1.0, decay), x).ratio(total(1.0, decay))

    def slope(x: Array) -> Array:
        near = bounded(x)
        decay = DD.of(np.exp(-np.abs(near)))
        passed = where(near >= 0, decay * total(1.0, near) + 1.0, decay * (total(1.0, near) + decay))
        return passed.ratio((decay + 1.0) * (decay + 1.0))

    def jet(u: DD, order: int) -> Jet:
        return sigmoid_jet(u, order).times_variable(u).stretched(beta) * (1.0 / DD.of(beta))

    return smooth(value, slope, jet, beta=beta, roots=_SILU_ROOTS)


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
            "Steepness β of the gate; silu has 1, which nobody but ONNX's Swish lets one change.",
            minimum=1e-100,
            maximum=1e100,
            aliases=("alpha",),
            defaults={"onnx": 1.0},
        ),
    ),
    exponential=True,
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
    partials={"beta": lambda x, beta: x * x * _logistic_slope(x, beta)},
    names=Names(
        pytorch=("SiLU",), jax=("silu", "swish"), keras=("silu", "swish"), onnx=("Swish",)
    ),
    reference=Reference(
        "S. Elfwing, E. Uchibe and K. Doya (2017). Sigmoid-weighted linear units", "https://arxiv.org/abs/1702.03118"
    ),
)


def _logistic_slope(x: Array, beta: float) -> Array:
    return sigmoid_jet(product(np.clip(x, -1500 / beta, 1500 / beta), beta), 1).derivative(1)


_GELU_ROOTS = {1: (root("-0.75179152469356445745790494677952403966447115342345"),)}
_HERMITE = {2: (2.0, 0.0, -1.0), 3: (0.0, -4.0, 0.0, 1.0), 4: (-4.0, 0.0, 7.0, 0.0, -1.0)}
_FAR = 40.0  # Φ(−40) is zero in double precision by a margin of 2^100


def _gelu_value(x: Array) -> Array:
    """x·Φ(x) for x ≤ 0 from −tφ(t)R(t), t = −x; for x > 0 what that lacks to x."""
    t = np.minimum(np.abs(x), _FAR)
    square = product(t, t).scaled(-0.5)
    decay = np.exp(square.hi)
    passed = DD(decay, decay * square.lo) * (mills_ratio(t) * INVERSE_SQRT_2PI * t)
    return np.where(x > 0, (total(x, -passed.hi) - passed.lo).value(), -passed.value())


def _gelu_slope(x: Array) -> Array:
    """Φ(x) + xφ(x) = φ(t)(R(t) − t) for x ≤ 0, t = −x; f′(x) = 1 − f′(−x)."""
    t = np.minimum(np.abs(x), _FAR)
    passed = exp_of(product(t, t).scaled(-0.5)) * ((mills_ratio(t) - t) * INVERSE_SQRT_2PI).value()
    return np.where(x > 0, 1.0 - passed, passed)


def _gelu_jet(u: DD, order: int) -> Jet:
    """f = xΦ and f′ = φ·(R(−x) + x) for x ≤ 0 (for x > 0 only beyond the tail, x and 1); f⁽ⁿ⁾ is φ times a polynomial."""
    x = np.clip(u.hi, -_FAR, _FAR)
    scale = np.where(np.abs(x) > 30, 512.0, 0.0)
    phi, ratio, unit = density(x, scale), mills_ratio(np.maximum(-x, 0.0)), np.exp2(scale)
    value = where(x > 0, u.hi * unit, phi * ratio * x)
    slope = where(x > 0, unit, phi * (ratio + x))
    higher = [phi * polynomial(_HERMITE[n], DD.of(x)) for n in range(2, order + 1)]
    return Jet((value, slope, *higher), scale)


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
            choices=("none", "tanh"),
            defaults={"pytorch": "none", "jax": "tanh", "keras.activations": "none", "keras.ops": "tanh", "onnx": "none"},
        ),
    ),
    exponential=True,
    pieces=lambda approximate: everywhere(_GELU if approximate == "none" else _GELU_TANH),
    facts=lambda approximate: _gelu_facts() if approximate == "none" else _gelu_tanh_facts(),
    names=Names(pytorch=("GELU",), jax=("gelu",), keras=("gelu",), onnx=("Gelu",), other=("gelu_erf",)),
    reference=Reference(
        "D. Hendrycks and K. Gimpel (2016). Gaussian error linear units", "https://arxiv.org/abs/1606.08415"
    ),
)

_GELU = smooth(_gelu_value, _gelu_slope, _gelu_jet, tail=(30.0, _FAR), roots=_GELU_ROOTS)


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
    names=Names(other=("gelu_new", "fast_gelu", "gelu_approximate")),
    reference=Reference(
        "D. Hendrycks and K. Gimpel (2016). Gaussian error linear units", "https://arxiv.org/abs/1606.08415"
    ),
)

_MISH_ROOTS = {
    1: (root("-1.19243121451549521213758834042073940560068640932252931"),),
    2: (
        root("-2.2563763963607931200057485439501639062640349352343766"),
        root("1.49057117948542845929441890819790982112783350126472582"),
    ),
}


def _mish_numerators() -> list[list[float]]:
    """N₀, …, N₅ of the gate's derivatives t⁽ⁿ⁾ = Nₙ(E)/Dⁿ⁺¹, where E = e^x and D = 2 + 2E + E².

    Differentiating by x is θ = E·d/dE on polynomials in E: Nₙ₊₁ = θNₙ·D − (n + 1)·Nₙ·θD. Coefficients from E⁰ up,
    padded to the degree of Dⁿ⁺¹.
    """
    denominator, numerators = np.array([2.0, 2.0, 1.0]), [np.array([0.0, 2.0, 1.0])]
    for n in range(1, 6):
        last = numerators[-1]
        grown = np.convolve(last * np.arange(last.size), denominator)
        numerators.append(grown - n * np.convolve(last, denominator * np.arange(3)))
    return [numerator.tolist() for numerator in numerators]


_MISH_NUMERATORS = _mish_numerators()


def _mish_gate(x: Array) -> tuple[DD, DD]:
    """Numerator and denominator of tanh(ln(1 + e^x)), from E = e^{−|x|}: (E² + 2E)/D or (1 + 2E)/(1 + 2E + 2E²)."""
    decay = DD.of(np.exp(-np.abs(x)))
    square = decay * decay
    rising = decay.scaled(2.0) + 1.0
    falling = square + decay.scaled(2.0)
    numerator = where(x > 0, rising, falling)
    return numerator, where(x > 0, rising + square.scaled(2.0), falling + 2.0)


def _mish_value(x: Array) -> Array:
    numerator, denominator = _mish_gate(x)
    return x * numerator.ratio(denominator)


def _mish_slope(x: Array) -> Array:
    """t + xt′, over the common denominator: E(4(x + 1) + (4x + 6)E + 4E² + E³)/D², or the same in 1/E."""
    near = bounded(x)
    e = DD.of(np.exp(-np.abs(near)))
    first, second = total(near, 1.0).scaled(4.0), (4.0 * near) + DD.of(6.0)
    falling = e * (first + e * (second + e * (e + 4.0)))
    rising = e * (e * (second + e * first) + 4.0) + 1.0
    _, denominator = _mish_gate(near)
    return where(near > 0, rising, falling).ratio(denominator * denominator)


def _mish_jet(u: DD, order: int) -> Jet:
    x = where(np.abs(u.hi) > REACH, np.clip(u.hi, -REACH, REACH), u)
    left = x.hi < 0
    decay = exp(where(left, x, -x))
    leading = where(left, x, x.scaled(-2.0))  # t and its derivatives fall like e^x on the left, e^{−2x} on the right
    scale = np.where(leading.hi < -500, 512.0, 0.0)
    head = exp(leading, scale)
    inverse = 1.0 / where(left, polynomial((2.0, 2.0, 1.0), decay), polynomial((1.0, 2.0, 2.0), decay))
    gate = where(left, head * (decay + 2.0), (decay.scaled(2.0) + 1.0).scaled(np.exp2(scale))) * inverse
    orders, power = [gate], inverse
    for numerator in _MISH_NUMERATORS[1 : order + 1]:
        power = power * inverse
        sides = where(left, polynomial(numerator[1:], decay), polynomial(numerator[-3::-1], decay))
        orders.append(head * sides * power)
    return Jet(tuple(orders), scale).times_variable(x)


mish = Elementwise(
    name="mish",
    family="gate",
    formula=Formula("f(x) = x·tanh(ln(1 + e^x))", r"f(x) = x\tanh(\ln(1 + e^x))"),
    derivative=Formula(
        "f′(x) = t + x·(1 − t²)·σ(x), t = tanh(ln(1 + e^x))",
        r"f'(x) = t + x\,(1 - t^2)\,\sigma(x),\quad t = \tanh(\ln(1 + e^x))",
    ),
    exponential=True,
    pieces=lambda: everywhere(smooth(_mish_value, _mish_slope, _mish_jet, roots=_MISH_ROOTS)),
    facts=lambda: Facts(
        range=(-0.30884341301725041, inf),
        limits=(0.0, inf),
        slope=(
            Extremum(-0.11252612238946256, -2.2563763963607931),
            Extremum(1.0884981612517279, 1.4905711794854285),
        ),
        monotonic=False,
    ),
    names=Names(pytorch=("Mish",), jax=("mish",), keras=("mish",), onnx=("Mish",)),
    reference=Reference(
        "D. Misra (2019). Mish: a self regularized non-monotonic activation function",
        "https://arxiv.org/abs/1908.08681",
    ),
)

_LISHT_ROOT = "1.19967864025773383391636984864114194426145878841860720891548"

lisht = Elementwise(
    name="lisht",
    family="gate",
    formula=Formula("f(x) = x·tanh(x)", r"f(x) = x\tanh x"),
    derivative=Formula("f′(x) = tanh(x) + x·(1 − tanh²(x))", r"f'(x) = \tanh x + x\,(1 - \tanh^2 x)"),
    exponential=True,
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
    names=Names(other=("LiSHT",)),
    reference=Reference(
        "S. K. Roy et al. (2019). LiSHT: non-parametric linearly scaled hyperbolic tangent",
        "https://arxiv.org/abs/1901.05894",
    ),
)


def _lisht_jet(u: DD, order: int) -> Jet:
    return tanh_jet(u, order).times_variable(u)


GATES = (silu, gelu, gelu_tanh, mish, lisht)
