"""POST /gradient-flow and those who ask it badly: every fault is the client's, and told where it is."""

from __future__ import annotations

import json
import logging
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.activations import catalogue
from service.flow.initializers import BIASES, WEIGHTS
from service.settings import Settings
from tests.api.test_properties import VALUES
from tests.client import Client, assert_problem
from tests.flow.asking import Json, Tensors, layer, network, upload
from tests.schema import complaints

PATH = "/gradient-flow"
CONTRACT: Json = json.loads((Path(__file__).parents[2] / "openapi" / "openapi.json").read_text())
SCHEMAS = CONTRACT["components"]["schemas"]
GOOD = network(layer(3, "tanh"), layer(3, "tanh"), features=4, batch=5)
BLOCK = {"block": [layer(3, "tanh"), layer(3, "relu")]}
NAN_ROWS = [[1.0, 2.0, 3.0], [1.0, "NaN", 3.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
CLASSES = [0, 1, 2, 1, 0]


def layers(*entries: Json) -> Json:
    return {"layers": list(entries)}


def classes(*numbers: object) -> Json:
    return {"loss": {"name": "cross_entropy", "targets": list(numbers)}}


SHAPES: list[tuple[Json, str, str]] = [  # what is wrong with the good request, where, and what the detail says
    (layers(layer(3, "tanh"), layer(3, "tanh", [[1.0] * 3] * 4)), "/layers/1/weights", "Layer 1"),
    (layers(layer(3, "tanh", [[1.0] * 3] * 3)), "/layers/0/weights", "must be 4×3"),
    (layers(layer(2, "tanh", [[1.0] * 3] * 4)), "/layers/0/weights", "must be 4×2"),
    (layers(layer(3, "tanh", [1.0, 2.0, 3.0])), "/layers/0/weights", "2 axes"),
    (layers(layer(3, "tanh", [[[1.0]]])), "/layers/0/weights", "2 axes"),
    (layers(layer(3, "tanh", 1.0)), "/layers/0/weights", "2 axes"),
    (layers({"activation": "tanh", "weights": [[], [], [], []]}), "/layers/0/weights", "at least one number"),
    (layers({"activation": "tanh", "weights": []}), "/layers/0/weights", "2 axes"),
    (layers({"activation": "tanh", "weights": [[1.0], [1.0, 2.0]]}), "/layers/0/weights/1", ""),
    (layers({"activation": "tanh", "weights": "zeros"}), "/layers/0/units", "required"),
    (layers(layer(3, "tanh", bias=[1.0, 2.0])), "/layers/0/bias", "Layer 0 has 3 units"),
    (layers(layer(3, "tanh", bias=1.0)), "/layers/0/bias", "1 axis"),
    (layers(layer(3, "tanh", bias=[[1.0, 2.0, 3.0]])), "/layers/0/bias", "1 axis"),
    (layers(layer(3, "tanh", bias=[])), "/layers/0/bias", "at least one number"),
    (layers(layer(3, "tanh", [[1.0] * 3] * 4, repeat=2)), "/layers/0/weights", "Layer 1"),
    (layers(BLOCK), "/layers/0/block", "4 numbers to 3"),
    (layers(layer(3, "tanh"), {"block": [layer(3, "glu", repeat=1)]}), "/layers/1/block/0/units", "even"),
    (layers(layer(3, "tanh"), {"block": [layer(3, "tanh"), layer(4, "tanh")]}), "/layers/1/block", "3 numbers to 4"),
    (layers(layer(3, "tanh"), {"block": [layer(4, "glu")]}), "/layers/1/block", "3 numbers to 2"),
    (
        layers(layer(3, "tanh"), {"block": [layer(3, "tanh"), layer(3, "tanh", [[1.0] * 3] * 2)], "repeat": 3}),
        "/layers/1/block/1/weights",
        "Layer 2",
    ),
    (layers({**BLOCK, "residual": False}, layer(2, "tanh", [[1.0] * 2] * 4)), "/layers/1/weights", "Layer 2"),
    (layers(layer(3, "glu")), "/layers/0/units", "Layer 0"),
    (layers(layer(4, "glu"), layer(3, "tanh", [[1.0] * 3] * 4)), "/layers/1/weights", "must be 2×3"),
    (layers(layer(3, "logsumexp"), layer(3, "tanh", [[1.0] * 3] * 3)), "/layers/1/weights", "must be 1×3"),
    (layers(layer(3, "softmax", parameters={"axis": 0})), "/layers/0/parameters/axis", "axis must be -1 or 1"),
    (layers(layer(4, "glu", parameters={"axis": -2})), "/layers/0/parameters/axis", "Layer 0"),
    ({"input": {"values": []}}, "/input/values", "batch × features"),
    ({"input": {"values": [[]]}}, "/input/values", "[1, 0]"),
    ({"input": {"values": 1.0}}, "/input/values", "batch × features"),
    ({"input": {"values": [1.0, 2.0]}}, "/input/values", "batch × features"),
    ({"input": {"values": [[[1.0]]]}}, "/input/values", "batch × features"),
    ({"loss": {"name": "mse", "targets": [[0.0] * 3] * 4}}, "/loss/targets", "[5, 3]"),
    ({"loss": {"name": "mse", "targets": [0.0] * 5}}, "/loss/targets", "[5, 3]"),
    ({"loss": {"name": "upstream", "gradient": [[0.0] * 2] * 5}}, "/loss/gradient", "[5, 3]"),
    (classes(0, 1, 2, 1), "/loss/targets", "[5]"),
    (classes([0], [1], [2], [1], [0]), "/loss/targets", "[5]"),
    (classes(0, 1, 3, 1, 0), "/loss/targets/2", "from 0 to 2"),
    (classes(0, -1, 2, 1, 0), "/loss/targets/1", "from 0 to 2"),
    (classes(0, 1, 2, 1, 0.5), "/loss/targets/4", "from 0 to 2"),
    (classes(0, 1, True, 1, 0), "/loss/targets/2", "number"),
    (classes(0, 1, None, 1, 0), "/loss/targets/2", "number"),
]
VALUES_AT_FAULT: list[tuple[Json, str, str]] = [
    (layers(layer(3, "tanh", NAN_ROWS)), "/layers/0/weights/1/1", "finite"),
    (layers(layer(3, "tanh", bias=[0.0, "Infinity", 0.0])), "/layers/0/bias/1", "finite"),
    (layers(layer(3, "tanh"), {"block": [layer(3, "tanh", bias=["NaN"] * 3)]}), "/layers/1/block/0/bias/0", "finite"),
    ({"input": {"values": [[1.0, 2.0, 3.0, "-Infinity"]]}}, "/input/values/0/3", "finite"),
    ({"input": {"values": "NaN"}}, "/input/values", "finite"),
    ({"loss": {"name": "mse", "targets": [["NaN", 0.0, 0.0]] * 5}}, "/loss/targets/0/0", "finite"),
    (classes(0, "NaN", 1, 1, 1), "/loss/targets/1", "finite"),
    ({"loss": {"name": "upstream", "gradient": [["Infinity", 0.0, 0.0]] * 5}}, "/loss/gradient/0/0", "finite"),
    (layers(layer(0, "tanh")), "/layers/0/units", "at least 1"),
    (layers(layer(-3, "tanh")), "/layers/0/units", "at least 1"),
    (layers(layer(3, "tanh") | {"units": 3.0}), "/layers/0/units", "integer"),
    (layers(layer(3, "tanh") | {"units": True}), "/layers/0/units", "integer"),
    (layers(layer(3, "tanh") | {"units": 10**30}), "/layers/0/units", ""),
    (layers(layer(3, "tanh", repeat=0)), "/layers/0/repeat", "at least 1"),
    (layers({**BLOCK, "repeat": -1}), "/layers/0/repeat", "at least 1"),
    (layers({**BLOCK, "scale": "NaN"}), "/layers/0/scale", ""),
    (layers({**BLOCK, "residual": 1}), "/layers/0/residual", "true or false"),
    (layers({**BLOCK, "pre_normalization": "batch"}), "/layers/0/pre_normalization", "'layer' or 'rms'"),
    (layers({"block": []}), "/layers/0/block", "at least 1"),
    (layers({"block": [BLOCK]}), "/layers/0/block/0/block", ""),
    (layers({"block": layer(3, "tanh")}), "/layers/0/block", "array"),
    (layers(layer(3, "tanh", normalization="group")), "/layers/0/normalization", "'layer', 'batch' or 'rms'"),
    (layers(), "/layers", "at least 1"),
    ({"layers": [None]}, "/layers/0", "object"),
    ({"layers": "tanh"}, "/layers", "array"),
    ({"layers": ["tanh"]}, "/layers/0", "object"),
    ({"input": None}, "/input", ""),
    ({"input": "normal"}, "/input", ""),
    ({"input": {}}, "/input/distribution", "required"),
    ({"input": {"distribution": "cauchy", "features": 4, "batch": 5}}, "/input/distribution", "'normal' or 'uniform'"),
    ({"input": {"distribution": "normal", "features": 4, "batch": 0}}, "/input/batch", "at least 1"),
    ({"input": {"distribution": "normal", "features": 0, "batch": 1}}, "/input/features", "at least 1"),
    ({"input": {"distribution": "normal", "features": 4, "batch": 5, "std": -1}}, "/input/std", "at least 0"),
    ({"input": {"distribution": "normal", "features": 4, "batch": 5, "low": 0}}, "/input/low", "mean, std"),
    ({"input": {"distribution": "uniform", "features": 4, "batch": 5, "low": 2}}, "/input/high", "less than low"),
    ({"loss": "huber"}, "/loss/name", "'cross_entropy'"),
    ({"loss": None}, "/loss", "object"),
    ({"loss": {"name": "sum", "targets": CLASSES}}, "/loss/targets", "no targets"),
    ({"loss": {"name": "mse", "gradient": [[1.0]]}}, "/loss/gradient", "no gradient"),
    ({"loss": {"name": "upstream"}}, "/loss/gradient", "needs the gradient"),
    ({"loss": {"name": "mse", "targets": "Random"}}, "/loss/targets", "random"),
    ({"jacobian": {"samples": -1}}, "/jacobian/samples", "at least 0"),
    ({"jacobian": {"samples": 1.5}}, "/jacobian/samples", "integer"),
    ({"jacobian": 1}, "/jacobian", "object"),
    ({"trials": 0}, "/trials", "at least 1"),
    ({"trials": 1001}, "/trials", "at most 1000"),
    ({"seed": -1}, "/seed", "at least 0"),
    ({"seed": 2**63}, "/seed", "at most"),
    ({"seed": 0.0}, "/seed", "integer"),
    ({"dtype": "float16"}, "/dtype", "'float64' or 'float32'"),
    ({"learning_rate": -0.1}, "/learning_rate", "at least 0"),
    ({"learning_rate": "NaN"}, "/learning_rate", ""),
    ({"remedies": "yes"}, "/remedies", "true or false"),
]
NAMES: list[tuple[Json, str, str]] = [
    (layers(layer(3, "tanh", "glorot")), "/layers/0/weights", "glorot_normal"),
    (layers(layer(3, "tanh", "")), "/layers/0/weights", "glorot_normal"),
    (layers(layer(3, "tanh", {"initializer": "gloro"})), "/layers/0/weights/initializer", "glorot_normal"),
    (layers(layer(3, "tanh", {"initializer": 1})), "/layers/0/weights", "name of an initializer"),
    (layers(layer(3, "tanh", {})), "/layers/0/weights", "name of an initializer"),
    (layers(layer(3, "tanh", None)), "/layers/0/weights", ""),
    (layers(layer(3, "tanh", bias="he_normal")), "/layers/0/bias", "mean_field"),
    (layers(layer(3, "tanh", {"initializer": "normal", "sdt": 1})), "/layers/0/weights/sdt", "mean, std"),
    (layers(layer(3, "tanh", {"initializer": "normal", "std": "NaN"})), "/layers/0/weights/std", "number"),
    (layers(layer(3, "tanh", {"initializer": "normal", "std": 10**400})), "/layers/0/weights/std", ""),
    (
        layers(BLOCK | {"block": [layer(3, "tanh", {"initializer": "he_normal", "mode": "fan"})]}),
        "/layers/0/block/0/weights/mode",
        "fan_in, fan_out",
    ),
    (layers(layer(3, "leaky_relu", parameters={"slope": 1})), "/layers/0/parameters/slope", "negative_slope"),
    (layers(layer(3, "tanh", parameters=[])), "/layers/0/parameters", "object"),
    (layers(layer(3, "")), "/layers/0/activation", "empty"),
    (layers(layer(3, "tanh") | {"activation": None}), "/layers/0/activation", "string"),
    ({"layrs": []}, "/layrs", "Did you mean 'layers'?"),
    ({"Seed": 1}, "/Seed", "Did you mean 'seed'?"),
    ({"": 1}, "/", "no field"),
    (layers(layer(3, "tanh", wieghts=1)), "/layers/0/wieghts", "Did you mean 'weights'?"),
    (layers({**BLOCK, "residul": True}), "/layers/0/residul", "Did you mean 'residual'?"),
    (layers({"block": [layer(3, "tanh", biass=[])]}), "/layers/0/block/0/biass", "Did you mean 'bias'?"),
    ({"input": {"distribution": "normal", "features": 4, "bach": 5}}, "/input/bach", "Did you mean 'batch'?"),
    ({"input": {"values": [[1.0]], "features": 1}}, "/input/features", ""),
    ({"loss": {"name": "mse", "target": "random"}}, "/loss/target", "Did you mean 'targets'?"),
    ({"jacobian": {"sample": 1}}, "/jacobian/sample", "Did you mean 'samples'?"),
    ({"layers": None, "model": {"activation": "relu", "layot": 1}}, "/model/layot", "Did you mean 'layout'?"),
    ({"input": {"tensor": "x", "layuot": None}}, "/input/layuot", "Did you mean 'layout'?"),
    (layers(layer(3, "tanh", {"tensor": "w", "initializer": "zeros"})), "/layers/0/weights/initializer", "no field"),
    ({"input": {"tensor": "x"}}, "/input/tensor", "nothing was uploaded"),
    (layers(layer(3, "tanh", {"tensor": "w"})), "/layers/0/weights/tensor", "nothing was uploaded"),
    (layers(BLOCK | {"block": [layer(3, "tanh", bias={"tensor": "b"})]}), "/layers/0/block/0/bias/tensor", "uploaded"),
    ({"loss": {"name": "mse", "targets": {"tensor": "t"}}}, "/loss/targets/tensor", "nothing was uploaded"),
    ({"input": {"tensor": ""}}, "/input/tensor", "empty"),
    ({"input": {"tensor": "x", "layout": "keras"}}, "/input/layout", "pytorch"),
    ({"model": {"activation": "relu"}}, "/layers", "one of them"),
    ({"layers": None}, "/layers", "one of them"),
    ({"layers": None, "model": {"activation": "relu"}}, "/model", "no tensor whose name ends with .weight"),
    ({"layers": None, "model": {}}, "/model/activation", "required"),
]


@pytest.mark.parametrize(("change", "pointer", "detail"), SHAPES + VALUES_AT_FAULT + NAMES)
def test_what_cannot_be_is_refused_where_it_stands(client: Client, change: Json, pointer: str, detail: str) -> None:
    document = assert_problem(client.post(PATH, GOOD | change), 422, "invalid_input", pointer)
    (told,) = (error["detail"] for error in document["errors"] if error["pointer"] == pointer)
    assert detail in told


@pytest.mark.parametrize("member", ["input", "layers"])
def test_what_is_missing_is_named(client: Client, member: str) -> None:
    body = {name: value for name, value in GOOD.items() if name != member}
    assert assert_problem(client.post(PATH, body), 422, "invalid_input", f"/{member}")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        (layers(layer(3, "reluu")), "/layers/0/activation"),
        (layers(layer(3, "тангенс")), "/layers/0/activation"),
        (layers(layer(3, "tanh"), {"block": [layer(3, "tanh"), layer(3, "tan")]}), "/layers/1/block/1/activation"),
        ({"layers": None, "model": {"activation": "reluu"}}, "/model/activation"),
        ({"layers": None, "model": {"activation": "relu", "output_activation": "x"}}, "/model/output_activation"),
    ],
)
def test_an_unknown_function_is_named_with_near_ones(client: Client, change: Json, pointer: str) -> None:
    tensors = {"0.weight": np.ones((3, 4)), "1.weight": np.ones((3, 3))}
    response = client.request("POST", PATH, files=upload(GOOD | change, tensors))
    document = assert_problem(response, 422, "unknown_activation", pointer)
    assert "reluu" not in document["detail"] or "relu" in document["near"]


