"""Uploads, on a path of the tests' own: whatever comes in is taken apart or refused, and nothing else happens."""

import logging
from collections.abc import Mapping
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse

from service.api.uploads import is_multipart, read_parts
from service.app import create_app
from service.settings import Settings
from tests.client import Client, assert_problem

TENSORS = save({"w": np.ones((2, 3), np.float32), "b": np.array(np.nan)})
QUESTION = b'{"x": {"tensor": "w"}}'
SHAPES = {"w": [2, 3], "b": []}
TYPE = "multipart/form-data; boundary=b"


def uploader(client: Client, **limits: Any) -> Client:  # noqa: ANN401  the settings check them
    """An application that tells what was uploaded to it."""
    app = create_app(Settings(**limits))

    async def tell(request: Request) -> JSONResponse:
        question, tensors = await read_parts(request)
        shapes = {name: array.shape for name, array in tensors.items()}
        return JSONResponse({"request": question.decode("latin-1"), "tensors": shapes})

    app.add_route("/upload", tell, ["POST"])
    return Client(client.runner, app=app)


@pytest.fixture(scope="module")
def upload(client: Client) -> Client:
    return uploader(client)


def send(client: Client, body: bytes, content_type: str = TYPE, **headers: str) -> httpx.Response:
    return client.post("/upload", body, headers={"Content-Type": content_type} | headers)


def part(name: str, content: bytes, *headers: str) -> bytes:
    head = "\r\n".join([f'Content-Disposition: form-data; name="{name}"', *headers])
    return head.encode() + b"\r\n\r\n" + content


def form(*parts: bytes, boundary: bytes = b"b") -> bytes:
    return b"".join(b"--" + boundary + b"\r\n" + item + b"\r\n" for item in parts) + b"--" + boundary + b"--\r\n"


GOOD = form(part("request", QUESTION), part("tensors", TENSORS))


def assert_taken(response: httpx.Response) -> None:
    assert response.status_code == 200, response.text
    assert response.json() == {"request": QUESTION.decode(), "tensors": SHAPES}


@pytest.mark.parametrize(
    "files",
    [
        {"request": (None, QUESTION), "tensors": ("w.safetensors", TENSORS)},
        {"tensors": ("../w.npz", TENSORS, "text/plain"), "request": ("q.json", QUESTION, "application/json")},
        {"request": (None, QUESTION), "tensors": ('a"b\\ö.npz', TENSORS, "application/octet-stream")},
    ],
)
def test_what_a_client_uploads_is_taken_apart(upload: Client, files: Mapping[str, Any]) -> None:
    assert_taken(upload.request("POST", "/upload", files=files))


def test_a_large_upload_is_taken_apart(upload: Client) -> None:
    question = QUESTION + b" " * 100_000
    tensors = save({"w": np.arange(2.0**16).reshape(256, 256)})
    answer = upload.request("POST", "/upload", files={"request": question, "tensors": tensors}).json()
    assert answer == {"request": question.decode(), "tensors": {"w": [256, 256]}}


@pytest.mark.parametrize("content", [b"", b"\r\n", b"--b", b"\r\n--", b"\r\n-b", b"\r\n\r\n--c\r\n", bytes(range(256))])
def test_a_part_is_given_back_byte_for_byte(upload: Client, content: bytes) -> None:
    body = form(part("request", content), part("tensors", TENSORS))
    assert send(upload, body).json()["request"] == content.decode("latin-1")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (GOOD, 'Multipart/Form-Data;  charset=utf-8; boundary="b"'),
        (form(part("request", QUESTION), part("tensors", TENSORS), boundary=b"=_x y"), TYPE[:-1] + '"=_x y"'),
        (b"\r\n" + GOOD, TYPE),
        (GOOD[:-2], TYPE),
        (GOOD + b"the end", TYPE),
        (GOOD.replace(b"--b\r\n", b"--b \t\r\n").replace(b"--b \t", b"--b", 1), TYPE),
        (GOOD.replace(b"Content-Disposition: form-data", b"content-disposition:FORM-DATA"), TYPE),
        (GOOD.replace(b'"request"', b"request"), TYPE),
        (GOOD.replace(b'"tensors"', b'"tensors"; filename="w;name=x"'), TYPE),
        (GOOD.replace(b'"request"', b"\"request\"; name*=utf-8''x"), TYPE),
    ],
)
def test_forms_are_read_however_they_are_written(upload: Client, body: bytes, content_type: str) -> None:
    assert_taken(send(upload, body, content_type))


