"""mish: x gated by tanh of softplus, which is a rational function of e^x."""

from math import inf

import numpy as np

from service.activations.model import Array, Elementwise, Extremum, Facts, Formula, Kernel, Names, Reference
from service.activations.pieces import everywhere
from service.activations.smooth import root, smooth
from service.numerics import quick_gates
from service.numerics.double_double import DD, polynomial, total, where
from service.numerics.exponential import exp
from service.numerics.jets import Jet
from service.numerics.logistic import REACH, bounded

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
_HUGE = 1e250  # beyond, the gate is 0 or 1, and an exact product with x would overflow


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
    near = bounded(x, _HUGE)
    return np.where(x > _HUGE, x, (numerator * near).ratio(denominator))


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
    fast=lambda: Kernel(quick_gates.mish, quick_gates.mish_slope, short_slope=True),
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