LIMITS: list[tuple[Json, str, str]] = [
    (layers(layer(3, "tanh", repeat=10**6)), "/layers/0", "1000000 layers"),
    (layers(layer(3, "tanh"), layer(3, "tanh", repeat=2**24)), "/layers/1", f"{2**24 + 1} layers"),
    (layers({"block": [layer(4, "tanh", repeat=2**24)], "repeat": 2**24}), "/layers/0", f"{2**48} layers"),
    (layers({"block": [layer(4, "tanh", repeat=100)] * 100, "repeat": 2}), "/layers/0", "20000 layers"),
    (layers(*[layer(1, "tanh")] * 10_001), "/layers", "at least 10001 layers"),
    (layers(*[{"block": [layer(1, "tanh")] * 101}] * 100), "/layers", "at least 10100 layers"),
    (layers(layer(2**24, "tanh"), layer(2**24, "tanh")), "/layers", "bytes"),
    (layers(layer(2**24, "tanh", repeat=10**4)), "/layers", "bytes"),
    ({"input": {"distribution": "normal", "features": 2**24, "batch": 2**24}}, "/layers", "bytes"),
    ({"input": {"distribution": "normal", "features": 4, "batch": 2**24}}, "/layers", "bytes"),
    (network(layer(5000, "tanh"), features=5000, jacobian={"samples": 8}, dtype="float32"), "/layers", "operations"),
    (layers(layer(1, "tanh", repeat=10_000)) | {"trials": 1000}, "/layers", "operations"),
    (layers(layer(3000, "tanh", repeat=20)) | {"trials": 1000}, "/layers", "operations"),
]


