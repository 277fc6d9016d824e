"""Mean-field figures that were computed elsewhere, with mpmath or nested quadrature (tests/data/flow_theory.json)."""

import json
from math import sqrt
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

from service.activations import lookup
from service.activations.model import Elementwise, Parameters
from service.flow.meanfield.correlations import along
from service.flow.meanfield.criticality import critical_points
from service.flow.meanfield.kernel import Kernel, kernel_of
from service.flow.meanfield.solution import solve
from service.flow.meanfield.spectrum import largest, largest_of_smooth, relative_variance, slope_dispersion

Figures = Any  # as JSON has it

ORACLE: Figures = json.loads((Path(__file__).parents[2] / "data" / "flow_theory.json").read_text())
NAMES = {
    "hardtanh": ("hard_tanh", {}),
    "leaky_relu_0.01": ("leaky_relu", {"negative_slope": 0.01}),
    "leaky_relu_0.2": ("leaky_relu", {"negative_slope": 0.2}),
    "arctan": ("atan", {}),
}


def activation(name: str) -> tuple[Elementwise, Parameters]:
    canonical, parameters = NAMES.get(name, (name, {}))
    function = lookup(canonical)
    assert isinstance(function, Elementwise)
    return function, {**function.defaults(), **parameters}


def kernel(name: str) -> Kernel:
    found = kernel_of(*activation(name))
    assert found is not None
    return found


def close(expected: Figures, relative: float = 1e-12) -> Figures:
    return pytest.approx(expected, rel=relative, abs=1e-15)


@pytest.mark.parametrize("name", ORACLE["gains"])
def test_gains(name: str) -> None:
    figures, moments = ORACLE["gains"][name], kernel(name).moments(np.ones(1))
    found = solve(*activation(name), 1.0, 0.5).gains
    assert found.forward == close(figures["gain_forward"])
    assert found.backward == close(figures["gain_backward"])
    assert moments.mean[0] == close(figures["E_f"])
    assert moments.growth[0] == close(figures["dEf2_dq"])
    assert moments.dispersion[0] == close(figures["mu2_over_mu1sq_minus1"])


@pytest.mark.parametrize("name", ORACLE["kernel_maps"])
def test_moments_at_every_length(name: str) -> None:
    for q, figures in ORACLE["kernel_maps"][name]["maps"].items():
        moments = kernel(name).moments(np.array([float(q)]))
        assert moments.square[0] == close(figures["E_f2"])
        assert moments.slope_square[0] == close(figures["E_df2"])
        assert moments.growth[0] == close(figures["dEf2_dq"])
        assert moments.mean[0] == close(figures["E_f"])


@pytest.mark.parametrize("name", ORACLE["kernel_maps"])
def test_correlation_maps(name: str) -> None:
    for length, maps in ORACLE["kernel_maps"][name]["corr"].items():
        q = np.array([float(length)])
        square, (losses, slopes) = kernel(name).moments(q).square, kernel(name).curves(q)
        for correlation, figures in maps.items():
            c = float(correlation)
            if c >= 0:
                ratio = np.array([(1 - c) / (1 + c)])
                assert (square - q * (1 - c) * along(losses, ratio))[0] == close(figures["E_ff"])
                assert along(slopes, ratio)[0] == close(figures["E_dfdf"])


@pytest.mark.parametrize("ratio", np.geomspace(1e-10, 1, 30).tolist())
def test_the_correlation_map_of_relu_up_to_parallel_inputs(ratio: float) -> None:
    losses, slopes = kernel("relu").curves(np.array([2.0]))
    with mpmath.workdps(50):
        c = (1 - mpmath.mpf(ratio)) / (1 + mpmath.mpf(ratio))
        angle = mpmath.acos(c)
        loss = float((1 - c - (mpmath.sin(angle) - angle * c) / mpmath.pi) / (2 * (1 - c)))
        slope = float((mpmath.pi - angle) / (2 * mpmath.pi))
    assert along(losses, np.array([ratio]))[0] == close(loss)
    assert along(slopes, np.array([ratio]))[0] == close(slope)


