"""Real networks on real data: the figures are those of PyTorch's autograd, and the verdicts what is known of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.client import Client
from tests.flow.asking import Json, Tensors, answer_to_upload, findings, upload, verdicts
from tests.flow.test_torch_figures import differences

ROOT = Path(__file__).parents[2]
ORACLE: Json = json.loads((ROOT / "tests" / "data" / "digits_oracle.json").read_text())
STAGES = [(name, stage) for name in ORACLE for stage in ("initial", "trained")]
BATCH = 64


def tensors_of(name: str, stage: str) -> Tensors:
    """The state dict, and the batch that the oracle has seen."""
    with np.load(ROOT / "service" / "flow" / "data" / "digits.npz") as digits:
        batch = {"x": digits["test_x"][:BATCH], "classes": digits["test_y"][:BATCH].astype(np.int64)}
    return {**load_file(ROOT / "demo" / "data" / f"{name}.{stage}.safetensors"), **batch}


def question(name: str, *, remedies: bool = False) -> Json:
    return {
        "input": {"tensor": "x"},
        "model": {"layout": "pytorch", "activation": ORACLE[name]["activation"], "output_activation": "identity"},
        "loss": {"name": "cross_entropy", "targets": {"tensor": "classes"}},
        "remedies": remedies,
    }


def diagnosed(client: Client, name: str, stage: str) -> Json:
    return answer_to_upload(client, question(name), tensors_of(name, stage))


def expected(figures: Json, activation: str) -> Json:
    """The figures of the oracle under the names of the answer."""
    layers = [
        {
            "forward": {
                "preactivation": {"mean": layer["preactivation_mean"], "std": layer["preactivation_std"]},
                "activation": {"mean": layer["activation_mean"], "std": layer["activation_std"]},
            },
            "backward": {
                name: layer[name] for name in layer if name.endswith("gradient_norm") and not name.startswith("unit")
            },
        }
        for layer in figures["layers"]
    ]
    if activation == "relu":
        for layer, found in zip(figures["layers"][:-1], layers[:-1], strict=True):
            found["forward"]["dead_units"] = layer["units_with_zero_output_on_whole_batch"]
    return {
        "loss": figures["loss_cross_entropy_mean"],
        "input_gradient_norm": figures["input_gradient_norm"],
        "layers": layers,
    }


@pytest.mark.parametrize(("name", "stage"), STAGES)
def test_every_figure_is_that_of_pytorch(client: Client, name: str, stage: str) -> None:
    found = diagnosed(client, name, stage)
    wanted = expected(ORACLE[name][stage], ORACLE[name]["activation"])
    assert [layer["units"] for layer in found["layers"]] == ORACLE[name]["widths"][1:]
    assert list(differences(found, wanted, 1e-10)) == []


@pytest.mark.parametrize(("name", "stage"), STAGES)
def test_zeros_of_pytorch_are_exactly_zero(client: Client, name: str, stage: str) -> None:
    found = diagnosed(client, name, stage)
    for layer, figures in zip(found["layers"], ORACLE[name][stage]["layers"], strict=True):
        for norm in ("weight_gradient_norm", "bias_gradient_norm", "preactivation_gradient_norm"):
            assert (layer["backward"][norm] == 0) == (figures[norm] == 0)
        assert (layer["forward"]["activation"]["mean"] == 0) == (figures["activation_mean"] == 0)


def test_the_gradient_of_the_deep_sigmoid_network_vanishes(client: Client) -> None:
    found = diagnosed(client, "digits_deep_sigmoid", "initial")
    severity, layers = verdicts(found)["vanishing_gradient"]
    norms = [layer["backward"]["preactivation_gradient_norm"] for layer in found["layers"]]
    assert severity == "critical"
    assert layers == [index for index, norm in enumerate(norms) if norm < 1e-2 * norms[-1]]
    assert 0 in layers
    assert 10 not in layers


def test_the_evidence_has_the_factor_per_layer_beside_the_bound(client: Client) -> None:
    found = diagnosed(client, "digits_deep_sigmoid", "initial")
    norms = [layer["backward"]["preactivation_gradient_norm"] for layer in found["layers"]]
    evidence = findings(found)["vanishing_gradient"]["evidence"]
    assert evidence["decay_per_layer"] == pytest.approx((norms[0] / norms[-1]) ** (1 / 10), rel=1e-12)
    assert evidence["largest_slope"] == 0.25
    assert evidence["product_of_largest_slopes"] == 0.25**10
    assert evidence["relative_gradients"] == pytest.approx([norm / norms[-1] for norm in norms], rel=1e-12)


def test_every_hidden_unit_of_the_trained_dying_relu_network_is_dead(client: Client) -> None:
    found = diagnosed(client, "digits_dying_relu", "trained")
    assert verdicts(found)["dead_units"] == ("critical", [0, 1, 2])
    assert [layer["forward"]["dead_units"] for layer in found["layers"]] == [96, 96, 96, 0]
    assert findings(found)["dead_units"]["evidence"]["dead_units"] == [96, 96, 96]


@pytest.mark.parametrize("stage", ["initial", "trained"])
@pytest.mark.parametrize("name", ["digits_relu", "digits_deep_tanh"])
def test_a_network_that_learns_gets_no_warning(client: Client, name: str, stage: str) -> None:
    severities = {severity for severity, _ in verdicts(diagnosed(client, name, stage)).values()}
    assert severities <= {"info"}


def test_the_untrained_dying_relu_network_has_nothing_critical(client: Client) -> None:
    found = verdicts(diagnosed(client, "digits_dying_relu", "initial"))
    assert "critical" not in {severity for severity, _ in found.values()}


@pytest.mark.parametrize(
    ("name", "stage", "code"),
    [("digits_deep_sigmoid", "initial", "vanishing_gradient"), ("digits_dying_relu", "trained", "dead_units")],
)
def test_a_remedy_is_found_for_what_is_critical(client: Client, name: str, stage: str, code: str) -> None:
    found = answer_to_upload(client, question(name, remedies=True), tensors_of(name, stage))
    assert findings(found)[code]["remedies"]


@pytest.mark.parametrize("name", ORACLE)
def test_npz_and_safetensors_get_the_same_bytes(client: Client, name: str) -> None:
    request, tensors = question(name), tensors_of(name, "initial")
    forms: tuple[Literal["safetensors", "npz"], ...] = ("safetensors", "npz")
    one, other = (client.request("POST", "/gradient-flow", files=upload(request, tensors, form)) for form in forms)
    assert one.status_code == 200
    assert one.content == other.content
