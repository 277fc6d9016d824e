"""Remedies: each was run, and whoever applies its patch and asks again finds what was promised."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from service.flow.diagnosis import diagnose
from service.flow.measurement import measure
from service.flow.remedies import remedies
from service.flow.unrolled import Cost, cost, unroll
from service.wire.experiments import experiment_of
from service.wire.flow import GradientFlowRequest
from tests.client import Client
from tests.flow.asking import Json, Tensors, answer, answer_to_upload, findings, layer, network

SEVERITIES = ("info", "warning", "critical")
SLOPES = ("decay_per_layer", "gradient_ratio")
OF_LAYERS = {  # what stands for a finding's figures in the layers of an answer
    "dead_units": ("forward", "dead_units"),
    "saturated_fraction": ("forward", "saturated_fraction"),
    "mean_derivative": ("forward", "mean_derivative"),
    "sign_coherence": ("backward", "sign_coherence"),
    "weight_gradient_norms": ("backward", "weight_gradient_norm"),
}
CRITICAL_BIAS = {"initializer": "constant", "value": -5.0}
WEIGHTS = np.random.default_rng(8).normal(0.0, 0.05, size=(6, 6)).tolist()
TROUBLED: dict[str, Json] = {
    "vanishing": network(layer(24, "sigmoid", repeat=8), layer(4, "identity"), batch=32),
    "vanishing_in_blocks": network(
        {"block": [layer(6, "sigmoid"), layer(6, "sigmoid")], "residual": False, "repeat": 4},
        layer(4, "identity"),
        loss={"name": "cross_entropy", "targets": "random"},
    ),
    "vanishing_of_given_weights": network(
        *({"activation": "tanh", "weights": WEIGHTS} for _ in range(4)), layer(2, "identity")
    ),
    "exploding": network(layer(24, "relu", "normal", repeat=8), layer(4, "identity"), batch=32),
    "dead": network(layer(64, "relu"), layer(64, "relu", bias=CRITICAL_BIAS), layer(5, "identity"), batch=32),
    "saturated": network(layer(32, "tanh", "normal", repeat=3), layer(5, "identity"), features=500),
    "flat": network(layer(16, "tanh"), layer(16, "step"), layer(2, "identity"), batch=16),
    "equal": network(layer(16, "tanh", "ones", repeat=2), layer(3, "identity", "ones"), batch=16),
    "linear": network(layer(8, "identity", repeat=3), layer(3, "identity"), batch=16),
    "one_signed": network(layer(16, "sigmoid", repeat=2), layer(3, "identity"), batch=16),
    "overflowing": network(
        layer(32, "relu", {"initializer": "normal", "std": 1e60}, repeat=6), layer(3, "identity"), batch=64
    ),
    "many_trials": network(layer(16, "sigmoid", repeat=8), layer(3, "identity"), trials=3, dtype="float32"),
}


def patched(request: Json, patch: list[Json]) -> Json:
    """The request with the operations of RFC 6902 applied to it, one after the other."""
    document: Any = deepcopy(request)
    for operation in patch:
        *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
        target = document
        for part in parents:
            target = target[int(part)] if isinstance(target, list) else target[part]
        if operation["op"] == "remove":
            del target[last]
        else:
            assert operation["op"] == "add"
            assert isinstance(target, dict)
            target[last] = operation["value"]
    assert isinstance(document, dict)
    return document


def figures_of(document: Json, names: dict[str, object]) -> dict[str, object]:
    """The figures of these names in an answer."""
    found: dict[str, object] = {}
    for name in names:
        if name in SLOPES:
            found[name] = document["summary"][name]
        elif name in OF_LAYERS:
            part, member = OF_LAYERS[name]
            found[name] = [figures[part][member] or 0.0 for figures in document["layers"]]
        else:
            assert name == "loss"
            found[name] = document["loss"]
    return found


def remedied(client: Client, request: Json) -> Json:
    return answer(client, request | {"remedies": True})


@pytest.mark.parametrize("name", TROUBLED)
def test_the_patched_request_gets_the_figures_that_were_promised(client: Client, name: str) -> None:
    request = TROUBLED[name]
    document = remedied(client, request)
    offered = [remedy for finding in document["findings"] for remedy in finding["remedies"]]
    assert offered
    for remedy in offered:
        verified = remedy["verified"]
        assert figures_of(document, verified["before"]) == verified["before"]
        again = answer(client, patched(request, remedy["patch"]))
        assert figures_of(again, verified["after"]) == verified["after"]
        assert set(verified["after"]) > set(SLOPES)


@pytest.mark.parametrize("name", TROUBLED)
def test_a_remedy_is_offered_only_where_it_helps(client: Client, name: str) -> None:
    request = TROUBLED[name]
    document = remedied(client, request)
    before = findings(document)
    for code, finding in before.items():
        for remedy in finding["remedies"]:
            after = findings(answer(client, patched(request, remedy["patch"])))
            here, there = gravity(before, code), gravity(after, code)
            assert there < here or len(after[code]["layers"]) < len(finding["layers"]) / 2
            new = {other: after[other] for other in after if other not in before}
            assert all(gravity(new, other) <= max(here - 1, 0) for other in new)


def gravity(found: dict[str, Json], code: str) -> int:
    return SEVERITIES.index(found[code]["severity"]) if code in found else -1


@pytest.mark.parametrize("name", TROUBLED)
def test_the_best_remedy_comes_first(client: Client, name: str) -> None:
    request = TROUBLED[name]
    for finding in remedied(client, request)["findings"]:
        left = []
        for remedy in finding["remedies"]:
            after = findings(answer(client, patched(request, remedy["patch"])))
            troubles = sum(4 ** gravity(after, code) for code in after if gravity(after, code) > 0)
            left.append((gravity(after, finding["code"]), troubles))
        assert left == sorted(left)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("vanishing", "vanishing_gradient"),
        ("vanishing_in_blocks", "vanishing_gradient"),
        ("vanishing_of_given_weights", "vanishing_gradient"),
        ("exploding", "exploding_gradient"),
        ("dead", "dead_units"),
        ("saturated", "saturation"),
        ("flat", "no_gradient"),
        ("equal", "symmetry"),
        ("linear", "linear_collapse"),
        ("one_signed", "not_zero_centered"),
        ("overflowing", "nonfinite"),
    ],
)
def test_there_is_a_remedy_for_every_code(client: Client, name: str, code: str) -> None:
    found = findings(remedied(client, TROUBLED[name]))
    assert found[code]["remedies"]


def test_the_remedies_of_a_vanishing_gradient_let_it_through(client: Client) -> None:
    (finding,) = (f for f in remedied(client, TROUBLED["vanishing"])["findings"] if f["code"] == "vanishing_gradient")
    best = finding["remedies"][0]["verified"]
    assert best["before"]["decay_per_layer"] < 0.3
    assert 0.6 < best["after"]["decay_per_layer"] < 1.5


@pytest.mark.parametrize("name", TROUBLED)
def test_no_remedies_are_searched_where_none_are_wanted(client: Client, name: str) -> None:
    wanted, unwanted = remedied(client, TROUBLED[name]), answer(client, TROUBLED[name])
    assert all(finding["remedies"] == [] for finding in unwanted["findings"])
    for finding in wanted["findings"]:
        finding["remedies"] = []
    assert wanted == unwanted


def test_a_healthy_network_needs_none(client: Client) -> None:
    assert remedied(client, network(layer(16, "tanh", repeat=2), layer(3, "identity")))["findings"] == []


@pytest.mark.parametrize("name", ["vanishing", "exploding", "dead"])
def test_no_remedy_takes_more_than_is_allowed(name: str) -> None:
    tested = experiment_of(GradientFlowRequest.model_validate(TROUBLED[name]), {})
    measured = measure(tested)
    found = diagnose(tested, measured)
    allowed = cost(unroll(tested), tested).bytes
    offered = [
        remedy for of_code in remedies(tested, measured, found, Cost(10**12, allowed)).values() for remedy in of_code
    ]
    assert offered
    assert all(cost(unroll(remedy.experiment), remedy.experiment).bytes <= allowed for remedy in offered)
    assert not any(remedies(tested, measured, found, Cost(10**12, 0)).values())
    assert not any(remedies(tested, measured, found, Cost(0, 2**40)).values())


UPLOADED = {"input": {"tensor": "x"}, "loss": {"name": "cross_entropy", "targets": {"tensor": "classes"}}}


def digits(name: str) -> Tensors:
    root = Path(__file__).parents[2]
    with np.load(root / "service" / "flow" / "data" / "digits.npz") as found:
        batch = {"x": found["test_x"][:64], "classes": found["test_y"][:64].astype(np.int64)}
    return {**load_file(root / "demo" / "data" / f"{name}.safetensors"), **batch}


def assert_patches_work(client: Client, request: Json, tensors: Tensors) -> None:
    document = answer_to_upload(client, request | {"remedies": True}, tensors)
    offered = [remedy for finding in document["findings"] for remedy in finding["remedies"]]
    assert offered
    for remedy in offered:
        again = answer_to_upload(client, patched(request | {"remedies": False}, remedy["patch"]), tensors)
        after = remedy["verified"]["after"]
        assert figures_of(again, after) == after


@pytest.mark.parametrize(
    ("name", "activation"), [("digits_dying_relu.trained", "relu"), ("digits_deep_sigmoid.initial", "sigmoid")]
)
def test_patches_of_an_uploaded_model_work_on_the_same_upload(client: Client, name: str, activation: str) -> None:
    assert_patches_work(client, UPLOADED | {"model": {"activation": activation}}, digits(name))


def test_patches_of_uploaded_layers_work_on_the_same_upload(client: Client) -> None:
    references = (
        {"weights": {"tensor": f"layers.{i}.weight", "layout": "pytorch"}, "bias": {"tensor": f"layers.{i}.bias"}}
        for i in range(4)
    )
    layers: list[Json] = [{"activation": "relu", **reference} for reference in references]
    layers[-1]["activation"] = "identity"
    assert_patches_work(client, UPLOADED | {"layers": layers}, digits("digits_dying_relu.trained"))