@pytest.mark.parametrize(("change", "pointer", "detail"), LIMITS, ids=range(len(LIMITS)))
def test_what_is_too_large_is_refused_with_the_estimate(
    client: Client, change: Json, pointer: str, detail: str
) -> None:
    document = assert_problem(client.post(PATH, GOOD | change), 413, "limit_exceeded", pointer)
    assert detail in document["detail"]


def test_the_limits_are_those_of_the_settings(client: Client) -> None:
    for strict, setting in (
        (Settings(max_layers=1), "max_layers"),
        (Settings(max_flow_bytes=1), "max_flow_bytes"),
        (Settings(max_flow_operations=1), "max_flow_operations"),
    ):
        document = assert_problem(Client(client.runner, strict).post(PATH, GOOD), 413, "limit_exceeded")
        assert document["limit"] == {"name": setting, "value": 1, "setting": f"ACTISCOPE_{setting.upper()}"}


STATE: Tensors = {
    "net.10.weight": np.ones((2, 3), np.float32),
    "net.10.bias": np.zeros(2, np.float32),
    "net.2.weight": np.ones((3, 4), np.float16),
    "net.2.bias": np.zeros(3, np.int8),
    "x": np.arange(20).reshape(5, 4),
    "classes": np.array([0, 1, 1, 0, 1], np.uint8),
}
MODEL: Json = {
    "input": {"tensor": "x"},
    "model": {"activation": "tanh"},
    "loss": {"name": "cross_entropy", "targets": {"tensor": "classes"}},
    "remedies": False,
}


