"""Two inputs of correlation c: what their outputs lose of it, exact to rounding up to c = 1.

The half sum m and half difference d of two preactivations of variance q are independent, of variances p = q(1 + c)/2
and v = q(1 − c)/2, so that the loss of covariance has no cancellation:

    Δ = E f² − E f(u)f(u′) = E_d Γ(d; p)/2,   Γ(d; p) = E_m (f(m + d) − f(m − d))²

Each node d has a grid of nodes m of its own, with edges wherever m ± d meets a kink and panels that halve towards
m = ±d: the lines of the kinks are edges of the plane, for every c. E f′f′ = −∂Δ/∂c/q follows from the derivatives of
the densities, so that jumps do no harm. Figures are tabulated, decade of q by decade, over q and the ratio
r = (1 − c)/(1 + c) = v/p.
"""

from collections.abc import Callable

import numpy as np

from service.activations.model import Array, Elementwise, Parameters
from service.compute.elementwise import value
from service.flow.meanfield.expectations import HIGHEST, LOWEST
from service.flow.meanfield.interpolation import ORDER, cardinals, chebyshev, decade
from service.numerics.quadrature import panels

DECADES = 10  # of the ratio r, up to 1: correlations nearer to 1 than 2e-10 are 1 for every purpose
RATIOS = 10.0 ** (np.arange(-DECADES, 0)[:, None] + chebyshev())  # (DECADES, ORDER)
_FIRST, _LAST = int(np.log10(LOWEST)), int(np.log10(HIGHEST)) - 1
_ROW_ORDER, _ORDER, _P_ORDER = 14, 12, 36
_ROWS = 8  # at a time: what they hold stays in the caches
_REACH = 42.0  # of d and m, in roots of the decade's lowest q: 13 roots of its highest

Curve = tuple[Array, Array]  # (n, DECADES, ORDER) each, at RATIOS: Δ/(q(1 − c)) and E f′f′


class SampledCorrelations:
    """The correlation map of an activation that is defined everywhere; a decade of q is tabulated when it is met."""

    def __init__(self, function: Elementwise, parameters: Parameters) -> None:
        self._function, self._parameters = function, parameters
        self._knots = np.unique([knot.x for knot in function.pieces(**parameters).knots])
        self._symmetric = _is_symmetric(function, parameters, self._knots)
        self._tables: dict[int, Array] = {}

    def curves(self, q: Array) -> Curve:
        """Δ/(q(1 − c)) and E f′f′ along the ratios, for each q > 0 of (n,)."""
        numbers, places = decade(q, _FIRST, _LAST)
        result = np.empty((2, q.size, DECADES, ORDER))
        for number in np.unique(numbers):
            here = numbers == number
            figures = np.tensordot(cardinals(places[here]), self._table(int(number)), axes=(1, 1))
            result[:, here] = np.moveaxis(figures, 1, 0)
        return result[0], result[1]

    def _table(self, number: int) -> Array:
        if number not in self._tables:
            self._tables[number] = _tabulate(self._difference, self._knots, 10.0**number)
        return self._tables[number]

    def _difference(self, m: Array, d: Array) -> Array:
        """(f(m + d) − f(m − d))² for m and −m together."""
        signs = (1.0,) if self._symmetric else (1.0, -1.0)
        f = value(self._function, np.stack([[sign * m + d, sign * m - d] for sign in signs]), self._parameters)
        return np.asarray(np.sum((f[:, 0] - f[:, 1]) ** 2, axis=0) * (2 / len(signs)))


def _is_symmetric(function: Elementwise, parameters: Parameters, knots: Array) -> bool:
    """Whether f(−x) = f(x) or f(−x) = −f(x), at points of all magnitudes and of many mantissas."""
    x = np.geomspace(1e-15, 1e13, 999)
    right, left = value(function, np.stack([x, -x]), parameters)
    return bool(np.array_equal(knots, -knots[::-1]) and (np.array_equal(left, right) or np.array_equal(left, -right)))


def along(curve: Array, ratio: Array) -> Array:
    """The values of a curve (n, DECADES, ORDER) at one ratio each: (n,)."""
    number, place = decade(ratio, -DECADES, -1)
    return np.asarray(np.einsum("nb,nb->n", curve[np.arange(ratio.size), number + DECADES], cardinals(place)))


