"""Small networks as requests to POST /gradient-flow, whose figures torch has worked out in tests/data/torch_flow.json.

All numbers come from the integer generator s ← 48271·s mod (2³¹ − 1), so that anyone can draw them again.
"""

from __future__ import annotations

from math import prod, sqrt
from typing import Any

import numpy as np

Json = dict[str, Any]  # as JSON has it

MODULUS = 2**31 - 1


class Draw:
    """Numbers in (−1, 1), the same ones for the same start."""

    def __init__(self, start: int) -> None:
        self.state = start

    def number(self) -> float:
        """The next number."""
        self.state = 48271 * self.state % MODULUS
        return 2 * self.state / MODULUS - 1

    def array(self, *shape: int, scale: float = 1.0) -> Any:  # noqa: ANN401  as deeply nested as the shape is long
        """Nested lists of numbers in (−scale, scale), the last axis fastest."""
        return (scale * np.array([self.number() for _ in range(prod(shape))]).reshape(shape)).tolist()

    def dense(
        self, inputs: int, units: int, activation: str, *, gain: float = 1.5, bias: float | None = 0.5, **others: object
    ) -> Json:
        """A layer whose weights have the standard deviation gain/√inputs, with biases in (−bias, bias) or without."""
        weights = self.array(inputs, units, scale=gain * sqrt(3 / inputs))
        drawn = None if bias is None else self.array(units, scale=bias)
        return {"units": units, "activation": activation, "weights": weights, "bias": drawn, **others}

    def request(self, entries: list[Json], loss: Json, batch: int = 6, **others: object) -> Json:
        """The entries under inputs in (−2, 2)."""
        layer = entries[0]["block"][0] if "block" in entries[0] else entries[0]
        values = self.array(batch, len(layer["weights"]), scale=2.0)
        return {"input": {"values": values}, "layers": entries, "loss": loss, **others}


def plain_networks() -> dict[str, Json]:
    """Layers one after the other, without normalization."""
    return {
        "tanh": _tanh(Draw(11)),
        "dead_units": _dead_units(Draw(12)),
        "dead_layer": _dead_layer(Draw(13)),
        "zero_sample": _zero_sample(Draw(14)),
        "saturated": _saturated(Draw(15)),
        "scalar_chain": _scalar_chain(),
    }


def _tanh(draw: Draw) -> Json:
    layers = [draw.dense(5, 7, "tanh"), draw.dense(7, 6, "tanh"), draw.dense(6, 3, "identity")]
    return draw.request(layers, {"name": "sum"})


def _dead_units(draw: Draw) -> Json:
    """Two units of the first layer and one of the second are off for every sample."""
    layers = [draw.dense(4, 8, "relu"), draw.dense(8, 6, "relu"), draw.dense(6, 2, "identity")]
    layers[0]["bias"][1] = layers[0]["bias"][6] = layers[1]["bias"][0] = -40.0
    return draw.request(layers, {"name": "mse", "targets": draw.array(8, 2)}, batch=8, jacobian={"samples": 3})


def _dead_layer(draw: Draw) -> Json:
    """No gradient comes through the second layer."""
    layers = [draw.dense(4, 5, "tanh"), draw.dense(5, 4, "relu"), draw.dense(4, 3, "identity")]
    layers[1]["bias"] = [-40.0] * 4
    return draw.request(layers, {"name": "sum"}, batch=5)


def _zero_sample(draw: Draw) -> Json:
    """Without biases, a sample of zeros stays at the kinks in every layer."""
    layers = [
        draw.dense(4, 6, "leaky_relu", bias=None, parameters={"negative_slope": 0.2}),
        draw.dense(6, 6, "relu", bias=None),
        draw.dense(6, 5, "elu", bias=None, parameters={"alpha": 0.7}),
        draw.dense(5, 3, "selu", bias=None),
    ]
    request = draw.request(layers, {"name": "mse", "targets": draw.array(5, 3)}, batch=5, jacobian={"samples": 3})
    request["input"]["values"][2] = [0.0] * 4
    return request


