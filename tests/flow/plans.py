"""Trainings that the tests share."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.activations import lookup
from service.flow.datasets import digits
from service.flow.history import TrainingRecord, TrainingSummary
from service.flow.initializers import WEIGHTS, drawn
from service.flow.network import Experiment, Given, Layer, Loss
from service.flow.training import Plan, Trainer

Array = NDArray[np.float64]


def layer(units: int, activation: str = "identity", weights: str | Array = "glorot_normal", **options: Any) -> Layer:  # noqa: ANN401  Layer knows them
    function = lookup(activation)
    source = drawn(weights, {}, WEIGHTS) if isinstance(weights, str) else Given(weights)
    return Layer(units=units, activation=function, parameters=function.defaults(), weights=source, **options)


def linear(x: Array, rate: float, steps: int, batch_size: int = 64, momentum: float = 0.0) -> Plan:
    """One linear unit without bias, from w = 0 towards (1, −1, …); the oracle's loss is half of mse, its rate twice."""
    return regression(x, x @ np.resize([1.0, -1.0], (x.shape[1], 1)), rate, steps, batch_size, momentum)


def regression(x: Array, y: Array, rate: float, steps: int, batch_size: int = 64, momentum: float = 0.0) -> Plan:
    return Plan(
        experiment=Experiment(
            input=Given(x),
            entries=(layer(1, weights=np.zeros((x.shape[1], 1)), bias=None),),
            loss=Loss("mse", targets=y),
            learning_rate=rate / 2,
        ),
        steps=steps,
        batch_size=batch_size,
        momentum=momentum,
        shuffle=False,
    )


def on_digits(*widths: int, activation: str = "relu", rate: float = 0.1, steps: int = 100, **options: Any) -> Plan:  # noqa: ANN401  Experiment knows them
    data = digits()
    hidden = tuple(layer(units, activation, "he_normal") for units in widths)
    loss = Loss("cross_entropy", targets=data.classes.astype(np.float64))
    network = Experiment(input=Given(data.x), entries=(*hidden, layer(10)), loss=loss, learning_rate=rate, **options)
    return Plan(experiment=network, steps=steps, test=(data.test_x, data.test_classes), targets_at=("data",))


def trained(plan: Plan) -> tuple[list[TrainingRecord], TrainingSummary]:
    told = list(Trainer(plan).run())
    records = [item for item in told if isinstance(item, TrainingRecord)]
    assert isinstance(told[-1], TrainingSummary)
    return records, told[-1]


def threshold_problem() -> tuple[Array, Array]:
    """The regression of the oracle, from its generator of integers."""
    numbers, state = [], 2024
    for _ in range(105):
        state = 48271 * state % 2147483647
        numbers.append(2 * state / 2147483647 - 1)
    x = np.array(numbers[:100]).reshape(20, 5)
    return x, (x @ np.array(numbers[100:]))[:, np.newaxis]
