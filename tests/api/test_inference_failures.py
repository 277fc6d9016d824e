"""What the Open Inference Protocol refuses: every failure is a problem with a member `error`."""

import json
from typing import Any

import pytest

from service.api.inference import infer
from service.errors import UnknownActivation
from service.settings import Settings
from tests.api.test_inference import BYTES, INFER, INFERS, LENGTH, X, announced, send
from tests.client import Client, assert_problem

PATHS = ["/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/relu", "/v2/models/relu/versions/1"]
PATHS += ["/v2/models/relu/ready", "/v2/models/relu/versions/1/ready"]


@pytest.mark.parametrize(
    ("text", "content", "status", "code"),
    [
        (announced(), BYTES[:-1], 400, "malformed_tensor_data"),
        (announced(), BYTES + b"\0", 400, "malformed_tensor_data"),
        (announced(), b"", 400, "malformed_tensor_data"),
        (json.dumps({"inputs": [X]}).encode(), b"\0", 400, "malformed_tensor_data"),
        (announced()[:-1], BYTES, 400, "malformed_json"),
        (b"\xff", BYTES, 400, "malformed_json"),
        (announced(15), BYTES, 422, "invalid_input"),
        (b"[]", BYTES, 422, "invalid_input"),
        (b"[" * 100, BYTES, 400, "too_deep"),
    ],
)
def test_a_body_that_is_not_what_it_says_is_refused(
    client: Client, text: bytes, content: bytes, status: int, code: str
) -> None:
    assert assert_problem(send(client, text, content), status, code)["error"]


@pytest.mark.parametrize("length", ["", "x", "-1", "1.0", "1e2", "+5", "٣".encode(), "9" * 20, "5, 5"])
def test_a_length_that_is_none_is_refused(client: Client, length: str | bytes) -> None:
    response = client.post(INFER, announced() + BYTES, headers={LENGTH: length})
    assert assert_problem(response, 422, "invalid_input", parameter=LENGTH)


def test_a_length_given_twice_is_refused(client: Client) -> None:
    headers = [(LENGTH, "2"), (LENGTH, "2")]
    response = client.request("POST", INFER, content=b"{}", headers=headers)
    assert assert_problem(response, 422, "invalid_input", parameter=LENGTH)


@pytest.mark.parametrize("length", ["3", "9" * 19])
def test_a_text_longer_than_the_body_is_refused(client: Client, length: str) -> None:
    assert assert_problem(client.post(INFER, b"{}", headers={LENGTH: length}), 400, "malformed_tensor_data")


def test_a_field_at_fault_is_pointed_at(client: Client) -> None:
    response = client.post(INFER, {"inputs": [X | {"datatype": "INT32", "shape": [-1]}], "parameters": {"a": 1}})
    document = assert_problem(response, 422, "invalid_input", pointer="/inputs/0/datatype")
    assert "Must be 'FP64', 'FP32', 'FP16' or 'BF16'." in document["error"]
    unknown = client.post("/v2/models/elu/infer", {"inputs": [X], "parameters": {"slope": 1}})
    assert "it has alpha." in assert_problem(unknown, 422, "invalid_input", pointer="/parameters/slope")["error"]


@pytest.mark.parametrize("path", [path.replace("relu", "reluu") for path in PATHS[3:]])
def test_an_unknown_model_is_not_found(client: Client, path: str) -> None:
    assert "relu" in assert_problem(client.get(path), 404, "unknown_activation")["near"]


@pytest.mark.parametrize("path", [path.replace("relu", "reluu") for path in INFERS])
def test_an_unknown_model_infers_nothing(client: Client, path: str) -> None:
    assert "errors" not in assert_problem(client.post(path, {"inputs": [X]}), 404, "unknown_activation")


@pytest.mark.parametrize("version", ["0", "2", "01", "latest"])
def test_an_unknown_version_is_not_found(client: Client, version: str) -> None:
    path = f"/v2/models/relu/versions/{version}"
    for response in (client.get(path), client.get(path + "/ready"), client.post(path + "/infer", {"inputs": [X]})):
        assert assert_problem(response, 404, "not_found")["detail"].startswith("relu has the version 1 only")


