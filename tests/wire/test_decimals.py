"""Shortest decimals of the 16-bit formats."""

from decimal import Decimal

import numpy as np
import pytest

from service.compute.dtypes import round_to
from service.wire.arrays import Array
from service.wire.decimals import decimals


def finite_values(dtype: str) -> Array:
    """All finite values of the format, both zeros too."""
    patterns = np.arange(2**16, dtype=np.uint16)
    with np.errstate(invalid="ignore"):
        if dtype == "float16":
            values = patterns.view(np.float16).astype(np.float64)
        else:
            values = (patterns.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return values[np.isfinite(values)]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_every_value_is_read_back(dtype: str) -> None:
    values = finite_values(dtype)
    read = round_to(np.array([float(text) for text in decimals(values, dtype)]), dtype)
    assert np.array_equal(read, values)
    assert np.array_equal(np.signbit(read), np.signbit(values))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_no_decimal_with_fewer_digits_is_read_back(dtype: str) -> None:
    values = finite_values(dtype)
    positive = values[values > 0]
    below, above = [], []
    for text in decimals(positive, dtype):
        shown = Decimal(text.decode()).normalize()
        unit = Decimal(1).scaleb(int(shown.as_tuple().exponent) + 1)
        down = shown // unit * unit
        below.append(float(down))
        above.append(float(down + unit))
    digits = np.array([len(Decimal(text.decode()).normalize().as_tuple().digits) for text in decimals(positive, dtype)])
    longer = digits > 1
    assert not np.any(round_to(np.array(below), dtype)[longer] == positive[longer])
    assert not np.any(round_to(np.array(above), dtype)[longer] == positive[longer])


def test_what_is_not_finite_has_its_name() -> None:
    array = np.array([[np.nan, np.inf], [-np.inf, -0.0]])
    assert decimals(array, "bfloat16") == [b'"NaN"', b'"Infinity"', b'"-Infinity"', b"-0.0"]
