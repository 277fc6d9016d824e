"""Sums along the last axis that keep twice double precision."""

import numpy as np
from numpy.typing import NDArray

from service.numerics.double_double import DD, Array


def total_of(terms: DD) -> DD:
    """Σ over the last axis, which stays with length 1; folded in halves, so that errors grow with log n only."""
    hi, lo = terms.hi, np.broadcast_to(terms.lo, terms.hi.shape)
    if hi.shape[-1] == 0:
        return DD.of(np.zeros((*hi.shape[:-1], 1)))
    while hi.shape[-1] > 1:
        half = hi.shape[-1] // 2
        folded = DD(hi[..., :half], lo[..., :half]) + DD(hi[..., half : 2 * half], lo[..., half : 2 * half])
        odd = slice(2 * half, None)
        hi = np.concatenate([folded.hi, hi[..., odd]], axis=-1)
        lo = np.concatenate([folded.lo, lo[..., odd]], axis=-1)
    return DD(hi, lo)


def mean_of(terms: DD) -> DD:
    """The mean over the last axis, which stays with length 1."""
    return total_of(terms) / float(max(terms.hi.shape[-1], 1))


def scaled_down(x: Array) -> tuple[Array, NDArray[np.signedinteger]]:
    """Vectors along the last axis brought below 2^300 by a power of two each, and the exponents, (…, 1)."""
    _, exponent = np.frexp(np.max(np.abs(x), axis=-1, keepdims=True, initial=0.0))
    exponent = np.maximum(exponent - 300, 0)
    return np.asarray(np.ldexp(x, -exponent)), exponent
