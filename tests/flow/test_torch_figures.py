"""Every figure of a network, compared with what torch's autograd finds (tests/flow/torch_figures.py)."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client
from tests.flow.torch_networks import REQUESTS, Json

Figure = Any  # as JSON has it: a number, null, or figures inside

FIGURES: Json = json.loads((Path(__file__).parent.parent / "data" / "torch_flow.json").read_text())
NOISE = 1e-14


@pytest.mark.parametrize("name", REQUESTS)
def test_figures_are_those_of_torch(client: Client, name: str) -> None:
    response = client.post("/gradient-flow", REQUESTS[name])
    assert response.status_code == 200, response.text
    assert list(differences(response.json(), FIGURES[name], 1e-10)) == []


@pytest.mark.oracle
@pytest.mark.parametrize("name", REQUESTS)
def test_torch_finds_these_figures(name: str) -> None:
    pytest.importorskip("torch", reason="torch is an optional oracle (the extra torch-oracle)")
    found = importlib.import_module("tests.flow.torch_figures").figures(REQUESTS[name])
    assert list(differences(found, FIGURES[name], 1e-12)) == []


def test_every_network_has_its_figures() -> None:
    assert list(FIGURES) == list(REQUESTS)


def differences(found: Figure, expected: Figure, relative: float, noise: float = 0.0, path: str = "") -> Iterator[str]:
    """Which expected figures are found otherwise; zeros must be zeros where there is no noise."""
    if isinstance(expected, dict):
        for name, value in expected.items():
            yield from differences(found[name], value, relative, rounding(expected, name), f"{path}/{name}")
    elif isinstance(expected, list):
        for index, (one, other) in enumerate(zip(found, expected, strict=True)):
            yield from differences(one, other, relative, path=f"{path}/{index}")
    elif found != (expected if expected is None else pytest.approx(expected, rel=relative, abs=noise)):
        yield f"{path}: {found} instead of {expected}"


def rounding(figures: Json, name: str) -> float:
    """How much of a figure may be rounding, where that counts against larger figures beside it.

    The mean of values of both signs is as inexact as their spread, and the spread of almost equal values as their mean;
    the gradient of a bias sums entries of both signs, and before a batch normalization their sum is 0 but for rounding;
    a singular value is as inexact as the largest one.
    """
    if name in {"mean", "std"}:
        larger = max(abs(figures["mean"]), figures["std"])
    elif name == "bias_gradient_norm":
        larger = figures["preactivation_gradient_norm"]
    else:
        larger = figures["max"] if name == "min" and "rms" in figures else 0.0
    return NOISE * float(larger)
