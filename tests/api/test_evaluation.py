"""`POST /evaluate` and `POST /derivative`."""

from math import inf, nan
from typing import Any

import pytest

from tests.client import Client


def ask(client: Client, path: str, body: object) -> dict[str, Any]:
    """The answer to a request that must succeed."""
    response = client.post(path, body)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    answer: dict[str, Any] = response.json()
    return answer


def test_values_come_in_the_shape_of_x(client: Client) -> None:
    body = {"activation": "leaky_relu", "parameters": {"negative_slope": 0.01}, "x": [[-1.0, 0.0], [2.5, "NaN"]]}
    assert ask(client, "/evaluate", body) == {
        "activation": "leaky_relu",
        "parameters": {"negative_slope": 0.01},
        "dtype": "float64",
        "shape": [2, 2],
        "y": [[-0.01, 0.0], [2.5, "NaN"]],
    }


@pytest.mark.parametrize(
    ("x", "shape", "y"),
    [
        (b"2", [], b"2.0"),
        (b"-0.0", [], b"-0.0"),
        (b"-0", [], b"-0.0"),
        (b'"Infinity"', [], b'"Infinity"'),
        (b"[]", [0], b"[]"),
        (b"[[],[]]", [2, 0], b"[[],[]]"),
        (b"[" * 32 + b"1" + b"]" * 32, [1] * 32, b"[" * 32 + b"1.0" + b"]" * 32),
        (b"[123456789012345678901234567890]", [1], b"[1.2345678901234568e+29]"),
        (b"[9007199254740993]", [1], b"[9007199254740992.0]"),
        (b"[5e-324,1e22,0.1]", [3], b"[5e-324,1e+22,0.1]"),
    ],
)
def test_numbers_keep_their_shape_and_value(client: Client, x: bytes, shape: list[int], y: bytes) -> None:
    response = client.post("/evaluate", b'{"activation":"identity","x":' + x + b"}")
    assert response.json()["shape"] == shape
    assert response.content.endswith(b'"y":' + y + b"}")


def test_of_duplicate_fields_the_last_wins(client: Client) -> None:
    body = b'{"activation":"nonsense","x":[true],"activation":"relu","x":[1]}'
    assert ask(client, "/evaluate", body)["y"] == [1.0]


@pytest.mark.parametrize(
    ("dtype", "x", "y"),
    [
        ("float64", 0.1, 0.1),
        ("float32", 0.1, 0.1),
        ("float16", 0.1, 0.1),
        ("bfloat16", 0.1, 0.1),
        ("float32", 16777217, 16777216),
        ("float16", 65520, "Infinity"),
        ("float16", 65519, 65500),
        ("bfloat16", 257, 256),
        ("bfloat16", 3.4e38, "Infinity"),
        ("float32", -1e-46, -0.0),
    ],
)
def test_numbers_are_rounded_to_the_dtype_and_written_shortest(client: Client, dtype: str, x: float, y: object) -> None:
    answer = ask(client, "/evaluate", {"activation": "identity", "x": [x], "dtype": dtype})
    assert (answer["y"], answer["dtype"]) == ([y], dtype)


def test_an_alias_picks_the_function_and_is_answered_canonically(client: Client) -> None:
    answer = ask(client, "/evaluate", {"activation": "LeakyRelu", "parameters": {"alpha": 0.5}, "x": -2})
    assert answer["activation"] == "leaky_relu"
    assert answer["parameters"] == {"negative_slope": 0.5}
    assert answer["y"] == -1.0


def test_null_means_none_where_a_field_may_be_left_out(client: Client) -> None:
    body = {"activation": "relu", "x": [-1, 1], "weights": None, "bias": None, "seed": None}
    assert ask(client, "/evaluate", body)["y"] == [0.0, 1.0]
    assert ask(client, "/derivative", {"activation": "relu", "x": [1], "upstream": None, "seed": None})["dy"] == [1.0]


@pytest.mark.parametrize("accuracy", ["full", "fast"])
def test_both_accuracies_are_taken(client: Client, accuracy: str) -> None:
    assert ask(client, "/evaluate", {"activation": "sigmoid", "x": 0, "accuracy": accuracy})["y"] == 0.5
    assert ask(client, "/derivative", {"activation": "sigmoid", "x": 0, "accuracy": accuracy})["dy"] == 0.25


