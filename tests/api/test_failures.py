"""Every endpoint × bad input: the same shape of failure everywhere."""

import gc
import tracemalloc
from typing import Any

import pytest

from tests.client import JSON, Client, assert_problem

POSTS = ["/evaluate", "/derivative"]
GETS = ["/", "/activations", "/activations/relu", "/healthz", "/limits", "/problems", "/problems/not_found"]
GOOD = {"activation": "relu", "x": [1.0]}

BODIES: list[tuple[bytes, int, str, str | None]] = [
    (b"", 400, "malformed_json", None),
    (b" ", 400, "malformed_json", None),
    (b"{", 400, "malformed_json", None),
    (b"\xef\xbb\xbf{}", 400, "malformed_json", None),
    (b"\xff\xfe{\x00}\x00", 400, "malformed_json", None),
    (b'{"activation":"relu","x":[NaN]}', 400, "malformed_json", None),
    (b'{"activation":"relu","x":[Infinity]}', 400, "malformed_json", None),
    (b'{"activation":"\\ud800","x":1}', 400, "malformed_json", None),
    (b'{"activation":"relu","x":1}{}', 400, "malformed_json", None),
    (b"[" * 100_000, 400, "too_deep", None),
    (b'{"x":' + b"[" * 64 + b"]" * 64 + b"}", 400, "too_deep", None),
    (b"null", 422, "invalid_input", ""),
    (b"[]", 422, "invalid_input", ""),
    (b'"relu"', 422, "invalid_input", ""),
    (b"{}", 422, "invalid_input", "/activation"),
    (b"{}", 422, "invalid_input", "/x"),
    (b'{"activation":"relu"}', 422, "invalid_input", "/x"),
    (b'{"activation":"relu","x":null}', 422, "invalid_input", "/x"),
    (b'{"activation":"relu","x":true}', 422, "invalid_input", "/x"),
    (b'{"activation":"relu","x":"1"}', 422, "invalid_input", "/x"),
    (b'{"activation":"relu","x":{"a":1}}', 422, "invalid_input", "/x"),
    (b'{"activation":"relu","x":[1,true]}', 422, "invalid_input", "/x/1"),
    (b'{"activation":"relu","x":[1,null]}', 422, "invalid_input", "/x/1"),
    (b'{"activation":"relu","x":[1,"nan"]}', 422, "invalid_input", "/x/1"),
    (b'{"activation":"relu","x":[[1,2],[3]]}', 422, "invalid_input", "/x/1"),
    (b'{"activation":"relu","x":[[1,2],[3,[4]]]}', 422, "invalid_input", "/x/1/1"),
    (b'{"activation":"relu","x":[0,1e400]}', 422, "invalid_input", "/x/1"),
    (b'{"activation":"relu","x":[0,-1e999]}', 422, "invalid_input", "/x/1"),
    (b'{"activation":"relu","x":' + b"9" * 5000 + b"}", 422, "invalid_input", "/x"),
    (b'{"activation":"relu","x":' + b"[" * 33 + b"]" * 33 + b"}", 422, "invalid_input", "/x"),
    (b'{"activation":"relu","x":1,"parameters":{"a/b~c":1e999}}', 422, "invalid_input", "/parameters/a~1b~0c"),
    (b'{"activation":"relu","x":1,"parameters":[]}', 422, "invalid_input", "/parameters"),
    (b'{"activation":"relu","x":1,"parameters":{"slope":1}}', 422, "invalid_input", "/parameters/slope"),
    (b'{"activation":"leaky_relu","x":1,"parameters":{"alpha":"1"}}', 422, "invalid_input", "/parameters/alpha"),
    (b'{"activation":"leaky_relu","x":1,"parameters":{"alpha":true}}', 422, "invalid_input", "/parameters/alpha"),
    (b'{"activation":"leaky_relu","x":1,"parameters":{"alpha":"NaN"}}', 422, "invalid_input", "/parameters/alpha"),
    (b'{"activation":"leaky_relu","x":1,"parameters":{"alpha":[1]}}', 422, "invalid_input", "/parameters/alpha"),
    (b'{"activation":1,"x":1}', 422, "invalid_input", "/activation"),
    (b'{"activation":"","x":1}', 422, "invalid_input", "/activation"),
    (b'{"activation":{"expression":"x"},"x":1}', 422, "invalid_input", "/activation"),
    (b'{"activation":"' + b"r" * 101 + b'","x":1}', 422, "invalid_input", "/activation"),
    (b'{"activation":"reluu","x":1}', 422, "unknown_activation", "/activation"),
    ('{"activation":"ρελυ","x":1}'.encode(), 422, "unknown_activation", "/activation"),
    (b'{"activation":"softmax","x":[1],"parameters":{"axis":1.5}}', 422, "invalid_input", "/parameters/axis"),
    (b'{"activation":"relu","x":1,"dtype":"float8"}', 422, "invalid_input", "/dtype"),
    (b'{"activation":"relu","x":1,"dtype":null}', 422, "invalid_input", "/dtype"),
    (b'{"activation":"relu","x":1,"accuracy":"certified"}', 422, "invalid_input", "/accuracy"),
    (b'{"activation":"relu","x":1,"accuracy":"sloppy"}', 422, "invalid_input", "/accuracy"),
    (b'{"activation":"relu","x":1,"seed":1.0}', 422, "invalid_input", "/seed"),
    (b'{"activation":"relu","x":1,"seed":-1}', 422, "invalid_input", "/seed"),
    (b'{"activation":"relu","x":1,"seed":true}', 422, "invalid_input", "/seed"),
    (b'{"activation":"relu","x":1,"seed":18446744073709551616}', 422, "invalid_input", "/seed"),
    (b'{"activation":"relu","x":1,"dtipe":"float32"}', 422, "invalid_input", "/dtipe"),
    (b'{"activation":"relu","x":1,"a/b~c":1}', 422, "invalid_input", "/a~1b~0c"),
]
EVALUATE: list[tuple[bytes, str]] = [
    (b'{"activation":"relu","x":[1],"bias":[1]}', "/bias"),
    (b'{"activation":"relu","x":[1],"weights":[1]}', "/weights"),
    (b'{"activation":"relu","x":1,"weights":[[1]]}', "/weights"),
    (b'{"activation":"relu","x":[1,2],"weights":[[1]]}', "/weights"),
    (b'{"activation":"relu","x":[1],"weights":[[1],[2,3]]}', "/weights/1"),
    (b'{"activation":"relu","x":[1],"weights":[[1]],"bias":[1,2]}', "/bias"),
    (b'{"activation":"relu","x":[1],"weights":[[1]],"bias":1}', "/bias"),
    (b'{"activation":"relu","x":[1],"order":1}', "/order"),
    (b'{"activation":"softmax","x":1}', "/x"),
    (b'{"activation":"softmax","x":[1],"parameters":{"axis":1}}', "/parameters/axis"),
    (b'{"activation":"glu","x":[1,2,3]}', "/x"),
]
DERIVATIVE: list[tuple[bytes, str]] = [
    (b'{"activation":"relu","x":[1],"order":0}', "/order"),
    (b'{"activation":"relu","x":[1],"order":5}', "/order"),
    (b'{"activation":"relu","x":[1],"order":1.5}', "/order"),
    (b'{"activation":"relu","x":[1],"order":true}', "/order"),
    (b'{"activation":"relu","x":[1],"order":"1"}', "/order"),
    (b'{"activation":"relu","x":[1],"order":null}', "/order"),
    (b'{"activation":"relu","x":[1],"at_kink":"middle"}', "/at_kink"),
    (b'{"activation":"relu","x":[1],"with_respect_to":"slope"}', "/with_respect_to"),
    (b'{"activation":"relu","x":[1],"with_respect_to":""}', "/with_respect_to"),
    (b'{"activation":"leaky_relu","x":[1],"order":2,"with_respect_to":"negative_slope"}', "/order"),
    (b'{"activation":"relu","x":[1],"upstream":1}', "/upstream"),
    (b'{"activation":"relu","x":[1],"upstream":[1,2]}', "/upstream"),
    (b'{"activation":"relu","x":[1],"upstream":[true]}', "/upstream/0"),
    (b'{"activation":"relu","x":[1],"upstream":[1],"order":2}', "/upstream"),
    (b'{"activation":"leaky_relu","x":[1],"upstream":[1],"with_respect_to":"negative_slope"}', "/upstream"),
    (b'{"activation":"softmax","x":[1],"upstream":[1],"jacobian":true}', "/jacobian"),
    (b'{"activation":"softmax","x":[1],"jacobian":true,"order":2}', "/jacobian"),
    (b'{"activation":"softmax","x":[1],"jacobian":1}', "/jacobian"),
    (b'{"activation":"relu","x":[1],"jacobian":true}', "/jacobian"),
    (b'{"activation":"softmax","x":[1]}', "/activation"),
    (b'{"activation":"relu","x":[1],"weights":[[1]]}', "/weights"),
]


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(("body", "status", "code", "pointer"), BODIES)
def test_a_bad_body_is_blamed_on_its_field(
    client: Client, path: str, body: bytes, status: int, code: str, pointer: str | None
) -> None:
    document = assert_problem(client.post(path, body), status, code, pointer)
    assert document["instance"] == path


