"""Functions from vectors to numbers: the maximum, and the smooth maxima."""

from math import inf

import numpy as np

from service.activations.axes import AXIS, Mask, first_maximum, one_hot
from service.activations.model import Array, Formula, Names, Reduction, Reference
from service.activations.softmaxes import softmax_value
from service.numerics.double_double import DD, total, where
from service.numerics.exponential import exp, expm1
from service.numerics.logistic import log1p
from service.numerics.sums import mean_of, total_of

_SHAPES = ("(…, n, …), n along axis", "the shape of x without axis")


def _logsumexp(x: Array) -> Array:
    """max + ln(1 + Σ_others e^{xⱼ − max}), in double-double: it is right also where the two terms cancel."""
    largest, shifted, kept = _shifted(x)
    others = kept & ~first_maximum(x)
    return _relative_to(largest, log1p(total_of(where(others, exp(shifted), 0.0))))


def _logmeanexp(x: Array) -> Array:
    """max + ln(1 + mean(e^{xⱼ − max} − 1)), which for small xⱼ is close to their mean."""
    largest, shifted, kept = _shifted(x)
    vanished = np.where(np.isfinite(largest), -1.0, 0.0)
    return _relative_to(largest, log1p(mean_of(where(kept, expm1(shifted), vanished))))


def _shifted(x: Array) -> tuple[Array, DD, Mask]:
    """The maxima, x minus its maximum, and where that is more than a vanishing part of the sum."""
    largest = np.max(x, axis=-1, keepdims=True, initial=-inf)
    kept = np.isfinite(largest) & (x - largest > -800.0)
    return largest, total(np.where(kept, x, 0.0), np.where(kept, -largest, 0.0)), kept


def _relative_to(largest: Array, rest: DD) -> Array:
    """largest + rest, or largest itself if it is not finite; the last axis goes."""
    settled = np.isfinite(largest)
    return np.asarray(np.where(settled, (rest + np.where(settled, largest, 0.0)).value(), largest)[..., 0])


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
    value=_logmeanexp,
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
