"""The measured costs that the catalogue publishes."""

import json

import pytest

from service.activations import catalogue
from service.compute.costs import MEASURED, relative_cost


@pytest.mark.parametrize("name", json.loads(MEASURED.read_text())["costs"])
def test_a_cost_is_that_of_a_function_over_relu(name: str) -> None:
    cost = relative_cost(name)
    assert cost is not None
    assert 0.2 < cost.float64 < 1e4
    assert 0.2 < cost.float32 < 1e4
    assert cost.machine
    assert cost.measured[:2] == "20"


def test_relu_is_the_measure() -> None:
    cost = relative_cost("relu")
    assert cost is not None
    assert cost.float64 == cost.float32 == 1


def test_what_was_not_measured_has_no_cost() -> None:
    assert relative_cost("unheard_of") is None


def test_only_functions_of_the_catalogue_were_measured() -> None:
    assert set(json.loads(MEASURED.read_text())["costs"]) <= {function.name for function in catalogue()}
