"""Dense layers, and functions that draw random numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.activations import catalogue, lookup
from service.compute import DTYPES, derivative, evaluate, jacobian, layer, pullback
from service.errors import InvalidInput
from tests.activations.cases import Float64s
from tests.compute.dtypes import cast

RELU = lookup("relu")
few = settings(max_examples=25, deadline=None, derandomize=True)


def numbers(*shape: int, seed: int = 1) -> Float64s:
    return np.random.default_rng(seed).normal(size=shape)


@few
@given(st.lists(st.integers(0, 3), max_size=3), st.integers(0, 5), st.integers(0, 5), st.booleans())
def test_a_layer_is_the_function_of_a_product(batch: list[int], n_in: int, n_out: int, biased: bool) -> None:
    x, weights = numbers(*batch, n_in), numbers(n_in, n_out, seed=2)
    bias = numbers(n_out, seed=3) if biased else None
    preactivation, y = layer(RELU, x, weights, bias, {})
    assert preactivation.shape == y.shape == (*batch, n_out)
    assert np.array_equal(preactivation, x @ weights + (0.0 if bias is None else bias))
    assert np.array_equal(y, evaluate(RELU, preactivation, {}))


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_layer_rounds_its_inputs_first_and_each_output_once(dtype: str) -> None:
    x, weights, bias = numbers(7, 5), numbers(5, 3, seed=2), numbers(3, seed=3)
    sigmoid = lookup("sigmoid")
    preactivation, y = layer(sigmoid, x, weights, bias, {}, dtype=dtype)
    rounded = [cast(evaluate(lookup("identity"), part, {}, dtype=dtype), dtype) for part in (x, weights, bias)]
    exact = rounded[0] @ rounded[1] + rounded[2]
    for found, unrounded in ((preactivation, exact), (y, evaluate(sigmoid, exact, {}))):
        assert np.array_equal(found, evaluate(lookup("identity"), unrounded, {}, dtype=dtype))
        assert np.array_equal(found, cast(found, dtype))


def test_a_value_is_computed_from_the_unrounded_preactivation() -> None:
    """In float16 xW + b = 8 + 2⁻⁸ is a tie that rounds to 8, and its exponential shows the difference."""
    x, weights, bias = np.array([8.0]), np.array([[1.0]]), np.array([2.0**-8])
    exponential = lookup("exponential")
    preactivation, y = layer(exponential, x, weights, bias, {}, dtype="float16")
    assert preactivation.tolist() == [8.0]
    expected = evaluate(lookup("identity"), np.exp([8.0 + 2.0**-8]), {}, dtype="float16")
    assert y.tolist() == expected.tolist() != evaluate(exponential, np.array([8.0]), {}, dtype="float16").tolist()


def test_a_layer_may_end_in_a_function_of_vectors() -> None:
    x, weights = numbers(4, 3), numbers(3, 6, seed=2)
    for name in ("softmax", "glu", "logsumexp"):
        function = lookup(name)
        preactivation, y = layer(function, x, weights, None, {"axis": -1})
        assert np.array_equal(y, evaluate(function, preactivation, {"axis": -1}))


@pytest.mark.parametrize(
    ("x", "weights", "bias", "field"),
    [
        (np.zeros(3), np.zeros(3), None, "weights"),
        (np.zeros(3), np.zeros((2, 2)), None, "weights"),
        (np.array(1.0), np.zeros((1, 2)), None, "weights"),
        (np.zeros((2, 3)), np.zeros((3, 2)), np.zeros(3), "bias"),
        (np.zeros((2, 3)), np.zeros((3, 2)), np.zeros((1, 2)), "bias"),
        (np.zeros((2, 3)), np.zeros((3, 2)), np.array(0.0), "bias"),
    ],
)
def test_shapes_that_do_not_fit_together_are_refused(
    x: Float64s, weights: Float64s, bias: Float64s | None, field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        layer(RELU, x, weights, bias, {})
    assert [fault.path for fault in caught.value.faults] == [(field,)]


def test_without_a_seed_nothing_is_random() -> None:
    x = numbers(3, 4)
    for function in catalogue():
        if function.stochastic:
            first, second = (evaluate(function, x, function.defaults()) for _ in range(2))
            assert np.array_equal(first, second)


@pytest.mark.parametrize("name", ["rrelu", "gumbel_softmax"])
def test_the_same_seed_draws_the_same_and_another_something_else(name: str) -> None:
    function, x = lookup(name), -np.abs(numbers(3, 4))
    drawn = [evaluate(function, x, function.defaults(), seed=seed) for seed in (7, 7, 8)]
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.isclose(drawn[0], drawn[2]).any()
    assert not np.isclose(drawn[0], evaluate(function, x, function.defaults())).any()


def test_a_seed_changes_nothing_where_nothing_is_random() -> None:
    x = numbers(3, 4)
    for function in catalogue():
        if not function.stochastic:
            given = function.defaults()
            assert np.array_equal(evaluate(function, x, given, seed=3), evaluate(function, x, given), equal_nan=True)


def test_random_slopes_are_spread_over_their_interval_and_the_derivative_has_the_same() -> None:
    function, x = lookup("rrelu"), np.full(40_000, -2.0)
    given = {"lower": 0.1, "upper": 0.7}
    slopes = evaluate(function, x, given, seed=5) / -2.0
    assert 0.1 <= slopes.min() < 0.101
    assert 0.699 < slopes.max() <= 0.7
    assert slopes.mean() == pytest.approx(0.4, abs=0.005)
    assert np.array_equal(slopes, derivative(function, x, given, seed=5))
    assert np.array_equal(3.0 * slopes, pullback(function, x, given, np.full(x.shape, 3.0), seed=5))


def test_a_random_slope_leaves_positive_numbers_alone() -> None:
    x = np.abs(numbers(100))
    assert np.array_equal(evaluate(lookup("rrelu"), x, lookup("rrelu").defaults(), seed=1), x)


def test_gumbel_noise_chooses_as_often_as_softmax_says() -> None:
    function = lookup("gumbel_softmax")
    scores = np.array([1.0, 0.0, -1.0])
    x = np.tile(scores, (40_000, 1))
    chosen = evaluate(function, x, function.defaults() | {"hard": True}, seed=9)
    assert np.array_equal(np.unique(chosen), [0.0, 1.0])
    assert (chosen.sum(axis=-1) == 1.0).all()
    shares = evaluate(lookup("softmax"), scores, {"axis": -1})
    assert chosen.mean(axis=0) == pytest.approx(shares, abs=0.01)


def test_a_hard_choice_keeps_the_slopes_of_the_soft_one() -> None:
    function, x = lookup("gumbel_softmax"), numbers(2, 4)
    soft, hard = function.defaults(), function.defaults() | {"hard": True}
    assert np.array_equal(jacobian(function, x, soft, seed=2), jacobian(function, x, hard, seed=2))
    assert np.array_equal(pullback(function, x, soft, x, seed=2), pullback(function, x, hard, x, seed=2))
