"""`train`."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest

from tests.cli.running import Run
from tests.client import Client

REQUEST = {"layers": [{"units": 2, "activation": "identity", "weights": "glorot_normal"}], "data": "two_moons"}


@pytest.fixture
def moons(tmp_path: Path) -> str:
    """A description of a training."""
    path = tmp_path / "moons.json"
    path.write_text(json.dumps(REQUEST))
    return str(path)


def test_steps_and_a_summary_are_told(run: Run, moons: str) -> None:
    told = run("train", moons, "--steps", "40").stdout.splitlines()
    assert told[0].startswith("step  1/40  loss ")
    assert len([line for line in told if line.startswith("step")]) == 21
    assert "40 steps: loss" in "".join(told)


def test_a_line_of_csv_for_each_step(run: Run, client: Client, moons: str) -> None:
    told = run("train", moons, "--steps", "5", "--learning-rate", "0.1", "--seed", "3", "--csv", "-").stdout
    request = REQUEST | {"steps": 5, "learning_rate": 0.1, "seed": 3}
    *records, _ = client.post("/gradient-flow/training", request).text.splitlines()
    rows = list(csv.DictReader(StringIO(told)))
    assert [float(row["loss"]) for row in rows] == [json.loads(record)["loss"] for record in records]
    assert list(rows[0]) == ["step", "loss", "accuracy", "path_ratio", "gradient_norm_0", "dead_units_0"]


def test_csv_goes_to_a_file_and_the_rest_to_the_terminal(run: Run, moons: str, tmp_path: Path) -> None:
    path = tmp_path / "steps.csv"
    assert "3 steps: loss" in run("train", moons, "--steps", "3", "--csv", str(path)).stdout
    assert len(path.read_text().splitlines()) == 4


def test_a_training_that_diverges_is_told(run: Run, moons: str) -> None:
    told = run("train", moons, "--steps", "400", "--learning-rate", "1e6").stdout
    assert "It diverged at step" in told


def test_a_wrong_description_leaves_the_file_alone(run: Run, moons: str, tmp_path: Path) -> None:
    path = tmp_path / "steps.csv"
    path.write_text("precious")
    assert "/steps" in run("train", moons, "--steps", "0", "--csv", str(path), status=2).stderr
    assert path.read_text() == "precious"


def test_units_that_died_are_told_by_layer(run: Run, tmp_path: Path) -> None:
    dead = {"initializer": "constant", "value": -100}
    hidden = {"units": 3, "activation": "relu", "weights": "he_normal", "bias": dead}
    path = tmp_path / "dead.json"
    path.write_text(json.dumps(REQUEST | {"layers": [hidden, *REQUEST["layers"]]}))
    assert "Dead units of layer 0: 3 from the start." in run("train", str(path), "--steps", "2").stdout
