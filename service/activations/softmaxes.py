"""softmax and its kin: shares of a whole, that sum to 1."""

from dataclasses import dataclass
from math import inf

import numpy as np

from service.activations.axes import (
    AXIS,
    SAME_SHAPE,
    Mask,
    axis,
    column,
    diagonal,
    first_maximum,
    one_hot,
    row,
    undetermined,
)
from service.activations.model import STEEP, Array, Formula, Names, Parameter, Reference, Vector
from service.numerics.double_double import DD, total, where
from service.numerics.exponential import exp
from service.numerics.sums import scaled_down, total_of


@dataclass(frozen=True)
class Weights:
    """Softmax before the division: E_i = e^{(x_i − max)/τ} ≤ 1, their sum, and the sum of all but the first maximum."""

    shifted: DD
    terms: DD
    others: DD
    top: Mask

    @classmethod
    def of(cls, x: Array, tau: float = 1.0, *, exact: bool = False) -> "Weights":
        """From vectors along the last axis; +inf beside finite numbers takes all the weight.

        With `exact` the exponentials are double-double, which gradients need, since they are differences of shares.
        """
        largest = np.max(x, axis=-1, keepdims=True, initial=-inf)
        top = first_maximum(x)
        within = (x - largest) / tau > -800.0
        shifted = total(np.where(within, x, 0.0), np.where(within, -largest, 0.0)) / tau
        shifted = where(top & np.isinf(largest), 0.0, shifted)
        raised = exp(where(within, shifted, 0.0)) if exact else _exp(shifted)
        terms = where(within | top, raised, 0.0)
        terms = where(undetermined(x, largest), np.nan, terms)
        return cls(where(within | top, shifted, (x - largest) / tau), terms, total_of(where(top, 0.0, terms)), top)

    @property
    def total(self) -> DD:
        """Σ E_i."""
        return total_of(where(self.top, self.terms, 0.0)) + self.others

    @property
    def shares(self) -> DD:
        """The softmax s_i."""
        return self.terms / self.total

    @property
    def remainders(self) -> DD:
        """1 − s_i, without cancellation where s_i is close to 1."""
        return where(self.top, self.others, self.total - self.terms) / self.total


def _exp(x: DD) -> DD:
    """e^x from the double-precision exponential: its error of half an ulp stays."""
    grown = np.exp(x.hi)
    return DD(grown, grown * x.lo)


def softmax_value(x: Array, tau: float = 1.0) -> Array:
    """s_i = E_i/ΣE, each within 4 ulp however far apart the inputs are."""
    weights = Weights.of(x, tau)
    return weights.terms.ratio(weights.total)


def softmax_jacobian(x: Array, tau: float = 1.0) -> Array:
    """(diag(s) − s sᵀ)/τ."""
    weights = Weights.of(x, tau)
    shares = weights.shares
    outer = -(column(shares) * row(shares))
    return (where(diagonal(x), column(shares * weights.remainders), outer) / tau).value()


def softmax_pullback(x: Array, upstream: Array, tau: float = 1.0) -> Array:
    """s_i(u_i − Σ s_j u_j)/τ, with u taken relative to that of the largest x, whose share may be close to 1."""
    weights = Weights.of(x, tau, exact=True)
    near, exponent = scaled_down(upstream)
    at_top = np.sum(np.where(weights.top, near, 0.0), axis=-1, keepdims=True)
    relative = total(near, -at_top)
    slopes = weights.shares * (relative - total_of(weights.shares * relative)) / tau
    return np.asarray(np.ldexp(slopes.value(), exponent))


def _tau_slope(x: Array, tau: float) -> Array:
    """∂s_i/∂τ = −s_i(x_i − Σ s_j x_j)/τ²."""
    return -softmax_pullback(x, x, tau) / tau


_SOFTMAX_FORMULA = Formula("f(x)ᵢ = e^(xᵢ)/Σⱼ e^(xⱼ)", r"f(x)_i = \frac{e^{x_i}}{\sum_j e^{x_j}}")


_SOFTMAX_DERIVATIVE = Formula("∂fᵢ/∂xⱼ = sᵢ(δᵢⱼ − sⱼ)", r"\frac{\partial f_i}{\partial x_j} = s_i(\delta_{ij} - s_j)")


_VANISHING = (
    "All entries of the Jacobian go to 0 as one share goes to 1, and none exceeds 1/4 (over τ, if there is one). For "
    "a loss use log_softmax, whose gradient does not vanish, and scale scores down, as attention does by √d."
)
_BRIDLE = Reference(
    "J. Bridle (1990). Probabilistic interpretation of feedforward classification network outputs",
    "https://doi.org/10.1007/978-3-642-76153-9_28",
)


softmax = Vector(
    name="softmax",
    family="softmax",
    formula=_SOFTMAX_FORMULA,
    derivative=_SOFTMAX_DERIVATIVE,
    parameters=(axis(jax=-1, keras=-1, onnx=-1),),
    exponential=True,
    value=softmax_value,
    jacobian=softmax_jacobian,
    pullback=softmax_pullback,
    shapes=SAME_SHAPE,
    range=(0.0, 1.0),
    lipschitz=0.5,
    problems={"vanishing_gradient": _VANISHING},
    names=Names(pytorch=("Softmax",), jax=("softmax",), keras=("softmax",), onnx=("Softmax",)),
    reference=_BRIDLE,
)


