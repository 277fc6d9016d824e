"""What ±inf and NaN give, held against the libraries' answers in `tests/data/special_values.tsv`.

Where a library has no better answer than NaN though the limit exists, ours is the limit. These are deliberate:

=====================================  =============================  ==================================
functions                              at                             why the libraries say NaN
=====================================  =============================  ==================================
gelu, gelu_tanh, silu, mish            −inf (slopes at both ends)     they multiply inf by 0
hard_swish                             −inf                           likewise
squareplus                             −inf (slopes at both ends)     they subtract inf from inf
softsign                               both ends                      they divide inf by inf
sparse_plus                            slopes at both ends            they differentiate a branch not taken
=====================================  =============================  ==================================

A NaN is answered by NaN, also by derivatives, and by functions whose comparisons make some libraries answer a number.
"""

from __future__ import annotations

from math import inf, isnan, nan

import numpy as np
import pytest

from tests.activations.cases import CASES, Case
from tests.activations.conventions import Row, read

RAW = [Row(cells["name"], cells) for cells in read("special_values.tsv")]
SINGLE = {"keras_numpy", "ort_float32"}
TRUE_LIMITS = {
    "gelu": "f(-inf) df(-inf) df(+inf)",
    "gelu_tanh": "f(-inf) df(-inf) df(+inf)",
    "quick_gelu": "f(-inf)",
    "silu": "f(-inf) df(-inf) df(+inf)",
    "swish": "f(-inf)",
    "mish": "f(-inf) df(-inf) df(+inf)",
    "hard_swish": "f(-inf)",
    "squareplus": "f(-inf) df(-inf) df(+inf)",
    "softsign": "f(-inf) f(+inf) df(-inf) df(+inf)",
    "sparse_plus": "df(-inf) df(+inf)",
}

every_row = pytest.mark.parametrize("row", RAW, ids=lambda row: f"{row.name}-{row.cells['library']}")


def ours(case: Case, column: str) -> float:
    """Our answer to a column of the table."""
    x = inf if "+" in column else -inf
    return case.slope_at(x) if column.startswith("df") else case.at(x)


@every_row
@pytest.mark.parametrize("column", ["f(-inf)", "f(+inf)", "df(-inf)", "df(+inf)"])
def test_infinities_give_what_the_libraries_say_or_the_limit_that_they_miss(row: Row, column: str) -> None:
    text = row.cells[column]
    if not text:
        return
    tolerance = 1e-7 if row.cells["library"] in SINGLE or row.name in {"atan", "selu"} else 2.0**-52
    found, theirs = ours(row.case, column), float(text)
    missed = isnan(theirs) and column in TRUE_LIMITS.get(row.name, "").split()
    assert missed != (found == pytest.approx(theirs, rel=tolerance, abs=0, nan_ok=True))


@pytest.mark.parametrize("name", TRUE_LIMITS)
def test_the_limits_that_libraries_miss_are_what_numbers_far_out_come_to(name: str) -> None:
    case = next(row.case for row in RAW if row.name == name)
    far = np.array([-1e305, 1e305])
    for column in TRUE_LIMITS[name].split():
        near = (case.derivative(far) if column.startswith("df") else case.value(far))[int("+" in column)]
        assert ours(case, column) == pytest.approx(near, rel=1e-15, abs=1e-290)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_nan_gives_nan_in_values_and_in_derivatives_of_every_order(case: Case) -> None:
    x = np.array([0.5, nan, 2.0])
    for y in (case.value(x), *(case.derivative(x, order) for order in range(1, 5))):
        assert np.isnan(y).tolist() == [False, True, False]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_derivatives_at_infinity_are_their_limits(case: Case) -> None:
    ends = [end for end in case.pieces.domain if end in (-inf, inf)]
    for order in range(1, 5):
        for end in ends:
            if case.name == "sin":
                assert isnan(case.derivative(np.array([end]), order)[0])
                continue
            near, there = case.derivative(np.array([np.copysign(1e305, end), end]), order)
            assert there == near or there == pytest.approx(near, rel=1e-15, abs=1e-290)
