"""NVIDIA's client of the Open Inference Protocol, unchanged, with the service as a process."""

import asyncio
import gc
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import tritonclient.http as triton
from numpy.testing import assert_array_equal
from numpy.typing import NDArray
from tritonclient.http import aio
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from service.activations import catalogue, lookup
from service.activations.parameters import bind
from service.api.version import VERSION
from service.compute import derivative, evaluate
from tests.live import serving

DTYPES = [
    pytest.param(np.float64, "float64", id="FP64"),
    pytest.param(np.float32, "float32", id="FP32"),
    pytest.param(np.float16, "float16", id="FP16"),
    pytest.param(ml_dtypes.bfloat16, "bfloat16", id="BF16"),
]

pytestmark = [  # of aiohttp to tritonclient, which sends large bodies at once and leaves unread what it need not know
    pytest.mark.filterwarnings("ignore:Sending a large body directly with raw bytes:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Unclosed connection:ResourceWarning"),
]

Numbers = NDArray[Any]  # any: of all datatypes
Ask = Callable[..., Any]  # any: a client brings no types


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where a service listens that takes up to a million numbers."""
    with serving(ACTISCOPE_MAX_ELEMENTS="1000000") as address:
        yield address


@pytest.fixture(params=["sync", "asyncio"])
def ask(request: pytest.FixtureRequest, address: str) -> Iterator[Ask]:
    """Calls a method of one of the two clients."""
    if request.param == "asyncio":
        yield lambda method, *given, **named: asyncio.run(_ask(address, method, given, named))
        gc.collect()  # unread answers go here, where their warning is expected
    else:
        with triton.InferenceServerClient(address) as client:
            yield lambda method, *given, **named: getattr(client, method)(*given, **named)


async def _ask(address: str, method: str, given: Any, named: Any) -> Any:  # noqa: ANN401
    async with aio.InferenceServerClient(address) as client:
        answer: Coroutine[Any, Any, Any] = getattr(client, method)(*given, **named)
        return await answer


def tensor(x: Numbers, *, binary: bool = True) -> Any:  # noqa: ANN401  a client brings no types
    return triton.InferInput("x", list(x.shape), np_to_triton_dtype(x.dtype)).set_data_from_numpy(x, binary)


def wanted(*names: str, binary: bool = True) -> list[Any]:
    return [triton.InferRequestedOutput(name, binary_data=binary) for name in names]


def points(*shape: int) -> NDArray[np.float64]:
    return np.random.default_rng(0).normal(0, 3, shape)


def test_the_server_is_alive_and_ready(ask: Ask) -> None:
    assert ask("is_server_live")
    assert ask("is_server_ready")
    assert ask("is_model_ready", "relu")
    assert ask("is_model_ready", "ReLU", "1")
    assert not ask("is_model_ready", "reluu")
    assert not ask("is_model_ready", "relu", "2")


def test_the_server_and_its_models_describe_themselves(ask: Ask) -> None:
    server = {"name": "actiscope", "version": VERSION, "extensions": ["binary_tensor_data"]}
    assert ask("get_server_metadata") == server
    for version in ("", "1"):
        described = ask("get_model_metadata", "swish", version)
        assert (described["name"], described["versions"]) == ("silu", ["1"])
        assert described["inputs"] == [{"name": "x", "datatype": "FP64", "shape": [-1]}]
        assert [output["name"] for output in described["outputs"]] == ["y", "derivative"]


@pytest.mark.parametrize(("kind", "dtype"), DTYPES)
@pytest.mark.parametrize("binary", [True, False], ids=["bytes", "json"])
@pytest.mark.parametrize("shape", [(), (5,), (0,), (3, 4), (2, 3, 2)], ids=str)
def test_values_and_derivatives_are_those_of_the_dtype(
    ask: Ask, kind: type[np.generic], dtype: str, binary: bool, shape: tuple[int, ...]
) -> None:
    x = points(*shape).astype(kind)
    given = tensor(x, binary=binary or dtype == "bfloat16")  # of which the client sends bytes only
    result = ask("infer", "gelu", [given], outputs=wanted("derivative", "y", binary=binary))
    function, exact = lookup("gelu"), x.astype(np.float64)
    parameters = function.defaults()
    expected = {
        "y": evaluate(function, exact, parameters, dtype=dtype),
        "derivative": derivative(function, exact, parameters, dtype=dtype),
    }
    for name, numbers in expected.items():
        found = result.as_numpy(name)
        assert (found.dtype, found.shape) == (x.dtype, shape)
        assert_array_equal(found.astype(np.float64), numbers)


@pytest.mark.parametrize("function", catalogue(), ids=lambda function: function.name)
def test_every_model_answers(address: str, function: Any) -> None:  # noqa: ANN401  any kind of them
    x = np.abs(points(4, 6))
    with triton.InferenceServerClient(address) as client:
        result = client.infer(function.name, [tensor(x)])
    assert_array_equal(result.as_numpy("y"), evaluate(function, x, function.defaults()))
    assert (result.as_numpy("derivative") is None) is (function.kind != "elementwise")


def test_without_outputs_all_come_as_bytes(ask: Ask) -> None:
    result = ask("infer", "relu", [tensor(np.array([-1.0, 2.0]))], request_id="7", model_version="1")
    assert result.as_numpy("y").tolist() == [0, 2]
    assert result.as_numpy("derivative").tolist() == [0, 1]
    assert result.get_output("y")["parameters"] == {"binary_data_size": 16}
    assert (result.get_response()["id"], result.get_response()["model_version"]) == ("7", "1")


def test_one_output_may_come_as_bytes_and_one_in_json(ask: Ask) -> None:
    asked = [*wanted("y", binary=True), *wanted("derivative", binary=False)]
    result = ask("infer", "relu", [tensor(np.array([-1.0, 2.0]))], outputs=asked)
    assert result.as_numpy("y").tolist() == [0, 2]
    assert result.get_output("derivative")["data"] == [0, 1]


def test_what_is_not_finite_is_answered_in_either_form(ask: Ask) -> None:
    x = np.array([np.nan, np.inf, -np.inf])
    for binary in (True, False):
        y = ask("infer", "identity", [tensor(x)], outputs=wanted("y", binary=binary)).as_numpy("y")
        assert_array_equal(y, x)


def test_a_million_numbers_are_answered(ask: Ask) -> None:
    x = points(1_000_000)
    result = ask("infer", "relu", [tensor(x)], outputs=wanted("y"))
    assert_array_equal(result.as_numpy("y"), np.maximum(x, 0))


def test_parameters_of_the_function_and_of_every_model_are_taken(ask: Ask) -> None:
    given = {"alpha": 0.25, "at_kink": "right", "accuracy": "full"}
    x = np.array([-1.0, 0.0, 1.0])
    result = ask("infer", "LeakyReLU", [tensor(x)], parameters=given)
    assert result.as_numpy("y").tolist() == [-0.25, 0, 1]
    assert result.as_numpy("derivative").tolist() == [0.25, 1, 1]
    assert result.get_response()["parameters"] == {"negative_slope": 0.25}
    function = lookup("tanh")
    second = ask("infer", "tanh", [tensor(x)], parameters={"order": 2}).as_numpy("derivative")
    assert_array_equal(second, derivative(function, x, bind(function, {}), order=2))


def test_hints_to_schedulers_change_nothing(ask: Ask) -> None:
    hints = {"sequence_id": 3, "sequence_start": True, "sequence_end": True, "priority": 1, "timeout": 10}
    assert ask("infer", "relu", [tensor(np.ones(1))], **hints).as_numpy("y").tolist() == [1]


@pytest.mark.parametrize(
    ("given", "status", "told"),
    [
        ({"model_name": "reluu"}, "404", "There is no activation called 'reluu'. Did you mean relu"),
        ({"model_version": "2"}, "404", "relu has the version 1 only, not '2'."),
        ({"parameters": {"slope": 1}}, "422", "/parameters/slope: relu has no such parameter; it has none."),
        ({"outputs": wanted("z")}, "422", "/outputs/0/name: Must be 'y' or 'derivative'."),
        ({"inputs": [tensor(np.ones(2, np.int32))]}, "422", "/inputs/0/datatype: Must be 'FP64', 'FP32', 'FP16' or"),
        ({"inputs": [tensor(np.ones(1)), tensor(np.ones(1))]}, "422", "/inputs/1: Every model has one input, x."),
        ({"inputs": [tensor(np.full(1, np.nan), binary=False)]}, "400", "The body is not JSON"),
        ({"inputs": [tensor(np.ones(1_000_001, np.float16))]}, "413", "The tensor has 1000001 elements; 1000000 are"),
        ({"request_compression_algorithm": "deflate"}, "415", "The Content-Encoding 'deflate' is not understood"),
    ],
)
def test_a_failure_is_an_exception_with_our_message(ask: Ask, given: dict[str, Any], status: str, told: str) -> None:
    with pytest.raises(InferenceServerException) as caught:
        ask("infer", **{"model_name": "relu", "inputs": [tensor(np.ones(1))]} | given)
    assert (caught.value.status(), caught.value.message()[: len(told)]) == (status, told)


@pytest.mark.parametrize("binary", [True, False])
def test_a_request_may_come_compressed(ask: Ask, binary: bool) -> None:
    x = np.linspace(-1, 1, 10_000)
    given = [tensor(x, binary=binary)]
    result = ask("infer", model_name="relu", inputs=given, request_compression_algorithm="gzip")
    assert_array_equal(result.as_numpy("y"), np.maximum(x, 0))


def test_the_metadata_of_no_model_is_an_exception_too(ask: Ask) -> None:
    with pytest.raises(InferenceServerException, match="There is no activation called 'reluu'"):
        ask("get_model_metadata", "reluu")
    with pytest.raises(InferenceServerException, match="There is nothing at /v2/models/relu/config"):
        ask("get_model_config", "relu")