def sent(client: Client, request: Json, tensors: Tensors) -> httpx.Response:
    return client.request("POST", PATH, files=upload(request, tensors))


def test_a_model_is_taken_in_the_natural_order_of_its_names(client: Client) -> None:
    document = sent(client, MODEL, STATE).json()
    assert [(item["units"], item["activation"]) for item in document["layers"]] == [(3, "tanh"), (2, "identity")]


@pytest.mark.parametrize(
    "names",
    [
        ("layers.2.weight", "layers.10.weight"),
        ("2.weight", "10.weight"),
        ("a9b2.weight", "a9b10.weight"),
        ("a2b10.weight", "a10b2.weight"),
        (".weight", "0.weight"),
        ("fc.weight", "fc2.weight"),
        ("²3.weight", "²10.weight"),
        ("9.weight", "1" + "0" * 300 + ".weight"),
        ("b.weight", "ä.weight"),
    ],
)
def test_numbers_in_the_names_of_tensors_are_numbers(client: Client, names: tuple[str, str]) -> None:
    tensors = {names[1]: np.ones((2, 3)), names[0]: np.ones((3, 4)), "x": np.ones((1, 4))}
    request = {"input": {"tensor": "x"}, "model": {"activation": "relu"}, "remedies": False}
    response = sent(client, request, tensors)
    assert response.status_code == 200, response.text
    assert [item["units"] for item in response.json()["layers"]] == [3, 2]


