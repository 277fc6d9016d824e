"""`POST /evaluate` and `POST /derivative` with bodies that are NPY files, in the same process."""

from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import httpx
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from service.activations import catalogue
from service.settings import Settings
from service.wire.evaluation import DerivativeRequest
from service.wire.npy import write_header
from service.wire.query import fields, kinds
from tests.client import Client, assert_problem

NPY = "application/x-npy"
TYPES = ["<f2", "<f4", "<f8", ">f2", ">f4", ">f8", "<i8", ">i4", "<u2", "|i1", "|u1", ">u8"]
X = np.array([[-3.0, -0.0, 0.5, 2.0], [1.0, 8.0, 0.0, 100.0]])


def file(array: np.ndarray[Any, Any]) -> bytes:
    written = BytesIO()
    np.save(written, array, allow_pickle=False)
    return written.getvalue()


def load(body: bytes) -> np.ndarray[Any, Any]:
    loaded: np.ndarray[Any, Any] = np.load(BytesIO(body), allow_pickle=False)
    return loaded


def post(client: Client, path: str, body: bytes, accept: str = NPY, **query: str) -> httpx.Response:
    headers = {"Content-Type": NPY, "Accept": accept}
    return client.post(f"{path}?{urlencode(query)}", body, headers=headers)


def answer(client: Client, path: str, array: np.ndarray[Any, Any], **query: str) -> np.ndarray[Any, Any]:
    """The array that is answered to an array."""
    response = post(client, path, file(array), **query)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == NPY
    assert response.headers["cache-control"] == "no-store"
    assert int(response.headers["content-length"]) == len(response.content)
    return load(response.content)


def numbers(nested: object) -> np.ndarray[Any, Any]:
    """What JSON holds: non-finite numbers by name."""
    return np.array(nested, dtype=object).astype(np.float64)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("path", ["/evaluate", "/derivative"])
def test_numbers_are_those_of_json_to_the_last_bit(client: Client, path: str, dtype: str, order: Any) -> None:  # noqa: ANN401  numpy's literal
    x = np.array(np.abs(X) if np.dtype(dtype).kind == "u" else X, dtype=dtype, order=order)
    found = answer(client, path, x, activation="gelu")
    asked = {"activation": "gelu", "x": x.astype(np.float64).tolist(), "dtype": str(found.dtype)}
    there = client.post(path, asked).json()
    assert found.dtype == (np.dtype(dtype).newbyteorder("<") if np.dtype(dtype).kind == "f" else np.dtype("<f8"))
    assert found.shape == X.shape
    assert found.flags.f_contiguous is (order == "F")
    assert_array_equal(found, numbers(there["y" if path == "/evaluate" else "dy"]).astype(found.dtype), strict=True)
    assert post(client, path, file(x), "application/json", activation="gelu").json() == there


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,), (1,) * 32])
def test_an_answer_has_the_shape_of_x(client: Client, shape: tuple[int, ...]) -> None:
    found = answer(client, "/evaluate", np.full(shape, -2.0), activation="relu")
    assert (found.shape, found.tolist()) == (shape, np.zeros(shape).tolist())
    assert post(client, "/evaluate", file(np.zeros(shape)), "*/*", activation="relu").json()["shape"] == list(shape)


def test_numbers_that_are_not_finite_pass_through(client: Client) -> None:
    x = np.array([np.nan, np.inf, -np.inf])
    assert_array_equal(answer(client, "/evaluate", x, activation="identity"), x)


@pytest.mark.parametrize(
    ("path", "query", "json"),
    [
        ("/evaluate", {"negative_slope": "0.2"}, {"parameters": {"negative_slope": 0.2}}),
        ("/evaluate", {"alpha": "2e-1", "accuracy": "fast", "seed": "null"}, {"parameters": {"alpha": 0.2}}),
        ("/derivative", {"alpha": "1", "at_kink": "right"}, {"parameters": {"alpha": 1}, "at_kink": "right"}),
        ("/derivative", {"order": "2"}, {"order": 2}),
        ("/derivative", {"with_respect_to": "alpha"}, {"with_respect_to": "alpha"}),
        ("/derivative", {"jacobian": "false"}, {}),
        ("/evaluate", {"activation": "gelu", "approximate": "tanh"}, {"parameters": {"approximate": "tanh"}}),
        ("/evaluate", {"activation": "generalized_relu", "max_value": "null"}, {"parameters": {"max_value": None}}),
        ("/evaluate", {"activation": "softmax", "axis": "0"}, {"parameters": {"axis": 0}}),
        ("/derivative", {"activation": "softmax", "jacobian": "true"}, {"jacobian": True}),
        ("/evaluate", {"activation": "logsumexp"}, {}),
        ("/evaluate", {"activation": "rrelu", "seed": "7"}, {"seed": 7}),
    ],
)
def test_query_items_ask_what_members_of_json_ask(
    client: Client, path: str, query: dict[str, str], json: dict[str, Any]
) -> None:
    asked = {"activation": "leaky_relu"} | query
    there = client.post(path, {"activation": asked["activation"], "x": X.tolist()} | json).json()
    assert post(client, path, file(X), "application/json", **asked).json() == there
    (name,) = {"y", "dy", "jacobian"} & set(there)
    assert_array_equal(answer(client, path, X, **asked), numbers(there[name]), strict=True)
    assert_array_equal(answer(client, path, np.asfortranarray(X), **asked), numbers(there[name]), strict=True)


