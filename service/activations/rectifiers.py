"""Rectifiers: functions made of straight lines and parabolas, from the step to the hard swish."""

from fractions import Fraction
from math import inf

import numpy as np

from service.activations.model import (
    Array,
    Elementwise,
    Extremum,
    Facts,
    Formula,
    Knot,
    Names,
    Parameter,
    Parameters,
    Piece,
    Pieces,
    Reference,
)
from service.activations.pieces import constant, elementary, everywhere, joined, line
from service.numerics.double_double import DD

_FALLS_AND_RISES = (Extremum(0.0, (-inf, 0.0)), Extremum(1.0, (0.0, inf)))


def _slope(description: str, default: float, **defaults: float) -> Parameter:
    return Parameter("negative_slope", default, description, aliases=("alpha", "a"), defaults=defaults)


def _leaky(negative_slope: float) -> Pieces:
    return joined(line(negative_slope), Knot(0.0), line(1.0))


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


identity = Elementwise(
    name="identity",
    family="linear",
    formula=Formula("f(x) = x", r"f(x) = x"),
    derivative=Formula("f′(x) = 1", r"f'(x) = 1"),
    pieces=lambda: everywhere(line(1.0)),
    facts=lambda: Facts(
        range=(-inf, inf),
        limits=(-inf, inf),
        slope=(Extremum(1.0, (-inf, inf)), Extremum(1.0, (-inf, inf))),
        zero_centered=True,
    ),
    names=Names(pytorch=("Identity",), jax=("identity",), keras=("linear",), onnx=("Identity",)),
    reference=Reference("ONNX operators: Identity", "https://onnx.ai/onnx/operators/onnx__Identity.html"),
)

affine = Elementwise(
    name="affine",
    family="linear",
    formula=Formula("f(x) = αx + β", r"f(x) = \alpha x + \beta"),
    derivative=Formula("f′(x) = α", r"f'(x) = \alpha"),
    parameters=(
        Parameter("alpha", 2.0, "Slope α. The ONNX standard has no default.", aliases=("scale",)),
        Parameter("beta", 1.0, "Intercept β. The ONNX standard has no default.", aliases=("shift",)),
    ),
    pieces=lambda alpha, beta: everywhere(line(alpha, beta)),
    facts=lambda alpha, beta: Facts(
        range=(-inf, inf) if alpha else (beta, beta),
        limits=(-alpha * inf, alpha * inf) if alpha else (beta, beta),
        slope=(Extremum(alpha, (-inf, inf)), Extremum(alpha, (-inf, inf))),
        zero_centered=beta == 0,
    ),
    partials={"alpha": lambda x, alpha, beta: x, "beta": lambda x, alpha, beta: np.ones_like(x)},
    names=Names(onnx=("Affine",)),
    reference=Reference("ONNX operators: RNN", "https://onnx.ai/onnx/operators/onnx__RNN.html"),
)

step = Elementwise(
    name="step",
    family="rectifier",
    formula=Formula("f(x) = 1 if x > 0, else 0", r"f(x) = \begin{cases}1 & x > 0\\ 0 & x \le 0\end{cases}"),
    derivative=Formula("f′(x) = 0 wherever it exists (x ≠ 0)", r"f'(x) = 0 \quad (x \ne 0)"),
    pieces=lambda: joined(constant(0.0), Knot(0.0), constant(1.0)),
    facts=lambda: Facts(
        range=(0.0, 1.0),
        limits=(0.0, 1.0),
        slope=(Extremum(0.0, (-inf, inf)), Extremum(0.0, (-inf, inf))),
    ),
    problems={
        "no_gradient": "The derivative is 0 everywhere it exists, so every gradient that passes through this function "
        "is exactly 0 and no weight before it ever moves: a network with it cannot learn by gradients, however long "
        "it is trained. Use sigmoid where an output between 0 and 1 is needed, relu or tanh in hidden layers.",
    },
    names=Names(other=("heaviside", "binary_step")),
    reference=Reference(
        "W. McCulloch and W. Pitts (1943). A logical calculus of the ideas immanent in nervous activity",
        "https://doi.org/10.1007/BF02478259",
    ),
)