@pytest.mark.parametrize(("body", "pointer"), EVALUATE)
def test_an_evaluation_that_cannot_be_is_refused(client: Client, body: bytes, pointer: str) -> None:
    assert assert_problem(client.post("/evaluate", body), 422, "invalid_input", pointer)


@pytest.mark.parametrize(("body", "pointer"), DERIVATIVE)
def test_a_derivative_that_cannot_be_is_refused(client: Client, body: bytes, pointer: str) -> None:
    assert assert_problem(client.post("/derivative", body), 422, "invalid_input", pointer)


def test_all_faults_are_told_at_once(client: Client) -> None:
    body = {"activation": "relu", "x": [True], "weigths": [[1]], "dtype": "f8", "seed": -1}
    document = assert_problem(client.post("/evaluate", body), 422, "invalid_input")
    assert {error["pointer"] for error in document["errors"]} == {"/x/0", "/weigths", "/dtype", "/seed"}


@pytest.mark.parametrize("path", POSTS)
def test_a_misspelt_field_is_answered_with_the_near_one(client: Client, path: str) -> None:
    document = assert_problem(client.post(path, GOOD | {"dtipe": 1}), 422, "invalid_input")
    assert "Did you mean 'dtype'?" in document["errors"][0]["detail"]


def test_names_near_the_unknown_one_are_listed(client: Client) -> None:
    document = assert_problem(client.post("/evaluate", {"activation": "reluu", "x": 1}), 422, "unknown_activation")
    assert "relu" in document["near"]


