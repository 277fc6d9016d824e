"""Fast forms: within 4 ulp of the truth in their dtype, right at both ends, and the same wherever a number stands."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest

from service import compute
from service.activations import lookup
from service.activations.model import Block
from service.activations.parameters import bind
from service.compute import elementwise
from service.compute.bound import bound
from service.numerics.scratch import LARGEST as BLOCK
from tests.activations.cases import CASES, Case
from tests.oracle.formulas import knots, truths
from tests.oracle.points import points
from tests.oracle.ulp import ulp_error

FAST = [case for case in CASES if bound(case.function, case.parameters).fast]
EXACT = 1e-30  # least magnitude of the results that the bar is for
ROOTS = {"silu": -1.2784645427610738, "mish": -1.1924312145154952, "gelu": -0.7517915246935645}
DTYPES = ("float32", "float64")
TABLED = [("gelu", 0), ("gelu", 1), ("mish", 1)]  # and their orders

every_case = pytest.mark.parametrize("case", FAST, ids=str)
every_dtype = pytest.mark.parametrize("dtype", DTYPES)
every_table = pytest.mark.parametrize(("name", "order"), TABLED)


def results(case: Case, x: Block, order: int, dtype: str) -> Block:
    given = x.astype(dtype)
    if order:
        return elementwise.derivative(case.function, given, case.parameters, dtype=dtype, accuracy="fast")
    return elementwise.value(case.function, given, case.parameters, dtype, "fast")


def places(case: Case, dtype: str, count: int) -> Block:
    """Points of every kind, and of every magnitude near the zero of the slope, none of them a knot."""
    with np.errstate(over="ignore"):
        steps = np.geomspace(1e-16, 0.5, 40)
        root = ROOTS.get(case.name, 0.0)
        around = np.concatenate([root + steps, root - steps, np.linspace(-12.0, 12.0, 200)])
        x = np.concatenate([points(knots(case.name, **case.setting), n=count), around]).astype(dtype)
    found = np.unique(x.astype(np.float64))
    return np.setdiff1d(found, [float(knot) for knot in knots(case.name, **case.setting)])


@every_case
@every_dtype
def test_results_are_within_four_ulps(case: Case, dtype: str) -> None:
    x = places(case, dtype, 200)
    found = [results(case, x, order, dtype).astype(np.float64).tolist() for order in (0, 1)]
    worst = (0.0, nan, 0)
    for index, t in enumerate(x.tolist()):
        for order, truth in enumerate(truths(case.name, t, 1, **case.setting)):
            if EXACT <= abs(float(truth)) <= 1 / EXACT:
                worst = max(worst, (ulp_error(found[order][index], truth, dtype), t, order))
    assert worst[0] <= 4.0, worst


@every_case
def test_results_in_float32_are_near_the_full_ones_at_many_points(case: Case) -> None:
    generator = np.random.default_rng(13)
    x = np.concatenate([generator.uniform(-reach, reach, 20_000) for reach in (2.0, 20.0, 70.0)]).astype(np.float32)
    for order in (0, 1):
        wide = x.astype(np.float64)
        true = case.derivative(wide) if order else case.value(wide)
        judged = (np.abs(true) >= EXACT) & (np.abs(true) <= 1 / EXACT)
        errors = np.abs(results(case, x, order, "float32") - true)[judged]
        assert (errors <= 4.0 * np.spacing(np.abs(true[judged]).astype(np.float32))).all()


@every_table
def test_tables_in_float32_are_near_the_full_results_at_every_magnitude_and_all_around_the_zero(
    name: str, order: int
) -> None:
    case, root = Case(name, {}), np.float32(ROOTS[name]).view(np.int32)
    positive = np.arange(0, np.float32(80.0).view(np.int32), 1753, dtype=np.int32)
    x = np.concatenate(
        [positive.view("f"), -positive.view("f"), np.arange(root - 2**17, root + 2**17).astype("i").view("f")]
    )
    true = (case.derivative if order else case.value)(x.astype(np.float64))
    judged = np.abs(true) >= EXACT
    errors = np.abs(results(case, x, order, "float32") - true)[judged]
    assert (errors <= 3.5 * np.spacing(np.abs(true[judged]).astype(np.float32))).all()


@every_table
def test_tables_in_float64_are_right_at_the_borders_of_their_cells(name: str, order: int) -> None:
    borders = np.random.default_rng(17).integers(-12 * 2**10, 9 * 2**10, 300) / 2**10
    x = np.concatenate([borders, np.nextafter(borders, -inf), np.nextafter(borders, inf)])
    found = results(Case(name, {}), x, order, "float64").tolist()
    true = [truths(name, t, order)[order] for t in x.tolist()]
    assert max(ulp_error(y, t, "float64") for y, t in zip(found, true, strict=True) if abs(float(t)) >= EXACT) <= 3.5


@every_table
@every_dtype
def test_tails_from_tables_keep_their_size_as_far_as_the_dtype_goes(name: str, order: int, dtype: str) -> None:
    case, least = Case(name, {}), float(np.finfo(dtype).smallest_subnormal)
    x = np.linspace(-760.0 if name == "mish" else -40.0, -3.0, 20_001).astype(dtype)
    found = results(case, x, order, dtype).astype(np.float64)
    true = (case.derivative if order else case.value)(x.astype(np.float64))
    assert (np.abs(found - true) <= 1e-5 * np.abs(true) + 4000.0 * least).all()
    assert (np.diff(found) <= 2.0 * least).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_gelu_next_to_zero_is_half_its_argument(dtype: str) -> None:
    info = np.finfo(dtype)
    least, small = float(info.smallest_subnormal), float(info.tiny)
    x = np.array([0.0, -0.0, 2 * least, -2 * least, small, -small, 16 * small])
    gelu = Case("gelu", {})
    found = results(gelu, x, 0, dtype)
    assert np.array_equal(found, x / 2)
    assert np.array_equal(np.signbit(found), np.signbit(x))
    assert results(gelu, x, 1, dtype).tolist() == [0.5] * x.size


@every_table
@every_dtype
def test_what_comes_from_tables_ends_at_its_limit_exactly(name: str, order: int, dtype: str) -> None:
    x = np.array([9.5, 40.0, 1e30, inf]) * (1 if name == "gelu" else 4)
    assert results(Case(name, {}), x, order, dtype).tolist() == ([1.0] * 4 if order else x.astype(dtype).tolist())


@every_case
@every_dtype
def test_what_is_smaller_fades_without_a_wrong_sign_and_without_nan(case: Case, dtype: str) -> None:
    x = np.concatenate([-np.geomspace(1e-38, 1e38, 4000)[::-1], np.geomspace(1e-38, 1e38, 4000)])
    for order in (0, 1):
        found = results(case, x, order, dtype).astype(np.float64)
        true = case.derivative(x.astype(dtype).astype(np.float64)) if order else case.value(x)
        assert not np.isnan(found).any()
        assert (np.sign(found) * np.sign(true) >= 0).all()
        small = np.abs(true) < EXACT
        assert (np.abs(found[small]) <= 1.01 * EXACT).all()


@every_case
@every_dtype
def test_limits_and_nan_are_those_of_the_function(case: Case, dtype: str) -> None:
    ends = np.array([-inf, inf, nan])
    for order in (0, 1):
        expected = (case.derivative(ends) if order else case.value(ends)).astype(dtype)
        assert np.allclose(results(case, ends, order, dtype), expected, rtol=1e-6, atol=0, equal_nan=True)


@every_case
@every_dtype
def test_at_a_knot_the_convention_counts(case: Case, dtype: str) -> None:
    x = np.array([float(knot) for knot in knots(case.name, **case.setting)])
    x = x[x.astype(dtype) == x]
    assert results(case, x, 0, dtype) == pytest.approx(case.value(x), rel=1e-6, abs=0)
    assert results(case, x, 1, dtype) == pytest.approx(case.derivative(x), rel=1e-6, abs=0)


@every_case
@every_dtype
def test_a_result_does_not_depend_on_where_its_number_stands(case: Case, dtype: str) -> None:
    x = np.random.default_rng(11).normal(0.0, 4.0, BLOCK + 1000).astype(dtype)
    kept = x.copy()
    x.setflags(write=False)
    for order in (0, 1):
        whole = results(case, x, order, dtype)
        for start, stop in ((0, 1), (7, 40), (BLOCK - 5, BLOCK + 5), (13, BLOCK + 900)):
            alone = results(case, x[start:stop], order, dtype)
            assert alone.tobytes() == whole[start:stop].tobytes()
    assert np.array_equal(x, kept)


@every_case
def test_float16_is_the_fast_result_rounded(case: Case) -> None:
    x = np.linspace(-4.0, 4.0, 65)
    found = elementwise.value(case.function, x, case.parameters, "float16", "fast")
    assert np.array_equal(found, results(case, x, 0, "float64").astype(np.float16).astype(np.float64))


def test_parameters_without_a_fast_form_are_answered_in_full() -> None:
    case = Case("silu", {"beta": 1.702})
    x = np.linspace(-3.0, 3.0, 7)
    assert np.array_equal(results(case, x, 0, "float64"), case.value(x))
    assert np.array_equal(results(case, x, 1, "float32"), case.derivative(x).astype(np.float32))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("alpha", [-1e17, -3.0, -1.7, 0.3, 1.9, 100.3, 1e5 + 0.3, 1e9])
def test_slopes_on_the_right_are_not_lost_beside_steep_ones_on_the_left(alpha: float, dtype: str) -> None:
    x = np.array([2.0, 30.0])
    for name, slope, parameters in (
        ("leaky_relu", 1.0, {"negative_slope": alpha}),
        ("prelu", 1.0, {"weight": alpha}),
        ("elu", 1.0, {"alpha": min(abs(alpha), 1e9)}),
        ("selu", 1.0507009873554805, {"alpha": min(abs(alpha), 1e9), "scale": 1.0507009873554805}),
    ):
        function = lookup(name)
        found = compute.derivative(function, x, bind(function, parameters), dtype=dtype, accuracy="fast")
        assert np.all(np.abs(found - slope) <= 4 * np.spacing(np.array(slope, dtype)))


def test_random_slopes_of_either_sign_end_where_they_lead() -> None:
    function = lookup("rrelu")
    parameters = bind(function, {"lower": -1.0, "upper": 1.0})
    far, end = (compute.evaluate(function, np.full(40, x), parameters, seed=0) for x in (-1e300, -np.inf))
    assert np.array_equal(end, np.copysign(np.inf, far))
    assert {-np.inf, np.inf} == set(end.tolist())
