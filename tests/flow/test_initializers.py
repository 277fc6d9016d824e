"""Initializers: the definitions of torch.nn.init, Keras and mean-field theory by their formulas, and what is drawn."""

from collections.abc import Mapping
from math import sqrt

import numpy as np
import pytest

from service.activations.model import Array
from service.errors import InvalidInput
from service.flow.initializers import (
    ALIASES,
    BIASES,
    INPUTS,
    WEIGHTS,
    Rule,
    bias_variance,
    draw,
    drawn,
    weight_variance,
)

N_IN, N_OUT = 120, 300
SUM = N_IN + N_OUT
Given = Mapping[str, float | str]

NORMALS: list[tuple[str, Given, float]] = [  # name, parameters, standard deviation
    ("normal", {}, 1.0),
    ("normal", {"std": 0.3}, 0.3),
    ("normal", {"std": 0.0}, 0.0),
    ("glorot_normal", {}, sqrt(2 / SUM)),
    ("glorot_normal", {"gain": 3.0}, 3 * sqrt(2 / SUM)),
    ("xavier_normal", {}, sqrt(2 / SUM)),
    ("he_normal", {}, sqrt(2 / N_IN)),
    ("he_normal", {"mode": "fan_out"}, sqrt(2 / N_OUT)),
    ("he_normal", {"a": 0.5}, sqrt(2 / 1.25 / N_IN)),
    ("he_normal", {"nonlinearity": "relu"}, sqrt(2 / N_IN)),
    ("he_normal", {"nonlinearity": "relu", "a": 0.5}, sqrt(2 / N_IN)),
    ("he_normal", {"nonlinearity": "linear"}, sqrt(1 / N_IN)),
    ("he_normal", {"nonlinearity": "sigmoid"}, sqrt(1 / N_IN)),
    ("he_normal", {"nonlinearity": "tanh"}, 5 / 3 / sqrt(N_IN)),
    ("he_normal", {"nonlinearity": "selu", "mode": "fan_out"}, 3 / 4 / sqrt(N_OUT)),
    ("kaiming_normal", {}, sqrt(2 / N_IN)),
    ("lecun_normal", {}, sqrt(1 / N_IN)),
    ("variance_scaling", {}, sqrt(1 / N_IN)),
    ("variance_scaling", {"scale": 2.0, "mode": "fan_out"}, sqrt(2 / N_OUT)),
    ("variance_scaling", {"scale": 2.0, "mode": "fan_avg"}, sqrt(4 / SUM)),
    ("mean_field", {}, 1 / sqrt(N_IN)),
    ("mean_field", {"sigma_w": 1.7}, 1.7 / sqrt(N_IN)),
]
UNIFORMS: list[tuple[str, Given, float, float]] = [  # name, parameters, bounds
    ("uniform", {}, 0.0, 1.0),
    ("uniform", {"low": -3.0, "high": -1.0}, -3.0, -1.0),
    ("glorot_uniform", {}, -sqrt(6 / SUM), sqrt(6 / SUM)),
    ("glorot_uniform", {"gain": 2.0}, -2 * sqrt(6 / SUM), 2 * sqrt(6 / SUM)),
    ("xavier_uniform", {}, -sqrt(6 / SUM), sqrt(6 / SUM)),
    ("he_uniform", {}, -sqrt(6 / N_IN), sqrt(6 / N_IN)),
    ("he_uniform", {"a": sqrt(5.0)}, -1 / sqrt(N_IN), 1 / sqrt(N_IN)),  # the default of torch's nn.Linear
    ("kaiming_uniform", {"mode": "fan_out"}, -sqrt(6 / N_OUT), sqrt(6 / N_OUT)),
    ("lecun_uniform", {}, -sqrt(3 / N_IN), sqrt(3 / N_IN)),
    (
        "variance_scaling",
        {"scale": 2.0, "distribution": "uniform", "mode": "fan_avg"},
        -sqrt(12 / SUM),
        sqrt(12 / SUM),
    ),
]


def sample(
    name: str, given: Given, rules: Mapping[str, Rule] = WEIGHTS, shape: tuple[int, ...] = (N_IN, N_OUT)
) -> Array:
    return draw(drawn(name, given, rules), np.random.default_rng(7), shape)


def assert_moments(numbers: Array, mean: float, std: float, kurtosis: float) -> None:
    """Sample mean and variance are within 4 standard errors of what they should be."""
    assert abs(numbers.mean() - mean) <= 4 * std / sqrt(numbers.size)
    assert abs(np.mean((numbers - mean) ** 2) - std**2) <= 4 * std**2 * sqrt((kurtosis - 1) / numbers.size)


@pytest.mark.parametrize(("name", "given", "std"), NORMALS)
def test_normals_have_the_deviation_of_their_definition(name: str, given: Given, std: float) -> None:
    assert weight_variance(drawn(name, given, WEIGHTS), N_IN, N_OUT) == pytest.approx(std**2, rel=1e-14)
    assert_moments(sample(name, given), 0.0, std, 3.0)


@pytest.mark.parametrize(("name", "given", "low", "high"), UNIFORMS)
def test_uniforms_fill_the_bounds_of_their_definition(name: str, given: Given, low: float, high: float) -> None:
    numbers, width = sample(name, given), high - low
    assert weight_variance(drawn(name, given, WEIGHTS), N_IN, N_OUT) == pytest.approx(width**2 / 12, rel=1e-14)
    assert low - 1e-15 <= numbers.min() <= low + 1e-3 * width
    assert high - 1e-3 * width <= numbers.max() <= high + 1e-15
    assert_moments(numbers, (low + high) / 2, width / sqrt(12), 1.8)


