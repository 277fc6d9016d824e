"""Every figure of seven small networks whose numbers anyone can draw again (tests/data/flow_networks.json)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.client import Client
from tests.flow.asking import Json, answer
from tests.flow.test_torch_figures import differences

NETWORKS: Json = json.loads((Path(__file__).parents[1] / "data" / "flow_networks.json").read_text())["finite_nets"]
LOSSES = {"sum": "sum", "mse": "mse", "ce": "cross_entropy"}
MODULUS = 2**31 - 1
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Numbers:
    """Weights of (n_in, n_out) and biases by layer, inputs, targets."""

    weights: list[Array]
    biases: list[Array]
    x: Array
    targets: Array


class Generator:
    """s ← 48271·s mod (2³¹ − 1)."""

    def __init__(self, start: int) -> None:
        self.state = start

    def array(self, *shape: int) -> Array:
        """Numbers 2u − 1 in rows."""
        return np.array([self._number() for _ in range(int(np.prod(shape)))]).reshape(shape)

    def _number(self) -> float:
        self.state = 48271 * self.state % MODULUS
        return 2 * (self.state / MODULUS) - 1


def drawn(spec: Json) -> Numbers:
    """As the meta of the file says."""
    generator, weights, biases = Generator(spec["seed"]), [], []
    for layer in spec["layers"]:
        scale = layer["sigma_w"] * sqrt(3 / layer["in"])
        weights.append((scale * generator.array(layer["out"], layer["in"])).T)
        if "sigma_b" in layer:
            biases.append(layer["sigma_b"] * sqrt(3) * generator.array(layer["out"]))
        else:
            biases.append(np.full(layer["out"], layer["bias"]))
    x = generator.array(spec["batch"], spec["layers"][0]["in"])
    return Numbers(weights, biases, x, generator.array(spec["batch"], spec["layers"][-1]["out"]))


def by_formula(spec: Json) -> Numbers:
    """W = s·sin(7.1i + 3.3j + l) of (out, in), b = t·cos(1.7i + l), X = cos(2.3b + 1.1i), T = sin(0.9b + 0.4k)."""
    weights, biases = [], []
    for layer in spec["layers"]:
        i, j, number = np.arange(layer["out"]), np.arange(layer["in"]), layer["index"]
        weights.append((layer["scale"] * np.sin(7.1 * i[:, None] + 3.3 * j + number)).T)
        biases.append(layer["bias_scale"] * np.cos(1.7 * i + number))
    sample = np.arange(spec["batch"])[:, None]
    x = np.cos(2.3 * sample + 1.1 * np.arange(spec["layers"][0]["in"]))
    return Numbers(weights, biases, x, np.sin(0.9 * sample + 0.4 * np.arange(spec["layers"][-1]["out"])))


def numbers_of(spec: Json) -> Numbers:
    return by_formula(spec) if "formula" in spec else drawn(spec)


def entries(spec: Json, numbers: Numbers) -> list[Json]:
    """Layers, or for the residual network blocks x + W₂ f(W₁x) between the first layer and the last."""
    layers: list[Json] = [
        {"weights": weights.tolist(), "bias": bias.tolist(), "activation": spec["activation"]}
        for weights, bias in zip(numbers.weights, numbers.biases, strict=True)
    ]
    layers[-1]["activation"] = "identity"
    if spec["kind"] == "bn":
        return [layer | {"normalization": "batch"} for layer in layers[:-1]] + layers[-1:]
    if spec["kind"] == "mlp":
        return layers
    for layer in layers[::2]:
        layer["activation"] = "identity"
    return [layers[0], *({"block": layers[i : i + 2]} for i in range(1, len(layers) - 1, 2)), layers[-1]]


def question(spec: Json, loss: str) -> Json:
    numbers, name = numbers_of(spec), LOSSES[loss]
    outputs = spec["layers"][-1]["out"]
    classes = [sample % outputs for sample in range(spec["batch"])]
    targets = {"mse": numbers.targets.tolist(), "ce": classes}
    given = {"targets": targets[loss]} if loss in targets else {}
    values = {"values": numbers.x.tolist()}
    return {"input": values, "layers": entries(spec, numbers), "loss": {"name": name, **given}, "remedies": False}


def expected_forward(spec: Json, figures: Json, index: int) -> Json:
    """Figures of the signal under the names of the answer."""
    last = index == len(spec["layers"]) - 1
    dead = (
        {"inactive_fraction": figures["frac_a_zero"], "dead_units": figures["units_zero_on_whole_batch"]}
        if spec["activation"] == "relu" and not last
        else {}
    )
    return {
        "preactivation": {"mean": figures["z_mean"], "std": figures["z_std"]},
        "activation": {name: figures[f"a_{name}"] for name in ("mean", "std", "min", "max")},
        **dead,
    }


def expected_backward(figures: Json, index: int, *, rounding_in_bias: bool) -> Json:
    """Norms under the names of the answer; a bias before a batch normalization has nothing but rounding noise."""
    inputs = [figures["grad_input"], *figures["grad_activation"]]
    bias = {} if rounding_in_bias else {"bias_gradient_norm": figures["grad_b"][index]}
    return {
        "preactivation_gradient_norm": figures["grad_preactivation"][index],
        "weight_gradient_norm": figures["grad_W"][index],
        "input_gradient_norm": inputs[index],
        **bias,
    }


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", NETWORKS)
def test_the_figures_are_those_of_the_oracle(client: Client, name: str, loss: str) -> None:
    network = NETWORKS[name]
    spec, figures = network["spec"], network["losses"][loss]
    found = answer(client, question(spec, loss))
    normalized = spec["kind"] == "bn"
    count = len(spec["layers"])
    expected: Json = {
        "loss": figures["loss"],
        "input_gradient_norm": figures["grad_input"],
        "layers": [
            {
                "forward": expected_forward(spec, network["forward"][index], index),
                "backward": expected_backward(figures, index, rounding_in_bias=normalized and index < count - 1),
            }
            for index in range(count)
        ],
    }
    if singular := (network["jacobian_example0"] or {}).get("singular_values"):
        rms = network["jacobian_example0"]["frobenius"] / sqrt(len(singular))
        expected["summary"] = {"jacobian": {"min": min(singular), "max": max(singular), "rms": rms}}
    if loss == "ce" and (coherence := network.get("sign_coherence_per_layer_CE")):
        for layer, share in zip(expected["layers"], coherence, strict=True):
            layer["backward"]["sign_coherence"] = share
    assert list(differences(found, expected, 1e-10)) == []


@pytest.mark.parametrize("name", [name for name in NETWORKS if NETWORKS[name]["spec"]["kind"] == "bn"])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_bias_before_a_batch_normalization_has_no_gradient(client: Client, name: str, loss: str) -> None:
    layers = answer(client, question(NETWORKS[name]["spec"], loss))["layers"]
    for layer in layers[:-1]:
        figures = layer["backward"]
        assert figures["bias_gradient_norm"] <= 1e-13 * figures["preactivation_gradient_norm"]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_numbers_are_drawn_as_the_file_says(name: str) -> None:
    numbers, checks = numbers_of(NETWORKS[name]["spec"]), NETWORKS[name]["checks"]
    found: dict[str, Any] = {
        "first_W": numbers.weights[0].T.reshape(-1)[:3].tolist(),
        "sum_W": [float(weights.sum()) for weights in numbers.weights],
        "sumsq_W": [float((weights**2).sum()) for weights in numbers.weights],
        "X00": float(numbers.x[0, 0]),
        "T00": float(numbers.targets[0, 0]),
    }
    assert found == {key: pytest.approx(value, rel=1e-12, abs=1e-12) for key, value in checks.items()}
