"""Functions of analysis that the frameworks have beside the activations."""

from math import inf, log, nan, pi

import numpy as np

from service.activations.model import (
    Array,
    Elementwise,
    Extremum,
    Facts,
    Formula,
    Kernel,
    Names,
    Piece,
    Pieces,
    Reference,
)
from service.activations.pieces import elementary, everywhere
from service.numerics import quick

exponential = Elementwise(
    name="exponential",
    family="exponential",
    formula=Formula("f(x) = e^x", r"f(x) = e^x"),
    derivative=Formula("f′(x) = e^x", r"f'(x) = e^x"),
    exponential=True,
    fast=lambda: Kernel(quick.exponential, quick.exponential),
    pieces=lambda: everywhere(elementary(np.exp, np.exp, np.exp, np.exp, np.exp)),
    facts=lambda: Facts(range=(0.0, inf), limits=(0.0, inf), slope=(Extremum(0.0, -inf), Extremum(inf, inf))),
    full=lambda: Kernel(quick.exponential, quick.exponential),
    names=Names(pytorch=("exp",), jax=("exp",), keras=("exponential", "exp"), onnx=("Exp",)),
    reference=Reference("ONNX operators: Exp", "https://onnx.ai/onnx/operators/onnx__Exp.html"),
)


sin = Elementwise(
    name="sin",
    family="oscillation",
    formula=Formula("f(x) = sin(x)", r"f(x) = \sin x"),
    derivative=Formula("f′(x) = cos(x)", r"f'(x) = \cos x"),
    exponential=True,
    pieces=lambda: everywhere(elementary(np.sin, np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x), np.sin)),
    facts=lambda: Facts(
        range=(-1.0, 1.0),
        limits=(nan, nan),
        slope=(Extremum(-1.0, pi), Extremum(1.0, 0.0)),
        monotonic=False,
        zero_centered=True,
    ),
    names=Names(pytorch=("sin",), jax=("sin",), keras=("sin",), onnx=("Sin",)),
    reference=Reference(
        "V. Sitzmann et al. (2020). Implicit neural representations with periodic activation functions",
        "https://arxiv.org/abs/2006.09661",
    ),
)


def _reciprocal_expm1(x: Array) -> Array:
    """f′ = 1/(e^x − 1) = E/(1 − E) with E = e^{−x}; NaN for x < 0, where the function is not defined."""
    defined = np.where(x >= 0, x, np.nan)
    return np.exp(-defined) / -np.expm1(-defined)


def _log1mexp_value(x: Array) -> Array:
    defined = np.where(x >= 0, x, np.nan)
    return np.where(x < log(2), np.log(-np.expm1(-defined)), np.log1p(-np.exp(-defined)))


def _log1mexp() -> Piece:
    """With p = 1/(e^x − 1): f″ = −p(1 + p), f‴ = p(1 + p)(1 + 2p), f⁗ = −p(1 + p)(1 + 6p(1 + p))."""

    def derivative(x: Array, order: int) -> Array:
        p = _reciprocal_expm1(x)
        both = p * (1 + p)
        return (p, -both, both * (1 + 2 * p), -both * (1 + 6 * both))[order - 1]

    return Piece(_log1mexp_value, derivative)


log1mexp = Elementwise(
    name="log1mexp",
    family="exponential",
    formula=Formula("f(x) = ln(1 − e^(−x)), x ≥ 0", r"f(x) = \ln(1 - e^{-x}),\quad x \ge 0"),
    derivative=Formula("f′(x) = 1/(e^x − 1)", r"f'(x) = \frac{1}{e^x - 1}"),
    exponential=True,
    pieces=lambda: Pieces((_log1mexp(),), domain=(0.0, inf)),
    facts=lambda: Facts(range=(-inf, 0.0), limits=(float("nan"), 0.0), slope=(Extremum(0.0, inf), Extremum(inf, 0.0))),
    names=Names(jax=("log1mexp",)),
    reference=Reference(
        "M. Mächler (2012). Accurately computing log(1 − exp(−|a|))",
        "https://cran.r-project.org/web/packages/Rmpfr/vignettes/log1mexp-note.pdf",
    ),
)