def _tabulate(difference: Callable[[Array, Array], Array], knots: Array, lowest: float) -> Array:
    """(2, ORDER, DECADES, ORDER): both figures, at q = lowest·10^chebyshev, at RATIOS."""
    d, weights, gamma, gamma_p = _gammas(difference, knots, lowest)
    result = np.empty((2, ORDER, DECADES * ORDER))
    r = RATIOS.reshape(-1)
    for index, q in enumerate(lowest * 10.0 ** chebyshev()):
        p, v = q / (1 + r), q * r / (1 + r)
        at_p = cardinals(_place_of(p / lowest), _P_ORDER)
        z2 = d**2 / v[:, None]
        density = weights * np.exp(-z2 / 2) / np.sqrt(2 * np.pi * v[:, None])
        rows = at_p @ gamma
        loss = np.einsum("rd,rd->r", density, rows)  # E_d Γ/2 over both signs of d
        by_v = np.einsum("rd,rd->r", density * (z2 - 1), rows) / (2 * v)
        by_p = np.einsum("rd,rd->r", density, at_p @ gamma_p)
        result[:, index] = loss / (2 * v), (by_v - by_p) / 2
    return result.reshape(2, ORDER, DECADES, ORDER)


def _place_of(p: Array) -> Array:
    """Where ln p lies between q/2 at the decade's lowest q, and its highest q."""
    return np.asarray(np.clip(np.log(2 * p) / np.log(20), 0.0, 1.0))


def _gammas(
    difference: Callable[[Array, Array], Array], knots: Array, lowest: float
) -> tuple[Array, Array, Array, Array]:
    """Nodes and weights of d > 0, (k,) each, and Γ and ∂Γ/∂p at them for p on Chebyshev points, (_P_ORDER, k) each."""
    unit = np.sqrt(lowest)
    p = lowest / 2 * 20.0 ** chebyshev(_P_ORDER)
    d, weights = panels(_row_edges(knots, unit), _ROW_ORDER)
    blocks = [_block(difference, knots, unit, d[start : start + _ROWS], p) for start in range(0, d.size, _ROWS)]
    gamma, by_p = np.concatenate(blocks, axis=2)
    return d, weights, gamma, by_p


def _block(difference: Callable[[Array, Array], Array], knots: Array, unit: float, d: Array, p: Array) -> Array:
    """Γ and ∂Γ/∂p for some d (k,): (2, p, k)."""
    rows = [panels(_edges(float(each), knots, unit), _ORDER) for each in d]
    sizes = [m.size for m, _ in rows]
    m, weights = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    starts = np.cumsum([0, *sizes[:-1]])
    squares, m2 = weights * difference(m, np.repeat(d, sizes)), m**2
    result = np.empty((2, p.size, d.size))
    for index, each in enumerate(p):
        terms = squares * np.exp(m2 / (-2 * each)) / np.sqrt(2 * np.pi * each)
        gamma = np.add.reduceat(terms, starts)
        result[:, index] = gamma, (np.add.reduceat(terms * m2, starts) / each - gamma) / (2 * each)
    return result


def _row_edges(knots: Array, unit: float) -> Array:
    """Edges of d ≥ 0: doubling, and where the lines of two kinks cross."""
    crossings = np.abs(knots[:, None] - knots).reshape(-1) / 2
    edges = np.unique([0.0, *(unit * 2.0 ** np.arange(-20, 6)), *crossings, _REACH * unit])
    return edges[edges <= _REACH * unit]


def _edges(d: float, knots: Array, unit: float) -> Array:
    """Edges of m ≥ 0 for one d: halving towards d, where m − d meets 0, doubling away from 0, and the kinks' lines."""
    finest = max(int(np.floor(np.log2(d / unit))) - 24, -28)
    steps = unit * 2.0 ** np.arange(finest, 6)
    near = steps[steps <= 4 * d]
    away = steps[((steps > d / 16) & (steps < d)) | (steps > 4 * d)]
    edges = np.abs(np.concatenate([d + near, d - near, away, [0.0, d], knots + d, knots - d]))
    inside = np.unique(edges[edges < _REACH * unit])
    return np.append(inside, _REACH * unit)
