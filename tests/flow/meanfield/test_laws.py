"""Laws of mean-field theory, over the whole catalogue and at extreme parameters."""

from collections.abc import Iterator
from itertools import product
from math import inf, isfinite, sqrt

import mpmath
import numpy as np
import pytest

from service.activations import catalogue, lookup
from service.activations.model import Array, Elementwise, Parameters
from service.compute.elementwise import derivative, value
from service.flow.meanfield.correlations import SampledCorrelations
from service.flow.meanfield.expectations import Sampled
from service.flow.meanfield.kernel import kernel_of
from service.flow.meanfield.solution import MeanField, solve
from tests.flow.meanfield.expectations import expectation

FUNCTIONS = [function for function in catalogue() if isinstance(function, Elementwise)]
EVERYWHERE = [function for function in FUNCTIONS if function.name not in ("log1mexp", "exponential")]
PAIRS = ((0.0, 0.0), (0.0, 0.3), (0.5, 0.3), (1.0, 0.0), (1.3, 0.3), (sqrt(2), 0.0))
FIGURES = ("q_star", "chi_1", "chi_parallel", "c_star", "xi_q", "xi_c")


def solved(function: Elementwise) -> Iterator[tuple[tuple[float, float], MeanField]]:
    for pair in PAIRS:
        yield pair, solve(function, function.defaults(), *pair)


def kinks(function: Elementwise) -> list[float]:
    return [knot.x for knot in function.pieces(**function.defaults()).knots]


def mean_square(function: Elementwise, q: float) -> float:
    return expectation(lambda u: value(function, u, function.defaults()) ** 2, q, kinks(function))


def extremes(function: Elementwise) -> Iterator[Parameters]:
    for parameter in function.parameters:
        for setting in parameter.choices or (parameter.minimum, parameter.maximum):
            given = {**function.defaults(), parameter.name: setting}
            pairs = [(given[a], given[b]) for a, b in function.ordered]
            if all(low <= high for low, high in pairs if isinstance(low, float) and isinstance(high, float)):
                yield given


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_what_is_missing_is_remarked_on_and_what_is_there_is_finite(function: Elementwise) -> None:
    for _, found in solved(function):
        check(found)


def check(found: MeanField) -> None:
    figures = {name: getattr(found, name) for name in FIGURES}
    assert all(figure is None or isfinite(figure) for figure in figures.values())
    told = " ".join(found.remarks)
    for name in ("q_star", "chi_1", "c_star"):
        assert figures[name] is not None or name in told or "Theory does not apply" in told
    assert found.critical or "critical" in told or "jumps" in told or "Theory does not apply" in told
    assert found.c_star is None or 0 <= found.c_star <= 1
    assert found.q_star is None or any(abs(point.q - found.q_star) <= 1e-9 * point.q for point in found.fixed_points)


@pytest.mark.parametrize("function", EVERYWHERE, ids=lambda function: function.name)
def test_fixed_points_are_kept_and_stable_ones_attract(function: Elementwise) -> None:
    for (sigma_w, sigma_b), found in solved(function):
        for point in found.fixed_points:
            if not 1e-8 < point.q < 1e8:
                continue
            length, away = (sigma_w**2 * mean_square(function, q) + sigma_b**2 for q in (point.q, point.q * 1.001))
            slope = (away / point.q - 1) / 0.001
            assert length == pytest.approx(point.q, rel=1e-9)
            assert point.stable == (slope < 1) or abs(slope - 1) < 1e-2


@pytest.mark.parametrize("function", EVERYWHERE, ids=lambda function: function.name)
def test_multipliers_are_those_of_the_map(function: Elementwise) -> None:
    for (sigma_w, _), found in solved(function):
        if found.q_star is None or not 1e-8 < found.q_star < 1e8 or sigma_w == 0:
            continue
        q, step = found.q_star, 1e-4 * found.q_star
        slope = (mean_square(function, q + step) - mean_square(function, q - step)) / (2 * step)
        assert found.chi_parallel == pytest.approx(sigma_w**2 * slope, rel=1e-6, abs=1e-7)
        if found.chi_1 is not None:
            square = expectation(lambda u: derivative(function, u, function.defaults()) ** 2, q, kinks(function))
            assert found.chi_1 == pytest.approx(sigma_w**2 * square, rel=1e-9)


