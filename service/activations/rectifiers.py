"""Rectifiers: x where it is positive, and little or nothing where it is not."""

from collections.abc import Sequence
from math import inf

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
    Parameter,
    Parameters,
    Pieces,
    Reference,
)
from service.activations.pieces import constant, joined, line
from service.numerics import ramps
from service.numerics.blocks import indicator
from service.numerics.double_double import product

_FALLS_AND_RISES = (Extremum(0.0, (-inf, 0.0)), Extremum(1.0, (0.0, inf)))


def _leaky(negative_slope: float) -> Pieces:
    return joined(line(negative_slope), Knot(0.0), line(1.0))


def _relu_block(x: Block, out: Block, _: Sequence[Block]) -> None:
    x.clip(0.0, inf, out=out)
    out += 0.0  # −0 becomes 0


_RELU_KERNEL = Kernel(_relu_block, lambda x, out, _: indicator(x > 0.0, x, out))


def _leaky_full(negative_slope: float) -> Kernel | None:
    if negative_slope == 0:
        return _RELU_KERNEL
    return Kernel(*ramps.leaky(negative_slope)) if 0 < negative_slope <= 1 else None


def _fast_leaky(negative_slope: float) -> Kernel | None:
    """None where float32 does not hold the slope, or where it is so large that a slope of 1 would be lost beside it."""
    return Kernel(*ramps.leaky(negative_slope)) if 1e-30 <= abs(negative_slope) <= 2 else None


def _leaky_facts(negative_slope: float) -> Facts:
    falling = Extremum(negative_slope, (-inf, 0.0))
    rising = Extremum(1.0, (0.0, inf))
    unbounded_below = negative_slope > 0
    return Facts(
        range=(-inf if unbounded_below else 0.0, inf),
        limits=(0.0 if negative_slope == 0 else float(np.copysign(inf, -negative_slope)), inf),
        slope=(falling, rising) if negative_slope <= 1 else (rising, falling),
        monotonic=negative_slope >= 0,
        zero_centered=negative_slope == 1,
    )


relu = Elementwise(
    name="relu",
    family="rectifier",
    formula=Formula("f(x) = max(0, x)", r"f(x) = \max(0, x)"),
    derivative=Formula("f′(x) = 1 if x > 0, else 0", r"f'(x) = \begin{cases}1 & x > 0\\ 0 & x \le 0\end{cases}"),
    fast=lambda: Kernel(ramps.relu, ramps.relu_slope),
    pieces=lambda: joined(constant(0.0), Knot(0.0), line(1.0)),
    facts=lambda: Facts(range=(0.0, inf), limits=(0.0, inf), slope=_FALLS_AND_RISES),
    full=lambda: _RELU_KERNEL,
    names=Names(pytorch=("ReLU",), jax=("relu",), keras=("relu", "ReLU"), onnx=("Relu",), other=("rectifier",)),
    reference=Reference(
        "V. Nair and G. Hinton (2010). Rectified linear units improve restricted Boltzmann machines",
        "https://icml.cc/Conferences/2010/papers/432.pdf",
    ),
)


leaky_relu = Elementwise(
    name="leaky_relu",
    family="rectifier",
    formula=Formula("f(x) = x if x ≥ 0, else αx", r"f(x) = \begin{cases}x & x \ge 0\\ \alpha x & x < 0\end{cases}"),
    derivative=Formula("f′(x) = 1 if x > 0, else α", r"f'(x) = \begin{cases}1 & x > 0\\ \alpha & x \le 0\end{cases}"),
    parameters=(
        Parameter(
            "negative_slope",
            0.01,
            "Slope α for negative inputs.",
            aliases=("alpha", "a"),
            defaults={
                "pytorch": 0.01,
                "jax": 0.01,
                "keras.activations": 0.2,
                "keras.ops": 0.2,
                "keras.layers": 0.3,
                "onnx": 0.01,
            },
        ),
    ),
    fast=lambda negative_slope: _fast_leaky(negative_slope),
    pieces=_leaky,
    facts=_leaky_facts,
    full=_leaky_full,
    partials={"negative_slope": lambda x, negative_slope: np.minimum(x, 0.0)},
    names=Names(
        pytorch=("LeakyReLU", "leaky_relu"), jax=("leaky_relu",), keras=("leaky_relu", "LeakyReLU"), onnx=("LeakyRelu",)
    ),
    reference=Reference(
        "A. Maas, A. Hannun and A. Ng (2013). Rectifier nonlinearities improve neural network acoustic models",
        "https://ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf",
    ),
)