softmin = Vector(
    name="softmin",
    family="softmax",
    formula=Formula("f(x)ᵢ = e^(−xᵢ)/Σⱼ e^(−xⱼ)", r"f(x)_i = \frac{e^{-x_i}}{\sum_j e^{-x_j}}"),
    derivative=Formula("∂fᵢ/∂xⱼ = −sᵢ(δᵢⱼ − sⱼ)", r"\frac{\partial f_i}{\partial x_j} = -s_i(\delta_{ij} - s_j)"),
    parameters=(AXIS,),
    exponential=True,
    value=lambda x: softmax_value(-x),
    jacobian=lambda x: -softmax_jacobian(-x),
    pullback=lambda x, upstream: -softmax_pullback(-x, upstream),
    shapes=SAME_SHAPE,
    range=(0.0, 1.0),
    lipschitz=0.5,
    problems={"vanishing_gradient": _VANISHING},
    names=Names(pytorch=("Softmin",)),
    reference=Reference("PyTorch: Softmin", "https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmin.html"),
)


def _log_softmax_value(x: Array) -> Array:
    """(x_i − max) − ln(1 + Σ_others): two terms of one sign, so nothing cancels."""
    weights = Weights.of(x)
    lost = np.where(np.isnan(weights.terms.hi), np.nan, np.log1p(weights.others.value()))
    return (weights.shifted.hi - lost) + weights.shifted.lo


def _log_softmax_jacobian(x: Array) -> Array:
    weights = Weights.of(x)
    return where(diagonal(x), column(weights.remainders), -row(weights.shares)).value()


def _log_softmax_pullback(x: Array, upstream: Array) -> Array:
    near, exponent = scaled_down(upstream)
    slopes = near - Weights.of(x, exact=True).shares * total_of(DD.of(near))
    return np.asarray(np.ldexp(slopes.value(), exponent))


log_softmax = Vector(
    name="log_softmax",
    family="softmax",
    formula=Formula("f(x)ᵢ = xᵢ − ln Σⱼ e^(xⱼ)", r"f(x)_i = x_i - \ln\sum_j e^{x_j}"),
    derivative=Formula("∂fᵢ/∂xⱼ = δᵢⱼ − sⱼ", r"\frac{\partial f_i}{\partial x_j} = \delta_{ij} - s_j"),
    parameters=(axis(jax=-1, keras=-1, onnx=-1),),
    exponential=True,
    value=_log_softmax_value,
    jacobian=_log_softmax_jacobian,
    pullback=_log_softmax_pullback,
    shapes=SAME_SHAPE,
    range=(-inf, 0.0),
    lipschitz=inf,
    names=Names(pytorch=("LogSoftmax",), jax=("log_softmax",), keras=("log_softmax",), onnx=("LogSoftmax",)),
    reference=_BRIDLE,
)


gumbel_softmax = Vector(
    name="gumbel_softmax",
    family="softmax",
    formula=Formula(
        "f(x) = softmax((x + g)/τ); g = 0, or with a seed gᵢ ~ Gumbel(0, 1)",
        r"f(x) = \operatorname{softmax}\left(\frac{x + g}{\tau}\right)",
    ),
    derivative=Formula(
        "∂fᵢ/∂xⱼ = sᵢ(δᵢⱼ − sⱼ)/τ", r"\frac{\partial f_i}{\partial x_j} = \frac{s_i(\delta_{ij} - s_j)}{\tau}"
    ),
    parameters=(
        axis(pytorch=-1),
        Parameter("tau", 1.0, "Temperature τ.", minimum=1 / STEEP, maximum=STEEP, defaults={"pytorch": 1.0}),
        Parameter(
            "hard",
            False,
            "True for a one-hot value with the gradient of the soft one (straight-through).",
            minimum=None,
            maximum=None,
            defaults={"pytorch": False},
        ),
    ),
    exponential=True,
    noise=lambda generator, x, parameters: (x + generator.gumbel(size=x.shape), parameters),
    value=lambda x, tau, hard: one_hot(x) if hard else softmax_value(x, tau),
    jacobian=lambda x, tau, hard: softmax_jacobian(x, tau),
    pullback=lambda x, upstream, tau, hard: softmax_pullback(x, upstream, tau),
    partials={"tau": lambda x, tau, hard: _tau_slope(x, tau)},
    shapes=SAME_SHAPE,
    range=(0.0, 1.0),
    lipschitz=0.5,
    problems={"vanishing_gradient": _VANISHING},
    names=Names(pytorch=("gumbel_softmax",)),
    reference=Reference(
        "E. Jang, S. Gu and B. Poole (2016). Categorical reparameterization with Gumbel-softmax",
        "https://arxiv.org/abs/1611.01144",
    ),
)
