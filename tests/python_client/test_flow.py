"""Gradient flow and mean-field theory through the client."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from service.client import GradientFlow, MeanField, PhaseDiagram
from service.client.flow import NotApplicable, Theory
from service.client.uploads import Tensors
from service.errors import InvalidInput, MalformedTensors
from tests.client import Client as Application
from tests.python_client.asking import Either

DEEP = {
    "input": {"distribution": "normal", "features": 8, "batch": 16},
    "layers": [{"units": 8, "activation": "sigmoid", "weights": "glorot_normal", "repeat": 8}],
    "loss": "sum",
}
MODEL = {
    "model": {"layout": "pytorch", "activation": "relu"},
    "input": {"distribution": "normal", "features": 3, "batch": 16},
    "loss": "sum",
}
WEIGHTS: dict[str, NDArray[Any]] = {  # any: of any float dtype
    "net.0.weight": np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3),
    "net.0.bias": np.zeros(4, np.float32),
    "net.10.weight": np.ones((1, 4), np.float16),
    "net.2.weight": np.asfortranarray(np.linspace(-1, 1, 16).reshape(4, 4)),
}


def test_a_network_is_diagnosed(ask: Either, client: Application) -> None:
    flow = ask.gradient_flow(DEEP)
    told = client.post("/gradient-flow", DEEP).json()
    assert isinstance(flow, GradientFlow)
    assert flow.summary.decay_per_layer == told["summary"]["decay_per_layer"]
    assert [layer.backward.weight_gradient_norm for layer in flow.layers] == [
        layer["backward"]["weight_gradient_norm"] for layer in told["layers"]
    ]
    assert flow.findings[0].code == "vanishing_gradient"
    assert flow.findings[0].remedies[0].verified.before == told["findings"][0]["remedies"][0]["verified"]["before"]
    assert isinstance(flow.theory, Theory)
    assert flow.theory.phase == "ordered"


def test_theory_says_why_it_does_not_apply(ask: Either) -> None:
    softmax = DEEP | {"layers": [{"units": 8, "activation": "softmax", "weights": "glorot_normal", "repeat": 2}]}
    assert isinstance(ask.gradient_flow(softmax).theory, NotApplicable)


def test_figures_that_are_not_finite_are_read(ask: Either) -> None:
    layers = [{"units": 8, "activation": "identity", "repeat": 300, "weights": {"initializer": "normal", "std": 1e3}}]
    flow = ask.gradient_flow(DEEP | {"layers": layers, "remedies": False})
    assert flow.findings[0].code == "nonfinite"
    assert not np.isfinite(flow.input_gradient_norm)


def test_arrays_stand_wherever_numbers_may(ask: Either) -> None:
    values, weights = np.linspace(-1, 1, 6).reshape(3, 2), np.array([[1, 2], [3, 4]], np.float32)
    given = {
        "input": {"values": values},
        "layers": [{"activation": "tanh", "weights": weights, "bias": np.zeros(2), "repeat": np.int64(1)}],
        "loss": {"name": "mse", "targets": np.zeros((3, 2))},
    }
    lists = {
        "input": {"values": values.tolist()},
        "layers": [{"activation": "tanh", "weights": weights.tolist(), "bias": [0.0, 0.0]}],
        "loss": {"name": "mse", "targets": [[0.0, 0.0]] * 3},
    }
    assert ask.gradient_flow(given) == ask.gradient_flow(lists)


def test_a_number_that_is_not_finite_is_refused_by_the_service(ask: Either) -> None:
    for bad in (np.array([[np.nan]]), [[float("nan")]]):
        with pytest.raises(InvalidInput, match="finite"):
            ask.gradient_flow(DEEP | {"input": {"values": bad}})


def test_tensors_come_as_a_mapping_as_bytes_and_as_files(ask: Either, tmp_path: Path) -> None:
    safetensors, npz = tmp_path / "w.safetensors", tmp_path / "w.npz"
    save_file({name: np.ascontiguousarray(array) for name, array in WEIGHTS.items()}, safetensors)
    np.savez(npz, **WEIGHTS)  # type: ignore[arg-type]  # no array is called allow_pickle
    swapped = WEIGHTS | {"net.0.weight": WEIGHTS["net.0.weight"].astype(">f4")}
    given: list[Tensors] = [
        WEIGHTS,
        swapped,
        safetensors,
        str(safetensors),
        safetensors.read_bytes(),
        npz,
        npz.read_bytes(),
    ]
    flows = [ask.gradient_flow(MODEL, tensors) for tensors in given]
    assert [layer.units for layer in flows[0].layers] == [4, 4, 1]
    assert all(flow == flows[0] for flow in flows)


def test_what_is_no_file_of_tensors_is_told(ask: Either, tmp_path: Path) -> None:
    with pytest.raises(MalformedTensors):
        ask.gradient_flow(MODEL, b"no tensors")
    with pytest.raises(FileNotFoundError):
        ask.gradient_flow(MODEL, tmp_path / "nowhere.npz")
    for bad in ([["one"]], np.ones((1, 1), np.longdouble), [[1, 2], [3]]):
        with pytest.raises(InvalidInput):
            ask.gradient_flow(MODEL, {"a.weight": bad})


def test_theory_is_asked_at_a_point_and_over_a_grid(ask: Either) -> None:
    point = ask.mean_field({"activation": "tanh", "sigma_w": 1.5, "sigma_b": 0.3})
    assert isinstance(point, MeanField)
    grid = {"sigma_w": {"linspace": [0.0, 3.0, 7]}, "sigma_b": {"values": [0.0, 0.3]}}
    diagram = ask.mean_field({"activation": "relu", **grid})
    assert isinstance(diagram, PhaseDiagram)
    assert diagram.chi_1.shape == diagram.q_star.shape == (7, 2)
    assert np.isnan(diagram.q_star[6, 1])
    again = ask.mean_field({"activation": "tanh", "sigma_w": {"values": [1.5]}, "sigma_b": 0.3})
    assert isinstance(again, PhaseDiagram)
    assert again.chi_1[0, 0] == pytest.approx(point.chi_1, rel=1e-6)
