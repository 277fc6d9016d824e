"""Each limit, at it and over it."""

from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import numpy as np
import pytest

from service.api.slots import Streams
from service.app import Actiscope
from service.settings import Settings, setting_name
from service.wire.npy import write_header
from tests.api.test_npy import NPY
from tests.api.test_npy_streams import Talk, said
from tests.client import JSON, Client, assert_problem

NPY_FILE = write_header(np.dtype("<f8"), (2,)) + bytes(16)


def limited(client: Client, **limits: int) -> Client:
    """The application with these limits, the others as they are by default."""
    given = {setting_name(name): str(value) for name, value in limits.items()}
    return Client(client.runner, Settings.from_environment(given))


def assert_limit(document: dict[str, Any], name: str, value: int) -> None:
    """The refusal names the limit, its value and its setting."""
    assert document["limit"] == {"name": name, "value": value, "setting": setting_name(name)}
    assert setting_name(name) in document["detail"]
    assert str(value) in document["detail"]


def streams_of(client: Client) -> Streams:
    """What counts the streams of an application."""
    return cast("Actiscope", client.app).streams


def body_of(size: int) -> bytes:
    body = b'{"activation":"relu","x":1}'
    return body + b" " * (size - len(body))


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_may_have_as_many_bytes_as_allowed(client: Client, announced: bool) -> None:
    small = limited(client, max_body_bytes=100)

    async def chunks(size: int) -> Any:  # noqa: ANN401  an asynchronous iterator of bytes
        for start in range(0, size, 7):
            yield body_of(size)[start : start + 7]

    def send(size: int) -> Any:  # noqa: ANN401  a response
        content = body_of(size) if announced else chunks(size)
        return small.request("POST", "/evaluate", content=content, headers=JSON)

    assert send(100).status_code == 200
    assert_limit(assert_problem(send(101), 413, "limit_exceeded"), "max_body_bytes", 100)


@pytest.mark.parametrize("announced", ["101", "9" * 30])
def test_a_body_that_is_announced_too_large_is_not_read(client: Client, announced: str) -> None:
    headers = JSON | {"Content-Length": announced}
    response = limited(client, max_body_bytes=100).request("POST", "/evaluate", content=b"{}", headers=headers)
    assert_limit(assert_problem(response, 413, "limit_exceeded"), "max_body_bytes", 100)


def test_an_array_may_have_as_many_numbers_as_allowed(client: Client) -> None:
    small = limited(client, max_elements=6)
    assert small.post("/evaluate", {"activation": "relu", "x": [[1, 2, 3], [4, 5, 6]]}).status_code == 200
    response = small.post("/evaluate", {"activation": "relu", "x": [[1, 2, 3, 4], [4, 5, 6, 7]]})
    assert_limit(assert_problem(response, 413, "limit_exceeded", "/x"), "max_elements", 6)


def test_a_layer_may_answer_as_many_numbers_as_allowed(client: Client) -> None:
    small = limited(client, max_elements=6)
    body = {"activation": "relu", "x": [[1]] * 3, "weights": [[1, 2]]}
    assert small.post("/evaluate", body).status_code == 200
    response = small.post("/evaluate", body | {"weights": [[1, 2, 3]]})
    assert_limit(assert_problem(response, 413, "limit_exceeded", "/weights"), "max_elements", 6)


@pytest.mark.parametrize(("shape", "axis"), [((4,), -1), ((4,), 0), ((2, 2), 0), ((2, 2), 1)])
def test_a_jacobian_is_refused_before_it_is_computed(client: Client, shape: tuple[int, ...], axis: int) -> None:
    x: Any = [0.0] * shape[-1]
    x = [x] * shape[0] if len(shape) > 1 else x
    body = {"activation": "softmax", "x": x, "jacobian": True, "parameters": {"axis": axis}}
    numbers = 16 if len(shape) == 1 else 8
    assert limited(client, max_elements=numbers).post("/derivative", body).status_code == 200
    response = limited(client, max_elements=numbers - 1).post("/derivative", body)
    document = assert_problem(response, 413, "limit_exceeded", "/jacobian")
    assert_limit(document, "max_elements", numbers - 1)


