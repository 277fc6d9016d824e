"""The gradient by all weights at once is the slope of the loss by each of them."""

from typing import Any

import numpy as np
import pytest

from service.flow.drawing import drawing
from service.flow.network import Block, Experiment, Given, Layer, Loss
from service.flow.unrolled import unroll
from service.flow.weights import Samples, Weights, gradient, value
from tests.flow.plans import layer

NETWORKS: dict[str, tuple[Layer | Block, ...]] = {
    "plain": (layer(4, "tanh", repeat=2), layer(3)),
    "no bias": (layer(4, "silu", bias=None), layer(3)),
    "normalized": (layer(4, "gelu", normalization="layer"), layer(4, "tanh", normalization="batch"), layer(3)),
    "residual": (
        layer(4, "sigmoid"),
        Block(layers=(layer(6, "softplus"), layer(4)), pre_normalization="rms", scale=0.5, repeat=2),
        layer(3),
    ),
    "vectors": (layer(8, "glu"), layer(3, "log_softmax")),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
def test_all_weights_and_biases_get_their_slope(name: str, loss: Any) -> None:  # noqa: ANN401  its name
    x = np.random.default_rng(0).standard_normal((5, 4))
    experiment = Experiment(input=Given(x), entries=NETWORKS[name], loss=Loss(loss, targets="random"))
    steps = unroll(experiment)
    numbers = drawing(experiment, steps, 0)
    samples = Samples(numbers.x, numbers.goal)
    weights = Weights.joined(numbers.weights, numbers.biases)
    found = weights.like(np.empty_like(weights.vector))
    gradient(steps, loss, weights, samples, found)

    def at(index: int, distance: float) -> float:
        moved = weights.vector.copy()
        moved[index] += distance
        return value(steps, loss, weights.like(moved), samples).loss

    slopes = [(at(index, 1e-5) - at(index, -1e-5)) / 2e-5 for index in range(weights.vector.size)]
    assert found.vector == pytest.approx(slopes, rel=1e-6, abs=1e-9)
