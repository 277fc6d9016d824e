"""The Open Inference Protocol without a network: models, JSON, bytes, and what is refused."""

import json
from collections.abc import Sequence
from typing import Any

import httpx
import numpy as np
import pytest

from service.activations import catalogue, lookup
from service.api.inference_docs import EXAMPLES
from service.api.version import VERSION
from tests.client import JSON, Client

LENGTH = "Inference-Header-Content-Length"
OCTETS = {"Content-Type": "application/octet-stream"}
INFER = "/v2/models/relu/infer"
INFERS = [INFER, "/v2/models/relu/versions/1/infer"]
X = {"name": "x", "shape": [2], "datatype": "FP64", "data": [-1, 2]}
BYTES = np.array([-1.0, 2.0]).tobytes()


def announced(size: int = 16, **members: Any) -> bytes:  # noqa: ANN401  JSON is any of its types
    """The text of a request whose tensor follows as bytes."""
    tensor = {"name": "x", "shape": [2], "datatype": "FP64", "parameters": {"binary_data_size": size}}
    return json.dumps({"inputs": [tensor]} | members).encode()


def send(client: Client, text: bytes, content: bytes = b"", path: str = INFER, **headers: str) -> httpx.Response:
    return client.post(path, text + content, headers=OCTETS | {LENGTH: str(len(text))} | headers)


def taken_apart(response: httpx.Response) -> tuple[dict[str, Any], bytes]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["content-length"] == str(len(response.content))
    length = int(response.headers[LENGTH])
    document: dict[str, Any] = json.loads(response.content[:length])
    return document, response.content[length:]


def outputs(document: dict[str, Any]) -> dict[str, Any]:
    return {output["name"]: output for output in document["outputs"]}


def test_the_server_says_what_it_is(client: Client) -> None:
    expected = {"name": "actiscope", "version": VERSION, "extensions": ["binary_tensor_data"]}
    assert client.get("/v2").json() == expected
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}


@pytest.mark.parametrize("function", catalogue(), ids=lambda function: function.name)
def test_every_function_is_a_model_under_every_name(client: Client, function: Any) -> None:  # noqa: ANN401
    for name in (function.name, *function.names.all()):
        expected = lookup(name).name
        for version in ("", "/versions/1"):
            described = client.get(f"/v2/models/{name}{version}").json()
            assert (described["name"], described["versions"], described["platform"]) == (expected, ["1"], "actiscope")
            ready = client.get(f"/v2/models/{name}{version}/ready").json()
            assert ready == {"name": expected, "ready": True}


@pytest.mark.parametrize("function", catalogue(), ids=lambda function: function.name)
def test_every_model_answers_its_outputs_in_the_shapes_it_publishes(client: Client, function: Any) -> None:  # noqa: ANN401
    described = client.get(f"/v2/models/{function.name}").json()
    x = [0.5, -0.25, 1.5, -2.0]
    answer = client.post(f"/v2/models/{function.name}/infer", {"inputs": [X | {"shape": [4], "data": x}]}).json()
    published = {output["name"]: output["shape"] for output in described["outputs"]}
    assert {output["name"]: [-1] * len(output["shape"]) for output in answer["outputs"]} == published
    asked = {"activation": function.name, "x": x}
    evaluated = client.post("/evaluate", asked).json()
    y = evaluated["y"]
    assert answer["outputs"][0]["data"] == (y if isinstance(y, list) else [y])
    assert answer["parameters"] == described["parameters"] == evaluated["parameters"]
    if "derivative" in published:
        assert answer["outputs"][1]["data"] == client.post("/derivative", asked).json()["dy"]


def test_a_model_says_what_it_takes_and_gives(client: Client) -> None:
    tensor = {"datatype": "FP64", "shape": [-1]}
    response = client.get("/v2/models/LeakyReLU")
    assert response.json() == {
        "name": "leaky_relu",
        "versions": ["1"],
        "platform": "actiscope",
        "inputs": [{"name": "x"} | tensor],
        "outputs": [{"name": "y"} | tensor, {"name": "derivative"} | tensor],
        "parameters": {"negative_slope": 0.01},
    }
    kept = {"If-None-Match": response.headers["etag"]}
    assert client.get("/v2/models/leaky_relu", headers=kept).status_code == 304


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("version", ["", "/versions/1"])
def test_an_example_is_answered_as_documented(client: Client, name: str, version: str) -> None:
    response = client.post(f"/v2/models/leaky_relu{version}/infer", EXAMPLES[name].request)
    assert response.json() == EXAMPLES[name].response
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert LENGTH not in response.headers


@pytest.mark.parametrize("headers", [{}, OCTETS, JSON, {"Content-Type": "application/json; charset=utf-8"}])
def test_a_client_need_not_say_that_it_sends_json(client: Client, headers: dict[str, str]) -> None:
    body = json.dumps({"inputs": [X]}).encode()
    assert client.post(INFER, body, headers=headers).json()["outputs"][0]["data"] == [0, 2]
    whole = client.post(INFER, body, headers=headers | {LENGTH: str(len(body))})
    assert whole.json()["outputs"][0]["data"] == [0, 2]


@pytest.mark.parametrize("path", INFERS)
def test_bytes_are_answered_in_json_unless_bytes_are_wanted(client: Client, path: str) -> None:
    response = send(client, announced(), BYTES, path)
    assert response.headers["content-type"] == "application/json"
    assert {name: output["data"] for name, output in outputs(response.json()).items()} == {
        "y": [0.0, 2.0],
        "derivative": [0.0, 1.0],
    }


