"""The correlation c* at which two inputs settle once their lengths have: the stable root of the correlation map.

    C(c) = (σ_w² E f(u)f(u′) + σ_b²)/q*,   C(1) = 1,   C′(1) = χ₁

C has a Taylor series of positive coefficients (Mehler), so it is convex on [0, 1] and C(0) ≥ 0: c* = 1 if χ₁ ≤ 1, and
else there is one root c* < 1, where 1/σ_w² = Δ(c)/(q*(1 − c)) for the loss Δ = E f² − E f(u)f(u′): the right side falls
steadily with the ratio (1 − c)/(1 + c). Small departures from c* shrink by χ_c = σ_w² E f′(u)f′(u′) in each layer.
"""

import numpy as np

from service.activations.model import Array
from service.flow.meanfield.correlations import RATIOS, along
from service.flow.meanfield.kernel import Kernel
from service.flow.meanfield.roots import bracketed

_UNRELATED = 1e-15  # C(0) below this is the rounding of E f = 0: c* = 0


def stable_correlation(
    kernel: Kernel, q_star: Array, sigma_w2: Array, sigma_b2: Array, slope_square: Array, mean: Array
) -> tuple[Array, Array]:
    """c* and χ at c*, in the shape of q* (n,), where χ₁ = σ_w² E f′² > 1 or E f′² does not exist (NaN)."""
    losses, slopes = kernel.curves(q_star)
    target = 1 / sigma_w2
    ratio = _ratio(losses, target, slope_square)
    ratio = np.where((sigma_w2 * mean**2 + sigma_b2) / q_star < _UNRELATED, 1.0, ratio)
    return (1 - ratio) / (1 + ratio), sigma_w2 * along(slopes, np.maximum(ratio, RATIOS[0, 0]))


def _ratio(losses: Array, target: Array, limit: Array) -> Array:
    """(1 − c*)/(1 + c*): where the curves (n, decades, points) come down to the target (n,)."""
    ratios, values = RATIOS.reshape(-1), losses.reshape(target.size, -1)
    below = values <= target[:, None]
    index = np.where(below.any(axis=1), np.argmax(below, axis=1), ratios.size - 1)
    lower, upper = ratios[np.maximum(index - 1, 0)], ratios[index]
    logarithm = bracketed(lambda place: along(losses, np.exp(place)) - target, np.log(lower), np.log(upper))
    nearest = ratios[0] * np.clip((limit - target) / (limit - values[:, 0]), 0.0, 1.0)  # the curve is straight there
    return np.where(index > 0, np.exp(logarithm), np.nan_to_num(nearest, nan=0.0))
