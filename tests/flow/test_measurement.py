"""What is measured of a network: its figures against slopes, products and formulas, repeatability, trials, memory."""

from __future__ import annotations

import tracemalloc
from dataclasses import asdict
from itertools import pairwise
from math import inf, nan, sqrt
from typing import Any

import numpy as np
import pytest

from service.activations import catalogue
from service.flow.drawing import drawing
from service.flow.measurement import measure, measure_drawing
from service.flow.network import Experiment
from service.flow.norms import mean_and_std, mean_square, norm, ratio
from service.flow.unrolled import cost, unroll
from service.settings import Settings
from service.wire.experiments import experiment_of
from service.wire.flow import GradientFlowRequest
from tests.client import Client
from tests.flow.asking import Json, answer, layer, network

X = [[0.3, -0.7], [1.1, 0.4]]
W = [[0.9, -0.4, 0.7, 0.2], [-0.5, 0.8, 0.35, -1.1]]
BIAS = [0.62, 0.47, -0.31, 0.93]
UPSTREAM = [[0.7, -1.2], [0.4, 0.9]]
STEP = 1e-5
NAMES = [function.name for function in catalogue()]
POSITIVE = ("log1mexp",)  # defined for positive numbers only


def experiment(request: Json) -> Experiment:
    return experiment_of(GradientFlowRequest.model_validate(request, context=Settings()), {})


def hidden(name: str, x: Any, weights: Any, bias: Any) -> Json:  # noqa: ANN401  nested lists
    """A network with the function in its hidden layer."""
    lifted = (np.asarray(bias) + (3.0 if name in POSITIVE else 0.0)).tolist()
    layers = [
        {"activation": name, "weights": np.asarray(weights).tolist(), "bias": lifted},
        {"units": 2, "activation": "identity", "weights": "normal"},
    ]
    loss = {"name": "upstream", "gradient": UPSTREAM}
    values = {"values": np.asarray(x).tolist()}
    return {"input": values, "layers": layers, "loss": loss, "jacobian": {"samples": 0}, "remedies": False}


