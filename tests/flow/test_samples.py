"""Chains of numbers, and figures of many drawings: closed forms and Monte Carlo figures of others."""

import json
import re
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.activations import lookup
from service.flow.drawing import drawing
from service.flow.initializers import WEIGHTS, drawn
from service.flow.measurement import measure_drawing
from service.flow.network import Drawn, Experiment, Layer, SampledInput
from service.flow.unrolled import unroll
from tests.client import Client
from tests.flow.asking import Json, answer

ORACLE: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "flow_samples.json").read_text(encoding="utf-8")
)
NAMES = {"arctan": ("atan", 1.0), "tanh(2x)": ("tanh", 2.0)}
SAMPLES = 40_000


def single(activation: str, weights: object, features: int, batch: int, std: float = 1.0) -> Json:
    """One unit without bias under normal inputs."""
    return {
        "input": {"distribution": "normal", "std": std, "features": features, "batch": batch},
        "layers": [{"units": 1, "activation": activation, "weights": weights, "bias": None}],
        "jacobian": {"samples": 0},
        "remedies": False,
    }


@pytest.mark.parametrize("chain", ORACLE["chains"])
def test_a_chain_of_numbers_is_a_network_of_one_unit(client: Client, chain: str) -> None:
    ((called, start, count),) = re.findall(r"^(\S+) x0=(\S+) n=(\d+)$", chain)
    name, weight = NAMES.get(called, (called, 1.0))
    request = {
        "input": {"values": [[float(start)]]},
        "layers": [{"activation": name, "weights": [[weight]], "bias": [0.0], "repeat": int(count)}],
        "remedies": False,
    }
    document = answer(client, request)
    x, slope = map(float, ORACLE["chains"][chain])
    assert document["layers"][-1]["forward"]["activation"]["mean"] == pytest.approx(x, rel=1e-12)
    assert document["input_gradient_norm"] == pytest.approx(abs(slope), rel=1e-12)
    assert document["summary"]["jacobian"]["max"] == pytest.approx(abs(slope), rel=1e-12)


@pytest.mark.parametrize(
    ("name", "q"), [(name, q) for name in ("tanh", "sigmoid") for q in ORACLE["saturation"][name] if float(q) >= 1]
)
def test_saturation_is_as_frequent_as_the_normal_law_says(client: Client, name: str, q: str) -> None:
    expected = ORACLE["saturation"][name][q]
    document = answer(client, single(name, [[1.0]], 1, SAMPLES, std=sqrt(float(q))))
    found = document["layers"][0]["forward"]["saturated_fraction"]
    assert abs(found - expected) <= 4 * sqrt(expected * (1 - expected) / SAMPLES) + 1e-6


@pytest.mark.parametrize("count", ORACLE["sign_coherence"])
def test_symmetric_inputs_agree_in_sign_as_often_as_coins_do(client: Client, count: str) -> None:
    expected = ORACLE["sign_coherence"][count]
    found = answer(client, single("tanh", "glorot_normal", int(count), SAMPLES))["layers"][0]["backward"]
    assert abs(found["sign_coherence"] - expected) <= 4 * sqrt(expected * (1 - expected) / SAMPLES) + 1e-6


@pytest.mark.parametrize("setting", [name for name in ORACLE["dead"] if "hidden=9" in name])
def test_relu_networks_are_born_dead_as_often_as_computed(setting: str) -> None:
    ((width, hidden),) = re.findall(r"N=(\d+),hidden=(\d+)", setting)
    relu, trials = lookup("relu"), 400
    experiment = Experiment(
        input=SampledInput(Drawn("normal", {"mean": 0.0, "std": 1.0}), 1, 1),
        entries=(
            Layer(
                units=int(width),
                activation=relu,
                parameters={},
                weights=drawn("he_normal", {}, WEIGHTS),
                repeat=int(hidden),
            ),
        ),
        jacobian_samples=0,
    )
    steps = unroll(experiment)
    measured = (measure_drawing(experiment, steps, drawing(experiment, steps, trial)) for trial in range(trials))
    dead = np.mean([any(layer.forward.dead_units == layer.units for layer in m.figures.layers) for m in measured])
    expected = ORACLE["dead"][setting]["exact_one_point"]
    assert abs(dead - expected) <= 4 * sqrt(expected * (1 - expected) / trials)


@pytest.mark.parametrize(
    ("setting", "activation", "weights"),
    [
        ("linear gauss L=5", "identity", "mean_field"),
        ("relu gauss L=5", "relu", "he_normal"),
        ("relu orth L=5", "relu", {"initializer": "orthogonal", "gain": sqrt(2)}),
    ],
)
def test_singular_values_of_wide_networks_spread_as_sampled(
    client: Client, setting: str, activation: str, weights: object
) -> None:
    request = {
        "input": {"distribution": "normal", "features": 400, "batch": 1},
        "layers": [{"units": 400, "activation": activation, "weights": weights, "bias": None, "repeat": 5}],
        "trials": 6,
        "remedies": False,
    }
    document = answer(client, request)
    largest = document["summary"]["jacobian"]["max"]
    error = document["standard_errors"]["summary"]["jacobian"]["max"]
    expected, other = ORACLE["spectrum"][setting]["s_max"]
    assert abs(largest - expected) <= 4 * sqrt(error**2 + other**2)
