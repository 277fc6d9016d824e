"""Singular values of the input-output Jacobian J of a wide network of depth L at criticality, σ_w² E f′² = 1.

With μ_k = E f′(u)²ᵏ and s₁ = −1 for Gaussian, 0 for orthogonal weights, the squared singular values have mean 1 and

    variance = L(μ₂/μ₁² − 1 − s₁)

and the largest is the least value of M⁻¹(z) over z > 0. For slopes f′² of Bernoulli law, p = 1 (linear) or 1/2 (relu):

    Gaussian M⁻¹ = (1 + z)/z·(1 + z/p)ᴸ      orthogonal M⁻¹ = (1 + z)/z·((1 + z/p)/(1 + z))ᴸ

Isometry, all singular values near 1 at any depth, needs
orthogonal weights and μ₂/μ₁² → 1.

References
----------
J. Pennington, S. S. Schoenholz and S. Ganguli, Resurrecting the sigmoid in deep learning through dynamical isometry,
NeurIPS 2017; The emergence of spectral universality in deep networks, AISTATS 2018.
"""

from math import exp, log1p, sqrt
from typing import Literal

import numpy as np

from service.activations.model import Elementwise, Parameters
from service.flow.meanfield.kernel import kernel_of

Weights = Literal["gaussian", "orthogonal"]
_S1 = {"gaussian": -1.0, "orthogonal": 0.0}


def slope_dispersion(function: Elementwise, parameters: Parameters, q: float) -> float | None:
    """μ₂/μ₁² − 1, the relative variance of f′(u)² for u ~ N(0, q); None where it does not exist."""
    kernel = kernel_of(function, parameters)
    if kernel is None or kernel.jumps:
        return None
    dispersion = float(kernel.moments(np.array([q])).dispersion[0])
    return dispersion if np.isfinite(dispersion) else None


def relative_variance(depth: int, dispersion: float, weights: Weights) -> float:
    """Variance of the squared singular values over their squared mean, for slopes of dispersion μ₂/μ₁² − 1."""
    return depth * (dispersion - _S1[weights])


def largest(depth: int, probability: float, weights: Weights) -> float:
    """The largest squared singular value for slopes of Bernoulli law with this probability (0, 1].

    Where M⁻¹ has no least value, it is its limit for z → ∞.
    """
    if weights == "gaussian":  # d ln M⁻¹/dz = 0 where Lz² + (L − 1)z = p
        z = (1 - depth + sqrt((depth - 1) ** 2 + 4 * depth * probability)) / (2 * depth)
        return exp(log1p(1 / z) + depth * log1p(z / probability))
    lift = depth * (1 - probability)  # d ln M⁻¹/dz = 0 where z + p = L(1 − p)z
    if lift <= 1:
        return float(probability**-depth)
    z = probability / (lift - 1)
    return exp(log1p(1 / z) + depth * (log1p(z / probability) - log1p(z)))


def largest_of_smooth(spread: float) -> float:
    """The largest squared singular value for smooth slopes, orthogonal weights and L → ∞ at L(μ₂/μ₁² − 1) = spread².

    M⁻¹ = (1 + z)/z·exp(spread² z), the same for every such activation.
    """
    z = (sqrt(1 + 4 / spread**2) - 1) / 2
    return exp(log1p(1 / z) + spread**2 * z)