@pytest.mark.parametrize("path", ["/v2/", "/v2/models", "/v2/models/relu/config", "/v2/repository/index", "/v2/x/y"])
def test_every_unknown_path_is_a_problem_of_the_protocol(client: Client, path: str) -> None:
    assert assert_problem(client.get(path), 404, "not_found")["error"]


@pytest.mark.parametrize("path", ["/v2x", "/v22/health", "/evaluate/v2"])
def test_other_paths_have_no_error_of_the_protocol(client: Client, path: str) -> None:
    assert "error" not in client.get(path).json()


@pytest.mark.parametrize("path", [*PATHS, *INFERS])
def test_what_every_path_refuses_is_a_problem_of_the_protocol(client: Client, path: str) -> None:
    method, other = ("POST", "GET") if path in INFERS else ("GET", "POST")
    assert_problem(client.request(other, path), 405, "method_not_allowed")
    assert_problem(client.request(method, path, headers={"Accept": "text/html"}), 406, "not_acceptable")
    assert_problem(client.request(method, path, params={"a": "1"}), 422, "invalid_input", parameter="a")


@pytest.mark.parametrize("coding", ["br", "deflate"])
def test_a_compressed_body_is_refused(client: Client, coding: str) -> None:
    response = send(client, announced(), BYTES, **{"Content-Encoding": coding})
    assert_problem(response, 415, "unsupported_media_type")
    assert response.headers["accept-encoding"] == "gzip, zstd, identity"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", ""]
)
def test_a_body_of_another_type_is_refused(client: Client, content_type: str) -> None:
    response = client.post(INFER, {"inputs": [X]}, headers={"Content-Type": content_type})
    assert_problem(response, 415, "unsupported_media_type")


@pytest.mark.parametrize("accept", ["application/json", "application/octet-stream", "*/*", "application/*;q=0.1", ""])
def test_either_form_of_answer_may_be_accepted(client: Client, accept: str) -> None:
    assert client.post(INFER, {"inputs": [X]}, headers={"Accept": accept}).status_code == 200


def test_the_name_at_fault_is_that_in_the_path_whoever_looks_it_up() -> None:
    with pytest.raises(UnknownActivation) as caught:
        infer("mysh", "1", None, b"", Settings())
    assert caught.value.path == ()


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"inputs": [X] * 50_000}, "/inputs/1"),
        ({"inputs": [X | {"shape": [True] * 100_000}]}, "/inputs/0/shape/32"),
        ({"inputs": [X], "outputs": [True] * 100_000}, "/outputs/2"),
        ({"inputs": [X | {f"x{i}": i for i in range(100_000)}]}, "/inputs/0/x0"),
        ({"inputs": [X], "parameters": {f"x{i}": i for i in range(100_000)}}, "/parameters"),
    ],
)
def test_a_flood_of_faults_is_answered_briefly(client: Client, members: dict[str, Any], pointer: str) -> None:
    assert assert_problem(client.post(INFER, members), 422, "invalid_input", pointer)


def test_limits_are_kept(client: Client) -> None:
    limited = Client(client.runner, Settings(max_body_bytes=200, max_elements=2, max_response_bytes=48, max_rank=1))
    one = announced(outputs=[{"name": "y"}])
    assert send(limited, one, BYTES).status_code == 200
    assert_problem(send(limited, announced(), BYTES), 413, "limit_exceeded", "/inputs/0/shape")
    assert_problem(send(limited, one, b" " * 200), 413, "limit_exceeded")
    three = {"inputs": [X | {"shape": [3], "data": [1, 2, 3]}]}
    assert_problem(limited.post(INFER, three), 413, "limit_exceeded", "/inputs/0/data")
    deep = {"inputs": [X | {"shape": [1, 1], "data": [1]}]}
    assert_problem(limited.post(INFER, deep), 422, "invalid_input", "/inputs/0/shape/1")


def test_under_a_prefix_failures_are_those_of_the_protocol_too(client: Client) -> None:
    mounted = Client(client.runner, Settings(root_path="/tools"))
    for path in ("/tools/v2/models/mysh", "/v2/models/mysh"):
        document = mounted.get(path).json()
        assert (document["error"], document["instance"]) == (document["detail"], "/tools/v2/models/mysh")
    assert mounted.get("/tools/v2/models/mish").json()["name"] == "mish"
