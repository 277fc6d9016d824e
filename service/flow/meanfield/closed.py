"""Activations whose expectations have closed forms that no grid replaces: sin oscillates, exp outgrows the density.

    sin:  E f² = (1 − e⁻²ᵠ)/2, E f′² = (1 + e⁻²ᵠ)/2       exp:  E f² = E f′² = e²ᵠ

For two inputs of correlation c, with p = q(1 + c)/2 and v = q(1 − c)/2, the loss Δ = E f² − E f(u)f(u′) is
(1 + e⁻²ᵖ)(1 − e⁻²ᵛ)/2 for sin and e²ᵖ(e²ᵛ − 1) for exp. The excess Σ_{n≥2} (n − 1)a_n² is e⁻ᵠ(q cosh q − sinh q) for
sin, where a_n² = e⁻ᵠqⁿ/n! for odd n, and eᵠ(qeᵠ − eᵠ + 1) for exp, where a_n² = eᵠqⁿ/n!.
"""

from math import factorial

import numpy as np

from service.activations.model import Array
from service.flow.meanfield.expectations import Moments


class Sine:
    """f(x) = sin x."""

    def moments(self, q: Array) -> Moments:
        """The expectations at each q > 0 of (n,)."""
        double, mean_slope = np.exp(-2 * q), np.exp(-q / 2)
        small = np.minimum(q, 1.0)
        series = sum((small ** (2 * k + 1) * (2 * k / factorial(2 * k + 1)) for k in range(1, 9)), np.zeros_like(q))
        return Moments(
            mean=np.zeros_like(q),
            square=-np.expm1(-2 * q) / 2,
            slope=mean_slope,
            slope_square=(1 + double) / 2,
            dispersion=np.expm1(-4 * q) ** 2 / (2 * (1 + double) ** 2),
            growth=double,
            excess=np.where(q < 1, np.exp(-q) * series, q * (1 + double) / 2 + np.expm1(-2 * q) / 2),
        )

    def differences(self, q: Array, ratio: Array) -> tuple[Array, Array]:
        """Δ/(q(1 − c)) and E f′f′ for c = (1 − ratio)/(1 + ratio)."""
        p, v = q / (1 + ratio), q * ratio / (1 + ratio)
        loss = (1 + np.exp(-2 * p)) * -np.expm1(-2 * v) / 2
        return loss / (2 * v), (np.exp(-2 * v) + np.exp(-2 * p)) / 2


class Exponential:
    """f(x) = eˣ; what overflows is infinite."""

    def moments(self, q: Array) -> Moments:
        """The expectations at each q > 0 of (n,)."""
        with np.errstate(all="ignore"):
            mean, square = np.exp(q / 2), np.exp(2 * q)
            small = np.minimum(q, 1.0)
            series = sum((small**n * ((n - 1) / factorial(n)) for n in range(2, 19)), np.zeros_like(q))
            excess = np.where(q < 1, np.exp(q) * series, np.exp(q) + (q - 1) * square)
            return Moments(mean, square, mean, square, np.expm1(4 * q), 2 * square, excess)

    def differences(self, q: Array, ratio: Array) -> tuple[Array, Array]:
        """Δ/(q(1 − c)) and E f′f′ for c = (1 − ratio)/(1 + ratio)."""
        p, v = q / (1 + ratio), q * ratio / (1 + ratio)
        with np.errstate(all="ignore"):
            return np.exp(2 * p) * np.expm1(2 * v) / (2 * v), np.exp(2 * p)