@pytest.mark.parametrize("path", POSTS)
def test_a_flood_of_faults_is_answered_briefly(client: Client, path: str) -> None:
    body: dict[str, Any] = GOOD | {f"unknown{i}": i for i in range(100_000)}
    document = assert_problem(client.post(path, body), 422, "invalid_input")
    assert len(document["errors"]) == 20


@pytest.mark.parametrize("name", ["x" * 100_000, "\x00" * 1000, "é" * 5000, "a/b" * 1000])
def test_a_long_name_is_not_echoed_whole(client: Client, name: str) -> None:
    assert assert_problem(client.post("/evaluate", GOOD | {name: 1}), 422, "invalid_input")
    assert assert_problem(client.post("/evaluate", GOOD | {"activation": name}), 422, "invalid_input", "/activation")
    assert assert_problem(client.post("/evaluate", GOOD | {"parameters": {name: 1}}), 422, "invalid_input")


@pytest.mark.parametrize("path", [*POSTS, *GETS])
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FOO"])
def test_a_wrong_method_is_answered_with_the_right_ones(client: Client, path: str, method: str) -> None:
    response = client.request(method, path)
    assert_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == ("POST" if path in POSTS else "GET, HEAD")


@pytest.mark.parametrize("path", ["/nowhere", "/evaluate/", "/activations/", "/activations/relu/x", "/%00", "/é/%ff"])
def test_an_unknown_path_is_answered_with_near_ones(client: Client, path: str) -> None:
    assert assert_problem(client.get(path), 404, "not_found")


def test_near_paths_are_listed(client: Client) -> None:
    assert "/evaluate" in assert_problem(client.get("/evaluat"), 404, "not_found")["near"]
    assert "/activations" in assert_problem(client.get("/activations/name/x"), 404, "not_found")["near"]


@pytest.mark.parametrize("path", GETS)
@pytest.mark.parametrize("accept", ["text/csv", "application/json;q=0", "image/*", "application/jso", "*/*;q=0"])
def test_an_accept_that_excludes_json_is_refused(client: Client, path: str, accept: str) -> None:
    assert assert_problem(client.get(path, headers={"Accept": accept}), 406, "not_acceptable")


