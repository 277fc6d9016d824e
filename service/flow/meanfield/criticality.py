"""The edge of chaos: σ_w² E f′(u)² = 1 at a fixed point of the length map.

It is a curve with q as its parameter (Pennington, Schoenholz and Ganguli 2017):

    σ_w²(q) = 1/E f′²,   σ_b²(q) = q − E f²/E f′² = (Σ_{n≥2} (n − 1)a_n² − (E f)²)/E f′²

with Hermite coefficients a_n; points of negative σ_b² do not exist. The second form has no cancellation near q = 0,
where f is nearly linear. A point is of use only where the length map is stable, dV/dq < 1; for gelu, silu and mish at
small σ_b it is not. Where f(0) = 0 and σ_b = 0 the limit q → 0 is critical too, at σ_w² = 1/mean f′(0±)².
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.activations.model import Array
from service.flow.meanfield.expectations import Moments
from service.flow.meanfield.fixed_points import ROUNDING, denser
from service.flow.meanfield.kernel import Kernel
from service.flow.meanfield.roots import bracketed
from service.flow.stopping import go_on

TOLERANCE = 1e-9  # how near to 1 a multiplier is called critical
_FAINTEST = 1e-12  # E f′² below which a critical σ_w, above 1e6, is of no use


@dataclass(frozen=True)
class CriticalPoint:
    """A critical σ_w: the fixed point there, None if every q is one, and whether lengths stay near it."""

    sigma_w: float
    q_star: float | None
    stable: bool


def critical_points(kernel: Kernel, sigma_b: float) -> tuple[CriticalPoint, ...]:
    """All critical σ_w for this σ_b ≥ 0, by ascending q; none where E f′² does not exist."""
    go_on()
    if kernel.jumps:
        return ()
    q, distance = denser(kernel, lambda q, moments: _distance(q, moments, sigma_b**2))
    known = np.flatnonzero(distance)
    turns = np.flatnonzero(np.diff(np.sign(distance[known])))
    found = [_point(kernel, root) for root in _roots(kernel, q[known[turns]], q[known[turns + 1]], sigma_b)]
    if sigma_b == 0.0 and kernel.origin_square == 0.0 and kernel.origin_slope > 0:
        return (_origin(kernel, known), *found)
    return tuple(found)


def _distance(q: Array, moments: Moments, bias: float) -> Array:
    """(σ_b²(q) − σ_b²)/q, and 0 where rounding hides its sign, or next to nothing passes the activation."""
    with np.errstate(all="ignore"):
        line = q * moments.slope_square
        above, below = moments.excess, moments.mean**2 + bias * moments.slope_square
        hidden = ROUNDING * (np.maximum(above, below) + 0.1 * np.sqrt(np.abs(above) * line) + ROUNDING * line)
        told = (np.abs(above - below) > hidden) & (moments.slope_square > _FAINTEST)
        return np.nan_to_num(np.where(told, above - below, 0.0) / line, posinf=0.0)


def _roots(kernel: Kernel, lower: Array, upper: Array, sigma_b: float) -> Array:
    if lower.size == 0:
        return lower

    def distance(logarithm: Array) -> Array:
        q = np.exp(logarithm)
        moments = kernel.moments(q)
        line = np.maximum(q * moments.slope_square, np.finfo(np.float64).tiny)
        return np.asarray((moments.excess - moments.mean**2) / line - sigma_b**2 / q)

    return np.exp(bracketed(distance, np.log(lower), np.log(upper)))


def _point(kernel: Kernel, q: float) -> CriticalPoint:
    moments = kernel.moments(np.array([q]))
    slope_square, growth = float(moments.slope_square[0]), float(moments.growth[0])
    return CriticalPoint(slope_square**-0.5, float(q), growth / slope_square < 1 - TOLERANCE)


def _origin(kernel: Kernel, known: NDArray[np.intp]) -> CriticalPoint:
    """The limit q → 0, or the line of fixed points where the curve does not leave it."""
    sigma_w = kernel.origin_slope**-0.5
    if known.size == 0:
        return CriticalPoint(sigma_w, None, True)  # a departure neither grows nor shrinks
    gain = kernel.table.square / (kernel.origin_slope * kernel.nodes) - 1
    leaves = gain[np.abs(gain) > ROUNDING]
    return CriticalPoint(sigma_w, 0.0, bool(leaves.size and leaves[0] < 0))