def test_a_huge_jacobian_is_refused_at_once(client: Client) -> None:
    body = {"activation": "softmax", "x": [0.0] * 100_000, "jacobian": True}
    assert_problem(client.post("/derivative", body), 413, "limit_exceeded", "/jacobian")
    assert client.post("/derivative", body | {"activation": "glu"}).status_code == 413


@pytest.mark.parametrize(("dtype", "size"), [("float64", 24), ("float32", 16), ("float16", 12), ("bfloat16", 12)])
def test_an_answer_may_have_as_many_bytes_as_allowed(client: Client, dtype: str, size: int) -> None:
    body = {"activation": "relu", "x": [1, 2, 3], "dtype": dtype}
    assert limited(client, max_response_bytes=3 * size).post("/evaluate", body).status_code == 200
    response = limited(client, max_response_bytes=3 * size - 1).post("/evaluate", body)
    document = assert_problem(response, 413, "limit_exceeded", "/x")
    assert_limit(document, "max_response_bytes", 3 * size - 1)


def test_an_array_may_have_as_many_dimensions_as_allowed(client: Client) -> None:
    small = limited(client, max_rank=2)
    assert small.post("/evaluate", {"activation": "relu", "x": [[1]]}).status_code == 200
    document = assert_problem(small.post("/evaluate", {"activation": "relu", "x": [[[1]]]}), 422, "invalid_input", "/x")
    assert "ACTISCOPE_MAX_RANK" in document["detail"]


def test_a_body_may_be_nested_as_deeply_as_allowed(client: Client) -> None:
    small = limited(client, max_depth=3)
    assert small.post("/evaluate", {"activation": "relu", "x": [[1]]}).status_code == 200
    response = small.post("/evaluate", {"activation": "relu", "x": [[[1]]]})
    assert_limit(assert_problem(response, 400, "too_deep"), "max_depth", 3)


def test_a_request_may_have_as_many_parameters_as_allowed(client: Client) -> None:
    small = limited(client, max_parameters=1)
    body = {"activation": "leaky_relu", "x": 1, "parameters": {"negative_slope": 0.1}}
    assert small.post("/evaluate", body).status_code == 200
    response = small.post("/evaluate", body | {"parameters": {"negative_slope": 0.1, "b": 1}})
    document = assert_problem(response, 422, "invalid_input", "/parameters")
    assert "ACTISCOPE_MAX_PARAMETERS" in document["detail"]


def test_objects_may_have_as_many_members_as_allowed(client: Client) -> None:
    body = {"activation": "leaky_relu", "x": list(range(1000)), "parameters": {"negative_slope": 0.1}}
    assert limited(client, max_members=4).post("/evaluate", body).status_code == 200
    response = limited(client, max_members=3).post("/evaluate", body)
    assert_limit(assert_problem(response, 413, "limit_exceeded"), "max_members", 3)
    flat = body | {"parameters": {}}
    assert_problem(limited(client, max_members=2).post("/evaluate", flat), 413, "limit_exceeded")


def test_a_body_has_so_many_strings(client: Client) -> None:
    body = b'{"activation":"relu","x":["NaN","Infinity","-Infinity"]}'
    assert limited(client, max_strings=6).post("/evaluate", body).status_code == 200
    response = limited(client, max_strings=5).post("/evaluate", body)
    assert_limit(assert_problem(response, 413, "limit_exceeded"), "max_strings", 5)
    flat = b'{"activation":"relu","x":[%b1]}' % (b"1," * 1000)
    assert limited(client, max_strings=3).post("/evaluate", flat).status_code == 200
    assert_problem(limited(client, max_strings=2).post("/evaluate", flat), 413, "limit_exceeded")


@pytest.mark.parametrize("path", ["/activations?q=", "/evaluate?activation=", "/docs/nowhere?q="])
def test_a_query_may_have_as_many_bytes_as_allowed(client: Client, path: str) -> None:
    small = limited(client, max_query_bytes=20)
    there, query = path.split("?")
    at, over = (f"{there}?{query.ljust(length, 'x')}" for length in (20, 21))
    headers = {"Content-Type": "application/x-npy"}
    method = "POST" if "evaluate" in path else "GET"
    assert small.request(method, at, headers=headers).status_code in (200, 404, 422)
    if "docs" not in path:  # there is nothing, whatever is asked
        response = small.request(method, over, headers=headers)
        assert_limit(assert_problem(response, 414, "limit_exceeded"), "max_query_bytes", 20)


