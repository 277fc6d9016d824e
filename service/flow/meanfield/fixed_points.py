"""Where the length map V(q) = σ_w² E f(u)² + σ_b², u ~ N(0, q), stands still, and where it leads.

Fixed points are looked for as changes of the sign of V(q) − q on 52 decades of q, not by iteration: a length that grows
or falls as a power of the depth looks converged. A sign counts only where it exceeds the rounding of V, so that relu
networks of σ_w = √2, where every q is a fixed point, have no chance roots. As √q E f² grows with q for every f, the
length map overshoots a fixed point by half its distance (in ln q) at most: from q = 1 it leads to the next root in the
direction of the sign there, or to 0 or infinity if there is none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np

from service.activations.model import Array
from service.flow.meanfield.expectations import LOWEST, Moments
from service.flow.meanfield.kernel import Kernel
from service.flow.meanfield.roots import bracketed

ROUNDING = 1e-13  # relative error that V may have, ten times over


@dataclass(frozen=True)
class FixedPoint:
    """A length that the map keeps, and whether it leads back to it from both sides."""

    q: float
    stable: bool


class Course(Enum):
    """What the length of signals does with depth, from q = 1 on."""

    SETTLES = "settles"
    COLLAPSES = "collapses"
    EXPLODES = "explodes"
    STAYS = "stays"


def distances(q: Array, moments: Moments, variances: tuple[float, float]) -> Array:
    """V(q)/q − 1 at each q of (k,), 0 where rounding hides its sign; variances are (σ_w², σ_b²)."""
    with np.errstate(all="ignore"):
        length = variances[0] * moments.square + variances[1]
        return np.where(np.abs(length - q) > ROUNDING * np.maximum(length, q), length / q - 1, 0.0)


def destination(sign: Array, start: int) -> tuple[Course, int, int]:
    """Where the map leads from node `start`, and the nodes around the root if it settles."""
    known = np.flatnonzero(sign)
    if known.size == 0:
        return Course.STAYS, start, start
    below, above = known[known < start], known[known > start]
    before = sign[below[-1]] if below.size else 0.0
    after = sign[above[0]] if above.size else 0.0
    if sign[start] == 0 and before * after < 0:
        return Course.SETTLES, int(below[-1]), int(above[0])
    if (sign[start] or after or before) > 0:
        turn = above[sign[above] < 0]
        if turn.size == 0:
            return Course.EXPLODES, start, start
        return Course.SETTLES, int(known[known < turn[0]][-1]), int(turn[0])
    turn = below[sign[below] > 0]
    if turn.size == 0:
        return Course.COLLAPSES, start, start
    return Course.SETTLES, int(turn[-1]), int(known[known > turn[-1]][0])


def fixed_points(kernel: Kernel, variances: tuple[float, float]) -> tuple[FixedPoint, ...]:
    """All isolated fixed points in ascending order, 0 included; none where every q is one."""
    q, distance = denser(kernel, lambda q, moments: distances(q, moments, variances))
    sign = np.sign(distance)
    known = np.flatnonzero(sign)
    if known.size == 0:
        return ()
    turns = np.flatnonzero(np.diff(sign[known]))
    lower, upper = q[known[turns]], q[known[turns + 1]]
    roots = length_roots(lambda q: kernel.moments(q).square, lower, upper, *variances)
    found = [FixedPoint(float(root), bool(sign[known[turn]] > 0)) for root, turn in zip(roots, turns, strict=True)]
    lowest = smallest(kernel, variances)
    if lowest == 0.0 or (lowest is not None and sign[known[0]] < 0):
        return (FixedPoint(lowest, bool(sign[known[0]] < 0)), *found)
    return tuple(found)


def length_roots(
    square: Callable[[Array], Array], lower: Array, upper: Array, sigma_w2: Array | float, sigma_b2: Array | float
) -> Array:
    """The q of (n,) with V(q) = q, one between each pair of bounds; `square` gives E f² at each q of (n,)."""
    if lower.size == 0:
        return lower

    def excess(logarithm: Array) -> Array:
        q = np.exp(logarithm)
        return np.asarray((sigma_w2 * square(q) + sigma_b2) / q - 1)

    return np.exp(bracketed(excess, np.log(lower), np.log(upper)))


def smallest(kernel: Kernel, variances: tuple[float, float]) -> float | None:
    """The fixed point below the table, from V's straight course there: 0 if V(0) = 0, None if there is none."""
    origin = variances[0] * kernel.origin_square + variances[1]
    slope = (variances[0] * float(kernel.table.square[0]) + variances[1] - origin) / LOWEST
    if origin == 0.0:
        return 0.0
    return origin / (1 - slope) if origin < LOWEST * (1 - slope) else None


def denser(kernel: Kernel, distance: Callable[[Array, Moments], Array]) -> tuple[Array, Array]:
    """The q of the table and the distance from a root there, with 32 more around each minimum that keeps its sign.

    Two roots may lie between neighbours of the table; the distance is a fraction, and 0 where rounding hides its sign.
    """
    nodes = kernel.nodes
    there = distance(nodes, kernel.table)
    size, sign = np.abs(there), np.sign(there)
    dip = np.minimum(size[:-2], size[2:]) - size[1:-1]
    least = (dip > 10 * ROUNDING) & (sign[1:-1] == sign[:-2]) & (sign[1:-1] == sign[2:])
    turns = np.flatnonzero(least & (size[1:-1] < 0.1) & (size[1:-1] > 0)) + 1
    if turns.size == 0:
        return nodes, there
    more = np.unique([np.geomspace(nodes[turn - 1], nodes[turn + 1], 34)[1:-1] for turn in turns])
    q, values = np.append(nodes, more), np.append(there, distance(more, kernel.moments(more)))
    order = np.argsort(q)
    return q[order], values[order]
