"""Means, spreads and norms of arrays that may be float32, tiny or huge, without overflow or underflow on the way."""

from math import inf, isfinite, sqrt

import numpy as np

from service.flow.normalization import Numbers

_SAFE = 1e140, 1e-140  # norms between these come from squares that neither overflow nor lose digits


def norm(x: Numbers) -> float:
    """The Frobenius norm √Σx², dimensionless; 0 only if all numbers are 0."""
    flat = x.reshape(-1)
    wide = flat.astype(np.float64, copy=False)
    plain = sqrt(float(wide @ wide)) if flat.size else 0.0
    if _SAFE[1] < plain < _SAFE[0]:
        return plain
    largest = float(np.max(np.abs(wide), initial=0.0))
    if largest == 0.0 or not isfinite(largest):
        return largest
    return largest * sqrt(float(np.sum((wide / largest) ** 2)))


def mean_and_std(x: Numbers) -> tuple[float, float]:
    """Mean and population standard deviation over all numbers; (n,) up to any shape."""
    mean = float(np.mean(x, dtype=np.float64))
    if not isfinite(mean):
        return mean, float("nan")
    centred = x.astype(np.float64, copy=False) - mean
    return mean, norm(centred) / sqrt(x.size)


def ratio(numerator: float, denominator: float) -> float | None:
    """The quotient; infinite over 0, and None for 0/0."""
    if denominator == 0.0:
        return inf if numerator > 0 else None
    return numerator / denominator
