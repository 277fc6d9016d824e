"""The phase diagram: mean-field theory over a grid of σ_w and σ_b, and the edge of chaos through it.

It says what ``solution.solve`` says point by point, from interpolated tables: within 1e-9 of it, and some hundred times
faster.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.activations.model import Array, Elementwise, Parameters
from service.flow.meanfield.criticality import TOLERANCE, CriticalPoint, critical_points
from service.flow.meanfield.expectations import HIGHEST, LOWEST
from service.flow.meanfield.fixed_points import Course, destination, distances, length_roots, smallest
from service.flow.meanfield.kernel import Kernel, kernel_of
from service.flow.meanfield.remarks import HALF_LINE
from service.flow.meanfield.solution import multipliers, phase_of
from service.flow.meanfield.stable_correlation import stable_correlation
from service.flow.stopping import go_on

_AT_ONCE = 4096  # cells whose curves are kept in memory together


@dataclass(frozen=True, eq=False, kw_only=True)
class PhaseDiagram:
    """Figures over the grid, (m, n) each for m values of σ_w and n of σ_b: NaN, or no phase (""), where undefined.

    `critical` lists the critical points for each σ_b; `remarks` say why there is no diagram at all.
    """

    sigma_w: Array
    sigma_b: Array
    q_star: Array
    chi_1: Array
    chi_parallel: Array
    c_star: Array
    xi_q: Array
    xi_c: Array
    phase: NDArray[np.str_]
    critical: tuple[tuple[CriticalPoint, ...], ...]
    remarks: tuple[str, ...] = ()


def diagram(function: Elementwise, parameters: Parameters, sigma_w: Array, sigma_b: Array) -> PhaseDiagram:
    """Mean-field theory over the grid of sigma_w (m,) and sigma_b (n,), all at least 0."""
    kernel = kernel_of(function, parameters)
    shape = (sigma_w.size, sigma_b.size)
    if kernel is None:
        figures = np.full((5, *shape), np.nan)
        critical: tuple[tuple[CriticalPoint, ...], ...] = ((),) * sigma_b.size
    else:
        sigma_w2, sigma_b2 = (each.reshape(-1) for each in np.meshgrid(sigma_w**2, sigma_b**2, indexing="ij"))
        figures = _figures(kernel, sigma_w2, sigma_b2).reshape(5, *shape)
        critical = tuple(critical_points(kernel, float(each)) for each in sigma_b)
    q_star, chi_1, chi_parallel, c_star, chi_c = figures
    return PhaseDiagram(
        sigma_w=sigma_w,
        sigma_b=sigma_b,
        q_star=q_star,
        chi_1=chi_1,
        chi_parallel=chi_parallel,
        c_star=c_star,
        xi_q=_depth_scales(chi_parallel),
        xi_c=_depth_scales(chi_c),
        phase=_phases(chi_1),
        critical=critical,
        remarks=() if kernel else (HALF_LINE,),
    )


def _figures(kernel: Kernel, sigma_w2: Array, sigma_b2: Array) -> Array:
    """(5, n): q*, χ₁, χ_∥, c* and χ at c*, for n pairs of variances."""
    figures = np.full((5, sigma_w2.size), np.nan)
    settled, lower, upper = [], [], []
    for cell, variances in enumerate(zip(sigma_w2.tolist(), sigma_b2.tolist(), strict=True)):
        go_on()
        course, below, above = destination(distances(kernel.nodes, kernel.table, variances), kernel.start)
        if course is Course.SETTLES:
            settled.append(cell)
            lower.append(below)
            upper.append(above)
        else:
            q = smallest(kernel, variances) if course is Course.COLLAPSES else None
            figures[:3, cell] = [
                np.nan if each is None else each for each in (q, *multipliers(kernel, q, course, variances[0]))
            ]
            if course is Course.STAYS:
                figures[3:, cell] = 1.0, figures[1, cell]
    if settled:
        square, nodes = lambda q: kernel.interpolated(q).square, kernel.nodes
        q_star = length_roots(square, nodes[lower], nodes[upper], sigma_w2[settled], sigma_b2[settled])
        moments = kernel.moments(q_star)
        figures[0, settled] = q_star
        figures[1, settled] = sigma_w2[settled] * moments.slope_square
        figures[2, settled] = sigma_w2[settled] * moments.growth
    _correlate(kernel, figures, sigma_w2, sigma_b2)
    return figures


def _correlate(kernel: Kernel, figures: Array, sigma_w2: Array, sigma_b2: Array) -> None:
    """Fill in c* and χ at c*, where lengths settle."""
    q_star, chi_1 = figures[:2]
    settled = (q_star > LOWEST) & (q_star < HIGHEST)
    parallel = settled & ((chi_1 <= 1 + TOLERANCE) | (sigma_w2 == 0))
    figures[3, parallel] = 1.0
    figures[4, parallel] = np.where(sigma_w2 == 0, 0.0, chi_1)[parallel]
    apart = np.flatnonzero(settled & ~parallel)
    for first in range(0, apart.size, _AT_ONCE):
        go_on()
        some = apart[first : first + _AT_ONCE]
        moments = kernel.interpolated(q_star[some])
        figures[3:, some] = stable_correlation(
            kernel, q_star[some], sigma_w2[some], sigma_b2[some], moments.slope_square, moments.mean
        )


def _depth_scales(multiplier: Array) -> Array:
    """−1/ln|χ|, NaN unless departures shrink exponentially."""
    shrinks = np.abs(multiplier) < 1 - TOLERANCE
    with np.errstate(divide="ignore"):
        return np.where(shrinks, -1 / np.log(np.where(shrinks, np.abs(multiplier), 0.5)), np.nan)


def _phases(chi_1: Array) -> NDArray[np.str_]:
    names = [phase_of(None if np.isnan(each) else each) or "" for each in chi_1.reshape(-1).tolist()]
    return np.array(names, dtype="<U8").reshape(chi_1.shape)
