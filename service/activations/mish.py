"""mish: x gated by tanh of softplus, which is a rational function of e^x."""

from collections.abc import Sequence
from math import inf

import numpy as np

from service.activations.model import Array, Block, Elementwise, Extremum, Facts, Formula, Kernel, Names, Reference
from service.activations.pieces import everywhere
from service.activations.smooth import root, smooth
from service.numerics import crossings, quick_gates
from service.numerics.blocks import mended
from service.numerics.double_double import DD, polynomial, total, where
from service.numerics.exponential import exp
from service.numerics.jets import Jet
from service.numerics.logistic import REACH, bounded
from service.numerics.logistic_blocks import DEEP, FAR, times_exp
from service.numerics.tables import Cells, crossing

_MISH_ROOT = "-1.19243121451549521213758834042073940560068640932252931"
_MISH_ROOTS = {
    1: (root(_MISH_ROOT),),
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


def _mish_gate(x: Array, decay: DD) -> tuple[DD, DD]:
    """Numerator and denominator of tanh(ln(1 + e^x)), from E = e^{−|x|}: (E² + 2E)/D or (1 + 2E)/(1 + 2E + 2E²)."""
    square = decay * decay
    rising = decay.scaled(2.0) + 1.0
    falling = square + decay.scaled(2.0)
    numerator = where(x > 0, rising, falling)
    return numerator, where(x > 0, rising + square.scaled(2.0), falling + 2.0)


def _mish_value(x: Array) -> Array:
    numerator, denominator = _mish_gate(x, DD.of(np.exp(-np.abs(x))))
    near = bounded(x, _HUGE)
    return np.where(x > _HUGE, x, (numerator * near).ratio(denominator))


def _mish_slope(x: Array) -> Array:
    near = bounded(x)
    numerator, denominator = _mish_quotient(near, DD.of(np.exp(-np.abs(near))))
    return numerator.ratio(denominator)


def _mish_quotient(x: Array, e: DD) -> tuple[DD, DD]:
    """t + xt′, over the common denominator: E(4(x + 1) + (4x + 6)E + 4E² + E³)/D², or the same in 1/E."""
    first, second = total(x, 1.0).scaled(4.0), (4.0 * x) + DD.of(6.0)
    falling = e * (first + e * (second + e * (e + 4.0)))
    rising = e * (e * (second + e * first) + 4.0) + 1.0
    _, denominator = _mish_gate(x, e)
    return where(x > 0, rising, falling), denominator * denominator


def _mish_on_grid(x: Array) -> DD:
    numerator, denominator = _mish_quotient(x, exp(DD.of(-np.abs(x))))
    return numerator / denominator


_mish_fast_slope = crossing(_mish_on_grid, _MISH_ROOT, {"f": Cells(-110.0, 12.0, 7, 2), "d": Cells(-750.0, 22.0, 6, 5)})


def _mish_block(x: Block, out: Block, work: Sequence[Block]) -> None:
    """x/D, D = b + 1/(4b) with b = e^{−x} + ½, and what rounding takes from D put back."""
    decay, divisor, inverse, lost = work[:4]
    _mish_divisor(x, decay, divisor, inverse, lost, out)
    np.divide(x, divisor, out=out)
    lost *= out
    lost /= divisor
    out -= lost
    mended(x, out, x < -FAR, _mish_left)
    mended(x, out, x > _HUGE, np.array)


def _mish_left(x: Array) -> Array:
    """x·E·(1 − (E + E²)/(2 + 2E + E²)) with E = e^x."""
    near, grown = bounded(x), np.exp(x)
    return times_exp(near, near, grown * (1.0 + grown) / (2.0 + grown * (2.0 + grown)))


def _mish_slope_block(x: Block, out: Block, work: Sequence[Block]) -> None:
    """N/D with D = b + q, b = a + ½, q = 1/(4b) and a = e^{−x}.

    N = 1 + x(a − 4aq²)/D, which is the same as 1 + x − x(½ + q + 4aq²)/D: that cancels less for x < 0.
    """
    decay, divisor, inverse, square, negative = work[:5]
    _mish_divisor(x, decay, divisor, inverse, square, out)
    np.add(inverse, inverse, out=square)
    square *= square
    square *= decay
    decay -= square
    square += inverse
    square += 0.5
    x.clip(0.0, REACH, out=out)
    x.clip(-REACH, 0.0, out=negative)
    out *= decay
    square *= negative
    out -= square
    out /= divisor
    negative += 1.0
    out += negative
    out /= divisor
    crossings.MISH.mend(x, out, _MISH_ROOTS[1][0])
    mended(x, out, x < DEEP, lambda deep: times_exp(bounded(deep) + 1.0, deep))


def _mish_divisor(x: Block, decay: Block, divisor: Block, inverse: Block, lost: Block, spare: Block) -> None:
    """e^{−x}, D = b + 1/(4b) with what rounding takes from b put back, 1/(4b), and what rounding takes from D."""
    np.negative(x, out=decay)
    np.exp(decay, out=decay)
    np.add(decay, 0.5, out=spare)
    np.subtract(spare, 0.5, out=lost)
    np.subtract(decay, lost, out=lost)
    np.divide(0.25, spare, out=inverse)
    lost += inverse
    np.add(spare, lost, out=divisor)
    np.subtract(divisor, spare, out=spare)
    lost -= spare


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
    fast=lambda: Kernel(quick_gates.mish, _mish_fast_slope),
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
    full=lambda: Kernel(_mish_block, _mish_slope_block),
    names=Names(pytorch=("Mish",), jax=("mish",), keras=("mish",), onnx=("Mish",)),
    reference=Reference(
        "D. Misra (2019). Mish: a self regularized non-monotonic activation function",
        "https://arxiv.org/abs/1908.08681",
    ),
)