@pytest.mark.parametrize("function", EVERYWHERE, ids=lambda function: function.name)
def test_at_critical_points_gradients_keep_their_size(function: Elementwise) -> None:
    for sigma_b in (0.0, 2 / 63, 0.1, 1.0):  # at 2/63 the slopes of soft_shrink are too rare to count
        for point in solve(function, function.defaults(), 0.5, sigma_b).critical:
            assert 0 < point.sigma_w <= 1e6
            if point.q_star:
                length = point.sigma_w**2 * mean_square(function, point.q_star) + sigma_b**2
                assert length == pytest.approx(point.q_star, rel=1e-9)
                there = solve(function, function.defaults(), point.sigma_w, sigma_b)
                if point.stable and there.q_star == pytest.approx(point.q_star, rel=1e-6):
                    assert there.phase == "critical"


def test_the_grid_agrees_with_the_closed_form_of_sin() -> None:
    sin, q = lookup("sin"), np.array([1e-3, 0.7, 3.0])
    assert isinstance(sin, Elementwise)
    kernel = kernel_of(sin, {})
    assert kernel is not None
    for closed, sampled in zip(kernel.moments(q).rows(), Sampled(sin, {}).moments(q).rows(), strict=True):
        np.testing.assert_allclose(sampled, closed, rtol=1e-10, atol=1e-15)
    for curve, other in zip(kernel.curves(q[1:2]), SampledCorrelations(sin, {}).curves(q[1:2]), strict=True):
        np.testing.assert_allclose(other, curve, rtol=1e-10)


def test_the_closed_form_of_exp_agrees_with_other_quadrature() -> None:
    exponential = lookup("exponential")
    assert isinstance(exponential, Elementwise)
    kernel = kernel_of(exponential, {})
    assert kernel is not None
    for q in (1e-3, 0.7, 3.0):
        mean, square, slope, slope_square, dispersion, growth, excess = kernel.moments(np.array([q])).rows()[:, 0]
        assert (mean, square) == pytest.approx(
            (expectation(np.exp, q, []), expectation(lambda u: np.exp(2 * u), q, []))
        )
        assert (slope, slope_square, growth) == pytest.approx((mean, square, 2 * square))
        assert dispersion == pytest.approx(expectation(lambda u: np.exp(4 * u), q, []) / square**2 - 1, rel=1e-8)
        assert excess == pytest.approx(q * square - square + mean**2, rel=1e-8, abs=1e-10)


@pytest.mark.parametrize(("sigma_w", "sigma_b"), list(product((0.5, 2.0), (0.1, 1.0))))
def test_correlations_of_signs_settle_where_the_arcsine_says(sigma_w: float, sigma_b: float) -> None:
    sign = lookup("sign")
    assert isinstance(sign, Elementwise)
    found = solve(sign, {}, sigma_w, sigma_b)
    assert found.q_star == pytest.approx(sigma_w**2 + sigma_b**2, rel=1e-14)
    assert found.c_star is not None
    mapped = (sigma_w**2 * 2 / np.pi * np.arcsin(found.c_star) + sigma_b**2) / found.q_star
    assert mapped == pytest.approx(found.c_star, rel=1e-10)
    assert found.chi_1 is None
    assert found.chi_parallel == 0.0


def test_correlations_settle_where_the_map_keeps_them() -> None:
    tanh = lookup("tanh")
    assert isinstance(tanh, Elementwise)
    found = solve(tanh, {}, 2.0, 0.4)
    assert found.q_star is not None
    assert found.c_star is not None
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    weights = weights / np.sqrt(2 * np.pi)
    root, c = np.sqrt(found.q_star), found.c_star

    def shared(f: Array, g: Array) -> float:
        return float(weights @ (f * (g @ weights)))

    other = root * (c * nodes[:, None] + np.sqrt((1 - c) * (1 + c)) * nodes)
    mapped = 4.0 * shared(np.tanh(root * nodes), np.tanh(other)) + 0.16
    assert mapped / found.q_star == pytest.approx(c, rel=1e-8)
    slope = 4.0 * shared(1 / np.cosh(root * nodes) ** 2, 1 / np.cosh(other) ** 2)
    assert found.xi_c == pytest.approx(-1 / np.log(slope), rel=1e-6)


