"""What theory says of given networks, beside what wide networks do."""

from math import pi, sqrt

import numpy as np
import pytest

from service.activations import lookup
from service.activations.model import Array
from service.flow.initializers import BIASES, INPUTS, WEIGHTS, drawn
from service.flow.measurement import measure
from service.flow.network import Block, Experiment, Given, Layer, Loss, Normalization, SampledInput
from service.flow.theory import NotApplicable, Theory, theory_of

WIDTH, BATCH = 256, 64


def layer(
    units: int = WIDTH,
    activation: str = "tanh",
    sigma_w: float = 1.5,
    sigma_b: float = 0.0,
    repeat: int = 1,
    normalization: Normalization | None = None,
) -> Layer:
    function = lookup(activation)
    return Layer(
        units=units,
        activation=function,
        parameters=function.defaults(),
        weights=drawn("mean_field", {"sigma_w": sigma_w}, WEIGHTS),
        bias=drawn("mean_field", {"sigma_b": sigma_b}, BIASES),
        normalization=normalization,
        repeat=repeat,
    )


def experiment(*entries: Layer | Block, batch: int = BATCH) -> Experiment:
    outputs = entries[-1].units if isinstance(entries[-1], Layer) else WIDTH
    upstream = np.random.default_rng(0).normal(size=(batch, outputs))
    return Experiment(
        input=SampledInput(drawn("normal", {}, INPUTS), WIDTH, batch),
        entries=entries,
        loss=Loss("upstream", gradient=upstream),
        trials=3,
        jacobian_samples=0,
    )


def theory(*entries: Layer | Block) -> Theory:
    found = theory_of(experiment(*entries), 1.0)
    assert isinstance(found, Theory)
    return found


def reason(*entries: Layer | Block, batch: int = BATCH) -> str:
    found = theory_of(experiment(*entries, batch=batch), 1.0)
    assert isinstance(found, NotApplicable)
    return found.reason


