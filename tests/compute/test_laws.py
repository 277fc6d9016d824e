"""Laws of every elementwise function, with Hypothesis drawing the points: shapes, NaN, infinities, slopes, dtypes."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from service.compute import DTYPES, derivative, evaluate, jacobian, pullback
from service.errors import InvalidInput
from tests.activations.cases import CASES, DEFAULTS, Case, Float64s
from tests.compute.dtypes import cast
from tests.oracle.formulas import domain

every_case = pytest.mark.parametrize("case", CASES, ids=str)
every_default = pytest.mark.parametrize("case", DEFAULTS, ids=str)
few = settings(max_examples=8, deadline=None, derandomize=True)

ANY = st.floats(allow_nan=True, allow_infinity=True)
SHAPES = npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)
ARRAYS = npst.arrays(np.float64, SHAPES, elements=ANY)
NODES, WEIGHTS = np.polynomial.legendre.leggauss(20)
STEP = 0.125


def all_of(case: Case, x: Float64s) -> list[Float64s]:
    """The value and the derivatives of every order, and by every parameter, at the same points."""
    partials = [derivative(case.function, x, case.parameters, with_respect_to=name) for name in case.function.partials]
    return [case.value(x), *(case.derivative(x, order) for order in range(1, 5)), *partials]


@every_case
@few
@given(x=ARRAYS)
def test_shapes_are_kept_and_only_nan_gives_nan_and_nothing_warns(case: Case, x: Float64s) -> None:
    undefined = np.isnan(x) | (x < domain(case.name)[0])
    if case.name == "sin":
        undefined |= np.isinf(x)
    with np.errstate(all="raise"):
        found = all_of(case, x)
    for y in found:
        assert y.shape == x.shape
        assert y.dtype == np.float64
        assert np.array_equal(np.isnan(y), undefined)


@every_case
@few
@given(x=npst.arrays(np.float64, st.integers(1, 40), elements=ANY), index=st.integers(0, 39))
def test_a_result_does_not_depend_on_where_its_number_stands(case: Case, x: Float64s, index: int) -> None:
    place = index % x.size
    strided = np.repeat(x, 3).reshape(-1, 3)[::-1, 1]
    for alone, together, view in zip(
        all_of(case, x[place : place + 1]), all_of(case, x), all_of(case, strided), strict=True
    ):
        assert np.array_equal(alone, together[place : place + 1], equal_nan=True)
        assert np.array_equal(together, view[::-1], equal_nan=True)


@every_case
def test_long_arrays_are_computed_as_short_ones_are(case: Case) -> None:
    few_numbers = np.array([-inf, -300.0, -1.0, -0.0, 1e-320, 0.5, 2.0, 299.0, 720.0, inf, nan])
    times = 20_000 // few_numbers.size
    for short, long in zip(all_of(case, few_numbers), all_of(case, np.tile(few_numbers, times)), strict=True):
        assert np.array_equal(np.tile(short, times), long, equal_nan=True)


@every_case
@few
@given(x=npst.arrays(np.float64, st.integers(0, 9), elements=ANY))
def test_the_argument_is_left_as_it_was(case: Case, x: Float64s) -> None:
    before = x.copy()
    x.setflags(write=False)
    all_of(case, x)
    assert np.array_equal(x, before, equal_nan=True)


@every_case
@few
@given(start=st.floats(-40.0, 40.0))
def test_each_derivative_is_the_slope_of_the_one_before(case: Case, start: float) -> None:
    """The integral of a derivative, by Gauss' rule, is the difference of the one before."""
    assume(not any(start <= knot <= start + STEP for knot in case.knots))
    assume(start >= domain(case.name)[0] + 1.0)
    ends, inside = np.array([start, start + STEP]), start + STEP / 2 * (NODES + 1.0)
    before = case.value(ends)
    for order in range(1, 5):
        slopes = case.derivative(inside, order)
        area = STEP / 2 * float(WEIGHTS @ slopes)
        scale = np.abs(before).max() + STEP * np.abs(slopes).max()
        assert abs(area - (before[1] - before[0])) <= 1e-14 * scale + 1e-320, order
        before = case.derivative(ends, order)