@pytest.mark.parametrize("coding", ["binary", "8bit", "7BIT"])
def test_a_part_may_say_that_it_comes_as_it_is(upload: Client, coding: str) -> None:
    tensors = part("tensors", TENSORS, f"Content-Transfer-Encoding: {coding}", "Content-Type: text/plain")
    assert_taken(send(upload, form(part("request", QUESTION), tensors)))


@pytest.mark.parametrize(
    ("parts", "blamed", "told"),
    [
        ([part("request", QUESTION)], "tensors", "This part is required: a .safetensors or .npz file."),
        ([part("tensors", TENSORS)], "request", "This part is required"),
        ([], "request", "This part is required"),
        ([part("request", QUESTION)] * 2, "request", "more than once"),
        ([part("tensors", TENSORS)] * 9, "tensors", "more than once"),
        ([part("file", TENSORS)], "file", "There is no part 'file'; the parts are request and tensors."),
        ([part("Request", QUESTION)], "Request", "There is no part"),
        ([part("", QUESTION)], "", "There is no part ''"),
        ([part("é" * 200, QUESTION)], "é" * 64 + "…", "There is no part"),
        ([part("tensors", b"", "Content-Transfer-Encoding: base64")], "tensors", "without the coding 'base64'"),
    ],
)
def test_a_part_at_fault_is_named(upload: Client, parts: list[bytes], blamed: str, told: str) -> None:
    document = assert_problem(send(upload, form(*parts)), 422, "invalid_input", parameter=blamed)
    assert told in document["detail"]


MANY_HEADERS = [f"X-{index}: 1" for index in range(8)]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\r\n",
        b"{}",
        b"--b",
        b"--c\r\n",
        b"preamble\r\n" + GOOD,
        GOOD.replace(b"--b--", b"--b-"),
        GOOD.replace(b"\r\n", b"\n"),
        form(QUESTION),
        form(b"\r\n" + QUESTION),
        form(b"Content-Type: text/plain\r\n\r\n" + QUESTION),
        form(b"Content-Disposition: form-data\r\n\r\n" + QUESTION),
        form(b'Content-Disposition: attachment; name="request"\r\n\r\n' + QUESTION),
        form(b"Content-Disposition: form-data; name*=utf-8''request\r\n\r\n" + QUESTION),
        form(part("request", QUESTION, 'Content-Disposition: form-data; name="tensors"')),
        form(part("request", QUESTION, "no header")),
        form(part("request", QUESTION, ": empty")),
        form(part("request", QUESTION, "Content Type: x")),
    ],
)
def test_what_is_no_form_is_refused(upload: Client, caplog: pytest.LogCaptureFixture, body: bytes) -> None:
    with caplog.at_level(logging.DEBUG):
        document = assert_problem(send(upload, body), 400, "malformed_multipart")
    assert len(document["detail"]) < 120
    assert not [record for record in caplog.records if record.name.startswith("python_multipart")]


@pytest.mark.parametrize(
    ("body", "limit"),
    [
        (form(part("request", QUESTION, *MANY_HEADERS)), "max_part_headers"),
        (form(part("request", QUESTION, "X: " + "x" * 5000)), "max_part_header_bytes"),
        (form(part("request", QUESTION, "x" * 5000 + ": x")), "max_part_header_bytes"),
        (form(part("request", b"\r\n--bx" * 100_000), part("tensors", TENSORS)), "max_boundaries"),
    ],
)
def test_a_form_beyond_a_limit_is_refused(upload: Client, body: bytes, limit: str) -> None:
    document = assert_problem(send(upload, body), 413, "limit_exceeded")
    (fixed,) = (item for item in upload.get("/limits").json()["limits"] if item["name"] == limit)
    assert document["limit"] == {"name": limit, "value": fixed["value"]}


