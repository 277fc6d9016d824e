"""The judgement of results: what clears the bars and what misses them."""

from __future__ import annotations

import math

import pytest
from flint import arb

from tests.oracle.bars import Result, judge


@pytest.mark.parametrize(
    ("y", "truth", "order", "dtype", "passed"),
    [
        (1.0 + 2.0**-51, arb(1), 0, "float64", True),
        (1.0 + 3 * 2.0**-52, arb(1), 0, "float64", False),
        (1.0 + 3 * 2.0**-52, arb(1), 1, "float64", True),
        (1.0 + 2.0**-48, arb(1), 2, "float64", True),
        (1.0 + 1e-11, arb(1), 3, "float64", False),
        (1.0 + 1e-13, arb(1), 4, "float64", True),
        (math.inf, arb("1e400"), 4, "float64", True),
        (math.nan, arb(1), 4, "float64", False),
        (5e-324, arb(0), 0, "float64", True),
        (1e-323, arb(0), 4, "float64", False),
        (1.0, arb(1), 2, "bfloat16", True),
        (1.015625, arb(1), 2, "bfloat16", False),
    ],
)
def test_each_order_and_dtype_has_its_bar(y: float, truth: arb, order: int, dtype: str, passed: bool) -> None:
    assert judge([Result(0.0, y, truth)], order, dtype).passed is passed


def test_one_value_may_be_misrounded_but_not_two() -> None:
    wrong = Result(3.0, 1.0 + 2.0**-10, arb(1))
    right = Result(2.0, 1.0, arb(1))
    one, two = judge([right, wrong], 0, "float16"), judge([right, wrong, wrong], 0, "float16")
    assert (one.misrounded, one.passed, one.normal.x) == ((3.0,), True, 3.0)
    assert (two.misrounded, two.passed) == ((3.0, 3.0), False)


def test_the_worst_subnormal_result_is_told_apart() -> None:
    verdict = judge([Result(1.0, 0.0, arb(2.0**-1074)), Result(2.0, 1.0, arb(1))], 3, "float64")
    assert (verdict.subnormal.error, verdict.subnormal.x, verdict.normal.error) == (1.0, 1.0, 0.0)
