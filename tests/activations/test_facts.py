"""Every fact that the catalogue publishes of an elementwise function, held against the function itself."""

from __future__ import annotations

from math import inf, isinf, isnan

import numpy as np
import pytest

from service.activations.model import Extremum
from tests.activations.cases import CASES, LARGEST, Case, Float64s, sample

every_case = pytest.mark.parametrize("case", CASES, ids=str)

ROUNDING = 4 * 2.0**-52


def margin(bound: float) -> float:
    """What rounding may add to a bound."""
    return ROUNDING * abs(bound) if np.isfinite(bound) else 0.0


def extended(case: Case) -> Float64s:
    """The sample, with ±inf where the domain has no end."""
    lower, upper = case.pieces.domain
    return np.concatenate([[lower], sample(case), [upper]])


def refined(case: Case, x: Float64s, y: Float64s, best: int, order: int) -> Float64s:
    """Values between the neighbours of the best point of the sample, or next to it at a knot."""
    low, high = np.clip(x[[max(best - 1, 0), min(best + 1, x.size - 1)]], -1e300, 1e300)
    near = np.linspace(low, high, 2001)
    found = case.value(near) if order == 0 else case.derivative(near, order)
    return np.append(found, y[best])


@every_case
def test_values_stay_within_the_range(case: Case) -> None:
    y = case.value(extended(case))
    lower, upper = case.facts.range
    assert np.nanmin(y) >= lower - margin(lower)
    assert np.nanmax(y) <= upper + margin(upper)


@every_case
def test_the_ends_of_the_range_are_reached_or_approached(case: Case) -> None:
    x = extended(case)
    y = case.value(x)
    lowest = np.nanmin(refined(case, x, y, int(np.nanargmin(y)), 0))
    highest = np.nanmax(refined(case, x, y, int(np.nanargmax(y)), 0))
    assert (lowest, highest) == pytest.approx(case.facts.range, rel=1e-9, abs=1e-300)


@every_case
def test_infinite_arguments_give_the_limits(case: Case) -> None:
    found = case.value(np.array([-inf, inf]))
    assert np.array_equal(found, np.array(case.facts.limits), equal_nan=True)


@every_case
def test_values_approach_the_limits(case: Case) -> None:
    for limit, far in zip(case.facts.limits, (-1e300, 1e300), strict=True):
        if isnan(limit):
            continue
        found = case.at(far)
        assert abs(found) > 1e290 and found * limit > 0 if isinf(limit) else found == pytest.approx(limit, abs=1e-290)


@every_case
def test_where_no_limit_is_stated_there_is_none(case: Case) -> None:
    far = np.linspace(1e3, 1e4, 1001)
    for limit, x in zip(case.facts.limits, (-far, far), strict=True):
        if isnan(limit):
            y = case.value(x)
            assert np.isnan(y).all() or np.ptp(y) > 1.0


@every_case
def test_monotonic_functions_never_turn_and_others_do(case: Case) -> None:
    y = case.value(sample(case))
    y = y[np.abs(y) < LARGEST / 4]
    steps, noise = np.diff(y), ROUNDING * np.maximum(np.abs(y[1:]), np.abs(y[:-1]))
    turns = (steps > noise).any() and (steps < -noise).any()
    assert turns != case.facts.monotonic


@every_case
def test_zero_centered_functions_are_odd_and_others_are_not(case: Case) -> None:
    x = sample(case)
    with np.errstate(over="ignore"):
        odd = np.isclose(case.value(-x), -case.value(x), rtol=ROUNDING, atol=0)
    assert odd.all() == case.facts.zero_centered


@every_case
def test_slopes_stay_within_their_extremes(case: Case) -> None:
    lowest, highest = (extremum.value for extremum in case.facts.slope)
    for side in ("left", "right"):
        slopes = case.derivative(extended(case), 1, side)
        assert np.nanmin(slopes) >= lowest - margin(lowest)
        assert np.nanmax(slopes) <= highest + margin(highest)


@every_case
def test_the_extremes_of_the_slope_are_reached_or_approached(case: Case) -> None:
    x = extended(case)
    sides = [case.derivative(x, 1, side) for side in ("left", "right")]
    lowest, highest = (extremum.value for extremum in case.facts.slope)
    found_low = min(float(np.nanmin(refined(case, x, y, int(np.nanargmin(y)), 1))) for y in sides)
    found_high = max(float(np.nanmax(refined(case, x, y, int(np.nanargmax(y)), 1))) for y in sides)
    assert (found_low, found_high) == pytest.approx((lowest, highest), rel=1e-9, abs=1e-290)


@every_case
def test_the_extremes_of_the_slope_are_where_they_are_said_to_be(case: Case) -> None:
    for extremum in case.facts.slope:
        expected = pytest.approx(extremum.value, rel=ROUNDING, abs=0)
        assert any(found == expected for found in slopes_around(case, extremum)), extremum


def slopes_around(case: Case, extremum: Extremum) -> list[float]:
    """The slopes at the place of an extremum: from both sides, or all the same number in an interval."""
    if not isinstance(extremum.at, tuple):
        assert extremum.at is not None
        return [case.slope_at(extremum.at, side) for side in ("left", "right")]
    low, high = (min(max(end, -LARGEST), LARGEST) for end in extremum.at)
    inside = np.concatenate(
        [[np.nextafter(low, inf)], np.linspace(low / 2, high / 2, 101) * 2, [np.nextafter(high, -inf)]]
    )
    inside = inside[(inside > low) & (inside < high)]
    assert inside.size > 10
    slopes = np.unique(case.derivative(inside))
    assert slopes.size == 1
    return [float(slopes[0])]


@every_case
def test_at_a_knot_the_value_is_that_of_the_side_it_belongs_to(case: Case) -> None:
    for knot in case.pieces.knots:
        before, here, after = (case.at(x) for x in (np.nextafter(knot.x, -inf), knot.x, np.nextafter(knot.x, inf)))
        expected = {"left": before, "right": after, "mean": (before + after) / 2}[knot.owner]
        assert here == pytest.approx(expected, rel=1e-13, abs=1e-15)