prelu = Elementwise(
    name="prelu",
    family="rectifier",
    formula=Formula("f(x) = x if x ≥ 0, else wx", r"f(x) = \max(0, x) + w\min(0, x)"),
    derivative=Formula("f′(x) = 1 if x > 0, else w", r"f'(x) = \begin{cases}1 & x > 0\\ w & x \le 0\end{cases}"),
    parameters=(
        Parameter(
            "weight",
            0.25,
            "Slope w for negative inputs, learned in training.",
            aliases=("w", "slope", "alpha", "init"),
            defaults={"pytorch": 0.25, "keras.layers": 0.0},
        ),
    ),
    fast=lambda weight: _fast_leaky(weight),
    pieces=lambda weight: _leaky(weight),
    facts=lambda weight: _leaky_facts(weight),
    full=lambda weight: _leaky_full(weight),
    partials={"weight": lambda x, weight: np.minimum(x, 0.0)},
    names=Names(pytorch=("PReLU",), keras=("PReLU",), onnx=("PRelu",)),
    reference=Reference(
        "K. He, X. Zhang, S. Ren and J. Sun (2015). Delving deep into rectifiers", "https://arxiv.org/abs/1502.01852"
    ),
)


def _random_slope(generator: np.random.Generator, x: Array, parameters: Parameters) -> tuple[Array, Parameters]:
    return x, {**parameters, "draw": generator.random(x.shape)}


def _drawn(lower: float, upper: float, draw: float = 0.5) -> float:
    """The slope: the mean of its bounds, or what a draw from (0, 1) makes of them."""
    return lower * (1 - draw) + upper * draw


rrelu = Elementwise(
    name="rrelu",
    family="rectifier",
    formula=Formula(
        "f(x) = x if x ≥ 0, else ax; a = (lower + upper)/2, or with a seed a ~ U(lower, upper) for each element",
        r"f(x) = \begin{cases}x & x \ge 0\\ a x & x < 0\end{cases},\quad a = \tfrac{l + u}{2}",
    ),
    derivative=Formula("f′(x) = 1 if x > 0, else a", r"f'(x) = \begin{cases}1 & x > 0\\ a & x \le 0\end{cases}"),
    parameters=(
        Parameter(
            "lower",
            1 / 8,
            "Smallest slope for negative inputs.",
            aliases=("lo", "l"),
            defaults={"pytorch": 1 / 8},
        ),
        Parameter(
            "upper",
            1 / 3,
            "Largest slope for negative inputs.",
            aliases=("hi", "u"),
            defaults={"pytorch": 1 / 3},
        ),
    ),
    ordered=(("lower", "upper"),),
    noise=_random_slope,
    pieces=lambda lower, upper, draw=0.5: _leaky(_drawn(lower, upper, draw)),
    facts=lambda lower, upper, draw=0.5: _leaky_facts(_drawn(lower, upper, draw)),
    full=lambda lower, upper: _leaky_full(_drawn(lower, upper)),
    partials={
        "lower": lambda x, lower, upper, draw=0.5: np.minimum(x, 0.0) * (1 - draw),
        "upper": lambda x, lower, upper, draw=0.5: np.minimum(x, 0.0) * draw,
    },
    names=Names(pytorch=("RReLU",)),
    reference=Reference(
        "B. Xu, N. Wang, T. Chen and M. Li (2015). Empirical evaluation of rectified activations",
        "https://arxiv.org/abs/1505.00853",
    ),
)


def _relu6_block(x: Block, out: Block, _: Sequence[Block]) -> None:
    x.clip(0.0, 6.0, out=out)
    out += 0.0  # −0 becomes 0


_RELU6_KERNEL = Kernel(_relu6_block, lambda x, out, _: indicator((x > 0.0) & (x < 6.0), x, out))