def test_a_query_may_have_as_many_items_as_allowed(client: Client) -> None:
    small = limited(client, max_query_items=2)
    assert small.get("/activations?q=a&family=gate").status_code == 200
    response = small.get("/activations?q=a&family=gate&q=a")
    assert_limit(assert_problem(response, 414, "limit_exceeded"), "max_query_items", 2)
    assert_problem(small.post("/evaluate?&&", b"{}"), 414, "limit_exceeded")


TRAINED = {
    "layers": [{"activation": "identity", "weights": [[1]]}],
    "data": {"values": [[1]], "targets": [[1]]},
    "steps": 1,
}


async def in_pieces() -> AsyncIterator[bytes]:
    """An NPY file that is answered piece by piece."""
    yield write_header(np.dtype("<f8"), (2,))
    yield bytes(16)


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("/gradient-flow/training", {"json": TRAINED}),
        ("/evaluate?activation=relu", {"headers": {"Content-Type": NPY, "Accept": NPY}}),
    ],
)
def test_a_process_may_stream_as_many_answers_as_allowed(client: Client, path: str, given: dict[str, Any]) -> None:
    small = limited(client, max_streams=2)

    def send() -> httpx.Response:
        more = {} if "json" in given else {"content": in_pieces()}
        return small.request("POST", path, **given, **more)

    streams = streams_of(small)
    with streams.one():
        for _ in range(3):
            assert send().status_code == 200
            assert streams.open == 1
        with streams.one():
            response = send()
            assert_limit(assert_problem(response, 503, "overloaded"), "max_streams", 2)
            assert response.headers["retry-after"] == "1"
            whole = small.request("POST", "/evaluate?activation=relu", content=NPY_FILE, headers={"Content-Type": NPY})
            assert whole.status_code == 200
    assert send().status_code == 200
    assert streams.open == 0


def test_streams_that_fail_are_counted_no_longer(client: Client) -> None:
    small = limited(client, max_streams=1)
    file = NPY_FILE
    for parts in ([file[:130]], [file[:130], file[130:-1], b""], [file[:130], file[130:] + b"\0"]):
        talk = Talk(said(*parts, end=len(parts) > 1))
        client.runner.run(talk.run(small))
        assert (talk.heard[0]["status"], talk.complete, streams_of(small).open) == (200, False, 0)


def test_counts_that_multiply_beyond_all_memory_are_refused(client: Client) -> None:
    most = {item["name"]: item["value"] for item in client.get("/limits").json()["limits"]}
    size = most["max_size"]
    layer = {"units": size, "activation": "relu", "weights": "he_normal"}
    wide = {"input": {"distribution": "normal", "features": size, "batch": size}, "trials": most["max_trials"]}
    for layers, limit in (
        ([layer], "max_flow_bytes"),
        ([layer | {"repeat": size}], "max_layers"),
        ([{"block": [layer | {"repeat": size}] * 100, "repeat": size}], "max_layers"),
        ([layer | {"repeat": 1000}] * 10, "max_flow_bytes"),
    ):
        document = assert_problem(client.post("/gradient-flow", wide | {"layers": layers}), 413, "limit_exceeded")
        assert document["limit"]["name"] == limit
        training = {**wide, "trials": 1, "layers": layers, "steps": most["max_steps"], "loss": "mean"}
        assert_problem(client.post("/gradient-flow/training", training), 413, "limit_exceeded")


def test_a_body_may_have_as_many_arrays_and_objects_as_allowed(client: Client) -> None:
    most = next(item["value"] for item in client.get("/limits").json()["limits"] if item["name"] == "max_containers")
    document = assert_problem(client.post("/evaluate", b"[" + b"[]," * most + b"[]]"), 413, "limit_exceeded")
    assert document["limit"] == {"name": "max_containers", "value": most}
    assert "setting" not in document["detail"]
