"""The rows of the table of conventions that are about functions of vectors."""

from __future__ import annotations

from math import inf, sqrt

import numpy as np
import pytest

from service.activations import lookup
from service.activations.model import AlongAxis
from service.compute import describe, evaluate, jacobian
from tests.activations.conventions import VECTOR_ROWS, Row

every_row = pytest.mark.parametrize("row", VECTOR_ROWS, ids=str)

RANGES = {
    "(-inf, inf)": (-inf, inf),
    "(-inf, 0)": (-inf, 0.0),
    "(-sqrt(n-1), sqrt(n-1))": (-inf, inf),  # of vectors of any length
    "open simplex: (0, 1), sum 1": (0.0, 1.0),
    "open simplex": (0.0, 1.0),
    "closed simplex: [0, 1], sum 1": (0.0, 1.0),
    "simplex": (0.0, 1.0),
    "{0, 1}": (0.0, 1.0),
}
# In the 2-norm; where the table's depends on the length of the vectors, it has no bound over all lengths.
LIPSCHITZ = {
    "softmax": 0.5,
    "softmin": 0.5,
    "gumbel_softmax": 0.5,
    "log_softmax": inf,
    "sparsemax": 1.0,
    "hardmax": inf,
    "logsumexp": 1.0,
    "logmeanexp": 1.0,
    "maxout": 1.0,
    "standardize": 1 / sqrt(1e-5),
    "glu": inf,
    "swiglu": inf,
    "geglu": inf,
}
# The least and the largest entry of a Jacobian of three inputs (two of them for sparsemax's least).
ENTRIES = {
    "softmax": (-0.25, 0.25),
    "softmin": (-0.25, 0.25),
    "gumbel_softmax": (-0.25, 0.25),
    "log_softmax": (-1.0, 1.0),
    "sparsemax": (-0.5, 2 / 3),
    "hardmax": (0.0, 0.0),
    "logsumexp": (0.0, 1.0),
    "logmeanexp": (0.0, 1.0),
    "maxout": (0.0, 1.0),
}


def function_of(row: Row) -> AlongAxis:
    function = lookup(row.name)
    assert isinstance(function, AlongAxis)
    return function


@every_row
def test_the_kind_is_that_of_the_table(row: Row) -> None:
    kind = "vector" if row.cells["class"] == "stochastic" else row.cells["class"]
    assert (function_of(row).kind, function_of(row).stochastic) == (kind, row.cells["class"] == "stochastic")


@every_row
def test_the_range_is_that_of_the_table(row: Row) -> None:
    published = describe(function_of(row)).range
    assert (published.lower, published.upper) == RANGES[row.cells["range"]]


@every_row
def test_smoothness_and_symmetry_are_those_of_the_table(row: Row) -> None:
    text, description = row.cells["smoothness"].split(",")[0], describe(function_of(row))
    assert description.smoothness == ("Cinf" if text.startswith("analytic") else text)
    assert description.zero_centered == row.cells["zero_centred"].startswith("yes")


@every_row
def test_the_lipschitz_constant_is_that_of_the_table(row: Row) -> None:
    assert describe(function_of(row)).lipschitz == LIPSCHITZ[row.name]


@pytest.mark.parametrize("name", ENTRIES)
def test_the_slopes_have_the_extremes_of_the_table(name: str) -> None:
    function = lookup(name)
    lowest, highest = ENTRIES[name]
    axis = np.array([0.0, 0.25, 40.0, -40.0])
    rows = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
    found = jacobian(function, rows, function.defaults())
    assert (found.min(), found.max()) == pytest.approx((lowest, highest), abs=1e-12)


def test_sparsemax_has_one_sided_slopes_where_its_support_changes() -> None:
    function, given = lookup("sparsemax"), {"axis": -1}
    inside, outside = np.array([0.99, 0.0]), np.array([1.01, 0.0])
    assert jacobian(function, inside, given)[0].tolist() == [0.5, -0.5]
    assert jacobian(function, outside, given)[0].tolist() == [0.0, 0.0]
    assert jacobian(function, np.array([1.0, 0.0]), given).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert evaluate(function, np.array([1.0, 0.5]), given).tolist() == [0.75, 0.25]


def test_the_second_half_gates_in_glu_and_geglu_and_the_first_in_swiglu() -> None:
    x = np.array([3.0, 0.0])
    assert evaluate(lookup("glu"), x, {"axis": -1}).tolist() == [1.5]
    assert evaluate(lookup("geglu"), x, {"axis": -1}).tolist() == [0.0]
    assert evaluate(lookup("swiglu"), x[::-1], {"axis": -1, "alpha": 1.0}).tolist() == [0.0]