READOUT = layer(100, "identity", 1.0)
BRANCH = Block(layers=(layer(activation="gelu"), layer(activation="identity", sigma_w=0.8)), scale=0.7, repeat=4)
NETWORKS: dict[str, tuple[Layer | Block, ...]] = {
    "plain": (layer(sigma_b=0.3, repeat=10), READOUT),
    "of_several_widths": (layer(100), layer(400, "gelu"), layer(200, "relu"), READOUT),
    "layer_normalized": (layer(activation="relu", normalization="layer", repeat=10), READOUT),
    "rms_normalized": (layer(activation="gelu", normalization="rms", repeat=10), READOUT),
    "batch_normalized": (layer(activation="relu", normalization="batch", repeat=8), READOUT),
    "residual": (layer(), BRANCH, READOUT),
    "normalized_residual": (
        layer(),
        Block(layers=(layer(activation="tanh"),), pre_normalization="layer", repeat=6),
        READOUT,
    ),
    "ending_in_a_block": (layer(), BRANCH),
    "without_residual": (layer(), Block(layers=(layer(), layer()), residual=False, scale=0.5, repeat=3), READOUT),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_wide_networks_do_what_theory_says(name: str) -> None:
    found, figures = theory(*NETWORKS[name]), measure(experiment(*NETWORKS[name])).figures
    squares = [each.forward.preactivation.mean**2 + each.forward.preactivation.std**2 for each in figures.layers]
    np.testing.assert_allclose(squares, found.preactivation_mean_square, rtol=0.2)
    assert found.gradient_decay is not None
    assert figures.summary.decay_per_layer == pytest.approx(found.gradient_decay, rel=0.02)


def test_layers_that_are_alike_have_a_fixed_point() -> None:
    found = theory(layer(sigma_b=0.3, repeat=40), READOUT)
    assert found.sigma_w == pytest.approx(1.5, rel=1e-15)
    assert found.phase == "chaotic"
    assert found.q_star == pytest.approx(found.preactivation_mean_square[39], rel=1e-12)
    assert found.critical_sigma_w == pytest.approx((1.3955839751549024,), rel=1e-12)
    assert found.remarks == ()


def test_relu_networks_of_he_weights_keep_lengths_and_gradients() -> None:
    found = theory(layer(activation="relu", sigma_w=sqrt(2), repeat=60))
    assert found.preactivation_mean_square == pytest.approx((2.0,) * 60, rel=1e-13)
    assert found.gradient_decay == pytest.approx(1.0, rel=1e-14)


def test_residual_relu_networks_grow_by_the_half_of_the_variance() -> None:
    block = Block(layers=(layer(activation="relu"), layer(activation="identity", sigma_w=1.0)), repeat=5)
    squares = theory(layer(activation="identity", sigma_w=1.0), block, READOUT).preactivation_mean_square
    assert squares[-1] == pytest.approx((1 + 1.5**2 / 2) ** 5, rel=1e-12)


def test_batch_normalized_relu_gradients_explode_at_any_weights() -> None:
    for sigma_w in (2.0, 50.0):
        hidden = [layer(activation="relu", sigma_w=sigma_w, normalization="batch", repeat=depth) for depth in (30, 31)]
        fewer, more = (theory(each, READOUT).gradient_decay for each in hidden)
        assert fewer is not None
        assert more is not None
        assert more**31 / fewer**30 == pytest.approx(sqrt(pi / (pi - 1)), rel=1e-5)


def test_what_differs_has_no_fixed_point_but_a_course() -> None:
    found = theory(layer(), layer(activation="gelu"), READOUT)
    assert (found.q_star, found.phase, len(found.preactivation_mean_square)) == (None, None, 3)
    assert "not all alike" in found.remarks[0]


def test_jumps_leave_the_gradient_out() -> None:
    found = theory(layer(activation="step"), READOUT)
    assert found.gradient_decay is None
    assert "step jumps" in found.remarks[-1]


def test_exploding_lengths_stay_figures() -> None:
    found = theory(layer(activation="relu", sigma_w=1e6, repeat=6), READOUT)
    assert found.preactivation_mean_square[5] == pytest.approx(1e12 * (1e12 / 2) ** 5, rel=1e-9)
    assert found.gradient_decay is not None


def test_the_largest_weights_and_the_smallest_inputs_raise_nothing() -> None:
    huge = Layer(
        units=3,
        activation=lookup("relu"),
        parameters={},
        weights=drawn("normal", {"std": 1e100}, WEIGHTS),
        repeat=9,
    )
    assert isinstance(theory_of(experiment(huge), 1.0), Theory)
    for entries in NETWORKS.values():
        assert isinstance(theory_of(experiment(*entries), 0.0), Theory)
    still = theory(layer(sigma_w=0.0, repeat=3))
    assert still.gradient_decay == 0.0


def test_reasons_why_theory_does_not_apply() -> None:
    uniform = Layer(
        units=3,
        activation=lookup("tanh"),
        parameters={},
        weights=drawn("uniform", {}, WEIGHTS),
    )
    given: Array = np.ones((WIDTH, 3))
    fixed = Layer(units=3, activation=lookup("tanh"), parameters={}, weights=Given(given))
    equal = Layer(units=3, activation=lookup("tanh"), parameters={}, weights=drawn("ones", {}, WEIGHTS))
    biased = Layer(
        units=3,
        activation=lookup("tanh"),
        parameters={},
        weights=drawn("he_normal", {}, WEIGHTS),
        bias=drawn("ones", {}, BIASES),
    )
    assert reason(uniform) == "The weights of layer 0 have a mean other than 0, which theory takes to be 0."
    assert "given weights" in reason(fixed)
    assert "all equal" in reason(equal)
    assert "biases of layer 0 have a mean" in reason(biased)
    assert "log1mexp" in reason(layer(activation="log1mexp"), READOUT)
    assert "softmax" in reason(layer(activation="softmax"), READOUT)
    assert "many samples" in reason(layer(normalization="batch"), READOUT, batch=4)


def test_the_last_layer_may_be_of_another_kind() -> None:
    assert theory(layer(repeat=3), layer(10, "softmax")).gradient_decay is not None