@pytest.mark.parametrize(
    ("tensors", "pointer", "detail"),
    [
        ({"net.10.weight": np.ones((2, 4))}, "/model", "'net.10.weight'"),
        ({"net.2.weight": np.ones((3, 5))}, "/model", "'net.2.weight'"),
        ({"net.2.bias": np.ones(4)}, "/model", "'net.2.bias'"),
        ({"net.2.weight": np.ones(4)}, "/model", "'net.2.weight'"),
        ({"net.2.weight": np.ones((0, 4))}, "/model", "'net.2.weight'"),
        ({"net.2.weight": np.array(1.0)}, "/model", "it has 0"),
        ({"net.2.bias": np.ones((3, 1))}, "/model", "'net.2.bias'"),
        ({"net.2.weight": np.full((3, 4), np.nan)}, "/model", "net.2.weight"),
        ({"x": np.ones(4)}, "/input", "batch × features"),
        ({"x": np.ones((0, 4))}, "/input", "batch × features"),
        ({"x": np.full((5, 4), np.inf)}, "/input", "finite"),
        (
            {"classes": np.array([0, 1, 2, 0, 1])},
            "/loss/targets",
            "from 0 to 1, since the last layer has 2 outputs; sample 2 has 2",
        ),
        ({"classes": np.array([0, 1, 1, 0])}, "/loss/targets", "[5]"),
    ],
)
def test_a_tensor_that_does_not_fit_is_named(client: Client, tensors: Tensors, pointer: str, detail: str) -> None:
    document = assert_problem(sent(client, MODEL, {**STATE, **tensors}), 422, "invalid_input", pointer)
    assert detail in document["errors"][0]["detail"]


