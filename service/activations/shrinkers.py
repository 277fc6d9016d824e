"""Shrinkage and thresholds: functions that take a part of x away, or drop x up to a threshold."""

from math import inf

import numpy as np

from service.activations.model import (
    Elementwise,
    Extremum,
    Facts,
    Formula,
    Knot,
    Names,
    Parameter,
    Pieces,
    Reference,
)
from service.activations.pieces import constant, joined, line

_DONOHO = Reference(
    "D. Donoho and I. Johnstone (1994). Ideal spatial adaptation by wavelet shrinkage",
    "https://doi.org/10.1093/biomet/81.3.425",
)


_LAMBDA = Parameter(
    "lambd",
    0.5,
    "Threshold λ ≥ 0.",
    minimum=0.0,
    aliases=("threshold", "lambda"),
    defaults={"pytorch": 0.5, "keras": 0.5, "onnx": 0.5},
)


def _shrunk(lambd: float, bias: float) -> Pieces:
    """x moved towards 0 by the bias outside ±λ, 0 inside; at the thresholds the inside counts, as in PyTorch."""
    return joined(
        line(1.0, bias),
        Knot(-lambd, "right", ("right", "right")),
        constant(0.0),
        Knot(lambd, "left", ("left", "left")),
        line(1.0, -bias),
    )


def _shrink_facts(lambd: float, bias: float) -> Facts:
    return Facts(
        range=(-inf, inf),
        limits=(-inf, inf),
        slope=(Extremum(0.0, (-lambd, lambd)), Extremum(1.0, (lambd, inf))),
        monotonic=bias <= lambd,
        zero_centered=True,
    )


soft_shrink = Elementwise(
    name="soft_shrink",
    family="shrinkage",
    formula=Formula(
        "f(x) = x − λ if x > λ; x + λ if x < −λ; else 0", r"f(x) = \operatorname{sgn}(x)\max(|x| - \lambda, 0)"
    ),
    derivative=Formula("f′(x) = 1 if |x| > λ, else 0", r"f'(x) = [|x| > \lambda]"),
    parameters=(_LAMBDA,),
    pieces=lambda lambd: _shrunk(lambd, lambd),
    facts=lambda lambd: _shrink_facts(lambd, lambd),
    partials={"lambd": lambda x, lambd: np.where(np.abs(x) > lambd, -np.sign(x), 0.0)},
    names=Names(pytorch=("Softshrink",), keras=("soft_shrink",)),
    reference=_DONOHO,
)


hard_shrink = Elementwise(
    name="hard_shrink",
    family="shrinkage",
    formula=Formula(
        "f(x) = x if |x| > λ, else 0", r"f(x) = \begin{cases}x & |x| > \lambda\\ 0 & |x| \le \lambda\end{cases}"
    ),
    derivative=Formula("f′(x) = 1 if |x| > λ, else 0", r"f'(x) = [|x| > \lambda]"),
    parameters=(_LAMBDA,),
    pieces=lambda lambd: _shrunk(lambd, 0.0),
    facts=lambda lambd: _shrink_facts(lambd, 0.0),
    partials={"lambd": lambda x, lambd: np.zeros_like(x)},
    names=Names(pytorch=("Hardshrink",), keras=("hard_shrink",)),
    reference=_DONOHO,
)


shrink = Elementwise(
    name="shrink",
    family="shrinkage",
    formula=Formula(
        "f(x) = x − b if x > λ; x + b if x < −λ; else 0",
        r"f(x) = \begin{cases}x + b & x < -\lambda\\ x - b & x > \lambda\\ 0 & \text{else}\end{cases}",
    ),
    derivative=Formula("f′(x) = 1 if |x| > λ, else 0", r"f'(x) = [|x| > \lambda]"),
    parameters=(
        _LAMBDA,
        Parameter(
            "bias",
            0.0,
            "How far b the outside is moved towards 0.",
            defaults={"onnx": 0.0},
        ),
    ),
    pieces=_shrunk,
    facts=_shrink_facts,
    partials={
        "lambd": lambda x, lambd, bias: np.zeros_like(x),
        "bias": lambda x, lambd, bias: np.where(np.abs(x) > lambd, -np.sign(x), 0.0),
    },
    names=Names(onnx=("Shrink",)),
    reference=Reference("ONNX operators: Shrink", "https://onnx.ai/onnx/operators/onnx__Shrink.html"),
)


def _threshold_facts(threshold: float, value: float) -> Facts:
    return Facts(
        range=(min(threshold, value), inf),
        limits=(value, inf),
        slope=(Extremum(0.0, (-inf, threshold)), Extremum(1.0, (threshold, inf))),
        monotonic=value <= threshold,
    )


threshold = Elementwise(
    name="threshold",
    family="shrinkage",
    formula=Formula("f(x) = x if x > θ, else v", r"f(x) = \begin{cases}x & x > \theta\\ v & x \le \theta\end{cases}"),
    derivative=Formula("f′(x) = 1 if x > θ, else 0", r"f'(x) = [x > \theta]"),
    parameters=(
        Parameter("threshold", 1.0, "Threshold θ. PyTorch has no default.", aliases=("theta",)),
        Parameter(
            "value",
            -2.0,
            "Value v up to the threshold. PyTorch has no default.",
            aliases=("default_value",),
        ),
    ),
    pieces=lambda threshold, value: joined(constant(value), Knot(threshold), line(1.0)),
    facts=_threshold_facts,
    partials={
        "threshold": lambda x, threshold, value: np.zeros_like(x),
        "value": lambda x, threshold, value: np.where(x > threshold, 0.0, 1.0),
    },
    names=Names(pytorch=("Threshold",), keras=("threshold",)),
    reference=Reference("PyTorch: Threshold", "https://docs.pytorch.org/docs/stable/generated/torch.nn.Threshold.html"),
)


thresholded_relu = Elementwise(
    name="thresholded_relu",
    family="shrinkage",
    formula=Formula("f(x) = x if x > θ, else 0", r"f(x) = \begin{cases}x & x > \theta\\ 0 & x \le \theta\end{cases}"),
    derivative=Formula("f′(x) = 1 if x > θ, else 0", r"f'(x) = [x > \theta]"),
    parameters=(Parameter("alpha", 1.0, "Threshold θ.", aliases=("theta",), defaults={"onnx": 1.0}),),
    pieces=lambda alpha: joined(constant(0.0), Knot(alpha), line(1.0)),
    facts=lambda alpha: _threshold_facts(alpha, 0.0),
    partials={"alpha": lambda x, alpha: np.zeros_like(x)},
    names=Names(onnx=("ThresholdedRelu",)),
    reference=Reference(
        "K. Konda, R. Memisevic and D. Krueger (2014). Zero-bias autoencoders and the benefits of co-adapting features",
        "https://arxiv.org/abs/1402.3337",
    ),
)
