"""Functions of whole vectors: softmax and its kin, projections, one-hot maxima, standardisation."""

from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray

from service.activations.model import Array, Formula, Names, Parameter, Reference, Vector
from service.numerics.double_double import DD, square_root, total, where
from service.numerics.sums import mean_of, total_of

Mask = NDArray[np.bool_]

AXIS = Parameter(
    "axis",
    -1,
    "Axis along which the vectors lie; negative from the last.",
    minimum=-32,
    maximum=31,
    aliases=("dim",),
    defaults={"jax": -1, "keras": -1, "onnx": -1},
)
_SAME_SHAPE = ("(…, n, …), n along axis", "the shape of x")


def first_maximum(x: Array) -> Mask:
    """True at the first maximum along the last axis."""
    top = np.zeros(x.shape, dtype=bool)
    if x.shape[-1]:
        np.put_along_axis(top, np.argmax(x, axis=-1, keepdims=True), True, axis=-1)
    return top


@dataclass(frozen=True)
class Weights:
    """Softmax before the division: E_i = e^{(x_i − max)/τ} ≤ 1, their sum, and the sum of all but the first maximum."""

    shifted: DD
    terms: DD
    others: DD
    top: Mask

    @classmethod
    def of(cls, x: Array, tau: float = 1.0) -> "Weights":
        """From vectors along the last axis; +inf beside finite numbers takes all the weight."""
        largest = np.max(x, axis=-1, keepdims=True, initial=-inf)
        top = first_maximum(x)
        within = (x - largest) / tau > -800.0
        shifted = total(np.where(within, x, 0.0), np.where(within, -largest, 0.0)) / tau
        shifted = where(top & np.isinf(largest), 0.0, shifted)
        raised = np.where(within | top, np.exp(shifted.hi), 0.0)
        raised = np.where(_undetermined(x, largest), np.nan, raised)
        terms = DD(raised, raised * shifted.lo)
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


def _undetermined(x: Array, largest: Array) -> Mask:
    """Rows without a limit: with NaN, all −inf, or more than one +inf."""
    several = np.sum(x == inf, axis=-1, keepdims=True) > 1
    return np.isnan(largest) | (largest == -inf) | several


def _diagonal(x: Array) -> Mask:
    return np.eye(x.shape[-1], dtype=bool)


def _row(x: DD) -> DD:
    return DD(x.hi[..., None, :], x.lo[..., None, :])


def _column(x: DD) -> DD:
    return DD(x.hi[..., :, None], x.lo[..., :, None])


def softmax_value(x: Array, tau: float = 1.0) -> Array:
    """s_i = E_i/ΣE, each within 4 ulp however far apart the inputs are."""
    weights = Weights.of(x, tau)
    return weights.terms.ratio(weights.total)


def softmax_jacobian(x: Array, tau: float = 1.0) -> Array:
    """(diag(s) − s sᵀ)/τ."""
    weights = Weights.of(x, tau)
    shares = weights.shares
    outer = -(_column(shares) * _row(shares))
    return (where(_diagonal(x), _column(shares * weights.remainders), outer) / tau).value()


def softmax_pullback(x: Array, upstream: Array, tau: float = 1.0) -> Array:
    """s_i(u_i − Σ s_j u_j)/τ, with u taken relative to that of the largest x, whose share may be close to 1."""
    weights = Weights.of(x, tau)
    at_top = np.sum(np.where(weights.top, upstream, 0.0), axis=-1, keepdims=True)
    relative = total(upstream, -at_top)
    return (weights.shares * (relative - total_of(weights.shares * relative)) / tau).value()


_SOFTMAX_FORMULA = Formula("f(x)ᵢ = e^(xᵢ)/Σⱼ e^(xⱼ)", r"f(x)_i = \frac{e^{x_i}}{\sum_j e^{x_j}}")
_SOFTMAX_DERIVATIVE = Formula("∂fᵢ/∂xⱼ = sᵢ(δᵢⱼ − sⱼ)", r"\frac{\partial f_i}{\partial x_j} = s_i(\delta_{ij} - s_j)")
_BRIDLE = Reference(
    "J. Bridle (1990). Probabilistic interpretation of feedforward classification network outputs",
    "https://doi.org/10.1007/978-3-642-76153-9_28",
)