relu6 = Elementwise(
    name="relu6",
    family="rectifier",
    formula=Formula("f(x) = min(max(0, x), 6)", r"f(x) = \min(\max(0, x), 6)"),
    derivative=Formula("f′(x) = 1 if 0 < x < 6, else 0", r"f'(x) = [0 < x < 6]"),
    fast=lambda: Kernel(ramps.relu6, ramps.relu6_slope),
    pieces=lambda: joined(constant(0.0), Knot(0.0), line(1.0), Knot(6.0, convention=("right", "right")), constant(6.0)),
    facts=lambda: Facts(
        range=(0.0, 6.0), limits=(0.0, 6.0), slope=(Extremum(0.0, (-inf, 0.0)), Extremum(1.0, (0.0, 6.0)))
    ),
    full=lambda: _RELU6_KERNEL,
    names=Names(pytorch=("ReLU6",), jax=("relu6",), keras=("relu6",)),
    reference=Reference(
        "A. Krizhevsky (2010). Convolutional deep belief networks on CIFAR-10",
        "https://www.cs.toronto.edu/~kriz/conv-cifar10-aug2010.pdf",
    ),
)


def _generalized(negative_slope: float, max_value: float | None, threshold: float) -> Pieces:
    """At the kinks as Keras is on PyTorch, which builds the function of relu and clamp."""
    below = line(negative_slope, -product(negative_slope, threshold))
    bend = Knot(threshold, convention=("zero", "zero"))
    if max_value is None:
        return joined(below, bend, line(1.0))
    capped = Knot(max_value, convention=("left", "left"))
    return joined(below, bend, line(1.0), capped, constant(max_value))


def _generalized_facts(negative_slope: float, max_value: float | None, threshold: float) -> Facts:
    top = inf if max_value is None else max_value
    falling, rising = Extremum(negative_slope, (-inf, threshold)), Extremum(1.0, (threshold, top))
    flat = Extremum(0.0, (top, inf))
    lowest = flat if max_value is not None and negative_slope > 0 else falling
    return Facts(
        range=(-inf if negative_slope > 0 else min(0.0, threshold), top),
        limits=(0.0 if negative_slope == 0 else -inf, top),
        slope=(lowest, rising) if negative_slope <= 1 else (flat if max_value is not None else rising, falling),
        monotonic=threshold >= 0,
    )


generalized_relu = Elementwise(
    name="generalized_relu",
    family="rectifier",
    formula=Formula(
        "f(x) = M if x ≥ M; x if θ < x < M; α(x − θ) if x ≤ θ",
        r"f(x) = \begin{cases}M & x \ge M\\ x & \theta < x < M\\ \alpha(x - \theta) & x \le \theta\end{cases}",
    ),
    derivative=Formula(
        "f′(x) = 0 if x ≥ M; 1 if θ < x < M; α if x ≤ θ",
        r"f'(x) = \begin{cases}0 & x \ge M\\ 1 & \theta < x < M\\ \alpha & x \le \theta\end{cases}",
    ),
    parameters=(
        Parameter(
            "negative_slope",
            0.0,
            "Slope α below the threshold.",
            minimum=0.0,
            aliases=("alpha",),
            defaults={"keras": 0.0},
        ),
        Parameter(
            "max_value",
            None,
            "Largest value M; null for none.",
            nullable=True,
            minimum=0.0,
            defaults={"keras": None},
        ),
        Parameter(
            "threshold",
            0.0,
            "Threshold θ of the identity part.",
            aliases=("theta",),
            defaults={"keras": 0.0},
        ),
    ),
    ordered=(("threshold", "max_value"),),
    pieces=_generalized,
    facts=_generalized_facts,
    partials={
        "negative_slope": lambda x, negative_slope, max_value, threshold: np.minimum(x - threshold, 0.0),
        "max_value": lambda x, negative_slope, max_value, threshold: (
            np.where(x >= max_value, 1.0, 0.0) if max_value is not None else np.zeros_like(x)
        ),
        "threshold": lambda x, negative_slope, max_value, threshold: np.where(x <= threshold, -negative_slope, 0.0),
    },
    reference=Reference("Keras: relu activation", "https://keras.io/api/layers/activations/"),
)
