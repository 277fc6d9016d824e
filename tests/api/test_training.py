"""`POST /gradient-flow/training` tells of every step, and refuses what cannot be trained before the first."""

import json
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from service.api import training
from service.settings import Settings
from tests.client import Client, assert_problem

PATH = training.PATH
IDENTITY: dict[str, Any] = {"units": 10, "activation": "identity", "weights": "glorot_normal"}
HIDDEN: dict[str, Any] = {"units": 16, "activation": "relu", "weights": "he_normal"}
DIGITS: dict[str, Any] = {"layers": [HIDDEN, IDENTITY], "data": "digits", "steps": 5}
RECORD = ["step", "loss", "accuracy", "gradient_norms", "dead_units", "path_ratio", "diverged"]


def application(client: Client, **limits: Any) -> Client:  # noqa: ANN401  the settings check them
    return Client(client.runner, Settings(**limits))


@pytest.fixture(scope="module")
def trainer(client: Client) -> Client:
    return application(client)


def told(trainer: Client, request: object, **options: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:  # noqa: ANN401  httpx knows them
    """The records of all steps, and the summary."""
    response = trainer.post(PATH, request, **options)
    assert response.status_code == 200, response.text
    *records, last = (json.loads(line) for line in response.text.splitlines())
    assert [record["step"] for record in records] == list(range(1, len(records) + 1))
    assert list(last) == ["done", "summary"]
    return records, last["summary"]


def test_every_step_has_a_record_and_the_summary_comes_last(trainer: Client) -> None:
    records, summary = told(trainer, DIGITS)
    assert len(records) == summary["steps"] == 5
    for record in records:
        assert list(record) == RECORD
        assert len(record["gradient_norms"]) == len(record["dead_units"]) == 2
        assert 0 <= record["accuracy"] <= 1
        assert record["path_ratio"] >= 1
    assert (records[0]["path_ratio"], summary["accuracy_of"]) == (1.0, "test")
    assert summary["loss"]["first"] == records[0]["loss"]
    assert summary["zig_zag"]["path_ratio"] == records[-1]["path_ratio"]


def test_server_sent_events_hold_the_same_records(trainer: Client) -> None:
    lines = trainer.post(PATH, DIGITS).text.splitlines()
    events = trainer.post(PATH, DIGITS, headers={"Accept": "text/event-stream"}).text.split("\n\n")
    assert events == [f"id: {number}\ndata: {line}" for number, line in enumerate(lines)] + [""]


@pytest.mark.parametrize("name", training.EXAMPLES)
def test_the_examples_can_be_trained(trainer: Client, name: str) -> None:
    request = training.EXAMPLES[name].request
    assert len(told(trainer, request)[0]) == request["steps"]


def test_a_gradient_flow_request_can_be_trained_as_it_is(trainer: Client) -> None:
    flow = {
        "input": {"distribution": "normal", "features": 8, "batch": 16},
        "layers": [HIDDEN, IDENTITY],
        "loss": {"name": "cross_entropy", "targets": "random"},
        "seed": 3,
        "trials": 2,
        "jacobian": {"samples": 0},
        "remedies": True,
    }
    records, summary = told(trainer, flow | {"steps": 3, "batch_size": 1000})
    assert records[0]["accuracy"] * 16 == int(records[0]["accuracy"] * 16)
    assert summary["accuracy_of"] == "all samples"
    assert told(trainer, flow | {"data": "digits", "steps": 2})[1]["accuracy_of"] == "test"


def test_training_starts_from_the_network_of_the_gradient_flow(trainer: Client) -> None:
    flow = {"input": {"distribution": "normal", "features": 8, "batch": 16}, "layers": [HIDDEN, IDENTITY], "seed": 5}
    flow["loss"] = {"name": "mse", "targets": "random"}
    measured = trainer.post("/gradient-flow", flow | {"remedies": False}).json()
    first = told(trainer, flow | {"steps": 1})[0][0]
    assert first["loss"] == pytest.approx(measured["loss"], rel=1e-12)
    norms = [layer["backward"]["weight_gradient_norm"] for layer in measured["layers"]]
    assert first["gradient_norms"] == pytest.approx(norms, rel=1e-12)


def test_classes_are_trained_with_cross_entropy_and_numbers_with_mse(trainer: Client) -> None:
    points = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    layers = [{**IDENTITY, "units": 2}]
    by_class, _ = told(trainer, {"layers": layers, "data": {"values": points, "targets": [0, 1, 1]}, "steps": 1})
    by_number, _ = told(trainer, {"layers": layers, "data": {"values": points, "targets": points}, "steps": 1})
    assert by_class[0]["accuracy"] is not None
    assert by_number[0]["accuracy"] is None


def test_the_moons_can_be_told_apart(trainer: Client) -> None:
    layers = [{**HIDDEN, "activation": "tanh"}, {**IDENTITY, "units": 2}]
    request = {"layers": layers, "data": "two_moons", "steps": 200, "learning_rate": 0.3, "momentum": 0.9}
    assert told(trainer, request)[1]["accuracy"] > 0.95


@pytest.mark.parametrize(("units", "loss"), [(10, "mse"), (1, {"name": "mse"}), (10, "cross_entropy")])
def test_digits_take_either_loss(trainer: Client, units: int, loss: object) -> None:
    layers = [{**IDENTITY, "units": units}]
    records, _ = told(trainer, {"layers": layers, "data": "digits", "steps": 20, "loss": loss})
    assert records[-1]["loss"] < records[0]["loss"]


def test_what_is_not_finite_travels_by_name(trainer: Client) -> None:
    records, summary = told(trainer, {**DIGITS, "loss": "mse", "learning_rate": 1e100, "steps": 50})
    assert len(records) < 50
    assert isinstance(records[-1]["loss"], str)
    assert records[-1]["diverged"]
    assert summary["diverged_at"] == next(record["step"] for record in records if record["diverged"])


def test_data_and_weights_may_be_uploaded(trainer: Client) -> None:
    x, weights = np.random.default_rng(0).standard_normal((6, 3)), np.ones((2, 3))
    tensors = save({"x": x, "classes": np.array([0, 1, 0, 1, 1, 0]), "0.weight": weights, "0.bias": np.zeros(2)})
    request = {
        "model": {"layout": "pytorch", "activation": "relu"},
        "data": {"values": {"tensor": "x"}, "targets": {"tensor": "classes"}},
        "steps": 2,
    }
    files = {"request": (None, json.dumps(request)), "tensors": ("t.safetensors", tensors)}
    response = trainer.request("POST", PATH, files=files)
    assert response.status_code == 200, response.text
    first = json.loads(response.text.splitlines()[0])
    assert first["loss"] == pytest.approx(np.log(2), rel=1e-12)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"data": "digit"}, "/data"),
        ({"data": 3}, "/data"),
        ({"data": None}, "/data"),
        ({"data": {"values": [[1.0]]}}, "/data/targets"),
        ({"data": {"values": [1.0], "targets": [0]}}, "/data/values"),
        ({"data": {"values": [["NaN"]], "targets": [0]}}, "/data/values/0/0"),
        ({"data": {"values": [[1.0]], "targets": ["NaN"]}}, "/data/targets/0"),
        ({"data": {"values": [[1.0], [2.0]], "targets": [0, 10]}}, "/data/targets/1"),
        ({"data": {"values": [[1.0], [2.0]], "targets": [0]}}, "/data/targets"),
        ({"data": {"values": [[1.0]], "targets": [[0.0]]}}, "/data/targets"),
        ({"data": {"values": {"tensor": "x"}, "targets": [0]}}, "/data/values/tensor"),
        ({"data": None, "input": {"values": [[1.0]]}, "loss": {"name": "mse", "targets": [[0.0]]}}, "/loss/targets"),
        ({"layers": [{**IDENTITY, "units": 9}]}, "/data"),
        ({"layers": [{**IDENTITY, "weights": [[1.0]]}]}, "/layers/0/weights"),
        ({"layers": [{**IDENTITY, "activation": "mysh"}]}, "/layers/0/activation"),
        ({"loss": "sum"}, "/loss"),
        ({"loss": {"name": "upstream", "gradient": [[1.0]]}}, "/loss"),
        ({"steps": 0}, "/steps"),
        ({"steps": 10**7 + 1}, "/steps"),
        ({"momentum": 1.0}, "/momentum"),
        ({"momentum": -0.1}, "/momentum"),
        ({"learning_rate": -1.0}, "/learning_rate"),
        ({"learning_rate": "NaN"}, "/learning_rate"),
        ({"batch_size": 0}, "/batch_size"),
        ({"shuffle": 1}, "/shuffle"),
        ({"step": 5}, "/step"),
    ],
)
def test_what_cannot_be_trained_is_refused_at_its_field(trainer: Client, change: dict[str, Any], pointer: str) -> None:
    response = trainer.post(PATH, DIGITS | change)
    code = "unknown_activation" if pointer.endswith("activation") else "invalid_input"
    assert_problem(response, 422, code, pointer)


@pytest.mark.parametrize(
    ("limits", "name", "pointer"),
    [
        ({"max_layers": 1}, "max_layers", "/layers"),
        ({"max_training_operations": 10**8}, "max_training_operations", "/steps"),
        ({"max_flow_bytes": 4 * 10**6}, "max_flow_bytes", "/layers"),
        ({"max_steps": 3}, "max_steps", "/steps"),
    ],
)
def test_what_takes_too_much_is_refused(client: Client, limits: dict[str, int], name: str, pointer: str) -> None:
    document = assert_problem(application(client, **limits).post(PATH, DIGITS), 413, "limit_exceeded", pointer)
    assert document["limit"]["name"] == name


def test_other_failures_are_those_of_every_path(trainer: Client) -> None:
    assert_problem(trainer.post(PATH, b"{"), 400, "malformed_json")
    assert_problem(trainer.post(PATH, b"{}", headers={"Content-Type": "text/plain"}), 415, "unsupported_media_type")
    assert_problem(trainer.post(PATH + "?steps=3", DIGITS), 422, "invalid_input", parameter="steps")
    assert_problem(trainer.post(PATH, DIGITS, headers={"Accept": "application/json"}), 406, "not_acceptable")
