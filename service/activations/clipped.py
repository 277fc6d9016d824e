"""Functions clipped to a range, and the piecewise polynomials that stand in for smooth sigmoids and gates."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from math import inf

import numpy as np

from service.activations.axes import Mask
from service.activations.model import (
    STEEP,
    Array,
    Block,
    Convention,
    Elementwise,
    Extremum,
    Facts,
    Formula,
    Kernel,
    Knot,
    Names,
    Parameter,
    Pieces,
    Reference,
)
from service.activations.pieces import constant, elementary, joined, line
from service.numerics import ramps
from service.numerics.double_double import DD


def _clip_facts(lower: float, upper: float) -> Facts:
    outside, inside = Extremum(0.0, (-inf, lower)), Extremum(1.0, (lower, upper))
    return Facts(range=(lower, upper), limits=(lower, upper), slope=(outside, inside), zero_centered=lower == -upper)


_INSIDE: tuple[Convention, Convention] = ("right", "left")
_OUTSIDE: tuple[Convention, Convention] = ("left", "right")


def _clipped(lower: float, upper: float, inside: bool) -> Pieces:
    """At the kinks the derivative is that of the inside (torch.clamp) or of the outside (hardtanh)."""
    at_lower, at_upper = _INSIDE if inside else _OUTSIDE
    return joined(
        constant(lower),
        Knot(lower, convention=(at_lower, at_lower)),
        line(1.0),
        Knot(upper, convention=(at_upper, at_upper)),
        constant(upper),
    )


hard_tanh = Elementwise(
    name="hard_tanh",
    family="sigmoid",
    formula=Formula("f(x) = max(l, min(u, x))", r"f(x) = \max(l, \min(u, x))"),
    derivative=Formula("f′(x) = 1 if l < x < u, else 0", r"f'(x) = [l < x < u]"),
    parameters=(
        Parameter(
            "min_val",
            -1.0,
            "Smallest value l.",
            aliases=("min_value", "lo"),
            defaults={"pytorch": -1.0},
        ),
        Parameter(
            "max_val",
            1.0,
            "Largest value u.",
            aliases=("max_value", "hi"),
            defaults={"pytorch": 1.0},
        ),
    ),
    ordered=(("min_val", "max_val"),),
    fast=lambda min_val, max_val: (
        Kernel(ramps.hard_tanh, ramps.hard_tanh_slope) if (min_val, max_val) == (-1.0, 1.0) else None
    ),
    pieces=lambda min_val, max_val: _clipped(min_val, max_val, inside=False),
    facts=lambda min_val, max_val: _clip_facts(min_val, max_val),
    partials={
        "min_val": lambda x, min_val, max_val: np.where(x <= min_val, 1.0, 0.0),
        "max_val": lambda x, min_val, max_val: np.where(x >= max_val, 1.0, 0.0),
    },
    names=Names(pytorch=("Hardtanh",), jax=("hard_tanh",), keras=("hard_tanh",)),
    reference=Reference(
        "R. Collobert (2004). Large scale machine learning, thesis, Université Paris 6",
        "https://ronan.collobert.com/pub/2004_phdthesis_lip6.pdf",
    ),
)


clip = Elementwise(
    name="clip",
    family="rectifier",
    formula=Formula("f(x) = min(max(x, lo), hi)", r"f(x) = \min(\max(x, l), u)"),
    derivative=Formula("f′(x) = 1 if lo ≤ x ≤ hi, else 0", r"f'(x) = [l \le x \le u]"),
    parameters=(
        Parameter(
            "lo",
            -2.0,
            "Smallest value. The frameworks have no default.",
            aliases=("min", "a_min", "min_val", "x_min"),
        ),
        Parameter(
            "hi",
            3.0,
            "Largest value. The frameworks have no default.",
            aliases=("max", "a_max", "max_val", "x_max"),
        ),
    ),
    ordered=(("lo", "hi"),),
    pieces=lambda lo, hi: _clipped(lo, hi, inside=True),
    facts=lambda lo, hi: _clip_facts(lo, hi),
    partials={
        "lo": lambda x, lo, hi: np.where(x < lo, 1.0, 0.0),
        "hi": lambda x, lo, hi: np.where(x > hi, 1.0, 0.0),
    },
    names=Names(pytorch=("clamp", "clip"), jax=("clip",), keras=("clip",), onnx=("Clip",)),
    reference=Reference("ONNX operators: Clip", "https://onnx.ai/onnx/operators/onnx__Clip.html"),
)


def _sixth(slope: float) -> DD:
    """The slope as it is meant: the double nearest to 1/6 stands for one sixth, so that the kinks are at ±3."""
    return DD.exactly(Fraction(1, 6)) if slope == 1 / 6 else DD.of(slope)


def _hard_sigmoid(slope: float, offset: float) -> Pieces:
    exact = _sixth(slope)
    low, high = float((-offset / exact).value()), float(((1.0 - DD.of(offset)) / exact).value())

    rising = line(exact, offset)

    def value(x: Array) -> Array:
        return np.clip(rising.value(np.clip(x, low, high)), 0.0, 1.0)  # the double `low` may lie beside the kink

    first, last = Knot(low, "right", ("left", "left")), Knot(high, "left", ("right", "right"))
    return joined(constant(0.0), first, replace(rising, value=value), last, constant(1.0))


def _rises(x: Array, slope: float, offset: float) -> Mask:
    low, high = (knot.x for knot in _hard_sigmoid(slope, offset).knots)
    return (low < x) & (x < high)


hard_sigmoid = Elementwise(
    name="hard_sigmoid",
    family="sigmoid",
    formula=Formula("f(x) = max(0, min(1, αx + β))", r"f(x) = \max(0, \min(1, \alpha x + \beta))"),
    derivative=Formula("f′(x) = α if 0 < αx + β < 1, else 0", r"f'(x) = \alpha\,[0 < \alpha x + \beta < 1]"),
    parameters=(
        Parameter(
            "slope",
            1 / 6,
            "Slope α; the double nearest to 1/6 stands for one sixth exactly.",
            minimum=1 / STEEP,
            maximum=STEEP,
            aliases=("alpha",),
            defaults={"pytorch": 1 / 6, "jax": 1 / 6, "keras": 1 / 6, "onnx": 0.2},
        ),
        Parameter(
            "offset",
            0.5,
            "Value β at 0.",
            minimum=-STEEP,
            maximum=STEEP,
            aliases=("beta",),
            defaults={"pytorch": 0.5, "jax": 0.5, "keras": 0.5, "onnx": 0.5},
        ),
    ),
    fast=lambda slope, offset: (
        Kernel(ramps.hard_sigmoid, ramps.hard_sigmoid_slope) if (slope, offset) == (1 / 6, 0.5) else None
    ),
    pieces=_hard_sigmoid,
    facts=lambda slope, offset: Facts(
        range=(0.0, 1.0),
        limits=(0.0, 1.0),
        slope=(
            Extremum(0.0, (-inf, float((-offset / _sixth(slope)).value()))),
            Extremum(slope, (float((-offset / _sixth(slope)).value()), float(((1 - offset) / _sixth(slope)).value()))),
        ),
    ),
    partials={
        "slope": lambda x, slope, offset: np.where(_rises(x, slope, offset), x, 0.0),
        "offset": lambda x, slope, offset: np.where(_rises(x, slope, offset), 1.0, 0.0),
    },
    names=Names(pytorch=("Hardsigmoid",), jax=("hard_sigmoid",), keras=("hard_sigmoid",), onnx=("HardSigmoid",)),
    reference=Reference(
        "M. Courbariaux, Y. Bengio and J.-P. David (2015). BinaryConnect", "https://arxiv.org/abs/1511.00363"
    ),
)


def _convex(value: Callable[[DD], DD], slope: Callable[[DD], DD]) -> Callable[[Array, int], tuple[DD, Array]]:
    """A parabola that opens upwards, exactly but for an x so small that only its being above its tangent shows."""

    def exact(x: Array, order: int) -> tuple[DD, Array]:
        near = DD.of(np.clip(x, -4.0, 4.0))
        result = (value, slope)[order](near) if order < 2 else DD.of(np.zeros_like(x))
        return result, np.where((np.abs(x) < 1e-20) & (order == 0), np.abs(np.sign(x)), 0.0)

    return exact


sparse_sigmoid = Elementwise(
    name="sparse_sigmoid",
    family="sigmoid",
    formula=Formula(
        "f(x) = 0 if x ≤ −1; (x + 1)/2 if −1 < x < 1; 1 if x ≥ 1",
        r"f(x) = \tfrac12 \operatorname{clip}(x + 1, 0, 2)",
    ),
    derivative=Formula("f′(x) = 1/2 if −1 < x < 1, else 0", r"f'(x) = \tfrac12 [-1 < x < 1]"),
    pieces=lambda: joined(
        constant(0.0), Knot(-1.0), line(0.5, 0.5), Knot(1.0, convention=("right", "right")), constant(1.0)
    ),
    facts=lambda: Facts(
        range=(0.0, 1.0), limits=(0.0, 1.0), slope=(Extremum(0.0, (-inf, -1.0)), Extremum(0.5, (-1.0, 1.0)))
    ),
    names=Names(jax=("sparse_sigmoid",), keras=("sparse_sigmoid",)),
    reference=Reference(
        "JAX: jax.nn.sparse_sigmoid", "https://docs.jax.dev/en/latest/_autosummary/jax.nn.sparse_sigmoid.html"
    ),
)


sparse_plus = Elementwise(
    name="sparse_plus",
    family="rectifier",
    formula=Formula(
        "f(x) = 0 if x ≤ −1; (x + 1)²/4 if −1 < x < 1; x if x ≥ 1",
        r"f(x) = \begin{cases}0 & x \le -1\\ \tfrac14 (x + 1)^2 & -1 < x < 1\\ x & x \ge 1\end{cases}",
    ),
    derivative=Formula("f′(x) = clip(x + 1, 0, 2)/2", r"f'(x) = \tfrac12 \operatorname{clip}(x + 1, 0, 2)"),
    pieces=lambda: joined(
        constant(0.0),
        Knot(-1.0),
        elementary(
            lambda x: np.square(x + 1) / 4,
            lambda x: (x + 1) / 2,
            lambda x: np.full_like(x, 0.5),
            exact=_convex(lambda x: (x + 1.0) * (x + 1.0) / 4.0, lambda x: (x + 1.0) / 2.0),
        ),
        Knot(1.0, "right", convention=("right", "right")),
        line(1.0),
    ),
    facts=lambda: Facts(
        range=(0.0, inf), limits=(0.0, inf), slope=(Extremum(0.0, (-inf, -1.0)), Extremum(1.0, (1.0, inf)))
    ),
    names=Names(jax=("sparse_plus",), keras=("sparse_plus",)),
    reference=Reference(
        "JAX: jax.nn.sparse_plus", "https://docs.jax.dev/en/latest/_autosummary/jax.nn.sparse_plus.html"
    ),
)


def _hard_swish_block(x: Block, out: Block, work: Sequence[Block]) -> None:
    """x times ((−3) − clip(x))/(−6), which is −0 for x ≤ −3, so that f is 0 and not −0 there."""
    near = x.clip(-3.0, inf, out=work[0])
    near.clip(-3.0, 3.0, out=out)
    np.subtract(-3.0, out, out=out)
    out /= -6.0
    out *= near


def _hard_swish_slope_block(x: Block, out: Block, work: Sequence[Block]) -> None:
    """(2x + 3)/6 of x clipped to ±3, which is −½ and 3/2 there; the jumps take ½ from both."""
    x.clip(-3.0, 3.0, out=out)
    out *= 2.0
    out += 3.0
    out /= 6.0
    np.copyto(work[0], (x <= -3.0).view(np.int8) - (x >= 3.0).view(np.int8))
    out += np.multiply(work[0], 0.5, out=work[0])


hard_swish = Elementwise(
    name="hard_swish",
    family="gate",
    formula=Formula("f(x) = x·min(max(x + 3, 0), 6)/6", r"f(x) = x\,\frac{\min(\max(x + 3, 0), 6)}{6}"),
    derivative=Formula(
        "f′(x) = 0 if x ≤ −3; (2x + 3)/6 if −3 < x < 3; 1 if x ≥ 3",
        r"f'(x) = \begin{cases}0 & x \le -3\\ \tfrac{2x + 3}{6} & -3 < x < 3\\ 1 & x \ge 3\end{cases}",
    ),
    fast=lambda: Kernel(ramps.hard_swish, ramps.hard_swish_slope),
    pieces=lambda: joined(
        constant(0.0),
        Knot(-3.0),
        elementary(
            lambda x: x * (x + 3) / 6,
            lambda x: (2 * x + 3) / 6,
            lambda x: np.full_like(x, 1 / 3),
            exact=_convex(lambda x: x * (x + 3.0) / 6.0, lambda x: (x.scaled(2.0) + 3.0) / 6.0),
        ),
        Knot(3.0, "right", convention=("right", "right")),
        line(1.0),
    ),
    facts=lambda: Facts(
        range=(-0.375, inf),
        limits=(0.0, inf),
        slope=(Extremum(-0.5, -3.0), Extremum(1.5, 3.0)),
        monotonic=False,
    ),
    full=lambda: Kernel(_hard_swish_block, _hard_swish_slope_block),
    names=Names(
        pytorch=("Hardswish",), jax=("hard_swish", "hard_silu"), keras=("hard_swish", "hard_silu"), onnx=("HardSwish",)
    ),
    reference=Reference("A. Howard et al. (2019). Searching for MobileNetV3", "https://arxiv.org/abs/1905.02244"),
)
