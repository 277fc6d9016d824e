"""Vectors brought to a simplex, a corner of it, or to mean 0 and variance 1."""

from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray

from service.activations.axes import SAME_SHAPE, Mask, axis, column, diagonal, first_maximum, one_hot, row, undetermined
from service.activations.model import LARGE, Array, Formula, Names, Parameter, Reference, Vector
from service.numerics.double_double import DD, square_root, total, where
from service.numerics.sums import mean_of, scaled_down, total_of


def _sparsemax(x: Array) -> tuple[DD, Mask]:
    """x − τ(x) and the support, by Michelot's algorithm: drop what lies below the threshold until nothing does.

    What is more than 1 below the maximum is never in the support; +∞ beside finite numbers is all of it.
    """
    largest = np.max(x, axis=-1, keepdims=True, initial=-inf)
    support = (x - largest > -1.0) | first_maximum(x)
    shifted = total(
        np.where(support & np.isfinite(largest), x, 0.0), np.where(support & np.isfinite(largest), -largest, 0.0)
    )
    while True:
        count = np.maximum(np.sum(support, axis=-1, keepdims=True), 1).astype(np.float64)
        rest = shifted - (total_of(where(support, shifted, 0.0)) - 1.0) / count
        smaller = support & (rest.hi > 0)
        if (smaller == support).all():
            return where(undetermined(x, largest), np.nan, where(support, rest, 0.0)), support
        support = smaller


def _sparsemax_jacobian(x: Array) -> Array:
    value, support = _sparsemax(x)
    members = np.where(np.isnan(value.hi), np.nan, support)
    share = members / np.maximum(np.sum(members, axis=-1, keepdims=True), 1)
    identity = np.where(diagonal(x), members[..., :, None], 0.0)
    return np.asarray(identity - members[..., :, None] * share[..., None, :])


def _sparsemax_pullback(x: Array, upstream: Array) -> Array:
    value, support = _sparsemax(x)
    near, exponent = scaled_down(upstream)
    count = np.maximum(np.sum(support, axis=-1, keepdims=True), 1).astype(np.float64)
    mean = total_of(where(support, near, 0.0)) / count
    slopes = np.ldexp(np.where(support, (near - mean).value(), 0.0), exponent)
    return np.where(np.isnan(value.hi), np.nan, slopes)


sparsemax = Vector(
    name="sparsemax",
    family="softmax",
    formula=Formula(
        "f(x) = argmin ‖p − x‖² over the simplex = max(x − τ(x), 0)", r"f(x) = \arg\min_{p \in \Delta}\|p - x\|^2"
    ),
    derivative=Formula(
        "∂fᵢ/∂xⱼ = mᵢ(δᵢⱼ − mⱼ/|S|), m the indicator of the support S",
        r"\frac{\partial f_i}{\partial x_j} = m_i\left(\delta_{ij} - \frac{m_j}{|S|}\right)",
    ),
    parameters=(axis(keras=-1),),
    value=lambda x: _sparsemax(x)[0].value(),
    jacobian=_sparsemax_jacobian,
    pullback=_sparsemax_pullback,
    shapes=SAME_SHAPE,
    range=(0.0, 1.0),
    lipschitz=1.0,
    smoothness="C0",
    names=Names(keras=("sparsemax",)),
    reference=Reference(
        "A. Martins and R. Astudillo (2016). From softmax to sparsemax", "https://arxiv.org/abs/1602.02068"
    ),
)