sign = Elementwise(
    name="sign",
    family="rectifier",
    formula=Formula("f(x) = −1 if x < 0, 0 if x = 0, 1 if x > 0", r"f(x) = \operatorname{sgn}(x)"),
    derivative=Formula("f′(x) = 0 wherever it exists (x ≠ 0)", r"f'(x) = 0 \quad (x \ne 0)"),
    pieces=lambda: joined(constant(-1.0), Knot(0.0, owner="mean", convention=("mean", "mean")), constant(1.0)),
    facts=lambda: Facts(
        range=(-1.0, 1.0),
        limits=(-1.0, 1.0),
        slope=(Extremum(0.0, (-inf, inf)), Extremum(0.0, (-inf, inf))),
        zero_centered=True,
    ),
    problems={
        "no_gradient": "The derivative is 0 everywhere it exists, so no weight before this function ever moves: a "
        "network with it cannot learn by gradients. Use tanh or softsign for outputs between −1 and 1.",
    },
    names=Names(pytorch=("sign", "sgn"), jax=("sign",), keras=("sign",), onnx=("Sign",)),
    reference=Reference("ONNX operators: Sign", "https://onnx.ai/onnx/operators/onnx__Sign.html"),
)

relu = Elementwise(
    name="relu",
    family="rectifier",
    formula=Formula("f(x) = max(0, x)", r"f(x) = \max(0, x)"),
    derivative=Formula("f′(x) = 1 if x > 0, else 0", r"f'(x) = \begin{cases}1 & x > 0\\ 0 & x \le 0\end{cases}"),
    pieces=lambda: joined(constant(0.0), Knot(0.0), line(1.0)),
    facts=lambda: Facts(range=(0.0, inf), limits=(0.0, inf), slope=_FALLS_AND_RISES),
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
        _slope(
            "Slope α for negative inputs.",
            0.01,
            **{"pytorch": 0.01, "jax": 0.01, "keras.activations": 0.2, "keras.layers": 0.3, "onnx": 0.01},
        ),
    ),
    pieces=_leaky,
    facts=_leaky_facts,
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
    pieces=lambda weight: _leaky(weight),
    facts=lambda weight: _leaky_facts(weight),
    partials={"weight": lambda x, weight: np.minimum(x, 0.0)},
    names=Names(pytorch=("PReLU",), keras=("PReLU",), onnx=("PRelu",)),
    reference=Reference(
        "K. He, X. Zhang, S. Ren and J. Sun (2015). Delving deep into rectifiers", "https://arxiv.org/abs/1502.01852"
    ),
)

def _random_slope(generator: np.random.Generator, x: Array, parameters: Parameters) -> tuple[Array, Parameters]:
    slope = generator.uniform(parameters["lower"], parameters["upper"], x.shape)
    return x, {"lower": slope, "upper": slope}


rrelu = Elementwise(
    name="rrelu",
    family="rectifier",
    formula=Formula(
        "f(x) = x if x ≥ 0, else ax; a = (lower + upper)/2, or with a seed a ~ U(lower, upper) for each element",
        r"f(x) = \begin{cases}x & x \ge 0\\ a x & x < 0\end{cases},\quad a = \tfrac{l + u}{2}",
    ),
    derivative=Formula("f′(x) = 1 if x > 0, else a", r"f'(x) = \begin{cases}1 & x > 0\\ a & x \le 0\end{cases}"),
    parameters=(
        Parameter("lower", 1 / 8, "Smallest slope for negative inputs.", aliases=("lo", "l"), defaults={"pytorch": 1 / 8}),
        Parameter("upper", 1 / 3, "Largest slope for negative inputs.", aliases=("hi", "u"), defaults={"pytorch": 1 / 3}),
    ),
    ordered=(("lower", "upper"),),
    noise=_random_slope,
    pieces=lambda lower, upper: _leaky((lower + upper) / 2),
    facts=lambda lower, upper: _leaky_facts((lower + upper) / 2),
    partials={
        "lower": lambda x, lower, upper: np.minimum(x, 0.0) / 2,
        "upper": lambda x, lower, upper: np.minimum(x, 0.0) / 2,
    },
    names=Names(pytorch=("RReLU",)),
    reference=Reference(
        "B. Xu, N. Wang, T. Chen and M. Li (2015). Empirical evaluation of rectified activations in convolutional network",
        "https://arxiv.org/abs/1505.00853",
    ),
)