def test_a_missing_tensor_is_named_with_those_there_are(client: Client) -> None:
    request = MODEL | {"input": {"tensor": "X"}}
    document = assert_problem(sent(client, request, STATE), 422, "invalid_input", "/input/tensor")
    assert "net.2.weight" in document["errors"][0]["detail"]


def test_a_model_too_large_is_blamed_on_the_model(client: Client) -> None:
    strict = Client(client.runner, Settings(max_flow_bytes=1))
    assert assert_problem(sent(strict, MODEL, STATE), 413, "limit_exceeded", "/model")


def test_a_tensor_that_stands_in_many_places_is_read_once(client: Client) -> None:
    """A hundred copies of these weights would take more than the limit on memory."""
    side = 256
    reference = {"tensor": "w", "layout": "pytorch"}
    request = {
        "input": {"distribution": "normal", "features": side, "batch": 1},
        "layers": [{"activation": "tanh", "weights": reference}] * 100,
        "jacobian": {"samples": 0},
        "remedies": False,
    }
    weights = np.random.default_rng(1).normal(0, 1 / 16, (side, side)).astype(np.float32)
    response = sent(client, request, {"w": weights})
    first, second = (item["backward"] for item in response.json()["layers"][:2])
    assert len(response.json()["layers"]) == 100
    ratios = [item["weight_gradient_norm"] / item["update_ratio"] for item in (first, second)]
    assert ratios == pytest.approx([100 * float(np.linalg.norm(weights))] * 2)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 2**63 - 1},
        {"learning_rate": 0},
        {"learning_rate": 1e100},
        {"trials": 2},
        {"loss": "mean"},
        {"loss": {"name": "mse"}},
        classes(0.0, 1.0, 2.0, 1, -0.0),
        {"loss": {"name": "upstream", "gradient": [[0.0] * 3] * 5}},
        {"jacobian": {"samples": 2**24}},
        layers(layer(3, "tanh", [[1, 2, 3]] * 4, bias=[0, 0, 1])),
        layers(layer(3, "tanh", bias=None)),
        layers(layer(3, "Tanh"), layer(3, "LeakyReLU", parameters={"alpha": 0.2})),
        layers(layer(3, "tanh", "xavier_normal"), layer(3, "relu", {"initializer": "kaiming_uniform", "a": 2})),
        {"input": {"distribution": "uniform", "features": 4, "batch": 1, "low": -1, "high": -1}},
        {"input": {"values": [[1, 2, 3, 4]]}},
        {"input": {"values": [[1e300, -1e300, 0, 0]]}},
        {"input": {"values": [[500.0, 0, 0, 0]]}} | layers(layer(3, "exponential", "ones")),
        layers(layer(3, "exponential", "ones", repeat=9)),
        layers(layer(4, "tanh"), {"block": [layer(4, "relu")], "scale": 1e100, "repeat": 5}),
        layers(layer(3, "affine", {"initializer": "constant", "value": 1e-95}, parameters={"alpha": 1e90}, repeat=12)),
        layers(layer(3, "tanh", {"initializer": "normal", "std": 1e100}, repeat=4)) | {"dtype": "float32"},
        layers(layer(3, "identity", {"initializer": "normal", "std": 1e90}, repeat=8)) | {"trials": 3},
    ],
)
def test_what_is_unusual_is_answered_all_the_same(client: Client, change: Json) -> None:
    body = GOOD | {"remedies": True} | change
    response = client.post(PATH, body)
    assert response.status_code == 200, response.text
    assert not complaints(body, SCHEMAS["GradientFlowRequest"], CONTRACT)
    assert not complaints(response.json(), SCHEMAS["GradientFlowResponse"], CONTRACT)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", [function.name for function in catalogue()])
