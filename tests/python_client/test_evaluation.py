"""Values and derivatives through the client."""

import json
import tracemalloc
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from service.client import Client, Problem, evaluation
from service.client.arrays import read_array
from service.errors import InvalidInput, UnknownActivation
from service.wire.arrays import write_array
from tests.client import Client as Application
from tests.python_client.asking import Either

EDGES = [0.0, -0.0, 1.5, -2.25, 800.0, -800.0, 6e4, np.nan, np.inf, -np.inf, 5e-324]
DTYPES = ("float64", "float32", "float16", "bfloat16")


def told(application: Application, path: str, **members: object) -> list[float]:
    """What the service says in JSON, as one list of numbers."""
    answer = application.post(path, members).json()
    values = next(answer[name] for name in ("y", "dy", "dx", "jacobian") if name in answer)
    return np.array(values, np.float64).ravel().tolist()


def by_name(numbers: list[float]) -> list[object]:
    """Numbers as JSON has them."""
    names = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
    return [names.get(str(number), number) for number in numbers]


def same(a: NDArray[np.floating], b: list[float], dtype: str) -> None:
    """The same numbers, which decimals name, to the last bit; and the same signs of zeros."""
    expected = read_array(b, [len(b)], dtype)
    np.testing.assert_array_equal(a.ravel(), expected)
    np.testing.assert_array_equal(np.signbit(a.ravel()[~np.isnan(expected)]), np.signbit(expected[~np.isnan(expected)]))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["mish", "leaky_relu", "hard_shrink"])
def test_values_are_those_of_the_service_in_every_dtype(
    ask: Either, client: Application, dtype: evaluation.DType, name: str
) -> None:
    answer = ask.evaluate(name, EDGES, dtype=dtype)
    same(answer.y, told(client, "/evaluate", activation=name, x=by_name(EDGES), dtype=dtype), dtype)
    assert answer.y.dtype == ("float32" if dtype == "bfloat16" else dtype)
    assert (answer.activation, answer.y.shape) == (name, (len(EDGES),))
    assert answer.dtype == dtype


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", [1, 2])
def test_derivatives_are_those_of_the_service_in_every_dtype(
    ask: Either, client: Application, dtype: evaluation.DType, order: int
) -> None:
    answer = ask.derivative("mish", EDGES, order=order, dtype=dtype)
    same(
        answer.array, told(client, "/derivative", activation="mish", x=by_name(EDGES), order=order, dtype=dtype), dtype
    )
    assert (answer.order, answer.with_respect_to, answer.dtype) == (order, "x", dtype)


def test_the_decimals_of_bfloat16_are_read_as_its_numbers() -> None:
    every = (np.arange(2**16, dtype=np.uint32) << np.uint32(16)).view(np.float32)
    every = every[np.isfinite(every)]
    decimals = json.loads(write_array(every, "bfloat16"))
    np.testing.assert_array_equal(read_array(decimals, every.shape, "bfloat16").view(np.uint32), every.view(np.uint32))


@pytest.mark.parametrize(
    "x",
    [
        np.float64(0.5),
        np.empty(0),
        np.empty((2, 0, 3), np.float32),
        np.arange(24.0).reshape(2, 3, 4),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(24.0).reshape(2, 3, 4)[:, ::2, ::-1],
        np.arange(6.0).reshape(2, 3).T,
        np.arange(4, dtype=">f4"),
        np.arange(-4, 4, dtype=np.int8),
        np.arange(4, dtype=np.uint64),
        np.zeros((1,) * 40),
        [[1, 2], [3, 4]],
        3,
    ],
    ids=lambda x: f"{np.asarray(x).dtype.str}{np.asarray(x).shape}",
)
def test_the_answer_has_the_shape_of_x(ask: Either, x: NDArray[np.floating]) -> None:
    array: NDArray[Any] = np.asarray(x)  # any: floats and integers
    y = ask.evaluate("leaky_relu", x, parameters={"negative_slope": 0.5}).y
    assert y.shape == array.shape
    assert y.dtype == (array.dtype.newbyteorder("=") if array.dtype.kind == "f" else np.float64)
    np.testing.assert_array_equal(y, np.where(array > 0, array, array * 0.5))


@pytest.mark.parametrize(
    "x", [True, ["a"], [None], [1j], [[1], [1, 2]], np.array(["1"]), {"a": 1}, np.datetime64(0, "s")]
)
def test_what_is_no_array_of_numbers_is_refused_before_it_is_sent(ask: Either, x: object) -> None:
    with pytest.raises(InvalidInput) as failure:
        ask.evaluate("relu", x)  # type: ignore[arg-type]  # that is the point
    assert failure.value.faults[0].path == ("x",)
    assert not isinstance(failure.value, Problem)


@pytest.mark.skipif(np.dtype(np.longdouble).itemsize == 8, reason="long double is float64 here")
def test_what_the_service_does_not_read_it_refuses_itself(ask: Either) -> None:
    with pytest.raises(InvalidInput, match="is not read") as failure:
        ask.evaluate("relu", np.ones(3, np.longdouble))
    assert isinstance(failure.value, Problem)


def test_a_dtype_that_there_is_not_is_named(ask: Either) -> None:
    with pytest.raises(InvalidInput, match="float8"):
        ask.evaluate("relu", [1.0], dtype="float8")  # type: ignore[arg-type]  # that is the point