def test_bytes_are_answered_where_they_are_wanted(client: Client) -> None:
    asked = [{"name": "y", "parameters": {"binary_data": True}}, {"name": "derivative"}]
    document, content = taken_apart(send(client, announced(outputs=asked), BYTES))
    found = outputs(document)
    assert (found["y"]["parameters"], found["derivative"]["data"]) == ({"binary_data_size": 16}, [0.0, 1.0])
    assert "data" not in found["y"]
    assert np.frombuffer(content).tolist() == [0, 2]
    document, content = taken_apart(send(client, announced(parameters={"binary_data_output": True}), BYTES))
    assert [output["parameters"]["binary_data_size"] for output in document["outputs"]] == [16, 16]
    assert np.frombuffer(content).tolist() == [0, 2, 0, 1]


def test_json_is_answered_as_bytes_if_they_are_wanted(client: Client) -> None:
    body = {"inputs": [X | {"datatype": "FP16"}], "parameters": {"binary_data_output": True}}
    _, content = taken_apart(client.post(INFER, body))
    assert np.frombuffer(content, np.float16).tolist() == [0, 2, 0, 1]


@pytest.mark.parametrize("values", [[], [1.5], [-2.0, 0.0, 3.0]])
def test_a_body_without_text_is_one_vector(client: Client, values: list[float]) -> None:
    document, content = taken_apart(client.post(INFER, np.array(values).tobytes(), headers={LENGTH: "0"}))
    assert outputs(document)["y"]["shape"] == [len(values)]
    y, slope = np.frombuffer(content).reshape(2, -1)
    assert (y.tolist(), slope.tolist()) == ([max(x, 0) for x in values], [float(x > 0) for x in values])


@pytest.mark.parametrize(
    ("shape", "data"),
    [
        ([], 3),
        ([], [3]),
        ([1], [3]),
        ([2, 2], [1, 2, 3, 4]),
        ([2, 2], [[1, 2], [3, 4]]),
        ([0, 2], []),
        ([2, 0], [[], []]),
    ],
)
def test_data_may_be_flat_or_nested(client: Client, shape: Sequence[int], data: object) -> None:
    answer = client.post(INFER, {"inputs": [X | {"shape": shape, "data": data}]}).json()
    assert answer["outputs"][0]["shape"] == list(shape)
    assert answer["outputs"][0]["data"] == np.ravel(np.array(data)).tolist()


@pytest.mark.parametrize("datatype", ["FP64", "FP32", "FP16", "BF16"])
def test_a_number_is_rounded_once_to_the_datatype(client: Client, datatype: str) -> None:
    x = [0.1, 1e300, "NaN", "-Infinity"]
    dtypes = {"FP64": "float64", "FP32": "float32", "FP16": "float16", "BF16": "bfloat16"}
    answer = client.post("/v2/models/atan/infer", {"inputs": [{**X, "shape": [4], "datatype": datatype, "data": x}]})
    expected = client.post("/evaluate", {"activation": "atan", "x": x, "dtype": dtypes[datatype]})
    assert answer.json()["outputs"][0]["data"] == expected.json()["y"]
    assert {output["datatype"] for output in answer.json()["outputs"]} == {datatype}


@pytest.mark.parametrize("datatype", ["FP64", "FP32", "FP16", "BF16"])
@pytest.mark.parametrize("name", ["gelu", "relu", "rrelu", "softmax"])
def test_a_signalling_nan_is_a_nan(client: Client, datatype: str, name: str) -> None:
    signalling = {"FP64": "010000000000f07f", "FP32": "0100807f", "FP16": "017c", "BF16": "817f"}
    content = bytes.fromhex(signalling[datatype])
    tensor = {"name": "x", "shape": [1], "datatype": datatype, "parameters": {"binary_data_size": len(content)}}
    text = json.dumps({"inputs": [tensor], "parameters": {"seed": 0}}).encode()
    path = f"/v2/models/{name}/infer"
    assert outputs(send(client, text, content, path).json())["y"]["data"] == ["NaN"]
    wanted = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    assert send(client, wanted, content, path).status_code == 200


def test_parameters_may_have_their_other_names(client: Client) -> None:
    body = {"inputs": [X], "parameters": {"alpha": 0.5}, "id": "é"}
    answer = client.post("/v2/models/LeakyRelu/infer", body).json()
    assert (answer["model_name"], answer["model_version"], answer["id"]) == ("leaky_relu", "1", "é")
    assert answer["parameters"] == {"negative_slope": 0.5}
    assert answer["outputs"][0]["data"] == [-0.5, 2.0]


def test_a_seed_draws_the_same_noise_for_both_outputs(client: Client) -> None:
    body = {"inputs": [X | {"data": [-1, -1]}], "parameters": {"seed": 1}}
    y, slope = (output["data"] for output in client.post("/v2/models/rrelu/infer", body).json()["outputs"])
    assert y == [-item for item in slope]
    assert y[0] != y[1]


def test_functions_of_vectors_take_an_axis(client: Client) -> None:
    tensor = X | {"shape": [2, 2], "data": [[0, 0], [1, 0]]}
    body = {"inputs": [tensor], "parameters": {"axis": 0, "binary_data_output": True}}
    document, content = taken_apart(client.post("/v2/models/LogSumExp/infer", body))
    assert outputs(document)["y"]["shape"] == [2]
    np.testing.assert_allclose(np.frombuffer(content), [np.log(1 + np.e), np.log(2)])


def test_much_is_inferred_beside_the_event_loop(client: Client) -> None:
    x = np.linspace(-1, 1, 100_000)
    tensor = {"name": "x", "shape": [x.size], "datatype": "FP64", "parameters": {"binary_data_size": x.nbytes}}
    text = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    _, content = taken_apart(send(client, text, x.tobytes()))
    assert np.array_equal(np.frombuffer(content).reshape(2, -1), [np.maximum(x, 0), x > 0])
