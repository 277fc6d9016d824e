"""Functions from vectors to numbers: the maximum, and the smooth maxima."""

from math import inf

import numpy as np

from service.activations.axes import AXIS, first_maximum, one_hot
from service.activations.model import Array, Formula, Names, Reduction, Reference
from service.activations.softmaxes import softmax_value
from service.numerics.double_double import DD, total, where
from service.numerics.exponential import exp
from service.numerics.logistic import log1p
from service.numerics.sums import total_of

_SHAPES = ("(…, n, …), n along axis", "the shape of x without axis")


def _logsumexp(x: Array, count: int = 1) -> Array:
    """max + ln(1 + Σ_others) − ln(count), in double-double: it is right also where the terms cancel."""
    largest = np.max(x, axis=-1, keepdims=True, initial=-inf)
    settled = np.isfinite(largest)
    kept = settled & (x - largest > -800.0) & ~first_maximum(x)
    shifted = total(np.where(kept, x, 0.0), np.where(kept, -largest, 0.0))
    others = total_of(where(kept, exp(shifted), 0.0))
    result = log1p(others) - log1p(DD.of(np.float64(count - 1.0)))
    return np.where(settled, (result + np.where(settled, largest, 0.0)).value(), largest)[..., 0]


def _softmax_pullback(x: Array, upstream: Array) -> Array:
    return upstream[..., None] * softmax_value(x)


logsumexp = Reduction(
    name="logsumexp",
    family="reduction",
    formula=Formula("f(x) = ln Σⱼ e^(xⱼ)", r"f(x) = \ln\sum_j e^{x_j}"),
    derivative=Formula("∂f/∂xⱼ = softmax(x)ⱼ", r"\frac{\partial f}{\partial x_j} = \operatorname{softmax}(x)_j"),
    parameters=(AXIS,),
    exponential=True,
    value=_logsumexp,
    jacobian=softmax_value,
    pullback=_softmax_pullback,
    shapes=_SHAPES,
    range=(-inf, inf),
    lipschitz=1.0,
    names=Names(pytorch=("logsumexp",), jax=("logsumexp",), keras=("logsumexp",), onnx=("ReduceLogSumExp",)),
    reference=Reference(
        "P. Blanchard, D. Higham and N. Higham (2021). Accurately computing the log-sum-exp and softmax functions",
        "https://doi.org/10.1093/imanum/draa038",
    ),
)

logmeanexp = Reduction(
    name="logmeanexp",
    family="reduction",
    formula=Formula("f(x) = ln(Σⱼ e^(xⱼ)/n)", r"f(x) = \ln\tfrac1n\sum_j e^{x_j}"),
    derivative=Formula("∂f/∂xⱼ = softmax(x)ⱼ", r"\frac{\partial f}{\partial x_j} = \operatorname{softmax}(x)_j"),
    parameters=(AXIS,),
    exponential=True,
    value=lambda x: _logsumexp(x, max(x.shape[-1], 1)),
    jacobian=softmax_value,
    pullback=_softmax_pullback,
    shapes=_SHAPES,
    range=(-inf, inf),
    lipschitz=1.0,
    names=Names(jax=("logmeanexp",)),
    reference=Reference("JAX: jax.nn.logmeanexp", "https://docs.jax.dev/en/latest/_autosummary/jax.nn.logmeanexp.html"),
)

maxout = Reduction(
    name="maxout",
    family="reduction",
    formula=Formula(
        "f(x) = maxⱼ xⱼ, the xⱼ being the preactivations wⱼ·h + bⱼ of the pieces", r"f(x) = \max_j (w_j^\top h + b_j)"
    ),
    derivative=Formula(
        "∂f/∂xⱼ = 1 at the first maximum, else 0", r"\frac{\partial f}{\partial x_j} = [j = \min\arg\max x]"
    ),
    parameters=(AXIS,),
    value=lambda x: np.max(x, axis=-1, initial=-inf),
    jacobian=one_hot,
    pullback=lambda x, upstream: upstream[..., None] * one_hot(x),
    shapes=_SHAPES,
    range=(-inf, inf),
    lipschitz=1.0,
    smoothness="C0",
    names=Names(other=("max",)),
    reference=Reference(
        "I. Goodfellow, D. Warde-Farley, M. Mirza, A. Courville and Y. Bengio (2013). Maxout networks",
        "https://arxiv.org/abs/1302.4389",
    ),
)