def test_a_layer_is_answered_with_its_preactivation(ask: Either) -> None:
    x, W, b = np.array([[1.0, 2.0], [np.inf, 0.0]]), np.array([[1, -1, 0.5], [0.5, -2, 0]]), np.zeros(3)
    answer = ask.evaluate("LeakyReLU", x, weights=W, bias=b, parameters={"alpha": 0.2}, dtype="float32")
    np.testing.assert_array_equal(answer.preactivation, np.array([[2, -5, 0.5], [np.inf, -np.inf, np.inf]]))
    np.testing.assert_array_equal(answer.y, np.array([[2, -1, 0.5], [np.inf, -np.inf, np.inf]]))
    assert (answer.activation, answer.parameters) == ("leaky_relu", {"negative_slope": 0.2})


def test_an_empty_array_whose_shape_json_cannot_tell_is_refused(ask: Either) -> None:
    with pytest.raises(InvalidInput, match=r"\[0, 3\]") as failure:
        ask.evaluate("relu", np.empty((0, 3)), weights=np.ones((3, 4)))
    assert failure.value.faults[0].path == ("x",)
    assert ask.evaluate("relu", np.empty((2, 0)), dtype="bfloat16").y.shape == (2, 0)


def test_a_bias_alone_is_refused(ask: Either) -> None:
    with pytest.raises(InvalidInput) as failure:
        ask.evaluate("relu", [1.0], bias=[1.0])
    assert failure.value.faults[0].path == ("bias",)


def test_parameters_are_told_whatever_way_the_numbers_travel(ask: Either) -> None:
    over_npy = ask.evaluate("elu", [1.0])
    over_json = ask.evaluate("elu", [1.0], dtype="bfloat16")
    assert over_npy.parameters == over_json.parameters == {"alpha": 1.0}
    assert ask.evaluate("gelu", [3.0], parameters={"approximate": "tanh"}).parameters == {"approximate": "tanh"}
    assert ask.evaluate("relu", [-3.0]).parameters == {}


@pytest.mark.parametrize("name", ["slope", "order", "activation", "x", "accuracy", "a&b=c"])
def test_a_parameter_that_there_is_not_is_refused(ask: Either, name: str) -> None:
    with pytest.raises(InvalidInput) as failure:
        ask.derivative("relu", [1.0], parameters={name: 1})
    assert failure.value.faults[0].path == ("parameters", name)


def test_functions_of_vectors_answer_products_and_jacobians(ask: Either) -> None:
    x, upstream = np.array([[0.0, 1.0, 2.0]]), np.array([[1.0, 0.0, np.nan]])
    jacobian = ask.derivative("softmax", x, jacobian=True)
    whole = np.asarray(jacobian.array)
    assert jacobian.jacobian is jacobian.array
    assert (whole.shape, jacobian.dy, jacobian.parameters) == ((1, 3, 3), None, {"axis": -1})
    assert np.isnan(ask.derivative("softmax", x, upstream=upstream).array).all()
    plain = ask.derivative("softmax", x.astype(np.float32), upstream=[[1, 0, 0]])
    assert (plain.dx is plain.array, plain.dtype) == (True, "float32")
    np.testing.assert_array_almost_equal_nulp(plain.array, whole[0, :1].astype(np.float32))
    assert ask.evaluate("glu", np.ones((2, 4), order="F")).y.shape == (2, 2)
    with pytest.raises(InvalidInput):
        ask.derivative("softmax", x)


def test_derivatives_by_a_parameter_have_its_own_name(ask: Either) -> None:
    answer = ask.derivative("leaky_relu", [-3.0, 3.0], with_respect_to="alpha")
    assert (answer.with_respect_to, answer.array.tolist()) == ("negative_slope", [-3, 0])


@pytest.mark.parametrize(("side", "slope"), [("convention", 0), ("left", 0), ("right", 1), ("nan", np.nan)])
def test_a_side_of_a_kink_can_be_asked_for(ask: Either, side: evaluation.AtKink, slope: float) -> None:
    np.testing.assert_array_equal(ask.derivative("relu", 0.0, at_kink=side).dy, slope)


def test_a_seed_draws_the_same_twice(ask: Either, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "PIECE", 64)
    once, twice, other = (ask.evaluate("rrelu", -np.ones(50), seed=seed).y for seed in (1, 1, 2))
    np.testing.assert_array_equal(once, twice)
    assert len(set(once)) > 40
    assert (once != other).any()


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 16, 17, 100])
def test_long_arrays_travel_in_pieces(ask: Either, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(evaluation, "PIECE", 64)
    x = np.linspace(-3, 3, size)
    np.testing.assert_array_equal(ask.evaluate("relu", x).y, np.maximum(x, 0))


def test_longer_than_the_service_buffers_takes_no_more_than_the_answer(address: str) -> None:
    x = np.linspace(-3, 3, 9_000_000)  # 72 MB
    with Client(f"http://{address}") as client:
        client.evaluate("relu", x[:10])
        tracemalloc.start()
        y = client.evaluate("relu", x).y
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    np.testing.assert_array_equal(y, np.maximum(x, 0))
    assert peak < x.nbytes + 2**22


def test_an_unknown_function_is_told_with_its_neighbours(ask: Either) -> None:
    for weights in (None, [[1.0]]):
        with pytest.raises(UnknownActivation) as failure:
            ask.evaluate("sigmod", [1.0], weights=weights)
        assert failure.value.near[0] == "sigmoid"
        assert failure.value.name == "sigmod"


def test_a_function_is_looked_up_once(address: str) -> None:
    asked: list[str] = []
    hooks = {"request": [lambda request: asked.append(request.url.path)]}
    with httpx.Client(event_hooks=hooks) as http, Client(f"http://{address}", http=http) as client:
        for _ in range(3):
            client.evaluate("swish", [1.0])
    assert asked == ["/activations/swish", "/evaluate", "/evaluate", "/evaluate"]