def test_normals_are_not_truncated() -> None:
    assert np.abs(sample("he_normal", {})).max() > 3.5 * sqrt(2 / N_IN)


def test_a_normal_has_the_mean_that_is_given() -> None:
    assert_moments(sample("normal", {"mean": -2.0, "std": 0.5}), -2.0, 0.5, 3.0)


@pytest.mark.parametrize(
    ("name", "given", "value"), [("zeros", {}, 0), ("ones", {}, 1), ("constant", {"value": -2.5}, -2.5)]
)
def test_constants_are_one_number(name: str, given: Given, value: float) -> None:
    for rules in (WEIGHTS, BIASES):
        assert (sample(name, given, rules) == value).all()
    assert weight_variance(drawn(name, given, WEIGHTS), N_IN, N_OUT) == 0


@pytest.mark.parametrize("gain", [1.0, 2.5])
@pytest.mark.parametrize("shape", [(5, 5), (7, 4), (4, 7), (1, 6), (6, 1), (1, 1)])
def test_orthogonal_rows_or_columns_are_orthonormal_but_for_the_gain(shape: tuple[int, int], gain: float) -> None:
    matrix = sample("orthogonal", {"gain": gain}, shape=shape)
    gram = matrix.T @ matrix if shape[0] >= shape[1] else matrix @ matrix.T
    assert gram == pytest.approx(gain**2 * np.eye(min(shape)), abs=1e-13)


def test_orthogonal_matrices_are_drawn_without_a_preferred_sign() -> None:
    generator, source = np.random.default_rng(7), drawn("orthogonal", {}, WEIGHTS)
    corners = [draw(source, generator, (3, 3))[0, 0] for _ in range(400)]
    assert abs(np.mean(corners)) <= 4 * sqrt(1 / 3 / 400)
    assert np.mean(np.square(corners)) == pytest.approx(1 / 3, abs=4 * sqrt(4 / 45 / 400))


def test_biases_of_mean_field_have_the_variance_that_is_given() -> None:
    source = drawn("mean_field", {"sigma_b": 0.3}, BIASES)
    assert bias_variance(source) == pytest.approx(0.09, rel=1e-14)
    assert_moments(draw(source, np.random.default_rng(7), (40_000,)), 0.0, 0.3, 3.0)


@pytest.mark.parametrize("name", [*WEIGHTS, *ALIASES])
def test_the_same_stream_draws_the_same_numbers(name: str) -> None:
    assert (sample(name, {}) == sample(name, {})).all()


@pytest.mark.parametrize(
    ("rules", "name", "given", "member"),
    [
        (WEIGHTS, "glorot", {}, "initializer"),
        (WEIGHTS, "", {}, "initializer"),
        (WEIGHTS, "GLOROT_NORMAL", {}, "initializer"),
        (WEIGHTS, "ё" * 1000, {}, "initializer"),
        (BIASES, "he_normal", {}, "initializer"),
        (BIASES, "orthogonal", {}, "initializer"),
        (INPUTS, "zeros", {}, "initializer"),
        (WEIGHTS, "zeros", {"value": 1.0}, "value"),
        (WEIGHTS, "lecun_normal", {"gain": 1.0}, "gain"),
        (WEIGHTS, "mean_field", {"sigma_b": 1.0}, "sigma_b"),
        (BIASES, "mean_field", {"sigma_w": 1.0}, "sigma_w"),
        (WEIGHTS, "normal", {"std": -1.0}, "std"),
        (WEIGHTS, "normal", {"std": "1"}, "std"),
        (WEIGHTS, "normal", {"std": True}, "std"),
        (WEIGHTS, "normal", {"std": None}, "std"),
        (WEIGHTS, "normal", {"std": [1.0]}, "std"),
        (WEIGHTS, "normal", {"mean": float("nan")}, "mean"),
        (WEIGHTS, "normal", {"mean": float("inf")}, "mean"),
        (WEIGHTS, "normal", {"mean": 1e101}, "mean"),
        (WEIGHTS, "uniform", {"low": 2.0}, "high"),
        (WEIGHTS, "mean_field", {"sigma_w": -1.0}, "sigma_w"),
        (WEIGHTS, "variance_scaling", {"scale": -1.0}, "scale"),
        (WEIGHTS, "variance_scaling", {"mode": "fan"}, "mode"),
        (WEIGHTS, "variance_scaling", {"mode": 1}, "mode"),
        (WEIGHTS, "variance_scaling", {"distribution": "truncated_normal"}, "distribution"),
        (WEIGHTS, "he_normal", {"mode": "fan_avg"}, "mode"),
        (WEIGHTS, "he_normal", {"nonlinearity": "gelu"}, "nonlinearity"),
        (WEIGHTS, "he_normal", {"nonlinearity": ["relu"]}, "nonlinearity"),
    ],
)
def test_what_is_no_initializer_is_blamed_on_its_member(
    rules: Mapping[str, Rule], name: str, given: Mapping[str, object], member: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        drawn(name, given, rules)
    (fault,) = caught.value.faults
    assert fault.path == (member,)
    assert len(fault.detail) < 500
