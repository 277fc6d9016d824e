"""Whatever is sent, the answer is right or says what is wrong with the question."""

import json
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.activations import catalogue
from tests.client import JSON, Client, assert_problem
from tests.schema import JsonValue

NUMBERS = (
    st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["NaN", "Infinity", "-Infinity"])
)
SCALARS = NUMBERS | st.booleans() | st.none() | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
)
ARRAYS = st.recursive(NUMBERS, lambda inner: st.lists(inner, max_size=4)) | VALUES
NAMES = st.sampled_from([function.name for function in catalogue()])
PARAMETERS = sorted({parameter.name for function in catalogue() for parameter in function.parameters})
QUESTIONS = st.fixed_dictionaries(
    {"activation": NAMES | VALUES, "x": ARRAYS},
    optional={
        "parameters": st.dictionaries(st.sampled_from(PARAMETERS) | st.text(max_size=5), SCALARS, max_size=3) | VALUES,
        "dtype": st.sampled_from(["float64", "float32", "float16", "bfloat16"]) | VALUES,
        "accuracy": st.sampled_from(["full", "fast", "certified"]),
        "weights": ARRAYS,
        "bias": ARRAYS,
        "seed": st.integers() | VALUES,
        "order": st.integers(-1, 6) | VALUES,
        "with_respect_to": st.sampled_from(["x", *PARAMETERS]) | VALUES,
        "at_kink": st.sampled_from(["convention", "left", "right", "nan"]) | VALUES,
        "upstream": ARRAYS,
        "jacobian": st.booleans() | VALUES,
    },
)
slow = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def assert_answered(response: httpx.Response) -> None:
    """An answer, or a failure that is the client's and well told."""
    if response.status_code == 200:
        answer = response.json()
        assert_shape(next(answer[name] for name in ("y", "dy", "dx", "jacobian") if name in answer), answer["shape"])
        return
    assert response.status_code in {400, 413, 422}
    assert_problem(response, response.status_code, response.json()["type"].removeprefix("/problems/"))


def assert_shape(numbers: JsonValue, shape: list[int]) -> None:
    """Nested lists of that shape, with numbers or their names in them."""
    if not shape:
        assert isinstance(numbers, float) or numbers in ("NaN", "Infinity", "-Infinity")
        return
    assert len(numbers) == shape[0]
    for item in numbers:
        assert_shape(item, shape[1:])


@pytest.mark.parametrize("path", ["/evaluate", "/derivative"])
@slow
@given(value=VALUES)
def test_any_json_is_answered(client: Client, path: str, value: object) -> None:
    assert_answered(client.post(path, json.dumps(value).encode()))


@pytest.mark.parametrize("path", ["/evaluate", "/derivative"])
@slow
@given(question=QUESTIONS)
def test_anything_like_a_question_is_answered(client: Client, path: str, question: dict[str, object]) -> None:
    assert_answered(client.post(path, json.dumps(question).encode()))


@slow
@given(body=st.binary(max_size=100))
def test_any_bytes_are_answered(client: Client, body: bytes) -> None:
    assert_answered(client.post("/evaluate", body))


@slow
@given(name=st.text(max_size=30), value=st.text(max_size=30))
def test_any_path_and_query_are_answered(client: Client, name: str, value: str) -> None:
    assert client.get("/activations/relu", params={name: value}).status_code == 422
    assert client.get("/activations/" + quote(name, safe="")).status_code in {200, 404}


@slow
@given(accept=st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=40))
def test_any_header_is_answered(client: Client, accept: str) -> None:
    headers = {name: accept.encode("latin-1") for name in ("Accept", "X-Request-ID", "traceparent", "If-None-Match")}
    assert client.get("/limits", headers=headers).status_code in {200, 304, 406}
    encoded = JSON | {"Content-Encoding": accept.encode("latin-1")}
    assert client.post("/evaluate", b"{}", headers=encoded).status_code in {415, 422}


@pytest.mark.parametrize("question", [{}, {"upstream": 1.0}, {"jacobian": True}, {"order": 2}, {"weights": [[1.0]]}])
@pytest.mark.parametrize("name", [function.name for function in catalogue()])
def test_a_bare_number_is_answered(client: Client, name: str, question: dict[str, object]) -> None:
    for path in ("/evaluate", "/derivative"):
        for dtype in ("float64", "float16"):
            assert_answered(client.post(path, {"activation": name, "x": -0.5, "dtype": dtype} | question))
