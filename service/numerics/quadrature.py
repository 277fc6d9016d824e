"""Quadrature that is exact to rounding also for functions with kinks and jumps: Gauss–Legendre panels between edges.

Gauss–Hermite nodes miss kinks (they converge as 1/n there), so E f(z) is a sum over panels, with an edge at every kink.
The standard normal distribution is cut at ±13: what lies beyond is below e⁻⁸⁴.
"""

from collections.abc import Callable, Iterable
from functools import cache

import numpy as np

from service.numerics.double_double import Array

REACH = 13.0


def panels(edges: Array, order: int) -> tuple[Array, Array]:
    """Nodes and weights of ∫ f over the panels between neighbouring edges: exact for polynomials of degree 2·order − 1.

    Parameters
    ----------
    edges : (m,), ascending; an edge that stands twice does no harm.
    order : nodes of each panel.

    Returns
    -------
    nodes, weights : ((m − 1)·order,) each, nodes ascending.
    """
    nodes, weights = _legendre(order)
    half, centre = np.diff(edges) / 2, (edges[1:] + edges[:-1]) / 2
    return (centre[:, None] + half[:, None] * nodes).reshape(-1), (half[:, None] * weights).reshape(-1)


def normal_expectation(f: Callable[[Array], Array], kinks: Iterable[float] = ()) -> float:
    """E f(z) for z ~ N(0, 1), f from (n,) to (n,), smooth between the kinks."""
    grid = np.arange(-REACH, REACH + 0.25, 0.5)
    z, weights = panels(np.unique([*grid, *(kink for kink in kinks if abs(kink) < REACH)]), 20)
    return float(np.sum(weights * np.exp(-z * z / 2) * f(z)) / np.sqrt(2 * np.pi))


@cache
def _legendre(order: int) -> tuple[Array, Array]:
    nodes, weights = np.polynomial.legendre.leggauss(order)
    return nodes, weights
