"""Rounding to a dtype by numpy's own conversions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float64s = NDArray[np.float64]


def cast(x: Float64s, dtype: str) -> Float64s:
    """To the dtype and back; bfloat16 is the upper half of a float32, and numbers are cut to it."""
    with np.errstate(over="ignore"):
        if dtype != "bfloat16":
            return x.astype(dtype).astype(np.float64)
        bits = np.asarray(x, dtype=np.float32).view(np.uint32) & np.uint32(0xFFFF0000)
        return bits.view(np.float32).astype(np.float64)