relu6 = Elementwise(
    name="relu6",
    family="rectifier",
    formula=Formula("f(x) = min(max(0, x), 6)", r"f(x) = \min(\max(0, x), 6)"),
    derivative=Formula("f′(x) = 1 if 0 < x < 6, else 0", r"f'(x) = [0 < x < 6]"),
    pieces=lambda: joined(constant(0.0), Knot(0.0), line(1.0), Knot(6.0, convention=("right", "right")), constant(6.0)),
    facts=lambda: Facts(
        range=(0.0, 6.0), limits=(0.0, 6.0), slope=(Extremum(0.0, (-inf, 0.0)), Extremum(1.0, (0.0, 6.0)))
    ),
    names=Names(pytorch=("ReLU6",), jax=("relu6",), keras=("relu6",)),
    reference=Reference(
        "A. Krizhevsky (2010). Convolutional deep belief networks on CIFAR-10",
        "https://www.cs.toronto.edu/~kriz/conv-cifar10-aug2010.pdf",
    ),
)


def _generalized(negative_slope: float, max_value: float | None, threshold: float) -> Pieces:
    below = line(negative_slope, -negative_slope * threshold) if threshold else line(negative_slope)
    if max_value is None:
        return joined(below, Knot(threshold), line(1.0))
    capped = Knot(max_value, convention=("right", "right"))
    return joined(below, Knot(threshold), line(1.0), capped, constant(max_value))


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
            "negative_slope", 0.0, "Slope α below the threshold.", minimum=0.0, aliases=("alpha",), defaults={"keras": 0.0}
        ),
        Parameter(
            "max_value", None, "Largest value M; null for none.", nullable=True, minimum=0.0, defaults={"keras": None}
        ),
        Parameter("threshold", 0.0, "Threshold θ of the identity part.", aliases=("theta",), defaults={"keras": 0.0}),
    ),
    ordered=(("threshold", "max_value"),),
    pieces=_generalized,
    facts=_generalized_facts,
    partials={
        "negative_slope": lambda x, negative_slope, max_value, threshold: np.minimum(x - threshold, 0.0),
        "max_value": lambda x, negative_slope, max_value, threshold: np.where(x >= max_value, 1.0, 0.0)
        if max_value is not None
        else np.zeros_like(x),
        "threshold": lambda x, negative_slope, max_value, threshold: np.where(x <= threshold, -negative_slope, 0.0),
    },
    reference=Reference("Keras: relu activation", "https://keras.io/api/layers/activations/"),
)


def _clip_facts(lower: float, upper: float) -> Facts:
    outside, inside = Extremum(0.0, (-inf, lower)), Extremum(1.0, (lower, upper))
    return Facts(range=(lower, upper), limits=(lower, upper), slope=(outside, inside), zero_centered=lower == -upper)


def _clipped(lower: float, upper: float, inside: bool) -> Pieces:
    """At the kinks the derivative is that of the inside (torch.clamp) or of the outside (hardtanh)."""
    at_lower, at_upper = ("right", "left") if inside else ("left", "right")
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
        Parameter("min_val", -1.0, "Smallest value l.", aliases=("min_value", "lo"), defaults={"pytorch": -1.0}),
        Parameter("max_val", 1.0, "Largest value u.", aliases=("max_value", "hi"), defaults={"pytorch": 1.0}),
    ),
    ordered=(("min_val", "max_val"),),
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
        Parameter("lo", -2.0, "Smallest value. The frameworks have no default.", aliases=("min", "a_min", "min_val")),
        Parameter("hi", 3.0, "Largest value. The frameworks have no default.", aliases=("max", "a_max", "max_val")),
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

absolute = Elementwise(
    name="abs",
    family="rectifier",
    formula=Formula("f(x) = |x|", r"f(x) = |x|"),
    derivative=Formula("f′(x) = sgn(x)", r"f'(x) = \operatorname{sgn}(x)"),
    pieces=lambda: joined(line(-1.0), Knot(0.0, "right", ("mean", "mean")), line(1.0)),
    facts=lambda: Facts(
        range=(0.0, inf),
        limits=(inf, inf),
        slope=(Extremum(-1.0, (-inf, 0.0)), Extremum(1.0, (0.0, inf))),
        monotonic=False,
    ),
    names=Names(pytorch=("abs", "absolute"), jax=("abs",), keras=("abs", "absolute"), onnx=("Abs",)),
    reference=Reference("ONNX operators: Abs", "https://onnx.ai/onnx/operators/onnx__Abs.html"),
)


