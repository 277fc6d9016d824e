"""Means, spreads and norms of arrays that may be float32, tiny or huge, without overflow or underflow on the way.

Sums are taken in float64 over blocks that fit the caches, so that no copy of the whole array is made.
"""

from collections.abc import Iterator
from math import inf, isfinite, sqrt

import numpy as np

from service.activations.model import Array
from service.flow.normalization import Numbers

_BLOCK = 16384
_SAFE = 1e-140, 1e140  # norms between these come from squares that neither overflow nor lose digits
_SAFE_IN_FLOAT32 = 1e-12, 1e15


def norm(x: Numbers) -> float:
    """The Frobenius norm √Σx², dimensionless; 0 only if all numbers are 0.

    Squares of float32 numbers are summed in float32 over a block, where they are safe, and the blocks in float64.
    """
    if x.dtype == np.float32:
        with np.errstate(over="ignore"):
            plain = sqrt(sum(float(block @ block) for block in _pieces(x)))
        if _SAFE_IN_FLOAT32[0] < plain < _SAFE_IN_FLOAT32[1]:
            return plain
    plain = sqrt(sum(float(block @ block) for block in _blocks(x)))
    if _SAFE[0] < plain < _SAFE[1]:
        return plain
    largest = float(np.max(np.abs(x), initial=0.0))
    if largest == 0.0 or not isfinite(largest):
        return largest
    return largest * sqrt(sum(float(np.sum((block / largest) ** 2)) for block in _blocks(x)))


def mean_and_std(x: Numbers) -> tuple[float, float]:
    """Mean and population standard deviation over all numbers, of any shape."""
    mean = total(x) / x.size
    if not isfinite(mean):
        return mean, float("nan")
    return mean, norm_about(x, mean) / sqrt(x.size)


def total(x: Numbers) -> float:
    """Σx."""
    return sum(float(np.sum(block)) for block in _blocks(x))


def mean_square(x: Numbers) -> float:
    """Σx²/n; infinite where the sum is beyond the largest number."""
    return sum(float(block @ block) for block in _blocks(x)) / x.size


def norm_about(x: Numbers, centre: float) -> float:
    """√Σ(x − centre)²."""
    plain = sqrt(sum(float(block @ block) for block in (piece - centre for piece in _blocks(x))))
    return plain if _SAFE[0] < plain < _SAFE[1] else norm(x.astype(np.float64) - centre)


def _blocks(x: Numbers) -> Iterator[Array]:
    for piece in _pieces(x):
        yield piece.astype(np.float64, copy=False)


def _pieces(x: Numbers) -> Iterator[Numbers]:
    flat = x.reshape(-1)
    for start in range(0, flat.size, _BLOCK):
        yield flat[start : start + _BLOCK]


def ratio(numerator: float, denominator: float) -> float | None:
    """The quotient; infinite over 0, and None for 0/0."""
    if denominator == 0.0:
        return inf if numerator > 0 else None
    return numerator / denominator
