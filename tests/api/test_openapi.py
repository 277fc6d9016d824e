"""The published contract."""

import gzip
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from fastapi.routing import APIRoute

from service.api import openapi
from service.api.admission import Gate
from service.api.failures import FAILURES
from service.api.kinds import KINDS
from service.app import ROUTERS, create_app
from service.settings import Settings
from service.wire.npy import write_header
from tests.api.test_limits import streams_of
from tests.client import JSON, Client, assert_problem
from tests.gates import occupied
from tests.schema import JsonValue, complaints

COMMITTED = Path(__file__).parents[2] / "openapi" / "openapi.json"
CONTRACT: dict[str, Any] = orjson.loads(COMMITTED.read_bytes())
OPERATIONS = [
    pytest.param(path, method, operation, id=f"{method} {path}")
    for path, item in CONTRACT["paths"].items()
    for method, operation in item.items()
]
EXAMPLES = [
    pytest.param(path, name, id=f"{path} {name}")
    for path in ("/evaluate", "/derivative", "/gradient-flow", "/gradient-flow/mean-field")
    for name in CONTRACT["paths"][path]["post"]["requestBody"]["content"]["application/json"]["examples"]
]
GOOD = b'{"activation": "relu", "x": 1}'
NPY = {"Content-Type": "application/x-npy"}
FORM = {"Content-Type": "multipart/form-data; boundary=b"}
REQUEST_PART = b'--b\r\nContent-Disposition: form-data; name="request"\r\n\r\n{}'
LAYERS = '{"input": {"distribution": "normal", "features": 2, "batch": 1}, "layers": [%s]}'
TENSOR = '{"inputs": [{"name": "x", "shape": [2], "datatype": "%s", "parameters": {"binary_data_size": 16}}]%s}'
LENGTH = "Inference-Header-Content-Length"
PLACES = {
    "unknown_name": {"name": "mysh"},
    "unknown_problem": {"code": "malformed"},
    "no_such_version": {"version": "2"},
}
PROVOCATIONS: dict[str, dict[str, Any]] = {
    "malformed_multipart": {"content": REQUEST_PART, "headers": FORM},
    "malformed_tensors": {
        "content": REQUEST_PART + b'\r\n--b\r\nContent-Disposition: form-data; name="tensors"\r\n\r\n.\r\n--b--\r\n',
        "headers": FORM,
    },
    "malformed_tensor_data": {"content": TENSOR % ("FP64", "") + "8 bytes.", "headers": {LENGTH: "101"}},
    "no_such_version": {},
    "no_such_tensor_format": {"headers": JSON | {"Accept": "image/webp"}},
    "neither_json_nor_tensors": {"headers": {"Content-Type": "text/plain"}},
    "no_such_datatype": {"content": TENSOR % ("INT8", "")},
    "no_such_parameter": {"content": TENSOR % ("FP64", ', "parameters": {"slope": 1}')},
    "missing_part": {"content": REQUEST_PART + b"\r\n--b--\r\n", "headers": FORM},
    "shapes_do_not_chain": {"content": LAYERS % '{"activation": "relu", "weights": [[1]]}'},
    "unknown_function_of_layer": {"content": LAYERS % '{"units": 1, "activation": "mysh", "weights": "ones"}'},
    "too_many_layers": {
        "content": LAYERS % '{"units": 1, "activation": "relu", "weights": "ones", "repeat": 1000000}',
    },
    "vector_function": {"content": b'{"activation": "softmax", "sigma_w": 1}'},
    "too_many_points": {"content": b'{"activation": "relu", "sigma_w": {"linspace": [0, 1, 1000000]}}'},
    "no_such_picture": {"content": b'{"layers": []}', "headers": JSON | {"Accept": "image/webp"}},
    "no_layers": {"content": b"{}"},
    "unknown_picture_item": {"content": b"{}", "params": {"widht": "1"}},
    "malformed_npy": {"content": b"[1, 2]", "headers": NPY, "params": {"activation": "relu"}},
    "wrong_item": {"headers": NPY, "params": {"activation": "leaky_relu", "negative_slope": "x"}},
    "malformed_json": {"content": b'{"activation": "relu", "x": NaN}'},
    "too_deep": {"content": b"[" * 65 + b"]" * 65},
    "unknown_name": {},
    "unknown_problem": {},
    "not_acceptable": {"content": GOOD, "headers": JSON | {"Accept": "image/webp"}},
    "no_such_exposition": {"headers": {"Accept": "text/html"}},
    "no_such_stream": {"content": GOOD, "headers": JSON | {"Accept": "image/webp"}},
    "body_too_large": {"content": GOOD, "headers": JSON | {"Content-Length": "67108865"}},
    "malformed_coding": {"content": GOOD, "headers": JSON | {"Content-Encoding": "gzip"}},
    "inflated_too_large": {"content": gzip.compress(bytes(2**26 + 1)), "headers": JSON | {"Content-Encoding": "gzip"}},
    "query_too_long": {"content": GOOD, "params": {"x": "1" * 8192}},
    "too_much_waiting": {"content": GOOD.ljust(2**20)},
    "too_many_streams": {"headers": NPY | {"Accept": "application/x-npy, */*"}, "params": {"activation": "relu"}},
    "unsupported_media_type": {"content": GOOD, "headers": {"Content-Type": "text/plain"}},
    "neither_json_nor_npy": {"content": GOOD, "headers": {"Content-Type": "text/plain"}},
    "ragged_array": {"content": b'{"activation": "relu", "x": [[1, 2], [3]]}'},
    "unknown_field": {"content": b'{"activation": "relu", "x": 1, "dtipe": "float32"}'},
    "unknown_activation": {"content": b'{"activation": "mysh", "x": 1}'},
    "unknown_query_item": {"params": {"familly": "gate"}},
    "not_a_parameter": {"params": {"family": "gate"}},
    "no_query_items": {"content": GOOD, "params": {"family": "gate"}},
}