@pytest.mark.parametrize("name", ["silu", "softplus", "scaled_tanh"])
@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_theory_does_not_depend_on_units(name: str, scale: float) -> None:
    function = lookup(name)
    assert isinstance(function, Elementwise)
    steep = {**function.defaults(), "beta": float(function.defaults()["beta"] or 1) * scale}  # f(scale·x)/scale
    if name == "scaled_tanh":
        steep["alpha"] = float(function.defaults()["alpha"] or 1) / scale
    for sigma_w, sigma_b in ((0.8, 0.5), (1.5, 0.0), (1.9, 0.3)):
        plain = solve(function, function.defaults(), sigma_w, sigma_b)
        other = solve(function, steep, sigma_w, sigma_b / scale)
        lengths = [point.q / scale**2 for point in plain.fixed_points]
        assert [point.q for point in other.fixed_points] == pytest.approx(lengths, rel=1e-11)
        assert [point.stable for point in other.critical] == [point.stable for point in plain.critical]
        critical = [point.sigma_w for point in plain.critical]
        assert [point.sigma_w for point in other.critical] == pytest.approx(critical, rel=1e-11)
        if plain.q_star and other.q_star == pytest.approx(plain.q_star / scale**2, rel=1e-11):
            assert other.c_star == pytest.approx(plain.c_star, rel=1e-9)
            assert other.chi_1 == pytest.approx(plain.chi_1, rel=1e-11)


@pytest.mark.parametrize("beyond", [1e-6, 1e-4, 1e-2, 1.0, 10.0])
def test_correlations_of_erf_settle_where_its_closed_form_says(beyond: float) -> None:
    erf = lookup("erf")
    assert isinstance(erf, Elementwise)
    (edge,) = solve(erf, {}, 1.0, 0.3).critical
    sigma_w = edge.sigma_w * (1 + beyond)
    found = solve(erf, {}, sigma_w, 0.3)
    assert found.phase == "chaotic"
    assert found.c_star is not None
    with mpmath.workdps(40):
        w, b = mpmath.mpf(sigma_w) ** 2, mpmath.mpf(0.3) ** 2
        q = mpmath.findroot(lambda q: w * 2 / mpmath.pi * mpmath.asin(2 * q / (1 + 2 * q)) + b - q, found.q_star)

        def loss(r: mpmath.mpf) -> mpmath.mpf:  # of covariance over q(1 − c), for c = 1 − r
            lost = mpmath.asin(2 * q / (1 + 2 * q)) - mpmath.asin(2 * q * (1 - r) / (1 + 2 * q))
            return w * 2 / mpmath.pi * lost / (q * r) - 1

        expected = mpmath.findroot(loss, (0.9 * (1 - found.c_star), 1.1 * (1 - found.c_star)), solver="anderson")
        slope = w * 4 / mpmath.pi / mpmath.sqrt((1 + 2 * q) ** 2 - (2 * q * (1 - expected)) ** 2)
    assert found.q_star == pytest.approx(float(q), rel=1e-13)
    assert 1 - found.c_star == pytest.approx(float(expected), rel=1e-13 / min(1, beyond))
    assert found.xi_c == pytest.approx(float(-1 / mpmath.log(slope)), rel=1e-12 / min(1, beyond))


def test_relu_has_a_line_of_fixed_points_at_he_weights() -> None:
    relu = lookup("relu")
    assert isinstance(relu, Elementwise)
    found = solve(relu, {}, sqrt(2), 0.0)
    assert (found.q_star, found.phase) == (None, "critical")
    assert found.chi_1 == pytest.approx(1, rel=1e-15)
    assert "every q is a fixed point" in found.remarks[0]


def test_lengths_that_grow_as_a_power_are_no_fixed_points() -> None:
    softplus = lookup("softplus")
    assert isinstance(softplus, Elementwise)
    found = solve(softplus, softplus.defaults(), sqrt(2), 0.0)
    assert (found.q_star, found.phase) == (None, "critical")
    assert "power of the depth" in found.remarks[0]
    assert found.critical == ()


def test_two_stable_lengths_are_told_apart() -> None:
    gelu = lookup("gelu")
    assert isinstance(gelu, Elementwise)
    found = solve(gelu, gelu.defaults(), 5 / 3, 0.0)
    assert [point.stable for point in found.fixed_points] == [True, False]
    assert found.q_star is None


def test_a_function_of_half_the_line_has_no_theory() -> None:
    log1mexp = lookup("log1mexp")
    assert isinstance(log1mexp, Elementwise)
    assert kernel_of(log1mexp, {}) is None
    assert solve(log1mexp, {}, 1.0, 0.0).remarks[0].startswith("Theory does not apply")
    assert log1mexp.pieces().domain != (-inf, inf)


@pytest.mark.parametrize("function", [each for each in FUNCTIONS if each.parameters], ids=lambda each: each.name)
def test_extreme_parameters_give_figures_or_remarks(function: Elementwise) -> None:
    for parameters in extremes(function):
        for pair in ((1.0, 0.0), (0.001, 1e-9)):
            check(solve(function, parameters, *pair))