@pytest.mark.parametrize(
    ("path", "query", "parameter", "told"),
    [
        ("/evaluate", "", "activation", "required"),
        ("/evaluate", "activation=", "activation", "empty"),
        ("/evaluate", f"activation={'r' * 101}", "activation", "at most 100"),
        ("/evaluate", "activation=relu&activation=relu", "activation", "more than once"),
        ("/evaluate", "activation=leaky_relu&alpha=1&negative_slope=1", "negative_slope", "twice, under two names"),
        ("/evaluate", "activation=leaky_relu&negative_slop=1", "negative_slop", "Did you mean 'negative_slope'?"),
        ("/evaluate", "activation=relu&order=1", "order", "no query item 'order'"),
        ("/evaluate", "activation=relu&weights=1", "weights", "a body of JSON only"),
        ("/evaluate", "activation=relu&bias=1", "bias", "a body of JSON only"),
        ("/evaluate", "activation=relu&dtype=float32", "dtype", "that of the array in the body"),
        ("/evaluate", "activation=relu&parameters=1", "parameters", "query items of their own names"),
        ("/evaluate", "activation=relu&x=1", "x", "those of the body"),
        ("/derivative", "activation=relu&upstream=1", "upstream", "a body of JSON only"),
        ("/evaluate", "activation=relu&accuracy=certified", "accuracy", "reserved"),
        ("/evaluate", "activation=relu&accuracy=1", "accuracy", "'full' or 'fast'"),
        ("/evaluate", "activation=relu&seed=-1", "seed", "at least 0"),
        ("/evaluate", "activation=relu&seed=1.0", "seed", "an integer"),
        ("/evaluate", "activation=relu&seed=9223372036854775808", "seed", "at most"),
        ("/evaluate", "activation=leaky_relu&alpha=x", "alpha", "a number"),
        ("/evaluate", "activation=leaky_relu&alpha=", "alpha", "a number"),
        ("/evaluate", "activation=leaky_relu&alpha=+1", "alpha", "a number"),
        ("/evaluate", "activation=leaky_relu&alpha=.5", "alpha", "a number"),
        ("/evaluate", "activation=leaky_relu&alpha=true", "alpha", "a number"),
        ("/evaluate", "activation=leaky_relu&alpha=Infinity", "alpha", "finite"),
        ("/evaluate", "activation=leaky_relu&alpha=1e999", "alpha", "beyond the range of float64"),
        ("/evaluate", "activation=leaky_relu&alpha=1e101", "alpha", "at most"),
        ("/evaluate", "activation=leaky_relu&alpha=null", "alpha", "null"),
        ("/evaluate", "activation=softmax&axis=1.5", "axis", "an integer"),
        ("/evaluate", "activation=softmax&axis=2", "axis", "x has 2 axes"),
        ("/evaluate", "activation=gelu&approximate=null", "approximate", "one of none, tanh"),
        ("/evaluate", "activation=clip&min=1&max=0", "hi", "less than lo"),
        ("/derivative", "activation=relu&order=5", "order", "at most 4"),
        ("/derivative", "activation=relu&order=null", "order", "an integer"),
        ("/derivative", "activation=relu&at_kink=middle", "at_kink", "'convention'"),
        ("/derivative", "activation=relu&with_respect_to=", "with_respect_to", "empty"),
        ("/derivative", "activation=relu&with_respect_to=slope", "with_respect_to", "derivatives by x"),
        ("/derivative", "activation=relu&jacobian=1", "jacobian", "true or false"),
        ("/derivative", "activation=relu&jacobian=true", "jacobian", "elementwise"),
        ("/derivative", "activation=softmax&jacobian=true&order=2", "jacobian", "order 1 only"),
        ("/derivative", "activation=softmax", "activation", "a vector function"),
    ],
)
@pytest.mark.parametrize("accept", [NPY, "application/json"])
def test_an_item_that_cannot_be_is_blamed(
    client: Client, path: str, query: str, parameter: str, told: str, accept: str
) -> None:
    headers = {"Content-Type": NPY, "Accept": accept}
    response = client.post(f"{path}?{query.replace('+', '%2B')}", file(X), headers=headers)
    document = assert_problem(response, 422, "invalid_input", parameter=parameter)
    assert told in document["detail"]


def test_a_name_that_is_nearly_one_is_told(client: Client) -> None:
    document = assert_problem(
        post(client, "/evaluate", file(X), activation="reluu"), 422, "unknown_activation", parameter="activation"
    )
    assert "relu" in document["near"]


