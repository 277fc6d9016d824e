"""`flow`."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.cli.running import Run
from tests.client import Client

RELU = {
    "input": {"distribution": "normal", "features": 16, "batch": 64},
    "layers": [{"units": 16, "activation": "relu", "weights": "he_normal", "repeat": 3}],
}


@pytest.fixture
def weights(tmp_path: Path) -> str:
    """A file of weights of two layers, of 6 inputs, 4 units and 3 outputs, as PyTorch names and lays them out."""
    draw = np.random.default_rng(0)
    path = tmp_path / "model.safetensors"
    tensors = {"fc.10.weight": (3, 4), "fc.10.bias": (3,), "fc.2.weight": (4, 6), "fc.2.bias": (4,)}
    save_file({name: draw.standard_normal(shape) for name, shape in tensors.items()}, path)
    return str(path)


def described(folder: Path, **members: object) -> str:
    path = folder / "network.json"
    path.write_text(json.dumps(RELU | members))
    return str(path)


def test_a_critical_finding_ends_with_1(run: Run, sigmoids: str) -> None:
    told = run("flow", sigmoids, status=1).stdout
    assert "critical  vanishing_gradient in layers 0–6" in told
    assert "→ Normalize the preactivations of the hidden layers (batch). decay_per_layer" in told
    assert max(map(len, told.splitlines())) <= 80


def test_it_is_told_where_nothing_is_critical(run: Run, tmp_path: Path) -> None:
    told = run("flow", described(tmp_path), "--no-remedies").stdout
    assert "\ncritical" not in told
    assert "Mean-field theory: critical, χ₁ 1" in told


@pytest.mark.parametrize(("severity", "status"), [("never", 0), ("critical", 1), ("warning", 1), ("info", 1)])
def test_from_which_severity_on_it_fails_is_chosen(alone: Run, sigmoids: str, severity: str, status: int) -> None:
    alone("flow", sigmoids, "--no-remedies", "--fail-on", severity, status=status)


def test_json_is_what_the_service_answers(run: Run, client: Client, tmp_path: Path) -> None:
    found = run("flow", described(tmp_path), "--seed", "7", "--trials", "2", "--json").stdout
    assert json.loads(found) == client.post("/gradient-flow", RELU | {"seed": 7, "trials": 2}).json()


def test_a_description_comes_through_a_pipe(run: Run) -> None:
    assert "layer" in run("flow", "-", given=json.dumps(RELU)).stdout


def test_every_layer_has_a_line_but_of_deep_networks_the_middle(alone: Run, tmp_path: Path) -> None:
    layers = [{"units": 4, "activation": "tanh", "weights": "glorot_normal", "repeat": 60}]
    told = alone("flow", described(tmp_path, layers=layers), "--fail-on", "never", "--no-remedies").stdout
    indices = [line.split()[0] for line in told.splitlines()[2:43]]
    assert indices == [*map(str, range(20)), "…", *map(str, range(40, 60))]


def test_weights_are_layers_in_natural_order(run: Run, weights: str) -> None:
    words = ("--activation", "leaky_relu", "--output-activation", "softmax", "--set", "negative_slope=0.3")
    found = json.loads(run("flow", weights, *words, "--fail-on", "never", "--json").stdout)
    told = [(layer["units"], layer["activation"]) for layer in found["layers"]]
    assert told == [(4, "leaky_relu"), (3, "softmax")]


def test_samples_loss_and_targets_are_given_as_files(run: Run, client: Client, tmp_path: Path) -> None:
    x = np.random.default_rng(0).standard_normal((8, 16))
    np.save(tmp_path / "x.npy", x)
    (tmp_path / "classes.txt").write_text("\n".join(map(str, range(8))))
    files = ("--inputs", str(tmp_path / "x.npy"), "--loss", "cross_entropy", "--targets", str(tmp_path / "classes.txt"))
    found = run("flow", described(tmp_path), *files, "--no-remedies", "--fail-on", "never", "--json").stdout
    asked = {"input": {"values": x.tolist()}, "loss": {"name": "cross_entropy", "targets": list(range(8))}}
    assert json.loads(found) == client.post("/gradient-flow", RELU | asked | {"remedies": False}).json()


def test_tensors_that_a_description_names_come_from_a_file(run: Run, weights: str, tmp_path: Path) -> None:
    layer = {"activation": "relu", "weights": {"tensor": "fc.2.weight", "layout": "pytorch"}}
    asked = {"layers": [layer], "input": {"distribution": "normal", "features": 6, "batch": 32}}
    path = described(tmp_path, **asked)
    assert "relu" in run("flow", path, "--tensors", weights, "--fail-on", "never").stdout


def test_faults_are_told_with_their_places(run: Run, tmp_path: Path) -> None:
    layers = [{"units": "x", "activation": "relu", "weights": "glorot"}]
    told = run("flow", described(tmp_path, layers=layers), status=2).stderr
    assert told.splitlines()[0] == "actiscope: A field holds what it must not hold:"
    assert "  /layers/0/units: Must be an integer." in told
    assert "Did you mean 'glorot_normal'?" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [("{", "is not JSON"), ("[]", "should hold an object"), ('{"layers": 1}', "/layers"), ("{}", "input")],
)
def test_what_is_no_description_is_refused(run: Run, tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "network.json"
    path.write_text(text)
    assert told in run("flow", str(path), status=2).stderr


def test_a_wrong_use_is_told(run: Run, weights: str, sigmoids: str, tmp_path: Path) -> None:
    assert "give --activation" in run("flow", weights, status=2).stderr
    assert "says itself" in run("flow", sigmoids, "--activation", "relu", status=2).stderr
    assert "needs a --loss" in run("flow", sigmoids, "--targets", weights, status=2).stderr
    assert "Did you mean relu" in run("flow", weights, "--activation", "rellu", status=2).stderr
    assert "/nowhere.json cannot be read" in run("flow", "/nowhere.json", status=2).stderr
    (tmp_path / "broken.safetensors").write_bytes(b"12345678")
    told = run("flow", str(tmp_path / "broken.safetensors"), "--activation", "relu", status=2).stderr
    assert "safetensors" in told
