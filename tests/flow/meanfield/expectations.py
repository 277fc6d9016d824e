"""Expectations over a normal distribution by another rule than the service's: tanh-sinh between kinks."""

from collections.abc import Callable

import numpy as np

from service.activations.model import Array

_STEPS = np.arange(-3.2, 3.2 + 1e-9, 1 / 16)
_NODES = np.tanh(np.pi / 2 * np.sinh(_STEPS))
_WEIGHTS = np.pi / 2 * np.cosh(_STEPS) / np.cosh(np.pi / 2 * np.sinh(_STEPS)) ** 2 / 16


def expectation(g: Callable[[Array], Array], q: float, kinks: list[float]) -> float:
    """E g(u) for u ~ N(0, q), to about 1e-11 of E |g|."""
    root = np.sqrt(q)
    scales = [each / root for each in (0.25, 0.5, 1, 2, 4, 8)]
    inner = [kink / root for kink in kinks] + scales + [-each for each in scales]
    edges = np.unique([*np.arange(-13, 14), *(edge for edge in inner if abs(edge) < 13)]) * root
    half, centre = np.diff(edges) / 2, (edges[1:] + edges[:-1]) / 2
    u = centre[:, None] + half[:, None] * _NODES
    weights = half[:, None] * _WEIGHTS * np.exp(-u * u / (2 * q)) / np.sqrt(2 * np.pi * q)
    return float(np.sum(weights * g(u)))
