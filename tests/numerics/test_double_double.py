"""Double-double arithmetic against exact fractions, and the elementary functions against ball arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.numerics.double_double import (
    DD,
    polynomial,
    product,
    quick_two_sum,
    square_root,
    total,
    two_product,
    two_sum,
    where,
)
from service.numerics.exponential import exp, exp_of, expm1
from service.numerics.logistic import log1p, tanh
from service.numerics.sums import mean_of, total_of

Float64s = NDArray[np.float64]

NUMBERS = st.floats(-1e140, 1e140).filter(lambda x: x == 0 or abs(x) > 1e-120)
exactly = settings(max_examples=200, deadline=None, derandomize=True)


@st.composite
def pairs(draw: st.DrawFn) -> DD:
    """Double-doubles with a low part of any size that it may have."""
    hi = draw(st.floats(1e-3, 1e3)) * draw(st.sampled_from([-1.0, 1.0]))
    lo = np.spacing(hi) / 2 * draw(st.floats(-0.999, 0.999))
    return DD(np.array(hi), np.array(lo))


def fraction(x: DD) -> Fraction:
    return Fraction(float(x.hi)) + Fraction(float(x.lo))


def relative(found: DD, true: Fraction) -> float:
    return float(abs(fraction(found) - true) / abs(true)) if true else float(fraction(found) != 0)


@exactly
@given(NUMBERS, NUMBERS)
def test_sums_and_products_of_doubles_are_exact(a: float, b: float) -> None:
    x, y = np.array(a), np.array(b)
    for found, true in (
        (two_sum(x, y), Fraction(a) + Fraction(b)),
        (two_product(x, y), Fraction(a) * Fraction(b)),
        (quick_two_sum(*sorted((x, y), key=abs, reverse=True)), Fraction(a) + Fraction(b)),
    ):
        assert sum(Fraction(float(part)) for part in found) == true
    assert fraction(total(x, y)) == Fraction(a) + Fraction(b)
    assert fraction(product(x, y)) == Fraction(a) * Fraction(b)


@exactly
@given(pairs(), pairs())
def test_arithmetic_keeps_a_hundred_bits(a: DD, b: DD) -> None:
    x, y = fraction(a), fraction(b)
    assert abs(fraction(a + b) - (x + y)) <= 2.0**-104 * (abs(x + y))
    assert abs(fraction(a - b) - (x - y)) <= 2.0**-104 * (abs(x - y))
    assert relative(a * b, x * y) <= 2.0**-102
    assert relative(a / b, x / y) <= 2.0**-100


@exactly
@given(pairs(), st.floats(0.5, 2.0))
def test_doubles_mix_with_double_doubles_on_either_side(a: DD, b: float) -> None:
    x, y = fraction(a), Fraction(b)
    for found, true in (
        (a + b, x + y),
        (b + a, x + y),
        (a - b, x - y),
        (b - a, y - x),
        (a * b, x * y),
        (b * a, x * y),
        (a / b, x / y),
        (b / a, y / x),
        (np.array(b) * a, x * y),
    ):
        assert abs(fraction(found) - true) <= 2.0**-100 * max(float(abs(true)), 2.0**-104)


@exactly
@given(pairs(), pairs())
def test_a_ratio_is_rounded_almost_correctly(a: DD, b: DD) -> None:
    true = fraction(a) / fraction(b)
    assert abs(Fraction(float(a.ratio(b))) - true) <= Fraction(0.5001) * Fraction(float(np.spacing(abs(float(true)))))


@exactly
@given(pairs())
def test_a_square_root_squares_to_its_number(a: DD) -> None:
    positive = where(a.hi < 0, -a, a)
    root = square_root(positive)
    assert relative(root * root, fraction(positive)) <= 2.0**-98


@exactly
@given(pairs(), st.lists(st.integers(-2000, 2000).map(lambda n: n / 999), min_size=1, max_size=6))
def test_polynomials_follow_horners_rule_exactly_enough(x: DD, coefficients: list[float]) -> None:
    near = x / 1e3
    true = sum(Fraction(c) * fraction(near) ** n for n, c in enumerate(coefficients))
    size = sum(map(abs, coefficients))
    assert abs(fraction(polynomial(coefficients, near)) - true) <= Fraction(2) ** -98 * Fraction(size)


@exactly
@given(st.lists(NUMBERS, max_size=40))
def test_sums_keep_what_cancels(numbers: list[float]) -> None:
    row = np.array([*numbers, *(-x for x in numbers), 1.0])
    size = max(abs(row).max(), 1.0)
    found = total_of(DD.of(row))
    assert found.hi.shape == (1,)
    assert abs(Fraction(float(found.hi[0])) + Fraction(float(found.lo[0])) - 1) <= Fraction(size) * Fraction(2) ** -98
    assert mean_of(DD.of(np.full(7, 3.0))).value().tolist() == [3.0]
    assert total_of(DD.of(np.zeros((2, 0)))).value().tolist() == [[0.0], [0.0]]


def ball(x: DD, index: int) -> arb:
    return arb(float(x.hi[index])) + arb(float(x.lo[index]))


def spread(low: float, high: float) -> DD:
    """Double-doubles of every size in an interval."""
    generator = np.random.default_rng(7)
    sizes = np.geomspace(1e-30, max(abs(low), abs(high)), 300)
    hi = np.concatenate([generator.uniform(low, high, 700), sizes, -sizes])
    hi = hi[(hi >= low) & (hi <= high)]
    return DD(hi, hi * generator.uniform(-1.0, 1.0, hi.size) * 2.0**-54)


@pytest.mark.parametrize(
    ("function", "true", "low", "high", "bits"),
    [
        (exp, arb.exp, -600.0, 700.0, 96),
        (expm1, arb.expm1, -600.0, 700.0, 94),
        (log1p, arb.log1p, 0.0, 1.0, 94),
        (tanh, arb.tanh, -300.0, 300.0, 92),
    ],
)
def test_elementary_functions_keep_their_bits(
    function: Callable[[DD], DD], true: Callable[[arb], arb], low: float, high: float, bits: int
) -> None:
    x = spread(low, high)
    y = function(x)
    with ctx.workprec(400):
        errors = [abs(ball(y, i) / true(ball(x, i)) - 1) for i in range(x.hi.size)]
        assert max(float(error.abs_upper()) for error in errors) < 2.0**-bits


def test_a_scaled_exponential_keeps_its_low_part_below_the_normal_numbers() -> None:
    x = DD.of(np.array([-1000.0, -745.0, -720.5]))
    y = exp(x, 1500.0)
    with ctx.workprec(400):
        for i in range(3):
            assert abs(ball(y, i) / (arb(float(x.hi[i])).exp() * arb(2) ** 1500) - 1) < 2.0**-96


def test_an_exponential_in_double_precision_is_within_an_ulp() -> None:
    x = spread(-700.0, 700.0)
    y = exp_of(x)
    with ctx.workprec(400):
        for i in range(x.hi.size):
            true = ball(x, i).exp()
            assert abs(arb(float(y[i])) - true) <= arb(float(np.spacing(y[i]))) * 1.01


def test_constants_are_the_nearest_double_doubles() -> None:
    third = DD.exactly(Fraction(1, 3))
    assert abs(fraction(third) - Fraction(1, 3)) < Fraction(1, 2**107)
    assert DD.of(third) is third
    assert (DD.of(0.5).hi.tolist(), DD.of(0.5).lo.tolist()) == (0.5, 0.0)