softmax = Vector(
    name="softmax",
    family="softmax",
    formula=_SOFTMAX_FORMULA,
    derivative=_SOFTMAX_DERIVATIVE,
    parameters=(AXIS,),
    exponential=True,
    value=softmax_value,
    jacobian=softmax_jacobian,
    pullback=softmax_pullback,
    shapes=_SAME_SHAPE,
    range=(0.0, 1.0),
    lipschitz=0.5,
    problems={
        "vanishing_gradient": "No entry of the Jacobian exceeds 1/4, and all go to 0 as one share goes to 1. For a loss use "
        "log_softmax, whose gradient does not vanish, and scale scores down (as attention does by √d).",
    },
    names=Names(pytorch=("Softmax", "Softmax2d"), jax=("softmax",), keras=("softmax",), onnx=("Softmax",)),
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
    shapes=_SAME_SHAPE,
    range=(0.0, 1.0),
    lipschitz=0.5,
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
    return where(_diagonal(x), _column(weights.remainders), -_row(weights.shares)).value()


def _log_softmax_pullback(x: Array, upstream: Array) -> Array:
    shares = Weights.of(x).shares
    return (upstream - shares * total_of(DD.of(upstream))).value()


log_softmax = Vector(
    name="log_softmax",
    family="softmax",
    formula=Formula("f(x)ᵢ = xᵢ − ln Σⱼ e^(xⱼ)", r"f(x)_i = x_i - \ln\sum_j e^{x_j}"),
    derivative=Formula("∂fᵢ/∂xⱼ = δᵢⱼ − sⱼ", r"\frac{\partial f_i}{\partial x_j} = \delta_{ij} - s_j"),
    parameters=(AXIS,),
    exponential=True,
    value=_log_softmax_value,
    jacobian=_log_softmax_jacobian,
    pullback=_log_softmax_pullback,
    shapes=_SAME_SHAPE,
    range=(-inf, 0.0),
    lipschitz=inf,
    names=Names(pytorch=("LogSoftmax",), jax=("log_softmax",), keras=("log_softmax",), onnx=("LogSoftmax",)),
    reference=_BRIDLE,
)


def one_hot(x: Array) -> Array:
    """1 at the first maximum, NaN where there is a NaN."""
    return np.where(np.isnan(x).any(axis=-1, keepdims=True), np.nan, first_maximum(x).astype(np.float64))


gumbel_softmax = Vector(
    name="gumbel_softmax",
    family="softmax",
    formula=Formula(
        "f(x) = softmax((x + g)/τ); g = 0, or with a seed gᵢ ~ Gumbel(0, 1)",
        r"f(x) = \operatorname{softmax}\left(\frac{x + g}{\tau}\right)",
    ),
    derivative=Formula("∂fᵢ/∂xⱼ = sᵢ(δᵢⱼ − sⱼ)/τ", r"\frac{\partial f_i}{\partial x_j} = \frac{s_i(\delta_{ij} - s_j)}{\tau}"),
    parameters=(
        AXIS,
        Parameter("tau", 1.0, "Temperature τ.", minimum=1e-100, maximum=1e100, defaults={"pytorch": 1.0}),
        Parameter(
            "hard",
            False,
            "True for a one-hot value with the gradient of the soft one (straight-through).",
            defaults={"pytorch": False},
        ),
    ),
    exponential=True,
    noise=lambda generator, x, parameters: (x + generator.gumbel(size=x.shape), parameters),
    value=lambda x, tau, hard: one_hot(x) if hard else softmax_value(x, tau),
    jacobian=lambda x, tau, hard: softmax_jacobian(x, tau),
    pullback=lambda x, upstream, tau, hard: softmax_pullback(x, upstream, tau),
    shapes=_SAME_SHAPE,
    range=(0.0, 1.0),
    lipschitz=0.5,
    names=Names(pytorch=("gumbel_softmax",)),
    reference=Reference(
        "E. Jang, S. Gu and B. Poole (2016). Categorical reparameterization with Gumbel-softmax",
        "https://arxiv.org/abs/1611.01144",
    ),
)


def _sparsemax(x: Array) -> tuple[DD, Array]:
    """x − τ(x) and the support, by Michelot's algorithm: drop what lies below the threshold until nothing does."""
    largest = np.max(x, axis=-1, keepdims=True, initial=-inf)
    shifted = total(x, -largest)
    support = shifted.hi > -1.0
    while True:
        count = np.maximum(np.sum(support, axis=-1, keepdims=True), 1).astype(np.float64)
        rest = shifted - (total_of(where(support, shifted, 0.0)) - 1.0) / count
        smaller = support & (rest.hi > 0)
        if (smaller == support).all():
            return rest, support
        support = smaller


def _sparsemax_value(x: Array) -> Array:
    finite = np.where(np.isfinite(x), x, np.where(x == -inf, -1e300, 0.0))
    rest, support = _sparsemax(finite)
    undetermined = np.isnan(x).any(axis=-1, keepdims=True) | (np.max(x, axis=-1, keepdims=True, initial=-inf) == -inf)
    return np.where(undetermined | (x == inf).any(axis=-1, keepdims=True), np.nan, np.where(support, rest.value(), 0.0))


def _sparsemax_jacobian(x: Array) -> Array:
    _, support = _sparsemax(x)
    members = support.astype(np.float64)
    share = members / np.maximum(np.sum(members, axis=-1, keepdims=True), 1)
    identity = np.where(_diagonal(x), members[..., :, None], 0.0)
    return identity - members[..., :, None] * share[..., None, :]


def _sparsemax_pullback(x: Array, upstream: Array) -> Array:
    _, support = _sparsemax(x)
    count = np.maximum(np.sum(support, axis=-1, keepdims=True), 1).astype(np.float64)
    mean = total_of(where(support, upstream, 0.0)) / count
    return np.where(support, (upstream - mean).value(), 0.0)


sparsemax = Vector(
    name="sparsemax",
    family="softmax",
    formula=Formula("f(x) = argmin ‖p − x‖² over the simplex = max(x − τ(x), 0)", r"f(x) = \arg\min_{p \in \Delta}\|p - x\|^2"),
    derivative=Formula(
        "∂fᵢ/∂xⱼ = mᵢ(δᵢⱼ − mⱼ/|S|), m the indicator of the support S",
        r"\frac{\partial f_i}{\partial x_j} = m_i\left(\delta_{ij} - \frac{m_j}{|S|}\right)",
    ),
    parameters=(AXIS,),
    value=_sparsemax_value,
    jacobian=_sparsemax_jacobian,
    pullback=_sparsemax_pullback,
    shapes=_SAME_SHAPE,
    range=(0.0, 1.0),
    lipschitz=1.0,
    smoothness="C0",
    names=Names(keras=("sparsemax",)),
    reference=Reference("A. Martins and R. Astudillo (2016). From softmax to sparsemax", "https://arxiv.org/abs/1602.02068"),
)

hardmax = Vector(
    name="hardmax",
    family="softmax",
    formula=Formula("f(x)ᵢ = 1 at the first maximum, else 0", r"f(x)_i = [i = \min\arg\max_j x_j]"),
    derivative=Formula("∂fᵢ/∂xⱼ = 0 wherever it exists", r"\frac{\partial f_i}{\partial x_j} = 0"),
    parameters=(AXIS,),
    value=one_hot,
    jacobian=lambda x: np.zeros((*x.shape, x.shape[-1])),
    pullback=lambda x, upstream: np.zeros_like(x),
    shapes=_SAME_SHAPE,
    range=(0.0, 1.0),
    lipschitz=inf,
    smoothness="discontinuous",
    problems={
        "no_gradient": "The Jacobian is 0 everywhere it exists, so nothing before this function can learn by gradients. "
        "Use softmax, sparsemax, or gumbel_softmax with hard = true."
    },
    names=Names(onnx=("Hardmax",)),
    reference=Reference("ONNX operators: Hardmax", "https://onnx.ai/onnx/operators/onnx__Hardmax.html"),
)


def _standardized(x: Array, epsilon: float) -> tuple[DD, DD]:
    """z and √(variance + ε); the deviations from the mean are taken in double-double, so nothing cancels."""
    relative = total(x, -x[..., :1]) if x.shape[-1] else DD.of(x)
    deviation = relative - mean_of(relative)
    spread = square_root(mean_of(deviation * deviation) + epsilon)
    return deviation / spread, spread


def _standardize_jacobian(x: Array, epsilon: float) -> Array:
    z, spread = _standardized(x, epsilon)
    coupling = (_column(z) * _row(z) + 1.0) / float(max(x.shape[-1], 1))
    return ((where(_diagonal(x), 1.0, 0.0) - coupling) / _column(spread)).value()


def _standardize_pullback(x: Array, upstream: Array, epsilon: float) -> Array:
    z, spread = _standardized(x, epsilon)
    return ((upstream - mean_of(DD.of(upstream)) - z * mean_of(z * upstream)) / spread).value()


standardize = Vector(
    name="standardize",
    family="normalization",
    formula=Formula("f(x) = (x − mean(x))/√(var(x) + ε)", r"f(x) = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}}"),
    derivative=Formula(
        "∂fᵢ/∂xⱼ = (δᵢⱼ − 1/n − zᵢzⱼ/n)/√(var + ε)",
        r"\frac{\partial f_i}{\partial x_j} = \frac{\delta_{ij} - \frac1n - \frac{z_i z_j}{n}}{\sqrt{\sigma^2 + \epsilon}}",
    ),
    parameters=(
        AXIS,
        Parameter(
            "epsilon", 1e-5, "What is added to the variance.", minimum=1e-100, maximum=1e100, aliases=("eps",), defaults={"jax": 1e-5}
        ),
    ),
    value=lambda x, epsilon: _standardized(x, epsilon)[0].value(),
    jacobian=_standardize_jacobian,
    pullback=_standardize_pullback,
    shapes=_SAME_SHAPE,
    range=(-inf, inf),
    lipschitz=1 / sqrt(1e-5),
    zero_centered=True,
    names=Names(jax=("standardize",)),
    reference=Reference(
        "JAX: jax.nn.standardize", "https://docs.jax.dev/en/latest/_autosummary/jax.nn.standardize.html"
    ),
)

VECTORS = (softmax, softmin, log_softmax, gumbel_softmax, sparsemax, hardmax, standardize)
