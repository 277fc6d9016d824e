"""The table of conventions in full: every cell that says something of a function of numbers, held against ours."""

from __future__ import annotations

from math import inf, isinf

import numpy as np
import pytest

from service.activations.model import Place
from service.compute import AtKink, describe
from tests.activations.cases import CASES, Case, sample
from tests.activations.conventions import ROWS, Row

every_row = pytest.mark.parametrize("row", ROWS, ids=str)

ULP = 2.0**-52
# torch returns the slope of softplus at 20, where its formula changes: a defect, and no kink of the function.
NO_KINKS = {"softplus", "softplus_beta2"}
with_kinks = pytest.mark.parametrize("row", [row for row in ROWS if row.name not in NO_KINKS], ids=str)


def derivative_at(case: Case, x: float, order: int, at_kink: AtKink = "convention") -> float:
    return float(case.derivative(np.array([x]), order, at_kink)[0])


def smoothness_of(case: Case) -> str:
    """The order of derivative that breaks first at any knot, seen from both sides."""
    for order, name in enumerate(["discontinuous", "C0", "C1", "C2", "C3"]):
        if any(breaks(case, x, order) for x in case.knots):
            return name
    return "Cinf"


def breaks(case: Case, x: float, order: int) -> bool:
    """Whether the two sides differ."""
    if order == 0:
        left, right = case.at(np.nextafter(x, -inf)), case.at(np.nextafter(x, inf))
    else:
        left, right = derivative_at(case, x, order, "left"), derivative_at(case, x, order, "right")
    return abs(left - right) > 1e-9


def test_every_function_but_the_step_has_a_row() -> None:
    assert {row.case.name for row in ROWS} == {case.name for case in CASES} - {"step"}


@every_row
def test_the_range_is_that_of_the_table(row: Row) -> None:
    assert row.case.facts.range == pytest.approx(row.range, abs=4e-6)


@every_row
def test_the_value_at_zero_is_that_of_the_table(row: Row) -> None:
    if row.cells["f_at_0"]:
        assert row.case.at(0.0) == pytest.approx(row.number("f_at_0"), rel=ULP, abs=0)


@every_row
def test_the_limits_are_those_of_the_table(row: Row) -> None:
    expected = (row.number("lim_neg_inf"), row.number("lim_pos_inf"))
    assert row.case.facts.limits == pytest.approx(expected, rel=2 * ULP, abs=0, nan_ok=True)


@every_row
def test_monotonicity_is_that_of_the_table(row: Row) -> None:
    assert row.case.facts.monotonic == (row.cells["monotone"] != "no")


@every_row
def test_strictly_increasing_functions_increase(row: Row) -> None:
    if row.cells["monotone"] == "strictly increasing":
        x = np.linspace(0.125, 8.0, 64) - (0.0 if row.case.pieces.domain[0] == 0 else 4.0)
        assert (np.diff(row.case.value(x)) > 0).all()


@every_row
def test_symmetry_is_that_of_the_table(row: Row) -> None:
    x = sample(row.case)
    f = row.case.value
    assert row.case.facts.zero_centered == row.cells["zero_centred"].startswith("yes") == (row.cells["parity"] == "odd")
    assert np.array_equal(f(x), f(-x), equal_nan=True) == (row.cells["parity"] == "even")


@every_row
def test_smoothness_is_that_of_the_table(row: Row) -> None:
    expected = "Cinf" if row.cells["smoothness"].startswith("analytic") else row.cells["smoothness"]
    assert smoothness_of(row.case) == expected
    if not row.case.setting:
        assert describe(row.case.function).smoothness == expected


@every_row
def test_kinks_are_where_the_table_has_them(row: Row) -> None:
    found = [x for x in row.case.knots if breaks(row.case, x, 1) and not breaks(row.case, x, 0)]
    assert found == row.places("kinks")
    if not row.case.setting:
        assert [kink.x for kink in describe(row.case.function).kinks] == found


@every_row
def test_jumps_are_those_of_the_table(row: Row) -> None:
    found = {}
    for x in filter(lambda x: breaks(row.case, x, 0), row.case.knots):
        around = (np.nextafter(x, -inf), x, np.nextafter(x, inf))
        found[x] = pytest.approx([row.case.at(t) for t in around], rel=4 * ULP, abs=4 * ULP)
    assert row.lists("jump_values_left_at_right") == found
    if not row.case.setting:
        published = {jump.x: [jump.left, jump.at, jump.right] for jump in describe(row.case.function).jumps}
        assert published == row.lists("jump_values_left_at_right")