def test_a_layer_answers_its_preactivation_too(client: Client) -> None:
    body = {"activation": "relu", "x": [[1, -2], [0, 0], [1, 1]], "weights": [[1, 0.5], [0.25, -1]], "bias": [-2, 0]}
    answer = ask(client, "/evaluate", body)
    assert answer["shape"] == [3, 2]
    assert answer["preactivation"] == [[-1.5, 2.5], [-2.0, 0.0], [-0.75, -0.5]]
    assert answer["y"] == [[0.0, 2.5], [0.0, 0.0], [0.0, 0.0]]


def test_a_layer_without_a_batch_and_bias_is_a_vector(client: Client) -> None:
    answer = ask(client, "/evaluate", {"activation": "identity", "x": [1, 2], "weights": [[1, 0, 3], [0, 1, 4]]})
    assert (answer["shape"], answer["y"], answer["preactivation"]) == ([3], [1.0, 2.0, 11.0], [1.0, 2.0, 11.0])


def test_what_is_noise_without_a_seed_is_none(client: Client) -> None:
    body = {"activation": "rrelu", "x": [-1.0, -2.0, 3.0]}
    plain, again = (ask(client, "/evaluate", body)["y"] for _ in range(2))
    seeded, same = (ask(client, "/evaluate", body | {"seed": 7})["y"] for _ in range(2))
    assert plain == again
    assert seeded == same
    assert seeded != plain


@pytest.mark.parametrize(
    ("question", "shape", "name", "numbers"),
    [
        ({"activation": "sigmoid", "x": [0.0, 800.0]}, [2], "dy", [0.25, 0.0]),
        ({"activation": "tanh", "x": 0.0}, [], "dy", 1.0),
        ({"activation": "tanh", "x": 0.0, "order": 3}, [], "dy", -2.0),
        ({"activation": "relu", "x": [0.0], "at_kink": "convention"}, [1], "dy", [0.0]),
        ({"activation": "relu", "x": [0.0], "at_kink": "left"}, [1], "dy", [0.0]),
        ({"activation": "relu", "x": [0.0], "at_kink": "right"}, [1], "dy", [1.0]),
        ({"activation": "relu", "x": [0.0, 1.0], "at_kink": "nan"}, [2], "dy", ["NaN", 1.0]),
        ({"activation": "relu", "x": [[-1.0], [1.0]], "upstream": [[5], [7]]}, [2, 1], "dx", [[0.0], [7.0]]),
        ({"activation": "softmax", "x": [0, 0], "upstream": [1, 0]}, [2], "dx", [0.25, -0.25]),
        ({"activation": "softmax", "x": [0, 0], "jacobian": True}, [2, 2], "jacobian", [[0.25, -0.25], [-0.25, 0.25]]),
        ({"activation": "leaky_relu", "x": [-2, 3], "with_respect_to": "negative_slope"}, [2], "dy", [-2.0, 0.0]),
    ],
)
def test_derivatives_are_answered_by_the_name_of_what_they_are(
    client: Client, question: dict[str, object], shape: list[int], name: str, numbers: object
) -> None:
    answer = ask(client, "/derivative", question)
    assert answer["shape"] == shape
    assert answer[name] == numbers
    assert {"dy", "dx", "jacobian"} & set(answer) == {name}
    assert answer["order"] == question.get("order", 1)
    assert answer["with_respect_to"] == question.get("with_respect_to", "x")


def test_a_parameter_is_answered_by_its_own_name(client: Client) -> None:
    answer = ask(client, "/derivative", {"activation": "leaky_relu", "x": [-2], "with_respect_to": "alpha"})
    assert (answer["with_respect_to"], answer["dy"]) == ("negative_slope", [-2.0])


@pytest.mark.parametrize("size", [10, 5_000])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_large_and_small_requests_are_answered_alike(client: Client, size: int, dtype: str) -> None:
    x = [float(i) for i in range(-size, size)] + ["NaN", "Infinity"]
    answer = ask(client, "/evaluate", {"activation": "relu", "x": [x, x], "dtype": dtype})
    assert answer["shape"] == [2, 2 * size + 2]
    assert answer["y"][0] == answer["y"][1]
    assert answer["y"][0][size - 1 : size + 2] == [0.0, 0.0, 1.0]
    assert answer["y"][0][-2:] == ["NaN", "Infinity"]


def test_numbers_that_are_not_finite_pass_through(client: Client) -> None:
    answer = ask(client, "/evaluate", {"activation": "identity", "x": ["NaN", "Infinity", "-Infinity"]})
    assert [float(item) for item in answer["y"]] == pytest.approx([nan, inf, -inf], nan_ok=True)