def slopes(client: Client, name: str, which: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """∂loss of the hidden network by each number of x, of the weights or of the bias, by central differences."""
    arrays = [np.array(X), np.array(W), np.array(BIAS)]
    found = np.empty(arrays[which].shape)
    for place in np.ndindex(found.shape):
        losses = []
        for step in (STEP, -STEP):
            moved = [array.copy() for array in arrays]
            moved[which][place] += step
            losses.append(answer(client, hidden(name, *moved))["loss"])
        found[place] = (losses[0] - losses[1]) / (2 * STEP)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_gradients_behind_any_function_are_the_slopes_of_the_loss(client: Client, name: str) -> None:
    found = answer(client, hidden(name, X, W, BIAS))
    backward = found["layers"][0]["backward"]
    norms = [found["input_gradient_norm"], backward["weight_gradient_norm"], backward["bias_gradient_norm"]]
    expected = [float(np.linalg.norm(slopes(client, name, which))) for which in range(3)]
    assert norms == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert backward["input_gradient_norm"] == found["input_gradient_norm"]


@pytest.mark.parametrize("name", NAMES)
def test_the_jacobian_behind_any_function_is_the_slope_of_the_outputs(client: Client, name: str) -> None:
    """With the loss G·y of one sample, ‖∂L/∂x‖ for G = e₁ and e₂ are the norms of the Jacobian's rows."""
    request = hidden(name, X[:1], W, BIAS) | {"jacobian": {"samples": 1}}
    squares = 0.0
    for row in ([[1.0, 0.0]], [[0.0, 1.0]]):
        request["loss"] = {"name": "upstream", "gradient": row}
        squares += answer(client, request)["input_gradient_norm"] ** 2
    singular = answer(client, request)["summary"]["jacobian"]
    assert 2 * singular["rms"] ** 2 == pytest.approx(squares, rel=1e-12, abs=1e-300)
    assert singular["min"] ** 2 + singular["max"] ** 2 == pytest.approx(squares, rel=1e-12, abs=1e-300)


DRAWN = network(
    layer(5, "tanh", "he_normal", bias="normal"),
    layer(5, "relu", "orthogonal", bias={"initializer": "uniform", "low": -0.1, "high": 0.1}),
    {"block": [layer(5, "silu", "lecun_uniform", normalization="layer")], "repeat": 2, "pre_normalization": "rms"},
    layer(3, "identity", "glorot_uniform"),
    loss={"name": "cross_entropy", "targets": "random"},
    seed=11,
)


@pytest.mark.parametrize("request_", [DRAWN, DRAWN | {"trials": 3}, DRAWN | {"dtype": "float32"}])
def test_the_same_request_gets_the_same_bytes(client: Client, request_: Json) -> None:
    one, other = (client.post("/gradient-flow", request_ | {"remedies": True}).content for _ in range(2))
    assert one == other


def test_another_seed_draws_other_numbers(client: Client) -> None:
    one, other = answer(client, DRAWN), answer(client, DRAWN | {"seed": 12})
    for here, there in zip(one["layers"], other["layers"], strict=True):
        assert here["forward"]["preactivation"] != there["forward"]["preactivation"]
    assert weight_norm(one["layers"][0]) != pytest.approx(weight_norm(other["layers"][0]), rel=1e-6)
    assert one["loss"] != other["loss"]


def weight_norm(figures: Json) -> float:
    """‖W‖, told by the update ratio."""
    backward = figures["backward"]
    return float(0.01 * backward["weight_gradient_norm"] / backward["update_ratio"])


@pytest.mark.parametrize("changed", range(2))
def test_a_changed_function_leaves_the_drawn_numbers_as_they_are(client: Client, changed: int) -> None:
    request = network(*(layer(5, "tanh", bias="normal") for _ in range(3)))
    other = network(*(layer(5, "silu" if index == changed else "tanh", bias="normal") for index in range(3)))
    before, after = answer(client, request)["layers"], answer(client, other)["layers"]
    assert [weight_norm(figures) for figures in after] == pytest.approx([weight_norm(figures) for figures in before])
    reached = [figures["forward"]["preactivation"] for figures in before[: changed + 1]]
    assert [figures["forward"]["preactivation"] for figures in after[: changed + 1]] == reached
    assert after[changed]["forward"]["activation"] != before[changed]["forward"]["activation"]


def test_a_changed_initializer_leaves_the_other_layers_as_they_are(client: Client) -> None:
    request = network(layer(5, "tanh"), layer(5, "tanh"), layer(2, "identity"))
    other = network(layer(5, "tanh"), layer(5, "tanh", "orthogonal"), layer(2, "identity"))
    before, after = answer(client, request)["layers"], answer(client, other)["layers"]
    assert weight_norm(after[0]) == pytest.approx(weight_norm(before[0]))
    assert weight_norm(after[2]) == pytest.approx(weight_norm(before[2]))
    assert weight_norm(after[1]) == pytest.approx(sqrt(5))


def test_repeats_are_drawn_each_for_itself(client: Client) -> None:
    norms = {weight_norm(figures) for figures in answer(client, network(layer(4, "tanh", repeat=5)))["layers"]}
    assert len(norms) == 5


def leaves(tree: object) -> list[object]:
    """All figures of a tree, in order."""
    if isinstance(tree, dict):
        return [leaf for branch in tree.values() for leaf in leaves(branch)]
    if isinstance(tree, list | tuple):
        return [leaf for branch in tree for leaf in leaves(branch)]
    return [tree]


def test_trials_are_answered_as_means_with_their_standard_errors(client: Client) -> None:
    request, trials = DRAWN | {"trials": 5}, 5
    tested = experiment(request)
    steps = unroll(tested)
    each = [leaves(asdict(measure_drawing(tested, steps, drawing(tested, steps, t)).figures)) for t in range(trials)]
    found = answer(client, request)
    figures = {name: found[name] for name in ("layers", "loss", "input_gradient_norm", "summary")}
    pairs = zip(leaves(figures), leaves(found["standard_errors"]), zip(*each, strict=True), strict=True)
    checked = 0
    for mean, error, values in pairs:
        if isinstance(values[0], str) or type(values[0]) is int:
            assert mean == error == values[0]
            continue
        if values[0] is None:
            assert mean is error is None
            continue
        assert mean == pytest.approx(np.mean(values), rel=1e-12)
        assert error == pytest.approx(np.std(values, ddof=1) / sqrt(trials), rel=1e-9, abs=1e-15)
        checked += 1
    assert checked > 5 * 13


def test_one_trial_has_no_standard_errors_and_is_the_first_of_many(client: Client) -> None:
    assert answer(client, DRAWN)["standard_errors"] is None
    tested = experiment(DRAWN | {"trials": 2})
    steps = unroll(tested)
    assert measure_drawing(tested, steps, drawing(tested, steps, 0)).figures == measure(experiment(DRAWN)).figures


def test_trials_of_what_is_given_do_not_differ(client: Client) -> None:
    request = hidden("tanh", X, W, BIAS) | {"trials": 3}
    request["layers"][1] = {"activation": "identity", "weights": [[1.0, 0.5]] * 4}
    errors = answer(client, request)["standard_errors"]
    assert errors["loss"] == pytest.approx(0.0, abs=1e-15)


def test_standard_errors_of_huge_figures_do_not_overflow(client: Client) -> None:
    normal = {"initializer": "normal", "std": 1e90}
    errors = answer(client, network(layer(3, "identity", normal, repeat=3), trials=3))["standard_errors"]
    assert 1e175 < errors["layers"][0]["backward"]["preactivation_gradient_norm"] < 1e185
    assert 1e265 < errors["loss"] < 1e275


def test_float32_is_close_to_float64(client: Client) -> None:
    exact, found = (
        [leaf for name in ("layers", "loss", "input_gradient_norm", "summary") for leaf in leaves(document[name])]
        for document in (answer(client, DRAWN), answer(client, DRAWN | {"dtype": "float32"}))
    )
    assert found == [
        leaf if isinstance(leaf, str) or leaf is None else pytest.approx(leaf, rel=1e-4, abs=1e-6) for leaf in exact
    ]
    numbers = [(one, other) for one, other in zip(exact, found, strict=True) if isinstance(one, float)]
    assert any(one != pytest.approx(other, rel=1e-9) for one, other in numbers)


@pytest.mark.parametrize("scale", [1e-300, 1e-170, 1e-30, 1.0, 1e30, 1e170, 1e300])
def test_norms_and_spreads_neither_overflow_nor_vanish(scale: float) -> None:
    numbers = scale * np.array([3.0, -4.0, 0.0, 0.0])
    with np.errstate(over="ignore"):
        assert norm(numbers) == pytest.approx(5 * scale, rel=1e-14, abs=0)
        mean, std = mean_and_std(numbers)
    assert mean == pytest.approx(-scale / 4, rel=1e-14, abs=0)
    assert std == pytest.approx(scale * sqrt(25 / 4 - 1 / 16), rel=1e-14, abs=0)


def test_norms_of_nothing_and_of_what_is_not_finite() -> None:
    assert norm(np.zeros(3)) == norm(np.zeros(0)) == 0.0
    assert norm(np.array([1.0, -inf])) == inf
    assert np.isnan(norm(np.array([1.0, nan])))
    assert mean_square(np.array([3.0, 4.0])) == 12.5
    assert [ratio(1.0, 2.0), ratio(1.0, 0.0), ratio(0.0, 0.0)] == [0.5, inf, None]


@pytest.mark.parametrize(("dtype", "digits"), [(np.float64, 1e-13), (np.float32, 1e-6)])
def test_sums_over_many_blocks_are_those_of_the_whole(dtype: type[np.floating[Any]], digits: float) -> None:
    numbers = np.random.default_rng(1).normal(2.0, 3.0, size=(401, 137)).astype(dtype)
    wide = numbers.astype(np.float64)
    assert norm(numbers) == pytest.approx(float(np.linalg.norm(wide)), rel=digits)
    assert mean_and_std(numbers) == pytest.approx((wide.mean(), wide.std()), rel=1e-12)


@pytest.mark.parametrize("scale", [1e-30, 1e-15, 1.0, 1e15, 1e30])
def test_norms_of_float32_neither_overflow_nor_vanish(scale: float) -> None:
    assert norm(np.array([3.0, -4.0], dtype=np.float32) * np.float32(scale)) == pytest.approx(5 * scale, rel=1e-6)


def test_gradients_too_small_for_their_squares_are_told(client: Client) -> None:
    small = {"initializer": "normal", "std": 1e-40}
    found = answer(client, network(layer(4, "tanh", small, repeat=6), jacobian={"samples": 0}))
    norms = [figures["backward"]["preactivation_gradient_norm"] for figures in found["layers"]]
    assert 0 < norms[0] < 1e-190
    assert found["summary"]["decay_per_layer"] == pytest.approx((norms[0] / norms[-1]) ** 0.2, rel=1e-10)
    assert 0 < found["layers"][4]["forward"]["preactivation"]["std"] < 1e-190


def test_the_factor_per_layer_does_not_overflow_where_the_quotient_does(client: Client) -> None:
    small = {"initializer": "constant", "value": 1e-60}
    loss = {"name": "upstream", "gradient": [[1e100]]}
    request = network(layer(1, "identity", small, repeat=7), features=1, batch=1, loss=loss)
    assert answer(client, request)["summary"]["decay_per_layer"] == pytest.approx(1e-60, rel=1e-10)


@pytest.mark.parametrize("widths", [(4, 3), (4, 6, 2), (3, 3, 3, 3), (5, 1, 4)])
def test_the_jacobian_of_a_linear_network_is_the_product_of_its_matrices(
    client: Client, widths: tuple[int, ...]
) -> None:
    generator = np.random.default_rng(2)
    matrices = [generator.normal(size=pair) for pair in pairwise(widths)]
    request = {
        "input": {"distribution": "normal", "features": widths[0], "batch": 3},
        "layers": [{"activation": "identity", "weights": matrix.tolist()} for matrix in matrices],
        "jacobian": {"samples": 3},
        "remedies": False,
    }
    product = matrices[0] if len(matrices) == 1 else np.linalg.multi_dot(matrices)
    values = np.linalg.svd(product, compute_uv=False)
    expected = {"min": values[-1], "max": values[0], "rms": sqrt(np.mean(values**2))}
    assert answer(client, request)["summary"]["jacobian"] == pytest.approx(expected, rel=1e-12, abs=1e-14)


def test_the_jacobian_is_averaged_over_the_first_samples(client: Client) -> None:
    request = network(layer(3, "tanh", "normal"), layer(2, "tanh", "normal"), batch=1)
    values = np.random.default_rng(3).normal(size=(3, 6)).tolist()
    alone = [answer(client, request | {"input": {"values": [row]}})["summary"]["jacobian"] for row in values]
    both = answer(client, request | {"input": {"values": values}, "jacobian": {"samples": 2}})["summary"]["jacobian"]
    assert both == {name: pytest.approx((alone[0][name] + alone[1][name]) / 2, rel=1e-12) for name in both}


def test_more_samples_than_there_are_mean_all_of_them(client: Client) -> None:
    request = network(layer(3, "tanh"), batch=2)
    all_of_them = answer(client, request | {"jacobian": {"samples": 2}})["summary"]
    assert answer(client, request | {"jacobian": {"samples": 1000}})["summary"] == all_of_them
    assert answer(client, request | {"jacobian": {"samples": 0}})["summary"]["jacobian"] is None


def test_one_sample_one_unit_one_layer_is_the_slope(client: Client) -> None:
    chain = {"activation": "sigmoid", "weights": [[1.0]], "bias": [0.0]}
    found = answer(client, {"input": {"values": [[0.0]]}, "layers": [chain], "remedies": False})
    (figures,) = found["layers"]
    assert found["loss"] == 0.5
    assert found["input_gradient_norm"] == 0.25
    assert figures["backward"]["weight_gradient_norm"] == 0
    assert figures["backward"]["sign_coherence"] is None
    assert found["summary"]["decay_per_layer"] is None
    assert found["summary"]["gradient_ratio"] is None
    assert found["summary"]["jacobian"] == {"min": 0.25, "max": 0.25, "rms": 0.25}


def test_the_scalar_chain_multiplies_its_slopes(client: Client) -> None:
    chain = {"activation": "sigmoid", "weights": [[1.0]], "bias": [0.0], "repeat": 20}
    found = answer(client, {"input": {"values": [[0.0]]}, "layers": [chain], "remedies": False})
    x, slope = 0.0, 1.0
    for _ in range(20):
        x = 1 / (1 + np.exp(-x))
        slope *= x * (1 - x)
    assert found["input_gradient_norm"] == pytest.approx(slope, rel=1e-13)
    assert found["input_gradient_norm"] <= 0.25**20
    assert [figures["index"] for figures in found["layers"]] == list(range(20))


def test_figures_that_are_not_defined_are_null(client: Client) -> None:
    request = network(layer(4, "softmax", bias=None), layer(2, "exponential", "zeros"), learning_rate=0)
    vector, last = answer(client, request)["layers"]
    assert vector["backward"]["bias_gradient_norm"] is None
    assert vector["forward"]["dead_units"] is vector["forward"]["saturated_fraction"] is None
    assert vector["forward"]["mean_derivative"] is vector["forward"]["inactive_fraction"] is None
    assert last["forward"]["saturated_fraction"] is None
    assert last["backward"]["update_ratio"] is None


def test_the_learning_rate_is_a_factor_of_the_update_ratio(client: Client) -> None:
    request = network(layer(4, "tanh"), layer(2, "identity"))
    ratios = [
        [figures["backward"]["update_ratio"] for figures in answer(client, request | {"learning_rate": rate})["layers"]]
        for rate in (0, 0.01, 1.0)
    ]
    assert ratios[0] == [0.0, 0.0]
    assert ratios[2] == pytest.approx([100 * value for value in ratios[1]], rel=1e-13)


def test_units_of_gates_and_reductions_count_before_the_function(client: Client) -> None:
    layers = answer(client, network(layer(6, "glu"), layer(4, "maxout"), layer(2, "identity", [[1.0, 2.0]])))["layers"]
    assert [figures["units"] for figures in layers] == [6, 4, 2]


LARGE = [
    network(layer(200, "tanh", repeat=20), layer(10, "identity"), features=100, batch=100),
    network(layer(300, "gelu", repeat=4), layer(10, "identity"), features=300, batch=500, dtype="float32"),
    network(layer(1000, "relu"), layer(1000, "relu"), features=1000, batch=2),
    network(layer(100, "silu", normalization="layer", repeat=6), features=100, batch=400),
    network(layer(30, "tanh", normalization="batch", repeat=3), layer(20, "identity"), features=30, batch=40),
    network(layer(100, "softmax", repeat=3), features=100, batch=300),
    network(layer(200, "swiglu"), layer(100, "sparsemax"), layer(100, "logsumexp"), features=100, batch=300),
    network({"block": [layer(200, "tanh"), layer(100, "elu")], "repeat": 5}, features=100, batch=200),
    network(layer(400, "tanh", "orthogonal"), layer(400, "tanh", "orthogonal"), features=400, batch=4),
    network(layer(2, "tanh"), features=2000, batch=500, jacobian={"samples": 5}),
]


@pytest.mark.parametrize("request_", LARGE, ids=range(len(LARGE)))
def test_memory_stays_below_the_estimate(request_: Json) -> None:
    tested = experiment(request_)
    estimate = cost(unroll(tested), tested).bytes
    tracemalloc.start()
    try:
        measure(tested)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 0.1 * estimate < peak <= estimate
