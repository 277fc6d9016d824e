"""A flat list is answered by a plan that is kept; its numbers are those of the same list inside another."""

import numpy as np
import pytest

from service.activations import catalogue
from tests.client import Client, assert_problem

X = [-40.0, -2.5, -1.0, -0.5, -1e-3, 0.0, 1e-3, 0.5, 1.0, 2.0, 3.0, 6.0, 750.0]
ELEMENTWISE = [function.name for function in catalogue() if function.kind == "elementwise"]


def assert_alike(client: Client, path: str, question: dict[str, object]) -> None:
    for _ in range(2):  # the second time the plan is known
        flat, nested = (client.post(path, question | {"x": x}).json() for x in (X, [X]))
        assert flat.pop("shape") == [len(X)]
        assert nested.pop("shape") == [1, len(X)]
        numbers = "dy" if path == "/derivative" else "y"
        assert flat.pop(numbers) == nested.pop(numbers)[0]
        assert flat == nested


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_values(client: Client, name: str, dtype: str) -> None:
    for accuracy in ("full", "fast"):
        assert_alike(client, "/evaluate", {"activation": name, "dtype": dtype, "accuracy": accuracy})


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_derivatives(client: Client, name: str) -> None:
    for order in (1, 2, 4):
        assert_alike(client, "/derivative", {"activation": name, "order": order})
    assert_alike(client, "/derivative", {"activation": name, "at_kink": "right", "accuracy": "fast"})


@pytest.mark.parametrize(
    "question",
    [
        {"activation": "LeakyReLU", "parameters": {"alpha": 0.2}},
        {"activation": "rrelu", "seed": 3},
        {"activation": "elu", "parameters": {"alpha": 2}, "accuracy": "fast"},
    ],
)
def test_parameters_and_seeds(client: Client, question: dict[str, object]) -> None:
    assert_alike(client, "/evaluate", question)
    assert_alike(client, "/derivative", question)


def test_derivatives_by_a_parameter(client: Client) -> None:
    assert_alike(client, "/derivative", {"activation": "elu", "with_respect_to": "alpha"})


def test_functions_of_vectors_take_flat_lists_too(client: Client) -> None:
    answer = client.post("/evaluate", {"activation": "softmax", "x": [0.0, 0.0]}).json()
    assert answer["y"] == [0.5, 0.5]
    assert_problem(client.post("/derivative", {"activation": "softmax", "x": [0.0, 0.0]}), 422, "invalid_input")
    refused = client.post("/evaluate", {"activation": "softmax", "x": [0.0], "parameters": {"axis": 1}})
    assert_problem(refused, 422, "invalid_input", "/parameters/axis")
    assert_problem(client.post("/evaluate", {"activation": "glu", "x": [0.0]}), 422, "invalid_input", "/x")


def test_what_stands_beside_the_numbers_is_told_as_ever(client: Client) -> None:
    for _ in range(2):
        wrong: dict[str, object] = {"activation": "reluu", "x": [1.5, 2.5]}
        assert_problem(client.post("/evaluate", wrong), 422, "unknown_activation", "/activation")
        wrong = {"activation": "relu", "x": [1.5], "parameters": {"slope": 1}}
        assert_problem(client.post("/evaluate", wrong), 422, "invalid_input", "/parameters/slope")
        upstream = {"activation": "relu", "x": 1.5, "upstream": [1.0]}
        assert_problem(client.post("/derivative", upstream), 422, "invalid_input", "/upstream")
        scalar = {"activation": "sigmoid", "x": [0.0], "upstream": 1.0}
        assert_problem(client.post("/derivative", scalar), 422, "invalid_input", "/upstream")


def test_long_lists_are_cut_where_no_number_is(client: Client) -> None:
    x = np.random.default_rng(0).normal(size=50_000)
    answer = client.post("/evaluate", {"activation": "identity", "x": x.tolist()}).json()
    assert np.array_equal(answer["y"], x)