def _saturated(draw: Draw) -> Json:
    """Each function where it is flat, on some of the entries."""
    layers = [
        draw.dense(3, 8, "tanh", gain=2.5),
        draw.dense(8, 8, "hard_swish", gain=4.0),
        draw.dense(8, 8, "sigmoid", gain=3.0, bias=2.0),
        draw.dense(8, 4, "softplus", gain=4.0),
    ]
    return draw.request(layers, {"name": "mean"}, learning_rate=0.25, jacobian={"samples": 0})


def _scalar_chain() -> Json:
    """σ(σ(…σ(x)))."""
    layer = {"units": 1, "activation": "sigmoid", "weights": [[1.0]], "bias": [0.0], "repeat": 10}
    return {"input": {"values": [[-1.5], [0.0], [0.5], [4.0]]}, "layers": [layer], "loss": {"name": "sum"}}


def normalized_networks() -> dict[str, Json]:
    """Layers that normalize their preactivations."""
    return {
        "layer_normalization": _layer_normalization(Draw(21)),
        "batch_normalization": _batch_normalization(Draw(22)),
        "rms_normalization": _rms_normalization(Draw(23)),
        "normalized_output": _normalized_output(Draw(24)),
    }


def _layer_normalization(draw: Draw) -> Json:
    layers = [
        draw.dense(5, 9, "gelu", normalization="layer"),
        draw.dense(9, 9, "gelu", normalization="layer", repeat=3),
        draw.dense(9, 4, "identity"),
    ]
    return draw.request(layers, {"name": "cross_entropy", "targets": [0, 3, 1, 2, 3, 3]})


def _batch_normalization(draw: Draw) -> Json:
    layers = [
        draw.dense(6, 8, "silu", normalization="batch"),
        draw.dense(8, 8, "relu", normalization="batch", repeat=2),
        draw.dense(8, 5, "tanh", normalization="batch", bias=None),
        draw.dense(5, 3, "silu"),
    ]
    return draw.request(layers, {"name": "mean"}, batch=7, jacobian={"samples": 3})


def _rms_normalization(draw: Draw) -> Json:
    layers = [
        draw.dense(4, 7, "elu", normalization="rms", bias=None),
        draw.dense(7, 7, "softplus", normalization="rms", repeat=2),
        draw.dense(7, 3, "identity"),
    ]
    return draw.request(layers, {"name": "upstream", "gradient": draw.array(6, 3)}, jacobian={"samples": 0})


def _normalized_output(draw: Draw) -> Json:
    """The last layer normalizes too; the weights are so small that the ε of the normalization counts."""
    layers = [
        draw.dense(5, 6, "hard_swish", normalization="batch", gain=0.01, bias=0.01),
        draw.dense(6, 6, "mish", normalization="layer", gain=0.01, bias=0.001),
        draw.dense(6, 4, "identity", normalization="rms", gain=0.002, bias=None),
    ]
    return draw.request(layers, {"name": "mse", "targets": draw.array(6, 4)}, jacobian={"samples": 1})


def networks_of_blocks() -> dict[str, Json]:
    """Layers in blocks, with and without a residual connection."""
    return {
        "residual": _residual(Draw(31)),
        "scaled_residual": _scaled_residual(Draw(32)),
        "pre_layer_normalization": _pre_layer_normalization(Draw(33)),
        "pre_rms_normalization": _pre_rms_normalization(Draw(34)),
        "without_residual": _without_residual(Draw(35)),
        "normalization_in_residual": _normalization_in_residual(Draw(36)),
    }


def _residual(draw: Draw) -> Json:
    """The network starts and ends with a block."""
    block = {"block": [draw.dense(4, 4, "tanh")], "residual": True}
    return draw.request([block, {**block, "repeat": 2}], {"name": "sum"}, batch=4, jacobian={"samples": 3})


def _scaled_residual(draw: Draw) -> Json:
    entries = [
        draw.dense(3, 6, "relu"),
        {"block": [draw.dense(6, 4, "relu"), draw.dense(4, 6, "mish")], "residual": True, "scale": 0.3, "repeat": 3},
        draw.dense(6, 2, "identity", bias=None),
    ]
    return draw.request(entries, {"name": "mse", "targets": draw.array(6, 2)}, jacobian={"samples": 1})


