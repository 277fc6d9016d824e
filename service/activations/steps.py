"""Functions that jump between levels: the step, from which perceptrons began, and the sign."""

from math import inf

from service.activations.model import Elementwise, Extremum, Facts, Formula, Knot, Names, Reference
from service.activations.pieces import constant, joined

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