def _sixth(slope: float) -> DD:
    """The slope as it is meant: the double nearest to 1/6 stands for one sixth, so that the kinks are at ±3."""
    return DD.exactly(Fraction(1, 6)) if slope == 1 / 6 else DD.of(slope)


def _hard_sigmoid(slope: float, offset: float) -> Pieces:
    exact = _sixth(slope)
    low, high = float((-offset / exact).value()), float(((1.0 - DD.of(offset)) / exact).value())

    def value(x: Array) -> Array:
        near = np.clip(x, low, high)
        return np.clip((exact * near + offset).value(), 0.0, 1.0)  # the double `low` may lie beside the kink

    rising = Piece(value, lambda x, order: np.full_like(x, slope if order == 1 else 0.0))
    first, last = Knot(low, "right", ("left", "left")), Knot(high, "left", ("right", "right"))
    return joined(constant(0.0), first, rising, last, constant(1.0))


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
            minimum=1e-100,
            maximum=1e100,
            aliases=("alpha",),
            defaults={"pytorch": 1 / 6, "jax": 1 / 6, "keras": 1 / 6, "onnx": 0.2},
        ),
        Parameter(
            "offset", 0.5, "Value β at 0.", minimum=-1e100, maximum=1e100, aliases=("beta",),
            defaults={"pytorch": 0.5, "jax": 0.5, "keras": 0.5, "onnx": 0.5},
        ),
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
        "slope": lambda x, slope, offset: np.where(np.abs(slope * x + offset - 0.5) < 0.5, x, 0.0),
        "offset": lambda x, slope, offset: np.where(np.abs(slope * x + offset - 0.5) < 0.5, 1.0, 0.0),
    },
    names=Names(pytorch=("Hardsigmoid",), jax=("hard_sigmoid",), keras=("hard_sigmoid",), onnx=("HardSigmoid",)),
    reference=Reference(
        "M. Courbariaux, Y. Bengio and J.-P. David (2015). BinaryConnect", "https://arxiv.org/abs/1511.00363"
    ),
)

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
        elementary(lambda x: np.square(x + 1) / 4, lambda x: (x + 1) / 2, lambda x: np.full_like(x, 0.5)),
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

hard_swish = Elementwise(
    name="hard_swish",
    family="gate",
    formula=Formula("f(x) = x·min(max(x + 3, 0), 6)/6", r"f(x) = x\,\frac{\min(\max(x + 3, 0), 6)}{6}"),
    derivative=Formula(
        "f′(x) = 0 if x ≤ −3; (2x + 3)/6 if −3 < x < 3; 1 if x ≥ 3",
        r"f'(x) = \begin{cases}0 & x \le -3\\ \tfrac{2x + 3}{6} & -3 < x < 3\\ 1 & x \ge 3\end{cases}",
    ),
    pieces=lambda: joined(
        constant(0.0),
        Knot(-3.0),
        elementary(lambda x: x * (x + 3) / 6, lambda x: (2 * x + 3) / 6, lambda x: np.full_like(x, 1 / 3)),
        Knot(3.0, "right", convention=("right", "right")),
        line(1.0),
    ),
    facts=lambda: Facts(
        range=(-0.375, inf),
        limits=(0.0, inf),
        slope=(Extremum(-0.5, -3.0), Extremum(1.5, 3.0)),
        monotonic=False,
    ),
    names=Names(
        pytorch=("Hardswish",), jax=("hard_swish", "hard_silu"), keras=("hard_swish", "hard_silu"), onnx=("HardSwish",)
    ),
    reference=Reference("A. Howard et al. (2019). Searching for MobileNetV3", "https://arxiv.org/abs/1905.02244"),
)

RECTIFIERS = (
    step,
    relu,
    leaky_relu,
    prelu,
    rrelu,
    relu6,
    generalized_relu,
    clip,
    absolute,
    sign,
    sparse_plus,
    hard_swish,
    hard_sigmoid,
    sparse_sigmoid,
    hard_tanh,
    identity,
    affine,
)