def _pre_layer_normalization(draw: Draw) -> Json:
    """The feed-forward half of a transformer."""
    layers = [draw.dense(8, 12, "gelu"), draw.dense(12, 8, "identity")]
    entries = [
        draw.dense(5, 8, "identity"),
        {"block": layers, "residual": True, "pre_normalization": "layer", "repeat": 3},
        draw.dense(8, 5, "identity"),
    ]
    loss = {"name": "cross_entropy", "targets": [4, 0, 2, 1, 1, 3]}
    return draw.request(entries, loss, jacobian={"samples": 3})


def _pre_rms_normalization(draw: Draw) -> Json:
    entries = [
        {"block": [draw.dense(4, 6, "selu")], "residual": False, "pre_normalization": "rms", "scale": 2.5},
        {"block": [draw.dense(6, 6, "silu", repeat=2)], "pre_normalization": "rms", "scale": -0.7, "repeat": 2},
        draw.dense(6, 3, "sigmoid"),
    ]
    return draw.request(entries, {"name": "upstream", "gradient": draw.array(6, 3)}, jacobian={"samples": 1})


def _without_residual(draw: Draw) -> Json:
    block = [draw.dense(5, 5, "mish"), draw.dense(5, 5, "leaky_relu", parameters={"negative_slope": 0.1}, repeat=2)]
    entries = [
        {"block": block, "residual": False, "pre_normalization": None, "scale": 1.6, "repeat": 2},
        draw.dense(5, 4, "elu", normalization=None),
    ]
    return draw.request(entries, {"name": "mean"}, jacobian={"samples": 0})


def _normalization_in_residual(draw: Draw) -> Json:
    layers = [
        draw.dense(7, 5, "hard_swish", normalization="batch"),
        draw.dense(5, 7, "softplus", normalization="layer", bias=None),
    ]
    entries = [
        draw.dense(4, 7, "relu", normalization="batch"),
        {"block": layers, "residual": True, "pre_normalization": "rms", "scale": 0.8, "repeat": 2},
        {"block": [draw.dense(7, 7, "selu", normalization="rms")], "residual": True},
        draw.dense(7, 3, "identity"),
    ]
    return draw.request(
        entries, {"name": "cross_entropy", "targets": [0, 1, 2, 2, 1]}, batch=5, jacobian={"samples": 3}
    )


def extreme_networks() -> dict[str, Json]:
    """Depths at which the squares of signals and gradients leave the numbers of float64."""
    return {
        "vanishing_gradient": _vanishing_gradient(Draw(41)),
        "vanishing_signal": _vanishing_signal(Draw(42)),
        "exploding": _exploding(Draw(43)),
    }


def _vanishing_gradient(draw: Draw) -> Json:
    """Every layer divides the gradient by about 10¹⁵."""
    layers = [draw.dense(4, 4, "sigmoid", gain=3e-15, bias=1.0, repeat=12), draw.dense(4, 2, "identity")]
    return draw.request(layers, {"name": "sum"}, batch=4)


def _vanishing_signal(draw: Draw) -> Json:
    """Every layer divides the signal by about 10¹⁵, and the gradient too."""
    layers = [draw.dense(3, 3, "tanh", gain=1e-15, bias=None, repeat=12), draw.dense(3, 2, "identity", bias=None)]
    return draw.request(layers, {"name": "sum"}, batch=4)


def _exploding(draw: Draw) -> Json:
    """Every layer multiplies the signal and the gradient by about 10¹⁵."""
    layer = draw.dense(4, 4, "leaky_relu", gain=1e15, repeat=11, parameters={"negative_slope": 0.5})
    return draw.request([layer, draw.dense(4, 2, "identity")], {"name": "mean"}, batch=4)


REQUESTS = {**plain_networks(), **normalized_networks(), **networks_of_blocks(), **extreme_networks()}
