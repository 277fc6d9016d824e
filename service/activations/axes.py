"""What the functions of vectors share: the parameter `axis`, and the last axis as rows, columns and maxima."""

from dataclasses import replace
from math import inf

import numpy as np
from numpy.typing import NDArray

from service.activations.model import Array, Parameter
from service.numerics.double_double import DD

Mask = NDArray[np.bool_]


AXIS = Parameter(
    "axis",
    -1,
    "Axis along which the vectors lie; negative from the last.",
    minimum=-32,
    maximum=31,
    aliases=("dim",),
)


def axis(**defaults: int) -> Parameter:
    """The parameter `axis`, with the frameworks' defaults for one function."""
    return replace(AXIS, defaults=defaults)


SAME_SHAPE = ("(…, n, …), n along axis", "the shape of x")


def first_maximum(x: Array) -> Mask:
    """True at the first maximum along the last axis."""
    top = np.zeros(x.shape, dtype=bool)
    if x.shape[-1]:
        np.put_along_axis(top, np.argmax(x, axis=-1, keepdims=True), True, axis=-1)
    return top


def one_hot(x: Array) -> Array:
    """1 at the first maximum, NaN where there is a NaN."""
    return np.where(np.isnan(x).any(axis=-1, keepdims=True), np.nan, first_maximum(x).astype(np.float64))


def diagonal(x: Array) -> Mask:
    """True on the diagonal of a square matrix as wide as x."""
    return np.eye(x.shape[-1], dtype=bool)


def row(x: DD) -> DD:
    """Vectors along the last axis as rows, (…, 1, n)."""
    return DD(x.hi[..., None, :], x.lo[..., None, :])


def column(x: DD) -> DD:
    """Vectors along the last axis as columns, (…, n, 1)."""
    return DD(x.hi[..., :, None], x.lo[..., :, None])


def undetermined(x: Array, largest: Array) -> Mask:
    """Rows without a limit: with NaN, all −inf, or more than one +inf."""
    several = np.sum(x == inf, axis=-1, keepdims=True) > 1
    return np.asarray(np.isnan(largest) | (largest == -inf) | several)