def test_a_form_that_is_cut_short_is_refused(upload: Client) -> None:
    for length in range(len(GOOD) - 2):
        assert_problem(send(upload, GOOD[:length]), 400, "malformed_multipart")


@pytest.mark.parametrize(
    "parameters", ["", "; boundary", "; boundary=", '; boundary=""', "; boundary=b*c", "; boundary=" + "b" * 71]
)
def test_a_form_without_a_sound_boundary_is_refused(upload: Client, parameters: str) -> None:
    document = assert_problem(send(upload, GOOD, "multipart/form-data" + parameters), 400, "malformed_multipart")
    assert "boundary of 1 to 70 characters" in document["detail"]


@pytest.mark.parametrize("coding", ["deflate", "identity, gzip"])
def test_a_coded_body_is_refused(upload: Client, coding: str) -> None:
    response = send(upload, GOOD, **{"Content-Encoding": coding})
    assert_problem(response, 415, "unsupported_media_type")
    assert response.headers["accept-encoding"] == "gzip, zstd, identity"


@pytest.mark.parametrize(
    ("content_types", "expected"),
    [
        ([TYPE], True),
        (["multipart/form-data"], True),
        (["MULTIPART/form-data ;boundary=x"], True),
        (["multipart/mixed; boundary=b"], False),
        (["application/json"], False),
        (["application/json; x=multipart/form-data"], False),
        ([TYPE, TYPE], False),
        ([""], False),
        ([], False),
    ],
)
def test_forms_are_told_by_their_content_type(content_types: list[str], expected: bool) -> None:
    headers = Headers(raw=[(b"content-type", content_type.encode()) for content_type in content_types])
    assert is_multipart(headers) is expected


def test_a_file_that_cannot_be_read_is_refused(upload: Client) -> None:
    body = form(part("request", QUESTION), part("tensors", TENSORS[:-1]))
    document = assert_problem(send(upload, body), 400, "malformed_tensors")
    assert "bytes of data" in document["detail"]
    assert "errors" not in document


def test_a_tensor_that_cannot_be_used_is_blamed_on_its_part(upload: Client) -> None:
    tensors = save({"z": np.array([1j], np.complex64)})
    body = form(part("request", QUESTION), part("tensors", tensors))
    document = assert_problem(send(upload, body), 422, "invalid_input", parameter="tensors")
    assert document["detail"].startswith("tensors: The tensor 'z' is of the type 'C64'")


@pytest.mark.parametrize(
    ("name", "most"), [("max_body_bytes", len(GOOD)), ("max_tensors", 2), ("max_tensor_bytes", 56), ("max_elements", 6)]
)
def test_an_upload_may_be_as_large_as_allowed(client: Client, name: str, most: int) -> None:
    assert_taken(send(uploader(client, **{name: most}), GOOD))
    document = assert_problem(send(uploader(client, **{name: most - 1}), GOOD), 413, "limit_exceeded")
    assert document["limit"] == {"name": name, "value": most - 1, "setting": f"ACTISCOPE_{name.upper()}"}


EDITS = st.lists(
    st.tuples(
        st.integers(0, len(GOOD)), st.integers(0, 4), st.sampled_from([b"", b"\r\n", b"--b", b":", b"\0", b'";'])
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EDITS)
def test_any_change_to_a_form_is_read_or_refused(upload: Client, edits: list[tuple[int, int, bytes]]) -> None:
    body = GOOD
    for place, removed, put in edits:
        body = body[:place] + put + body[place + removed :]
    response = send(upload, body)
    if response.status_code != 200:
        assert response.status_code in {400, 413, 422}
        assert_problem(response, response.status_code, response.json()["type"].removeprefix("/problems/"))
