"""Mean-field theory of one activation at one (σ_w, σ_b): lengths, correlations, gradients, and their depth scales.

With weights of variance σ_w²/fan-in and biases of variance σ_b², preactivations u ~ N(0, q) and

    q* = V(q*) = σ_w² E f(u)² + σ_b²      length of signals         χ_∥ = V′(q*)         ξ_q = −1/ln χ_∥
    χ₁ = σ_w² E f′(u)²                    growth of ‖gradient‖²     χ_c = χ at c*        ξ_c = −1/ln χ_c

per layer. Ordered (χ₁ < 1): inputs become parallel, gradients vanish. Chaotic (χ₁ > 1): inputs part, gradients explode.

References
----------
B. Poole et al., Exponential expressivity in deep neural networks through transient chaos, NeurIPS 2016.
S. S. Schoenholz et al., Deep information propagation, ICLR 2017.
"""

from dataclasses import dataclass
from math import isfinite, log
from typing import Literal

import numpy as np

from service.activations.model import Elementwise, Parameters
from service.compute.description import Gains
from service.flow.meanfield.criticality import TOLERANCE, CriticalPoint, critical_points
from service.flow.meanfield.expectations import HIGHEST, LOWEST
from service.flow.meanfield.fixed_points import (
    Course,
    FixedPoint,
    destination,
    distances,
    fixed_points,
    length_roots,
    smallest,
)
from service.flow.meanfield.kernel import Kernel, kernel_of
from service.flow.meanfield.remarks import HALF_LINE, Findings, remarks_on
from service.flow.meanfield.stable_correlation import stable_correlation

Phase = Literal["ordered", "critical", "chaotic"]
_NO_GAINS = Gains(None, None)


@dataclass(frozen=True, kw_only=True)
class MeanField:
    """What theory says; what does not exist is None, and `remarks` say why.

    `q_star` is where lengths lead from q = 1, `fixed_points` are all there are, and `critical` all critical σ_w for the
    given σ_b. Where lengths grow without end, `chi_1` is its limit.
    """

    q_star: float | None = None
    fixed_points: tuple[FixedPoint, ...] = ()
    chi_1: float | None = None
    chi_parallel: float | None = None
    c_star: float | None = None
    xi_q: float | None = None
    xi_c: float | None = None
    phase: Phase | None = None
    critical: tuple[CriticalPoint, ...] = ()
    gains: Gains = _NO_GAINS
    remarks: tuple[str, ...] = ()


def solve(function: Elementwise, parameters: Parameters, sigma_w: float, sigma_b: float) -> MeanField:
    """Mean-field theory of networks of this activation.

    Parameters
    ----------
    function, parameters : the activation; of a stochastic one, the function it is when evaluated.
    sigma_w, sigma_b : at least 0, dimensionless.

    Returns
    -------
    MeanField
        Figures that agree with 50-digit arithmetic to 1e-12, away from where they are infinitely sensitive.
    """
    kernel = kernel_of(function, parameters)
    if kernel is None:
        return MeanField(remarks=(HALF_LINE,))
    variances = (sigma_w**2, sigma_b**2)
    course, q_star = _length(kernel, variances)
    chi_1, chi_parallel = multipliers(kernel, q_star, course, sigma_w**2)
    c_star, chi_c = _correlation(kernel, course, q_star, chi_1, variances)
    critical = critical_points(kernel, sigma_b)
    gains = _gains(kernel)
    findings = Findings(course, q_star, chi_1, chi_parallel, c_star, chi_c, critical, kernel.jumps, gains.backward)
    return MeanField(
        q_star=q_star,
        fixed_points=fixed_points(kernel, variances),
        chi_1=chi_1,
        chi_parallel=chi_parallel,
        c_star=c_star,
        xi_q=depth_scale(chi_parallel),
        xi_c=depth_scale(chi_c),
        phase=phase_of(chi_1),
        critical=critical,
        gains=gains,
        remarks=remarks_on(findings),
    )


def depth_scale(multiplier: float | None) -> float | None:
    """−1/ln|χ|: over how many layers a departure shrinks by e; None unless it shrinks exponentially."""
    if multiplier is None or abs(multiplier) >= 1 - TOLERANCE:
        return None
    return -1 / log(abs(multiplier)) if multiplier else 0.0


def phase_of(chi_1: float | None) -> Phase | None:
    """On which side of the edge of chaos χ₁ is; within 1e-9 of 1 it is on it."""
    if chi_1 is None:
        return None
    if abs(chi_1 - 1) <= TOLERANCE:
        return "critical"
    return "ordered" if chi_1 < 1 else "chaotic"


def _length(kernel: Kernel, variances: tuple[float, float]) -> tuple[Course, float | None]:
    """What lengths do from q = 1 on, and q* if they settle, or fall to 0."""
    course, lower, upper = destination(distances(kernel.nodes, kernel.table, variances), kernel.start)
    if course is Course.SETTLES:
        bounds = kernel.nodes[[lower]], kernel.nodes[[upper]]
        return course, float(length_roots(lambda q: kernel.moments(q).square, *bounds, *variances)[0])
    if course is Course.COLLAPSES:
        lowest = smallest(kernel, variances)
        return (Course.SETTLES if lowest else course), lowest
    return course, None


def multipliers(
    kernel: Kernel, q_star: float | None, course: Course, sigma_w2: float
) -> tuple[float | None, float | None]:
    """χ₁ and χ_∥ at q*, or in the limit that lengths tend to."""
    if q_star is None:
        chi = sigma_w2 * (kernel.outer_slope if course is Course.EXPLODES else kernel.origin_slope)
        settled = course is Course.EXPLODES and chi < 1 - TOLERANCE  # only beyond the largest q that is followed
        return (None, None) if settled or not isfinite(chi) else (_unless(kernel.jumps, chi), chi)
    if q_star < LOWEST:
        return _unless(kernel.jumps, sigma_w2 * kernel.origin_slope), sigma_w2 * kernel.origin_slope
    moments = kernel.moments(np.array([q_star]))
    return _unless(kernel.jumps, sigma_w2 * float(moments.slope_square[0])), sigma_w2 * float(moments.growth[0])


def _unless(missing: bool, value: float) -> float | None:
    return None if missing else value


def _correlation(
    kernel: Kernel, course: Course, q_star: float | None, chi_1: float | None, variances: tuple[float, float]
) -> tuple[float | None, float | None]:
    """c* and χ_c; they have no meaning where signals vanish or grow without end."""
    if course is Course.STAYS and chi_1 is not None:
        return 1.0, chi_1  # of functions that are homogeneous, correlations do not depend on lengths
    if not q_star or not LOWEST < q_star < HIGHEST:
        return None, None
    if variances[0] == 0.0:
        return 1.0, 0.0
    if chi_1 is not None and chi_1 <= 1 + TOLERANCE:
        return 1.0, chi_1
    q, sigma_w2, sigma_b2 = (np.array([each]) for each in (q_star, *variances))
    moments = kernel.moments(q)
    c_star, chi_c = stable_correlation(kernel, q, sigma_w2, sigma_b2, moments.slope_square, moments.mean)
    return float(c_star[0]), float(chi_c[0])


def _gains(kernel: Kernel) -> Gains:
    moments = kernel.moments(np.ones(1))
    squares = float(moments.square[0]), float(moments.slope_square[0])
    forward, backward = (square**-0.5 if square > 0 and isfinite(square) else None for square in squares)
    return Gains(forward, backward)