def test_no_parameter_has_the_name_of_another_item() -> None:
    for function in catalogue():
        assert not set(kinds(function)) & set(fields(DerivativeRequest))


@pytest.mark.parametrize("accept", [NPY, "application/json"])
@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "ends within its header"),
        (b"[1, 2]", "not an NPY file"),
        (file(X)[:9], "ends within its header"),
        (file(X)[:100], "ends within its header"),
        (file(X)[:-1], "needs 64 bytes of numbers by its NPY header, and has 63"),
        (file(X) + b"\0", "goes on after the 64 bytes"),
    ],
)
def test_a_body_that_is_no_npy_file_is_malformed(client: Client, body: bytes, told: str, accept: str) -> None:
    document = assert_problem(post(client, "/evaluate", body, accept, activation="relu"), 400, "malformed_npy")
    assert told in document["detail"]


@pytest.mark.parametrize("array", [np.array([True]), np.array([1j]), np.array([1], "g"), np.array(["a"])])
@pytest.mark.parametrize("accept", [NPY, "application/json"])
def test_a_type_that_cannot_be_used_is_refused(client: Client, array: np.ndarray[Any, Any], accept: str) -> None:
    response = post(client, "/evaluate", file(array), accept, activation="relu")
    document = assert_problem(response, 422, "invalid_input", pointer="")
    assert "which is not read; floats and integers" in document["detail"]


def test_x_that_the_function_cannot_take_is_blamed_on_the_body(client: Client) -> None:
    assert_problem(post(client, "/evaluate", file(np.zeros(3)), activation="glu"), 422, "invalid_input", pointer="")
    assert_problem(
        post(client, "/evaluate", file(np.zeros(())), activation="softmax"), 422, "invalid_input", pointer=""
    )


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json", "application/json"),
        (NPY, NPY),
        (f"{NPY}, */*", NPY),
        (f"application/json, {NPY}", NPY),
        (f"application/json, {NPY};q=0.5", "application/json"),
        (f"application/json;q=0.5, {NPY}", NPY),
    ],
)
def test_the_client_chooses_the_form(client: Client, accept: str, media_type: str) -> None:
    response = post(client, "/evaluate", file(X), accept, activation="relu")
    assert (response.status_code, response.headers["content-type"]) == (200, media_type)


@pytest.mark.parametrize("accept", ["text/html", f"{NPY};q=0, application/json;q=0"])
def test_a_client_that_takes_neither_form_is_refused(client: Client, accept: str) -> None:
    assert_problem(post(client, "/evaluate", file(X), accept, activation="relu"), 406, "not_acceptable")


def test_a_compressed_body_is_refused(client: Client) -> None:
    headers = {"Content-Type": NPY, "Accept": NPY, "Content-Encoding": "deflate"}
    response = client.post("/evaluate?activation=relu", file(X), headers=headers)
    assert_problem(response, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("settings", "limit"),
    [(Settings(max_elements=7), "max_elements"), (Settings(max_body_bytes=150), "max_body_bytes")],
)
def test_what_has_to_be_there_as_a_whole_is_limited(client: Client, settings: Settings, limit: str) -> None:
    small = Client(client.runner, settings)
    for accept, function, seed in (("*/*", "relu", "null"), (NPY, "softmax", "null"), (NPY, "rrelu", "1")):
        response = post(small, "/evaluate", file(X), accept, activation=function, seed=seed)
        assert assert_problem(response, 413, "limit_exceeded")["limit"]["name"] == limit
    assert answer(small, "/evaluate", X, activation="relu").shape == X.shape


def test_a_jacobian_beyond_the_limits_is_refused(client: Client) -> None:
    small = Client(client.runner, Settings(max_elements=31))
    response = post(small, "/derivative", file(X), activation="softmax", jacobian="true")
    assert_problem(response, 413, "limit_exceeded")
    assert answer(small, "/derivative", X[:1], activation="softmax", jacobian="true").shape == (1, 4, 4)


def test_an_array_of_too_many_dimensions_is_refused(client: Client) -> None:
    small = Client(client.runner, Settings(max_rank=1))
    document = assert_problem(post(small, "/evaluate", file(X), activation="relu"), 422, "invalid_input", pointer="")
    assert "ACTISCOPE_MAX_RANK" in document["detail"]


def test_an_empty_array_may_not_have_countless_other_lengths(client: Client) -> None:
    body = write_header(np.dtype("<f8"), (0, 2**30, 2**29))
    for accept in (NPY, "*/*"):
        assert post(client, "/evaluate", body, accept, activation="softmax").status_code == 413
    assert answer_of(client, body).shape == (0, 2**30, 2**29)


def answer_of(client: Client, body: bytes) -> np.ndarray[Any, Any]:
    return load(post(client, "/evaluate", body, activation="relu").content)
