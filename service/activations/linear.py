"""Straight lines, and the absolute value made of two of them."""

from math import inf

import numpy as np

from service.activations.model import Elementwise, Extremum, Facts, Formula, Knot, Names, Parameter, Reference
from service.activations.pieces import everywhere, joined, line

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
        Parameter(
            "alpha",
            2.0,
            "Slope α. The ONNX standard has no default.",
            aliases=("scale",),
        ),
        Parameter(
            "beta",
            1.0,
            "Intercept β. The ONNX standard has no default.",
            aliases=("shift",),
        ),
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