@pytest.mark.parametrize("name", ORACLE["fixed_points"])
def test_fixed_points_and_depth_scales(name: str) -> None:
    for figures in ORACLE["fixed_points"][name]:
        found = solve(*activation(name), sqrt(figures["sigma_w2"]), sqrt(figures["sigma_b2"]))
        if isinstance(figures["q_star"], str):
            assert found.q_star is None
            assert found.chi_1 == close(figures.get("chi1_at_large_q", 1.0), 1e-4)
            continue
        assert found.q_star == close(figures["q_star"])
        assert found.chi_1 == close(figures["chi1"])
        positive = [point.q for point in found.fixed_points if point.q > 0]
        assert positive == close(figures.get("all_positive_fixed_points", []))
        if "c_star" in figures:
            assert found.chi_parallel == close(figures["chi_par"])
            assert found.c_star == close(figures["c_star"])
            assert found.xi_q == close(figures["xi_q"])
            assert found.xi_c == close(figures["xi_c"], 1e-12 * max(1, figures["xi_c"] / 100))


@pytest.mark.parametrize("name", ORACLE["edge_of_chaos"])
def test_edge_of_chaos(name: str) -> None:
    for given, points in ORACLE["edge_of_chaos"][name].items():
        sigma_b = sqrt(0.05) if given == "0.2236067977" else float(given)
        found = critical_points(kernel(name), sigma_b)
        if sigma_b == 0 and ORACLE["critical_at_zero"][name] is not None:
            assert found[0].sigma_w == close(ORACLE["critical_at_zero"][name])
            found = found[1:]
        assert [point.q_star for point in found] == close([point["q_star"] for point in points])
        assert [point.sigma_w for point in found] == close([point["sigma_w"] for point in points])
        assert [point.stable for point in found] == [point["length_map"] == "stable" for point in points]


def test_the_half_stable_point_of_gelu() -> None:
    point = ORACLE["half_stable"]
    moments = kernel("gelu").moments(np.array([point["K_star"]]))
    assert moments.growth[0] == close(moments.slope_square[0], 1e-9)
    assert moments.slope_square[0] ** -0.5 == close(point["sigma_w"], 1e-9)
    (below,), (above,) = (critical_points(kernel("gelu"), point["sigma_b"] + step) for step in (-1e-4, 1e-4))
    assert (below.stable, above.stable) == (False, True)


def test_the_edge_of_chaos_of_tanh_near_zero() -> None:
    for length, figures in ORACLE["tanh_near_zero"].items():
        q = float(length)
        sigma_b = sqrt(figures["sigma_b2_over_q3"] * q**3)
        points = critical_points(kernel("tanh"), sigma_b)
        assert points[-1].q_star == close(q, 1e-9)
        assert points[-1].sigma_w ** 2 == close(figures["sigma_w2"])


def test_batch_normalization_of_relu() -> None:
    moments = kernel("relu").moments(np.ones(1))
    rate = moments.slope_square / (moments.square - moments.mean**2)
    assert rate[0] == close(ORACLE["batch_norm_relu"])


@pytest.mark.parametrize("name", ORACLE["isometry"]["dispersion"])
def test_dispersion_of_slopes(name: str) -> None:
    for q, expected in ORACLE["isometry"]["dispersion"][name].items():
        assert slope_dispersion(*activation(name), float(q)) == pytest.approx(expected, rel=1e-11, abs=1e-14)


def test_spectrum_of_linear_and_relu_networks() -> None:
    for given, figures in ORACLE["isometry"]["largest"].items():
        depth = int(given)
        assert largest(depth, 1.0, "gaussian") == close(figures["linear_gaussian"])
        assert largest(depth, 0.5, "gaussian") == close(figures["relu_gaussian"])
        assert largest(depth, 0.5, "orthogonal") == close(figures["relu_orthogonal"])
        assert largest(depth, 1.0, "orthogonal") == close(figures["linear_orthogonal"])
        assert relative_variance(depth, 0.0, "gaussian") == figures["var_linear_gaussian"]
        assert relative_variance(depth, 1.0, "gaussian") == figures["var_relu_gaussian"]
        assert relative_variance(depth, 1.0, "orthogonal") == figures["var_relu_orthogonal"]


def test_designs_of_isometric_tanh_networks() -> None:
    for setting, figures in ORACLE["isometry"]["tanh_design"].items():
        depth, spread = (float(part.split("=")[1]) for part in setting.split(","))
        dispersion = slope_dispersion(*activation("tanh"), figures["q_star"])
        assert dispersion is not None
        assert relative_variance(int(depth), dispersion, "orthogonal") == close(spread**2, 1e-9)
        assert sqrt(largest_of_smooth(spread)) == close(figures["limit_s_max_smooth_universality"])