def test_every_function_is_answered_and_mended_wherever_it_stands(client: Client, name: str, dtype: str) -> None:
    entries = [
        layer(8, name, {"initializer": "normal", "std": 2.0}, repeat=1),
        layer(6, name),
        layer(2, name, repeat=2),
    ]
    body = network(*entries, features=8, batch=4, dtype=dtype, remedies=True, trials=2)
    response = client.post(PATH, body)
    assert response.status_code == 200, response.text


@pytest.mark.parametrize("rule", [*WEIGHTS, *BIASES])
@pytest.mark.parametrize("units", [1, 5])
def test_every_initializer_is_answered(client: Client, rule: str, units: int) -> None:
    bias = rule if rule in BIASES else "zeros"
    weights = rule if rule in WEIGHTS else "zeros"
    assert client.post(PATH, GOOD | layers(layer(units, "tanh", weights, bias=bias))).status_code == 200


def test_uploads_are_never_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        assert sent(client, MODEL, {**STATE, "secret": np.ones(1)}).status_code == 200
    assert "secret" not in caplog.text


BASE: Json = network(
    layer(4, "tanh", {"initializer": "normal", "std": 0.5}, bias=[0.0, 0.1, 0.2, 0.3]),
    {"block": [layer(4, "relu", [[0.5] * 4] * 4, normalization="layer")], "scale": 0.5, "pre_normalization": "rms"},
    layer(2, "softmax", "orthogonal", bias=None, repeat=2),
    features=3,
    batch=2,
    loss={"name": "cross_entropy", "targets": [0, 1]},
    jacobian={"samples": 1},
    trials=1,
    seed=3,
    learning_rate=0.1,
    dtype="float64",
)
WORDS = st.sampled_from(
    [
        *(function.name for function in catalogue()),
        *WEIGHTS,
        *("layer", "batch", "rms", "random", "sum", "mean", "mse", "upstream", "float32", "uniform", "NaN", "pytorch"),
        *({"tensor": "w"}, {"initializer": "mean_field", "sigma_w": 3}, {"values": [[1, 2, 3]]}, [[1.0, 2.0]], []),
        *(0, 1, 2, -1, 0.5, 1e308, 1e-308, 10**17, 2**63 - 1, True, None),
    ]
)