async def in_two_pieces() -> AsyncIterator[bytes]:
    """The first piece of an NPY file, and what is not read any more."""
    yield write_header(np.dtype("<f8"), (2,))
    yield bytes(16)


@contextmanager
def streams_open(client: Client, number: int) -> Iterator[None]:
    """Meanwhile the application streams so many answers."""
    with ExitStack() as stack:
        for _ in range(number):
            stack.enter_context(streams_of(client).one())
        yield


def gate_full(client: Client) -> AbstractContextManager[None]:
    """Meanwhile as much waits for its turn as may."""
    gate: Gate = client.app.gate  # type: ignore[attr-defined]  # the client takes any FastAPI
    return occupied(client.runner, gate, 32)


NEEDED = {"/plots/activations": {"name": "leaky_relu"}}
PROVOKED = {"too_many_streams": lambda client: streams_open(client, 32), "too_much_waiting": gate_full}


def bodies(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """All media types of an operation, of its request and its answers, each with the status or 'request'."""
    if "requestBody" in operation:
        yield from (("request", media) for media in operation["requestBody"]["content"].values())
    for status, response in operation["responses"].items():
        yield from ((status, media) for media in response.get("content", {}).values())


def examples(media: dict[str, Any]) -> list[Any]:
    return [media["example"]] if "example" in media else [item["value"] for item in media["examples"].values()]


def close(answer: JsonValue, expected: JsonValue) -> bool:
    """Equal, but for the last digits of numbers, which may be others on other processors."""
    if isinstance(expected, dict):
        return set(answer) == set(expected) and all(close(answer[name], item) for name, item in expected.items())
    if isinstance(expected, list):
        return len(answer) == len(expected) and all(map(close, answer, expected))
    return bool(answer == pytest.approx(expected, rel=1e-5) if isinstance(expected, float) else answer == expected)


def test_the_committed_contract_is_the_one_served(client: Client) -> None:
    assert openapi.write(openapi.build(create_app(Settings()).routes)) == COMMITTED.read_bytes(), "run `make openapi`"
    assert client.get("/openapi.json").json() == CONTRACT


def test_every_path_is_documented() -> None:
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    assert {route.path for route in routes if route.include_in_schema} == set(CONTRACT["paths"])


def test_every_name_of_an_operation_is_its_own() -> None:
    names = [operation["operationId"] for item in CONTRACT["paths"].values() for operation in item.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_an_operation_is_documented_in_full(path: str, method: str, operation: dict[str, Any]) -> None:
    assert CONTRACT["paths"][path][method] is operation
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]
    assert all(parameter["description"] for parameter in operation.get("parameters", []))
    assert {"200", "406", "500"} <= set(operation["responses"])
    assert ("requestBody" in operation) is (method == "post")
    assert all("X-Request-ID" in response["headers"] for response in operation["responses"].values())


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_example_is_what_its_schema_says(path: str, method: str, operation: dict[str, Any]) -> None:
    for status, media in bodies(operation):
        for example in examples(media):
            assert not complaints(example, media["schema"], CONTRACT), (path, method, status)


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_failure_has_an_example_of_its_status(path: str, method: str, operation: dict[str, Any]) -> None:
    assert CONTRACT["paths"][path][method] is operation
    for status, response in operation["responses"].items():
        if int(status) < 400:
            continue
        assert set(response["content"]) == {"application/problem+json"}
        for example in examples(response["content"]["application/problem+json"]):
            assert example["status"] == int(status)
            assert example["type"].removeprefix("/problems/") in KINDS


def test_only_requests_are_closed_to_members_unknown_today() -> None:
    schemas = CONTRACT["components"]["schemas"]
    closed = {name for name, schema in schemas.items() if schema.get("additionalProperties") is False}
    assert closed == {name for name in openapi.closed_models() if name in schemas} - {"InitializerDescription"}
    assert {"EvaluateRequest", "GradientFlowRequest", "LayerDescription"} <= closed


def test_the_schema_refuses_what_the_service_refuses() -> None:
    schema = CONTRACT["components"]["schemas"]["EvaluateRequest"]
    good = {"activation": "relu", "x": [1, "NaN"]}
    assert not complaints(good, schema, CONTRACT)
    for bad in ({"x": [True]}, {"x": ["1"]}, {"x": None}, {"dtype": "f8"}, {"foo": 1}, {"seed": -1}, {"activation": 1}):
        assert complaints(good | bad, schema, CONTRACT)


@pytest.mark.parametrize(("path", "name"), EXAMPLES)
def test_every_example_is_answered_as_documented(client: Client, path: str, name: str) -> None:
    operation = CONTRACT["paths"][path]["post"]
    question = operation["requestBody"]["content"]["application/json"]["examples"][name]["value"]
    documented = operation["responses"]["200"]["content"]["application/json"]["examples"][name]["value"]
    answer = client.post(path, question)
    assert close(answer.json(), documented)
    assert list(answer.json()) == list(documented) or set(answer.json()) == set(documented)


def test_the_example_of_a_stream_is_its_first_record(client: Client) -> None:
    operation = CONTRACT["paths"]["/gradient-flow/training"]["post"]
    question = operation["requestBody"]["content"]["application/json"]["examples"]["zig_zag"]["value"]
    documented = operation["responses"]["200"]["content"]["application/x-ndjson"]["example"]
    first = orjson.loads(client.post("/gradient-flow/training", question).text.splitlines()[0])
    assert close(first, documented)


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/", "/"),
        ("/healthz", "/healthz"),
        ("/readyz", "/readyz"),
        ("/limits", "/limits"),
        ("/problems", "/problems"),
        ("/problems/{code}", "/problems/not_found"),
        ("/activations", "/activations?q=leaky_relu"),
        ("/activations/{name}", "/activations/leaky_relu"),
        ("/v2/models/{name}", "/v2/models/leaky_relu"),
        ("/v2/models/{name}/ready", "/v2/models/leaky_relu/ready"),
        ("/v2/health/live", "/v2/health/live"),
        ("/v2/health/ready", "/v2/health/ready"),
    ],
)
def test_every_page_is_answered_as_documented(client: Client, path: str, asked: str) -> None:
    documented = CONTRACT["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["example"]
    assert close(client.get(asked).json(), documented)


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_example_of_a_failure_is_what_the_service_says(
    client: Client, path: str, method: str, operation: dict[str, Any]
) -> None:
    failures = {
        name: item["value"]
        for status, media in bodies(operation)
        if status >= "4" and status != "request"
        for name, item in media["examples"].items()
    }
    states = {"internal_error", "not_ready", "plots_not_installed"}  # of the service: no request brings them about
    assert set(failures) - states <= set(PROVOCATIONS)
    for name in set(failures) - states:
        request: dict[str, Any] = {"headers": JSON} | PROVOCATIONS[name]
        if method == "get":
            request.pop("content", None)
            request["params"] = NEEDED.get(path, {}) | request.get("params", {})
        place = {"name": "leaky_relu", "code": "not_found", "version": "1"} | PLACES.get(name, {})
        asked = path.format_map(place)
        failure = FAILURES[name]
        with PROVOKED[name](client) if name in PROVOKED else nullcontext():
            if name == "too_many_streams":
                request["content"] = in_two_pieces()
            response = client.request(method.upper(), asked, **request)
        document = assert_problem(response, failure.status, failure.code)
        assert ("retry-after" in response.headers) is (failure.status == 503)
        assert document | {"instance": ""} == failures[name] | {"instance": ""}


@pytest.mark.parametrize("path", CONTRACT["paths"])
def test_the_instance_of_an_example_is_its_path(path: str) -> None:
    for operation in CONTRACT["paths"][path].values():
        for status, media in bodies(operation):
            if status != "request" and status >= "4":
                assert all(example["instance"].count("/") == path.count("/") for example in examples(media))


def test_a_descriptor_is_published_with_its_choices_and_whole(client: Client) -> None:
    schemas = CONTRACT["components"]["schemas"]
    described = schemas["Description"]["properties"]
    for function in client.get("/activations").json()["activations"]:
        assert set(function) == set(schemas["Description"]["required"])
        assert function["kind"] in described["kind"]["enum"]
        assert function["smoothness"] in described["smoothness"]["enum"]
    assert not [name for name, schema in schemas.items() if "None" in schema.get("description", "")]


@pytest.mark.parametrize(
    "name", [name for name, schema in CONTRACT["components"]["schemas"].items() if "properties" in schema]
)
def test_defaults_are_what_may_be_sent(name: str) -> None:
    for member, schema in CONTRACT["components"]["schemas"][name]["properties"].items():
        if "default" in schema:
            assert complaints(schema["default"], schema, CONTRACT, member) == []


def test_no_item_beside_another_body_has_a_default() -> None:
    for path in ("/evaluate", "/derivative"):
        assert not any("default" in item["schema"] for item in CONTRACT["paths"][path]["post"]["parameters"])
