"""Expectations of an activation and its slope over u ~ N(0, q), exact to rounding at kinks, jumps and for every q.

With f and f′ known at the nodes u_k of one fixed grid, every q costs one sum of densities:

    E g(u) = Σ_k w_k g(u_k) exp(−u_k²/2q)/√(2πq)

The panels of the grid double in width away from 0, from 2⁻⁵⁴ to 2⁴⁵, which resolves both the density and a transition
of f at 0 on any scale; kinks and jumps are edges, and the panels near them shrink likewise. With sixteen Gauss–Legendre
nodes on each, results agree with mpmath to 1e-15. The growth of the mean square follows from E g′(u)u = 2q dE g/dq for
g = f²,

    dE f²/dq = E f f′u/q + Σ_jumps (f(k+)² − f(k−)²) k p(k)/2q,

and the excess q E f′² − E f² + (E f)² = Σ_{n≥2} (n − 1)a_n² of the Hermite coefficients a_n, which is small for nearly
linear functions, from what remains of f beside its linear part.
"""

from dataclasses import dataclass, fields

import numpy as np

from service.activations.model import Array, Elementwise, Parameters
from service.compute.elementwise import derivative, value
from service.compute.piecewise import breaking_order, sides
from service.flow.stopping import go_on
from service.numerics.quadrature import panels

LOWEST, HIGHEST = 1e-28, 1e24  # the q that are followed; nodes lie where they are needed for these
_ORDER = 16
_REACH = 14.0  # standard deviations: the density beyond is below e⁻⁹⁸
_OCTAVES = 2.0 ** np.arange(-54, 46)
_BLOCK = 16  # values of q at a time: densities of this many stay in the caches


@dataclass(frozen=True)
class Moments:
    """Expectations over u ~ N(0, q), each in the shape of q, dimensionless."""

    mean: Array  # E f
    square: Array  # E f²
    slope: Array  # E f′
    slope_square: Array  # E f′²; NaN if f jumps
    dispersion: Array  # E f′⁴/(E f′²)² − 1; NaN if f jumps
    growth: Array  # dE f²/dq
    excess: Array  # q E f′² − E f² + (E f)²

    @classmethod
    def from_rows(cls, rows: Array) -> "Moments":
        """Of an array whose first axis lists the expectations in their order here."""
        return cls(*rows)

    def rows(self) -> Array:
        """All expectations, stacked along the first axis."""
        return np.stack([getattr(self, each.name) for each in fields(self)])


class Sampled:
    """An activation that is defined everywhere, sampled on the grid; `jumps` says whether it jumps somewhere."""

    def __init__(self, function: Elementwise, parameters: Parameters) -> None:
        pieces = function.pieces(**parameters)
        self._u, self._weights = panels(_edges([knot.x for knot in pieces.knots]), _ORDER)
        self._value = value(function, self._u, parameters)
        self._slope = derivative(function, self._u, parameters)
        self.jumps = False
        self._jumps = []
        for index, knot in enumerate(pieces.knots):
            if breaking_order(pieces, index) == 0:
                left, right = sides(pieces, index, 0, np.array([knot.x]))
                self.jumps = True
                if abs(knot.x) < _OCTAVES[-1]:  # farther out no density reaches
                    self._jumps.append((knot.x, float(right[0] ** 2 - left[0] ** 2)))

    def moments(self, q: Array) -> Moments:
        """The expectations at each q > 0 of (n,)."""
        with np.errstate(all="ignore"):
            blocks = [self._rows(q[start : start + _BLOCK]) for start in range(0, q.size, _BLOCK)]
        return Moments.from_rows(np.concatenate(blocks, axis=1))

    def _rows(self, q: Array) -> Array:
        go_on()
        near = slice(*np.searchsorted(self._u, np.sqrt(np.max(q)) * np.array([-_REACH, _REACH])))
        u, f, slope = self._u[near], self._value[near], self._slope[near]
        density = self._weights[near] * np.exp(u**2 / (-2 * q[:, None])) / np.sqrt(2 * np.pi * q[:, None])
        columns = np.stack([f, f**2, slope, slope**2, f * slope * u], axis=1)
        mean, square, mean_slope, slope_square, stein = (density @ columns).T
        spread = np.einsum("qk,qk->q", density, (slope**2 - slope_square[:, None]) ** 2)
        dispersion = spread / slope_square**2
        rest = f - mean[:, None] - mean_slope[:, None] * u
        bend = q[:, None] * (slope - mean_slope[:, None]) ** 2 - rest**2
        excess = np.einsum("qk,qk->q", density, bend)
        growth = stein / q
        for k, jump in self._jumps:
            growth = growth + jump * (k / q) * np.exp(k**2 / (-2 * q)) / np.sqrt(8 * np.pi * q)
        if self.jumps:
            mean_slope = slope_square = dispersion = excess = np.full_like(q, np.nan)
        return np.stack([mean, square, mean_slope, slope_square, dispersion, growth, excess])


def _edges(knots: list[float]) -> Array:
    edges = [-_OCTAVES, np.zeros(1), _OCTAVES]
    for k in knots:
        if 0 < abs(k) < _OCTAVES[-1]:
            near = abs(k) * 2.0 ** -np.arange(1, 9)
            edges += [k - near, np.array([k]), k + near]
    return np.unique(np.concatenate(edges))