@pytest.mark.parametrize("path", POSTS)
def test_an_accept_that_excludes_json_is_refused_with_a_body_too(client: Client, path: str) -> None:
    response = client.post(path, GOOD, headers={"Accept": "text/html"})
    assert assert_problem(response, 406, "not_acceptable")["instance"] == path


@pytest.mark.parametrize(
    "accept",
    ["*/*", "application/json", "application/*;q=0.1", "text/html, */*;q=0.5", "APPLICATION/JSON; q=1", "", "*/*;q=x"],
)
def test_an_accept_that_allows_json_is_answered(client: Client, accept: str) -> None:
    assert client.get("/healthz", headers={"Accept": accept}).status_code == 200


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "text/json",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "application/json; charset=utf-8; charset=utf-8",
        'application/json, text/plain"\\\\\\\\',
        "x" * 5000,
    ],
)
def test_a_body_that_is_not_said_to_be_json_is_refused(client: Client, path: str, content_type: str) -> None:
    response = client.post(path, b'{"activation":"relu","x":1}', headers={"Content-Type": content_type})
    assert_problem(response, 415, "unsupported_media_type")
    assert response.headers["accept"] == "application/json, application/x-npy"


@pytest.mark.parametrize("path", POSTS)
def test_a_body_of_no_said_type_is_refused(client: Client, path: str) -> None:
    assert assert_problem(client.post(path, b"{}", headers={}), 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON", "application/json;charset=UTF-8", 'application/json ; charset="utf-8"'],
)
def test_a_body_that_is_said_to_be_json_is_read(client: Client, content_type: str) -> None:
    response = client.post("/evaluate", b'{"activation":"relu","x":1}', headers={"Content-Type": content_type})
    assert response.status_code == 200


@pytest.mark.parametrize("coding", ["deflate", "br", "identity, gzip", "gzip,zstd", "gzip;q=1", "x" * 1000])
def test_a_coded_body_is_refused(client: Client, coding: str) -> None:
    response = client.post("/evaluate", b'{"activation":"relu","x":1}', headers=JSON | {"Content-Encoding": coding})
    assert_problem(response, 415, "unsupported_media_type")
    assert response.headers["accept-encoding"] == "gzip, zstd, identity"
    assert "accept" not in response.headers


@pytest.mark.parametrize("path", [*GETS, "/openapi.json"])
def test_unknown_query_items_are_refused(client: Client, path: str) -> None:
    assert_problem(client.get(path, params={"page": "1"}), 422, "invalid_input", parameter="page")
    assert_problem(client.get(path + "?" + "x" * 3000), 422, "invalid_input")
    assert_problem(client.get(path, params={f"x{i}": "" for i in range(60)}), 422, "invalid_input")


@pytest.mark.parametrize("path", POSTS)
def test_query_items_beside_a_json_body_are_refused(client: Client, path: str) -> None:
    assert assert_problem(client.post(path, GOOD, params={"order": "2"}), 422, "invalid_input", parameter="order")


def test_a_repeated_query_item_is_refused(client: Client) -> None:
    assert assert_problem(client.get("/activations?q=a&q=b"), 422, "invalid_input", parameter="q")


def test_two_content_codings_are_refused(client: Client) -> None:
    headers = [*JSON.items(), ("Content-Encoding", "identity"), ("Content-Encoding", "gzip")]
    response = client.request("POST", "/evaluate", content=b'{"activation":"relu","x":1}', headers=headers)
    assert_problem(response, 415, "unsupported_media_type")


def test_the_detail_names_the_fields(client: Client) -> None:
    document = assert_problem(client.post("/evaluate", {}), 422, "invalid_input")
    assert document["detail"] == "/activation: This field is required. /x: This field is required."
    assert assert_problem(client.get("/limits?a=1"), 422, "invalid_input")["detail"].startswith("a: ")
    many = assert_problem(client.post("/evaluate", {f"unknown{i}": 1 for i in range(50)}), 422, "invalid_input")
    assert len(many["detail"]) <= 501


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/evaluate", b'{"activation":"relu","x":[' + b'"a",' * 50_000 + b"1]}"),
        ("/gradient-flow", b'{"layers":[' + b'"a",' * 50_000 + b"1]}"),
    ],
)
def test_what_was_read_of_a_refused_request_is_let_go_of_at_once(client: Client, path: str, body: bytes) -> None:
    assert client.post(path, body).status_code in (413, 422)
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        for _ in range(3):
            client.post(path, body)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert kept < 2**20  # of 3 MB that each is read to
