"""The accuracy that is promised, at the points where errors hide, and the mistakes of others as named examples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from flint import arb

from service.activations import lookup
from service.activations.parameters import bind
from service.compute import DTYPES, derivative, evaluate
from tests.activations.cases import DEFAULTS, LARGEST, Case, Float64s
from tests.compute.dtypes import cast
from tests.compute.places import verdicts
from tests.oracle.bars import Result, judge
from tests.oracle.formulas import domain, knots, parameter_truth, truths
from tests.oracle.points import points
from tests.oracle.settings import SETTINGS, Setting
from tests.oracle.ulp import correctly_rounded, ulp_error

LABELS = [f"{name}({','.join(f'{key}={value:g}' for key, value in setting.items())})" for name, setting in SETTINGS]
every_setting = pytest.mark.parametrize(("name", "setting"), SETTINGS, ids=LABELS)
PARTIALS = [(name, setting, parameter) for name, setting in SETTINGS for parameter in Case(name, {}).function.partials]
FAR = np.array([1e3, 1e8, 1e20, 1e77, 1e154, 1e200, 1e290, 1e300, 1e305, LARGEST])


@every_setting
def test_float64_results_clear_the_bars_at_every_order(name: str, setting: Setting) -> None:
    missed = [(order, verdict) for order, verdict in verdicts(Case(name, setting), 300) if not verdict.passed]
    assert missed == []


@every_setting
@pytest.mark.parametrize("dtype", [dtype for dtype in DTYPES if dtype != "float64"])
def test_results_of_the_smaller_dtypes_are_correctly_rounded(name: str, setting: Setting, dtype: str) -> None:
    case, edges = Case(name, setting), knots(name, **setting)
    x = np.unique(cast(points(edges, n=100), dtype))
    x = x[np.isfinite(x) & (x > domain(name)[0])]
    for order in (0, 1):
        y = (
            derivative(case.function, x, case.parameters, at_kink="left", dtype=dtype)
            if order
            else evaluate(case.function, x, case.parameters, dtype=dtype)
        )
        true = [truths(name, t, 1, side="left", **setting)[order] for t in x.tolist()]
        verdict = judge([Result(*found) for found in zip(x.tolist(), y.tolist(), true, strict=True)], order, dtype)
        assert verdict.passed, (order, verdict)


@pytest.mark.parametrize("case", DEFAULTS, ids=str)
@pytest.mark.parametrize("order", range(3))
def test_results_far_out_clear_the_bars(case: Case, order: int) -> None:
    x = np.concatenate([-FAR, FAR])
    x = x[x > domain(case.name)[0]]
    if case.name == "gelu_tanh":
        x = x[np.abs(x) < 1e100]  # the cube in its exponent is beyond the oracle
    y = case.derivative(x, order) if order else case.value(x)
    results = [Result(t, v, truths(case.name, t, order)[order]) for t, v in zip(x.tolist(), y.tolist(), strict=True)]
    verdict = judge(results, order, "float64")
    assert verdict.passed, verdict


@pytest.mark.parametrize(("name", "setting", "parameter"), PARTIALS, ids=[f"{n}-{s}-{p}" for n, s, p in PARTIALS])
def test_derivatives_by_a_parameter_are_within_eight_ulps(name: str, setting: Setting, parameter: str) -> None:
    function = lookup(name)
    given = bind(function, setting)
    if given[parameter] is None:
        return
    places = [knot.x for knot in Case(name, setting).pieces.knots]
    x = np.setdiff1d(points(places, n=160), places)
    y = derivative(function, x, given, with_respect_to=parameter)
    errors = [
        (ulp_error(v, parameter_truth(name, parameter, t, side="left", **setting), "float64"), t)
        for t, v in zip(x.tolist(), y.tolist(), strict=True)
    ]
    assert max(errors)[0] <= 8.0, max(errors)


def at(name: str, x: float, order: int = 0, **setting: float) -> float:
    """f or a derivative at one number."""
    return float(results(name, np.array([x]), order, **setting)[0])


def results(name: str, x: Float64s, order: int = 0, **setting: float) -> Float64s:
    case = Case(name, setting)
    return case.derivative(x, order) if order else case.value(x)


@pytest.mark.parametrize(
    ("name", "x", "order", "expected"),
    [
        ("sigmoid", 700.0, 1, 9.859676543759771e-305),
        ("sigmoid", 37.0, 1, 8.533047625744064e-17),
        ("sigmoid", -745.0, 0, 4.940656458412465e-324),
        ("tanh", 19.0619, 1, 1.1094405164556424e-16),
        ("tanh", 30.0, 1, 3.502604305078608e-26),
        ("gelu", -30.0, 0, -1.472014178144456e-196),
        ("gelu", -8.5, 0, -8.05760459887282e-17),
        ("silu", -712.0, 0, -4.313292185103229e-307),
        ("silu", -1.0, 1, 0.07232948812851325),
        ("softplus", -745.0, 0, 4.940656458412465e-324),
        ("log_sigmoid", 40.0, 0, -4.248354255291589e-18),
        ("elu", -4.6e-17, 0, -4.6e-17),
        ("squareplus", -1e8, 0, 1e-8),
        ("tanh_shrink", 1e-100, 0, 3.333333333333333e-301),
        ("logcosh", 1e-150, 0, 5e-301),
    ],
)
def test_numbers_far_out_are_the_known_ones(name: str, x: float, order: int, expected: float) -> None:
    assert at(name, x, order) == pytest.approx(expected, rel=4e-16, abs=0)


@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_slopes_of_saturated_functions_are_small_and_not_zero(name: str) -> None:
    """y(1 − y) and 1 − y² are exactly 0 here."""
    x = np.linspace(37.0, 708.0 if name == "sigmoid" else 354.0, 100)
    for slopes in (results(name, x, 1), results(name, -x, 1)):
        assert (slopes > 2.2e-308).all()


@pytest.mark.parametrize("name", ["gelu", "gelu_tanh"])
def test_gelu_keeps_its_left_tail(name: str) -> None:
    """x/2·(1 + erf) is 0 below −8.4, and the form with tanh below −7.2."""
    x = np.linspace(-37.0 if name == "gelu" else -20.0, -7.0, 100)
    y = results(name, x)
    assert (y < -2.2e-308).all()
    assert (np.diff(y) < 0).all()


def test_softplus_has_no_jump_at_a_threshold() -> None:
    below, above = (at("softplus", math.nextafter(20.0, end)) for end in (-math.inf, math.inf))
    assert above - below <= 2e-14
    assert at("softplus", 20.5) == correctly_rounded(truths("softplus", 20.5, 0)[0], "float64") != 20.5
    assert at("softplus", 20.5, 1) < 1.0


@pytest.mark.parametrize("name", ["silu", "mish"])
def test_gates_do_not_overflow_on_the_left(name: str) -> None:
    """e^(−x) overflows at −709.8, and the truth is a normal number as far as −714."""
    x = np.linspace(-714.0, -709.0, 50)
    assert (results(name, x) < -2.2e-308).all()
    assert (results(name, x, 1) < -2.2e-308).all()


@pytest.mark.parametrize("name", ["elu", "selu", "celu"])
def test_exponentials_lose_no_digits_next_to_zero_and_in_the_tail(name: str) -> None:
    """e^x − 1 loses them at 0, and (e^x − 1) + 1 as a slope in the tail."""
    scale = at(name, -1e-300) / -1e-300
    assert at(name, -1e-17) == pytest.approx(-1e-17 * scale, rel=4e-16, abs=0)
    assert at(name, -700.0, 1) == pytest.approx(scale * 9.859676543759771e-305, rel=4e-16, abs=0)


@pytest.mark.parametrize("name", ["silu", "mish", "gelu", "gelu_tanh"])
def test_slopes_cross_zero_within_half_an_ulp_of_their_own(name: str) -> None:
    root = {"silu": -1.2784645427610738, "mish": -1.1924312145154952}.get(name, -0.7517915246935645)
    root = -0.7524614221071014 if name == "gelu_tanh" else root
    near = root + np.ldexp(np.linspace(-1.0, 1.0, 9), -np.arange(20, 29)[:, None]).ravel()
    near = np.concatenate([near, np.nextafter(root, [-2.0, 2.0]), [root]])
    errors = [
        ulp_error(y, truths(name, x, 1)[1], "float64")
        for x, y in zip(near.tolist(), results(name, near, 1).tolist(), strict=True)
    ]
    assert max(errors) <= 4.0


def test_subnormal_numbers_are_neither_flushed_nor_lost() -> None:
    tiny = np.array([5e-324, 1e-320, 2.2e-308])
    for name in ("identity", "tanh", "elu", "softsign", "atan", "sin", "leaky_relu"):
        assert np.array_equal(results(name, tiny), tiny)
    assert at("leaky_relu", -1e-320, negative_slope=0.5) == -0.5 * 1e-320


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_dtype_decides_the_rounding_and_nothing_else(dtype: str) -> None:
    x = np.linspace(-4.0, 4.0, 33)
    found = evaluate(lookup("sigmoid"), x, {}, dtype=dtype)
    expected = [correctly_rounded(truths("sigmoid", t, 0)[0], dtype) for t in x.tolist()]
    assert found.tolist() == pytest.approx(expected, rel=3e-16 if dtype == "float64" else 0.0, abs=0)


def test_numbers_beyond_a_dtype_become_infinite_and_those_below_zero() -> None:
    exponential = lookup("exponential")
    assert evaluate(exponential, np.array([12.0]), {}, dtype="float16").tolist() == [math.inf]
    assert evaluate(exponential, np.array([89.0]), {}, dtype="float32").tolist() == [math.inf]
    assert evaluate(exponential, np.array([-18.0]), {}, dtype="float16").tolist() == [0.0]
    assert evaluate(lookup("identity"), np.array([65519.9, 65520.0]), {}, dtype="float16").tolist() == [
        65504.0,
        math.inf,
    ]


def test_the_oracle_is_not_the_service() -> None:
    assert arb(at("sigmoid", 1.0)) != truths("sigmoid", 1.0, 0)[0]
