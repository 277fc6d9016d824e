"""The oracle against mpmath's own formulas and differentiation, against known numbers, and against numpy's rounding."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb, ctx
from mpmath import mp, mpf

from tests.oracle.balls import PrecisionExhaustedError, enclose
from tests.oracle.formulas import FORMULAS, domain, knots, parameter_truth, truth, truths
from tests.oracle.points import Float64s, points, zeros
from tests.oracle.references import PARAMETRIC, REFERENCES
from tests.oracle.ulp import correctly_rounded, ulp_error

POINTS = (-7.3, -2.21, -0.9, -0.31, 0.47, 1.3, 2.6, 6.7)
ROW = (0.3, -1.2, 2.5, 0.9)


@pytest.fixture(autouse=True)
def _fifty_digits() -> Iterator[None]:
    with mpmath.workdps(50):
        yield


def assert_agrees(ball: arb, reference: mpf) -> None:
    with ctx.workprec(200):
        expected = arb(mpf(reference))
        assert abs(ball - expected) < (1 + abs(expected)) * arb("1e-35")


def test_every_function_has_a_reference() -> None:
    assert REFERENCES.keys() == FORMULAS.keys()
    assert PARAMETRIC.keys() == {name for name, formula in FORMULAS.items() if formula.defaults}


@pytest.mark.parametrize("name", FORMULAS)
def test_values_and_derivatives_are_those_of_mpmath(name: str) -> None:
    inside = [x for x in POINTS if domain(name)[0] < x]
    for x, order in itertools.product(inside, range(5)):
        assert_agrees(truth(name, x, order), mp.diff(REFERENCES[name], mpf(x), order))


@pytest.mark.parametrize("name", PARAMETRIC)
def test_other_parameters_are_heard(name: str) -> None:
    parameters, reference = PARAMETRIC[name]
    exact = {key: mpf(value) for key, value in parameters.items()}
    for x, order in itertools.product(POINTS, range(5)):
        expected = mp.diff(lambda t: reference(t, **exact), mpf(x), order)
        assert_agrees(truth(name, x, order, side="left", **parameters), expected)


@pytest.mark.parametrize(("name", "parameter"), [(name, p) for name, (ps, _) in PARAMETRIC.items() for p in ps])
def test_parameter_derivatives_are_those_of_mpmath(name: str, parameter: str) -> None:
    parameters, reference = PARAMETRIC[name]
    exact = {key: mpf(value) for key, value in parameters.items()}
    for x in POINTS:
        expected = mp.diff(lambda t, x=x: reference(mpf(x), **exact | {parameter: t}), exact[parameter])
        assert_agrees(parameter_truth(name, parameter, x, side="left", **parameters), expected)


@pytest.mark.parametrize(
    ("name", "x", "order", "digits"),
    [
        ("sigmoid", 700.0, 1, "9.859676543759771e-305"),
        ("sigmoid", -700.0, 0, "9.859676543759771e-305"),
        ("tanh", 30.0, 1, "3.502604305078608e-26"),
        ("gelu", -30.0, 0, "-1.472014178144456e-196"),
        ("silu", -1.0, 1, "0.07232948812851325"),
        ("tanh_shrink", 1e-100, 0, "3.333333333333333e-301"),
        ("tanh_shrink", 1e-100, 2, "2e-100"),
        ("tanh", 1e-300, 2, "-2e-300"),
        ("logcosh", 1e-150, 0, "5e-301"),
        ("erf", 0.0, 1, "1.128379167095513"),
        ("exponential", 750.0, 4, "5.258494541454804e325"),
    ],
)
def test_numbers_far_out_are_the_known_ones(name: str, x: float, order: int, digits: str) -> None:
    assert abs(truth(name, x, order) / arb(digits) - 1) < 1e-14


def test_a_knot_is_seen_from_either_side_and_has_the_value_of_the_definition() -> None:
    assert truths("relu6", 6.0, 1) == [6, 1]
    assert truths("relu6", 6.0, 1, side="right") == [6, 0]
    assert [truth("sign", 0.0, 0), truth("step", 0.0, 0), truth("threshold", 1.0, 0)] == [0, 0, -2]
    assert truths("hard_shrink", -0.5, 1) == [0, 1]
    assert truths("hard_shrink", -0.5, 1, side="right") == [0, 0]
    assert truth("generalized_relu", 6.0, 0, max_value=6.0) == 6
    assert parameter_truth("hard_tanh", "max_val", 1.0, side="right") == 1


def test_a_sixth_is_exact_as_the_slope_and_no_other_value_is_rounded() -> None:
    assert knots("hard_sigmoid") == [-3, 3]
    assert knots("hard_sigmoid", slope=0.2)[1] == Fraction(1, 2) / Fraction(0.2)
    assert truth("hard_sigmoid", 1.5, 0).is_exact()


def test_what_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="not defined"):
        truth("log1mexp", 0.0, 0)
    with pytest.raises(TypeError, match="negative_slope"):
        truth("leaky_relu", 1.0, 0, slope=0.1)
    with pytest.raises(PrecisionExhaustedError):
        enclose(lambda: [1 / (arb.pi() - arb.pi())], 1 << 14)


def test_the_function_is_tested_in_all_its_magnitudes() -> None:
    tested = points([Fraction(1, 2)], [0.25], n=1000)
    assert np.array_equal(tested, points([Fraction(1, 2)], [0.25], n=1000))
    assert {0.5, math.nextafter(0.5, 1.0), 0.5 - 2.0**-50, 0.25 + 2.0**-4, 0.0} <= set(tested)
    assert tested.min() < -700
    assert np.abs(tested[tested != 0]).min() < 1e-300
    assert points(domain=(0.0, math.inf)).min() > 0


@pytest.mark.parametrize(
    ("name", "order", "places"),
    [
        ("silu", 0, [0.0]),
        ("silu", 1, [-1.2784645427610738]),
        ("gelu", 2, [-math.sqrt(2), math.sqrt(2)]),
        ("mish", 1, [-1.1924312145154952]),
        ("lisht", 2, [-1.1996786402577338, 1.1996786402577338]),
        ("logcosh", 0, [0.0]),
        ("tanh_shrink", 1, [0.0]),
        ("affine", 0, [-0.5]),
        ("hard_swish", 1, [-1.5]),
        ("relu", 1, []),
        ("softsign", 2, []),
    ],
)
def test_zeros_are_where_they_are_known_to_be(name: str, order: int, places: list[float]) -> None:
    assert [hi for hi, _ in zeros(name, order)] == pytest.approx(places, rel=1e-15, abs=0)


def test_a_zero_is_known_to_twice_the_digits() -> None:
    expected = mpmath.findroot(lambda t: mpmath.diff(REFERENCES["silu"], t), -1.28)
    ((hi, lo),) = zeros("silu", 1)
    assert abs(expected - mpf(hi) - mpf(lo)) < 1e-31
    assert len(zeros("sin", 0)) == 39


def spread() -> Float64s:
    """Numbers across and beyond the ranges of the small dtypes."""
    generator = np.random.default_rng(1)
    magnitudes = np.concatenate([np.geomspace(1e-50, 1e45, 2000), np.geomspace(1e-9, 1e6, 2000)])
    signs = generator.choice([-1.0, 1.0], magnitudes.size)
    return np.array(magnitudes * signs * generator.uniform(1.0, 1.1, magnitudes.size))


@pytest.mark.parametrize(("dtype", "numpy_dtype"), [("float32", np.float32), ("float16", np.float16)])
def test_rounding_is_that_of_numpy(dtype: str, numpy_dtype: type[np.float32 | np.float16]) -> None:
    with np.errstate(over="ignore", under="ignore"):
        expected = spread().astype(numpy_dtype).astype(np.float64)
    assert [correctly_rounded(arb(x), dtype) for x in spread()] == expected.tolist()


def test_rounding_to_bfloat16_is_that_of_the_upper_half_of_a_float32() -> None:
    with np.errstate(over="ignore", under="ignore"):
        singles = spread().astype(np.float32)
    singles = singles[np.isfinite(singles)]
    bits = singles.view(np.uint32)
    halves = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    expected = halves.astype(np.uint32).view(np.float32).astype(np.float64)
    assert [correctly_rounded(arb(float(x)), "bfloat16") for x in singles] == expected.tolist()


def test_rounding_to_float64_is_that_of_fractions() -> None:
    generator = np.random.default_rng(2)
    for exponent in (0, 60, 1000, 1060, 1074, 1080):
        for numerator, denominator in generator.integers(1, 1 << 60, (100, 2)).tolist():
            fraction = Fraction(numerator, denominator << exponent)
            with ctx.workprec(400):
                ball = arb(numerator) / denominator / 2**exponent
            assert correctly_rounded(ball, "float64") == float(fraction)


def test_ties_go_to_even_and_an_undecided_ball_is_refused() -> None:
    assert correctly_rounded(arb(2**53 + 1), "float64") == 2.0**53
    assert correctly_rounded(arb(2**53 + 3), "float64") == 2.0**53 + 4
    assert correctly_rounded(arb(65520), "float16") == math.inf
    assert correctly_rounded(arb(65519.9), "float16") == 65504
    assert correctly_rounded(-truth("exponential", 750.0, 0), "float64") == -math.inf
    with pytest.raises(ArithmeticError, match="may round"):
        correctly_rounded(arb(2**53 + 1, 1e-9), "float64")


@pytest.mark.parametrize(
    ("y", "truth_", "dtype", "error"),
    [
        (1.0 + 2.0**-52, arb(1), "float64", 1.0),
        (1.0, arb(1.0 + 2.0**-24), "float32", 0.5),
        (0.0, arb(2) ** -1074, "float64", 1.0),
        (0.0, arb("1e-500"), "float64", 0.0),
        (2.0**-133, arb(2) ** -132, "bfloat16", 1.0),
        (0.0, arb(1), "float32", 2.0**23),
        (math.inf, arb("1e400"), "float64", 0.0),
        (-math.inf, arb("1e400"), "float64", math.inf),
        (65504.0, arb(65520), "float16", 0.5),
        (math.inf, arb(1), "float64", math.inf),
        (math.nan, arb(1), "float64", math.inf),
    ],
)
def test_errors_are_counted_in_the_last_place_of_the_right_answer(
    y: float, truth_: arb, dtype: str, error: float
) -> None:
    assert ulp_error(y, truth_, dtype) == pytest.approx(error, abs=1e-100)
