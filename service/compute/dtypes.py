"""The number formats that the service speaks, and how float64 results are rounded to them, once."""

from typing import NamedTuple

import numpy as np

from service.activations.model import Array


class Format(NamedTuple):
    """A binary floating-point format (IEEE 754): bits of the significand, and the exponents of its normal numbers."""

    precision: int
    smallest: int
    largest: int


FORMATS = {
    "float64": Format(53, -1022, 1023),
    "float32": Format(24, -126, 127),
    "float16": Format(11, -14, 15),
    "bfloat16": Format(8, -126, 127),
}
DTYPES = tuple(FORMATS)


def round_to(x: Array, dtype: str) -> Array:
    """The values of the format nearest to x, ties to even, overflow to infinity; held in float64 of x's shape."""
    if dtype == "float64":
        return np.asarray(x)
    with np.errstate(over="ignore", under="ignore"):
        if dtype == "float32":
            return np.asarray(x, dtype=np.float32).astype(np.float64)
        return _round_binary(np.asarray(x), FORMATS[dtype])


def _round_binary(x: Array, form: Format) -> Array:
    _, exponent = np.frexp(x)
    quantum = np.maximum(exponent - 1, form.smallest) - (form.precision - 1)
    rounded = np.ldexp(np.rint(np.ldexp(x, -quantum)), quantum)
    largest = np.ldexp(2.0 - 2.0 ** (1 - form.precision), form.largest)
    return np.where(np.abs(rounded) > largest, np.copysign(np.inf, x), rounded)