@every_default
@few
@given(x=npst.arrays(np.float64, st.integers(0, 9), elements=ANY), dtype=st.sampled_from(DTYPES))
def test_results_are_values_of_the_dtype(case: Case, x: Float64s, dtype: str) -> None:
    value = evaluate(case.function, x, case.parameters, dtype=dtype)
    slope = derivative(case.function, x, case.parameters, dtype=dtype)
    for y in (value, slope):
        assert np.array_equal(y, cast(y, dtype), equal_nan=True)


@pytest.mark.parametrize("dtype", DTYPES)
@given(x=npst.arrays(np.float64, st.integers(0, 9), elements=ANY))
@settings(deadline=None, derandomize=True)
def test_arguments_are_rounded_to_the_dtype_first(dtype: str, x: Float64s) -> None:
    identity = DEFAULTS[[case.name for case in DEFAULTS].index("identity")]
    found = evaluate(identity.function, x, {}, dtype=dtype)
    if dtype == "bfloat16":
        assert np.array_equal(found, cast(found, dtype), equal_nan=True)
        near, exact = (y[np.isfinite(found)] for y in (found, x))
        assert (np.abs(near - exact) <= np.maximum(2.0**-8 * np.abs(exact), 2.0**-134)).all()
    else:
        assert np.array_equal(found, cast(x, dtype), equal_nan=True)


@every_default
@few
@given(data=st.data(), x=ARRAYS)
def test_a_pullback_is_the_upstream_gradient_times_the_slope(case: Case, data: st.DataObject, x: Float64s) -> None:
    upstream = data.draw(npst.arrays(np.float64, x.shape, elements=st.floats(-1e3, 1e3)))
    with np.errstate(invalid="ignore", over="ignore"):
        expected = upstream * case.derivative(x)
    found = pullback(case.function, x, case.parameters, upstream)
    assert np.array_equal(found, expected, equal_nan=True)


@every_default
def test_kinks_are_answered_as_asked_and_nothing_else_changes(case: Case) -> None:
    away = np.array([knot + step for knot in (*case.knots, 0.0) for step in (-0.25, 1e-9, 0.25)])
    away = away[away > domain(case.name)[0]]
    for order in range(1, 5):
        left, right, unset = (case.derivative(away, order, side) for side in ("left", "right", "nan"))
        assert np.array_equal(left, right)
        assert np.array_equal(left, unset)


@every_default
def test_elementwise_functions_have_no_jacobian_and_no_fifth_derivative(case: Case) -> None:
    with pytest.raises(InvalidInput, match="diagonal"):
        jacobian(case.function, np.zeros(3), case.parameters)
    for order in (-1, 0, 5):
        with pytest.raises(InvalidInput, match="1 to 4"):
            case.derivative(np.zeros(3), order)
    with pytest.raises(InvalidInput, match="shape"):
        pullback(case.function, np.zeros(3), case.parameters, np.zeros((3, 1)))
    with pytest.raises(InvalidInput, match="derivatives by x"):
        derivative(case.function, np.zeros(3), case.parameters, with_respect_to="no_such")


@every_default
def test_derivatives_by_a_parameter_are_of_first_order_only(case: Case) -> None:
    for name in case.function.partials:
        with pytest.raises(InvalidInput, match="order 1"):
            derivative(case.function, np.ones(1), case.parameters, with_respect_to=name, order=2)


@every_case
def test_every_number_parameter_has_a_derivative(case: Case) -> None:
    numbers = {parameter.name for parameter in case.function.parameters if parameter.type == "number"}
    continuous = {p.name for p in case.function.parameters if p.name == "max_value"}
    assert set(case.function.partials) == numbers | continuous
