"""The functions of vectors: true values, Jacobians and pullbacks on rows on which they are easily wrong; and laws."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from service.compute import DTYPES, derivative, evaluate, output_shape
from service.errors import InvalidInput
from tests.activations.cases import Float64s
from tests.compute.dtypes import cast
from tests.compute.rows import CASES, DEFAULTS, HUGE, ROWS, Rows, worst
from tests.oracle.formulas import jacobian_truth, vector_truth

every_case = pytest.mark.parametrize("case", CASES, ids=str)
every_default = pytest.mark.parametrize("case", DEFAULTS, ids=str)
every_row = pytest.mark.parametrize("row", ROWS)
few = settings(max_examples=15, deadline=None, derandomize=True)
TENS = st.floats(-30.0, 30.0)


def axisless(case: Rows) -> dict[str, float]:
    """The parameters that the oracle knows."""
    return {name: float(value) for name, value in case.setting.items()}


@every_case
@every_row
def test_values_are_within_four_ulps(case: Rows, row: str) -> None:
    assert worst(case.value(ROWS[row]), vector_truth(case.name, ROWS[row].tolist(), **axisless(case))) <= 4.0


@every_case
@pytest.mark.parametrize("row", [row for row in ROWS if ROWS[row].size <= 8])
def test_jacobians_are_within_four_ulps(case: Rows, row: str) -> None:
    x = ROWS[row]
    truth = [entry for entries in jacobian_truth(case.name, x.tolist(), **axisless(case)) for entry in entries]
    assert worst(case.jacobian(x), truth) <= 4.0


@every_case
@every_row
def test_pullbacks_are_right_to_the_size_of_their_terms(case: Rows, row: str) -> None:
    """Where the terms cancel, the last digit of the sum is not to be had; it is right relative to the largest term."""
    x = ROWS[row][:8]
    shape = output_shape(case.function, x.shape, case.parameters)
    upstream = np.random.default_rng(3).normal(size=shape)
    truth = np.array(jacobian_truth(case.name, x.tolist(), **axisless(case)), dtype=object)
    with ctx.workprec(400):
        terms = truth * [[arb(u)] for u in np.ravel(upstream).tolist()]
        for found, column in zip(case.pullback(x, upstream).tolist(), terms.T, strict=True):
            size = max(float(abs(term).mid()) for term in column)
            assert abs(arb(found) - sum(column, arb(0))) <= 1e-15 * size + 1e-322


@every_default
@pytest.mark.parametrize("row", HUGE)
def test_huge_numbers_neither_overflow_nor_become_nan(case: Rows, row: str) -> None:
    x = HUGE[row]
    with np.errstate(all="raise"):
        y, slopes = case.value(x), case.jacobian(x)
    assert not np.isnan(y).any()
    assert not np.isnan(slopes).any()


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp", "maxout", "hardmax", "sparsemax", "softmin"])
@pytest.mark.parametrize("row", HUGE)
def test_huge_numbers_are_told_apart(name: str, row: str) -> None:
    """The largest takes all, and differences beyond float64 are infinite."""
    x = HUGE[row]
    y = Rows(name, {}).value(x)
    first = np.argmax(-x if name == "softmin" else x)
    expected = {
        "log_softmax": np.maximum(x / 2 - x.max() / 2, -0.9e308) * 2 if row == "huge" else None,
        "logsumexp": x.max(),
        "maxout": x.max(),
    }.get(name, np.eye(4)[first])
    if expected is not None:
        assert np.array_equal(y, expected)


@every_case
@few
@given(x=npst.arrays(np.float64, st.integers(1, 5).map(lambda half: (2 * half,)), elements=TENS))
def test_values_stay_in_the_range(case: Rows, x: Float64s) -> None:
    lower, upper = case.function.range
    y = case.value(x)
    assert (y >= lower).all()
    assert (y <= upper).all()


@pytest.mark.parametrize("name", ["softmax", "softmin", "gumbel_softmax", "sparsemax", "hardmax"])
@few
@given(x=npst.arrays(np.float64, st.integers(1, 60), elements=TENS))
def test_shares_sum_to_one_and_their_slopes_to_zero(name: str, x: Float64s) -> None:
    case = Rows(name, {})
    assert case.value(x).sum() == pytest.approx(1.0, abs=1e-15 * x.size)
    assert np.abs(case.jacobian(x).sum(axis=-2)).max() <= 1e-15 * x.size


@every_default
@few
@given(x=npst.arrays(np.float64, (4,), elements=st.floats(-3.0, 3.0)))
def test_jacobians_are_slopes_and_pullbacks_are_their_products(case: Rows, x: Float64s) -> None:
    step, slopes = 2.0**-20, case.jacobian(x)
    upstream = np.linspace(-1.0, 1.0, max(slopes.shape[-2], 1))
    shaped = upstream[0] if case.function.kind == "reduction" else upstream
    assert case.pullback(x, np.asarray(shaped)) == pytest.approx(upstream @ slopes, abs=1e-12 * np.abs(slopes).max())
    if case.function.smoothness == "Cinf" and case.name != "standardize":
        moved = [(case.value(x + e) - case.value(x - e)) / (2 * step) for e in step * np.eye(4)]
        assert np.stack(moved, axis=-1).reshape(slopes.shape) == pytest.approx(slopes, abs=1e-8)


@every_default
@few
@given(x=npst.arrays(np.float64, st.integers(1, 4).map(lambda half: (2 * half,)), elements=TENS))
def test_no_jacobian_stretches_more_than_the_lipschitz_constant(case: Rows, x: Float64s) -> None:
    assert np.linalg.norm(case.jacobian(x), 2) <= case.function.lipschitz * (1 + 1e-12)


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("softmax", [0.0, 0.0]),
        ("softmin", [0.0, 0.0]),
        ("gumbel_softmax", [0.0, 0.0]),
        ("sparsemax", [0.0, 0.0]),
        ("standardize", [0.0, 0.0]),
        ("logsumexp", [40.0, 0.0]),
        ("logmeanexp", [40.0, 0.0]),
        ("maxout", [1.0, 0.0]),
    ],
)
def test_the_lipschitz_constant_is_attained(name: str, row: list[float]) -> None:
    case = Rows(name, {})
    assert np.linalg.norm(case.jacobian(np.array(row)), 2) == pytest.approx(case.function.lipschitz, rel=1e-12)


@every_default
def test_zero_centered_functions_have_a_mirror_image_and_others_have_none(case: Rows) -> None:
    """f(−x) = −f(x), or for gates: the half that passes carries the sign."""
    x = np.array([0.3, -1.2, 2.5, 0.9])
    signs = np.array(
        [[-1, -1, -1, -1], [-1, -1, 1, 1], [1, 1, -1, -1]] if case.function.kind == "gated" else [[-1] * 4]
    )
    mirrored = any(np.allclose(case.value(sign * x), -case.value(x), rtol=1e-14, atol=0) for sign in signs)
    odd_by_nature = {"maxout"} if case.name == "maxout" else set()
    assert (mirrored and case.name not in odd_by_nature) == case.function.zero_centered


@every_default
@few
@given(x=npst.arrays(np.float64, (2, 4, 6), elements=TENS), axis=st.integers(-3, 2))
def test_any_axis_gives_what_the_last_one_gives(case: Rows, x: Float64s, axis: int) -> None:
    y = evaluate(case.function, x, case.parameters | {"axis": axis})
    moved = evaluate(case.function, np.moveaxis(x, axis, -1), case.parameters)
    expected = moved if case.function.kind == "reduction" else np.moveaxis(moved, -1, axis)
    assert np.array_equal(y, expected)
    assert y.shape == output_shape(case.function, x.shape, case.parameters | {"axis": axis})


@every_default
@few
@given(x=npst.arrays(np.float64, (5, 8), elements=TENS))
def test_a_row_does_not_depend_on_its_neighbours(case: Rows, x: Float64s) -> None:
    for f in (case.value, case.jacobian):
        assert all(np.array_equal(f(row), together) for row, together in zip(x, f(x), strict=True))


@every_default
@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 4), (2, 0, 4)])
def test_arrays_without_elements_keep_their_shapes(case: Rows, shape: tuple[int, ...]) -> None:
    x = np.zeros(shape)
    expected = output_shape(case.function, shape, case.parameters)
    assert case.value(x).shape == expected
    assert case.pullback(x, np.zeros(expected)).shape == shape


@every_default
def test_a_nan_spoils_its_own_row_only(case: Rows) -> None:
    x = np.array([[1.0, nan, 2.0, 3.0], [1.0, 0.5, 2.0, 3.0]])
    y = np.isnan(case.value(x)).reshape(2, -1)
    assert y[0].any() if case.function.kind == "gated" else y[0].all()
    assert not y[1].any()


@pytest.mark.parametrize(
    ("name", "row", "expected"),
    [
        ("softmax", [0.0, -inf, 0.0], [0.5, 0.0, 0.5]),
        ("softmax", [inf, 0.0], [1.0, 0.0]),
        ("softmax", [inf, inf], [nan, nan]),
        ("softmax", [-inf, -inf], [nan, nan]),
        ("softmin", [-inf, 0.0], [1.0, 0.0]),
        ("log_softmax", [0.0, -inf], [0.0, -inf]),
        ("logsumexp", [-inf, -inf], -inf),
        ("logsumexp", [inf, 0.0], inf),
        ("logsumexp", [0.0, -inf], 0.0),
        ("logmeanexp", [-inf, -inf], -inf),
        ("maxout", [-inf, 3.0], 3.0),
        ("sparsemax", [-inf, 3.0, 2.5], [0.0, 0.75, 0.25]),
        ("hardmax", [-inf, inf], [0.0, 1.0]),
        ("hardmax", [3.0, 1.0, 3.0], [1.0, 0.0, 0.0]),
        ("logsumexp", [], -inf),
        ("glu", [2.0, inf], [2.0]),
        ("glu", [2.0, -inf], [0.0]),
    ],
)
def test_infinities_give_the_limit_where_there_is_one(
    name: str, row: list[float], expected: float | list[float]
) -> None:
    assert np.array_equal(Rows(name, {}).value(np.array(row)), np.array(expected), equal_nan=True)


@every_default
@pytest.mark.parametrize("dtype", DTYPES)
def test_results_are_values_of_the_dtype(case: Rows, dtype: str) -> None:
    y = evaluate(case.function, ROWS["many"], case.parameters, dtype=dtype)
    assert np.array_equal(y, cast(y, dtype))


@every_default
def test_single_numbers_missing_axes_and_odd_lengths_are_refused(case: Rows) -> None:
    with pytest.raises(InvalidInput, match="single number"):
        case.value(np.array(1.0))
    for axis in (-3, 2):
        with pytest.raises(InvalidInput, match="axis must be from -2 to 1"):
            evaluate(case.function, np.zeros((2, 2)), case.parameters | {"axis": axis})
    if case.function.kind == "gated":
        with pytest.raises(InvalidInput, match="odd"):
            case.value(np.zeros(3))
    with pytest.raises(InvalidInput, match="upstream gradient"):
        derivative(case.function, np.zeros(4), case.parameters)
    with pytest.raises(InvalidInput, match="shape of y"):
        case.pullback(np.zeros(4), np.zeros((4, 4)))
