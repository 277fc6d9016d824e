"""Shortest decimals of the 16-bit formats: one table of 65,536 texts for each, built when first needed."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

_MOST_DIGITS = 5  # 11 significant bits need 5 decimal digits, 8 bits need 4
_NEGATIVE = 2**15


def decimals(array: NDArray[np.float64], dtype: str) -> list[bytes]:
    """The JSON text of every element, in row-major order; `array` holds values of `dtype`."""
    if dtype == "float16":
        patterns = array.astype(np.float16).view(np.uint16)
    else:
        patterns = (array.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    texts: list[bytes] = _table(dtype)[patterns.ravel()].tolist()
    return texts


@cache
def _table(dtype: str) -> NDArray[np.object_]:
    """The text of each bit pattern: in both formats they grow with the magnitude, and the highest bit is the sign."""
    patterns = np.arange(_NEGATIVE)
    values = _magnitudes(patterns, dtype)
    finite = values[np.isfinite(values)]
    texts = np.full(2**16, b'"NaN"', dtype=object)
    texts[: finite.size] = _shortest(finite)
    texts[finite.size] = b'"Infinity"'
    texts[_NEGATIVE : _NEGATIVE + finite.size] = [b"-" + text for text in texts[: finite.size]]
    texts[_NEGATIVE + finite.size] = b'"-Infinity"'
    return texts


def _magnitudes(patterns: NDArray[np.int_], dtype: str) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):
        if dtype == "float16":
            return patterns.astype(np.uint16).view(np.float16).astype(np.float64)
        return (patterns.astype(np.uint32) << 16).view(np.float32).astype(np.float64)


def _shortest(values: NDArray[np.float64]) -> list[bytes]:
    """The shortest decimals between the midpoints to the neighbours; midpoints read back to even patterns."""
    gaps = np.diff(values)
    low = values - np.append(0.0, gaps) / 2
    high = values + np.append(gaps, gaps[-1]) / 2
    even = np.arange(values.size) % 2 == 0
    return [_decimal(*point) for point in zip(values.tolist(), low.tolist(), high.tolist(), even.tolist(), strict=True)]


def _decimal(value: float, low: float, high: float, even: bool) -> bytes:
    for digits in range(_MOST_DIGITS):
        for number in _candidates(value, digits, lopsided=value - low != high - value):
            if low < number < high or (even and number in (low, high)):
                return repr(number).encode()
    return repr(value).encode()


def _candidates(value: float, digits: int, *, lopsided: bool) -> list[float]:
    """The nearest decimal; at powers of two, whose lower neighbour is nearer, also the next one up."""
    nearest = f"{value:.{digits}e}"
    if not lopsided:
        return [float(nearest)]
    mantissa, _, exponent = nearest.partition("e")
    return [float(nearest), float(f"{float(mantissa) + 10.0**-digits:.{digits}f}e{exponent}")]