def places(tree: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:  # noqa: ANN401  JSON
    """Every place of a document."""
    found = [path]
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        found += places(value, (*path, key))
    return found


def put(tree: Any, path: tuple[str | int, ...], value: object) -> Any:  # noqa: ANN401  JSON
    """The document with something else in one place."""
    if not path:
        return value
    changed = deepcopy(tree)
    target = changed
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return changed


def assert_answered(client: Client, body: object) -> None:
    """An answer, with question and answer as published, or a failure that is the client's and well told."""
    response = client.post(PATH, json.dumps(body).encode())
    if response.status_code == 200:
        assert not complaints(body, SCHEMAS["GradientFlowRequest"], CONTRACT)
        assert not complaints(response.json(), SCHEMAS["GradientFlowResponse"], CONTRACT)
    else:
        assert response.status_code in {413, 422}, response.text
        assert_problem(response, response.status_code, response.json()["type"].removeprefix("/problems/"))


patient = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@patient
@given(place=st.sampled_from(places(BASE)), value=VALUES | WORDS)
def test_anything_in_any_place_is_answered(client: Client, place: tuple[str | int, ...], value: object) -> None:
    assert_answered(client, put(BASE, place, value))


@patient
@given(changes=st.lists(st.tuples(st.sampled_from(places(BASE)), WORDS), min_size=2, max_size=3))
def test_several_likely_things_in_any_places_are_answered(
    client: Client, changes: list[tuple[tuple[str | int, ...], object]]
) -> None:
    body: Any = BASE
    for place, value in changes:
        if place in places(body):
            body = put(body, place, value)
    assert_answered(client, body)


@patient
@given(value=VALUES)
def test_any_json_is_answered(client: Client, value: object) -> None:
    assert_answered(client, value)


@pytest.mark.parametrize(
    "costly",
    [
        {"layers": [{"units": 6000, "activation": "tanh", "weights": "orthogonal"}], "trials": 1000},
        {"layers": [{"units": 1000, "activation": "scaled_tanh", "weights": "ones", "repeat": 90}], "trials": 1000},
        {
            "layers": [
                {"units": 1, "activation": "celu", "parameters": {"alpha": 1 + i / 1000}, "weights": "ones"}
                for i in range(1000)
            ]
        },
    ],
    ids=["rotations", "functions", "theories"],
)
def test_all_that_takes_time_counts(client: Client, costly: Json) -> None:
    request = {"input": {"distribution": "normal", "features": 6000, "batch": 1}, "jacobian": {"samples": 0}, **costly}
    document = assert_problem(client.post("/gradient-flow", request), 413, "limit_exceeded", "/layers")
    assert document["limit"]["name"] == "max_flow_operations"