hardmax = Vector(
    name="hardmax",
    family="softmax",
    formula=Formula("f(x)ᵢ = 1 at the first maximum, else 0", r"f(x)_i = [i = \min\arg\max_j x_j]"),
    derivative=Formula("∂fᵢ/∂xⱼ = 0 wherever it exists", r"\frac{\partial f_i}{\partial x_j} = 0"),
    parameters=(axis(onnx=-1),),
    value=one_hot,
    jacobian=lambda x: np.zeros((*x.shape, x.shape[-1])),
    pullback=lambda x, upstream: np.zeros_like(x),
    shapes=SAME_SHAPE,
    range=(0.0, 1.0),
    lipschitz=inf,
    smoothness="discontinuous",
    problems={
        "no_gradient": "The Jacobian is 0 everywhere it exists, so nothing before it can learn by gradients. "
        "Use softmax, sparsemax, or gumbel_softmax with hard = true."
    },
    names=Names(onnx=("Hardmax",)),
    reference=Reference("ONNX operators: Hardmax", "https://onnx.ai/onnx/operators/onnx__Hardmax.html"),
)


def _standardized(x: Array, epsilon: float) -> tuple[DD, DD, NDArray[np.signedinteger]]:
    """z, √(variance + ε) and the exponent of the power of two by which that root is to be multiplied.

    The deviations from the mean are taken in double-double, so nothing cancels; rows of large numbers are scaled down,
    so that no square overflows.
    """
    near, exponent = scaled_down(x)
    relative = total(near, -near[..., :1]) if x.shape[-1] else DD.of(x)
    deviation = relative - mean_of(relative)
    spread = square_root(mean_of(deviation * deviation) + np.ldexp(epsilon, -2 * exponent))
    spread = where(spread.hi > 0, spread, 1.0)  # a row of equal large numbers, whose ε is negligible: z is 0
    return deviation / spread, spread, exponent


def _standardize_jacobian(x: Array, epsilon: float) -> Array:
    z, spread, exponent = _standardized(x, epsilon)
    coupling = (column(z) * row(z) + 1.0) / float(max(x.shape[-1], 1))
    slopes = (where(diagonal(x), 1.0, 0.0) - coupling) / column(spread)
    return np.asarray(np.ldexp(slopes.value(), -exponent[..., None]))


def _standardize_pullback(x: Array, upstream: Array, epsilon: float) -> Array:
    z, spread, exponent = _standardized(x, epsilon)
    near, size = scaled_down(upstream)
    slopes = (near - mean_of(DD.of(near)) - z * mean_of(z * near)) / spread
    return np.asarray(np.ldexp(slopes.value(), size - exponent))


def _epsilon_slope(x: Array, epsilon: float) -> Array:
    """∂z/∂ε = −z/2(var + ε)."""
    z, spread, exponent = _standardized(x, epsilon)
    return np.asarray(np.ldexp(-(z / (spread * spread)).value() / 2, -2 * exponent))


standardize = Vector(
    name="standardize",
    family="normalization",
    formula=Formula("f(x) = (x − mean(x))/√(var(x) + ε)", r"f(x) = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}}"),
    derivative=Formula(
        "∂fᵢ/∂xⱼ = (δᵢⱼ − (1 + zᵢzⱼ)/n)/√(var + ε)",
        r"\frac{\partial f_i}{\partial x_j} = \frac{\delta_{ij} - (1 + z_i z_j)/n}{\sqrt{\sigma^2 + \epsilon}}",
    ),
    parameters=(
        axis(jax=-1),
        Parameter(
            "epsilon",
            1e-5,
            "What is added to the variance.",
            minimum=1 / LARGE,
            aliases=("eps",),
            defaults={"jax": 1e-5},
        ),
    ),
    value=lambda x, epsilon: _standardized(x, epsilon)[0].value(),
    jacobian=_standardize_jacobian,
    pullback=_standardize_pullback,
    partials={"epsilon": _epsilon_slope},
    shapes=SAME_SHAPE,
    range=(-inf, inf),
    lipschitz=1 / sqrt(1e-5),
    zero_centered=True,
    names=Names(jax=("standardize",)),
    reference=Reference(
        "JAX: jax.nn.standardize", "https://docs.jax.dev/en/latest/_autosummary/jax.nn.standardize.html"
    ),
)