@every_row
def test_one_sided_slopes_are_those_of_the_table(row: Row) -> None:
    for x, sides in row.lists("one_sided_derivatives").items():
        found = [row.case.slope_at(x, "left"), row.case.slope_at(x, "right")]
        assert found == pytest.approx(sides, rel=2 * ULP, abs=0), x


@every_row
def test_higher_derivatives_break_as_in_the_table(row: Row) -> None:
    for entry in row.entries("higher_breaks"):
        x, order = float(entry["x"]), int(entry["order"])
        found = (derivative_at(row.case, x, order, "left"), derivative_at(row.case, x, order, "right"))
        assert found == (float(entry["left"]), float(entry["right"]))


@with_kinks
def test_the_slope_at_a_kink_is_that_of_torch_or_of_keras_with_torch(row: Row) -> None:
    expected = row.numbers("grad_at_kinks_torch") or row.numbers("grad_at_kinks_keras_torch")
    assert {x: row.case.slope_at(x) for x in expected} == pytest.approx(expected, rel=2 * ULP, abs=0)


@with_kinks
def test_the_second_derivative_at_a_kink_is_that_of_torch(row: Row) -> None:
    for x, expected in row.numbers("grad2_at_kinks_torch").items():
        assert derivative_at(row.case, x, 2) == expected, x


@every_row
@pytest.mark.parametrize("which", ["min", "max"])
def test_the_extremes_of_the_slope_are_those_of_the_table(row: Row, which: str) -> None:
    extremum = row.case.facts.slope[which == "max"]
    assert extremum.value == pytest.approx(row.number(f"d1_{which}"), rel=2 * ULP, abs=0)
    assert extremum.at is not None
    assert any(covers(extremum.at, place) for place in row.extremes_at(f"d1_arg{which}"))


def covers(at: Place, place: Place) -> bool:
    """Whether the place that is published holds that of the table."""
    if isinstance(at, tuple) and isinstance(place, tuple):
        return at[0] <= place[0] and place[1] <= at[1]
    return at == pytest.approx(place, rel=2 * ULP, abs=0) if not isinstance(place, tuple) else False


@every_row
@pytest.mark.parametrize(("which", "sign"), [("min", -1), ("max", 1)])
def test_the_extremes_of_the_second_derivative_are_those_of_the_table(row: Row, which: str, sign: int) -> None:
    if not row.cells[f"d2_{which}"]:
        return
    expected = row.number(f"d2_{which}")
    sides: tuple[AtKink, AtKink] = ("left", "right")
    for side in sides:
        found = row.case.derivative(sample(row.case), 2, side)
        assert (sign * found <= sign * expected + 1e-14 * abs(expected)).all()
    for place in row.extremes_at(f"d2_arg{which}"):
        x = inside(place)
        near = [derivative_at(row.case, x, 2, side) for side in sides]
        assert any(value == pytest.approx(expected, rel=1e-14, abs=1e-290) for value in near), place


def inside(place: Place) -> float:
    """A point at or in a place."""
    if not isinstance(place, tuple):
        assert place is not None
        return place
    low, high = place
    if isinf(low):
        return high - 1.0 if np.isfinite(high) else 0.0
    return low + 1.0 if isinf(high) else (low + high) / 2


@every_row
def test_stationary_points_are_those_of_the_table(row: Row) -> None:
    for entry in row.entries("stationary_points"):
        x, y = float(entry["x"]), float(entry["f"])
        assert row.case.at(x) == pytest.approx(y, rel=2 * ULP, abs=0)
        assert abs(row.case.slope_at(x)) <= 2 * ULP


@every_row
def test_the_lipschitz_constant_is_that_of_the_table(row: Row) -> None:
    slopes = max(abs(extremum.value) for extremum in row.case.facts.slope)
    expected = row.number("lipschitz")
    assert (inf if row.places("jumps") else slopes) == pytest.approx(expected, rel=2 * ULP, abs=0)
    if not row.case.setting:
        assert describe(row.case.function).lipschitz == pytest.approx(expected, rel=2 * ULP, abs=0)
