"""The hot paths answer what the documented routes answer, byte for byte."""

import asyncio
import json
from pathlib import Path

import pytest
from starlette.responses import Response

from service.api import examples
from service.api.express import Express
from service.api.middleware import Envelope
from service.app import Actiscope, create_app
from service.settings import Settings
from tests.api.test_failures import BODIES
from tests.client import JSON, Client

CORPUS = sorted((Path(__file__).parents[1] / "data" / "json_parsing").glob("*.json"))
PADDING = b" " * 700  # makes a body long enough for the quick reading of numbers
EXAMPLES = [
    (path, json.dumps(example.request).encode())
    for path, given in (("/evaluate", examples.EVALUATE), ("/derivative", examples.DERIVATIVE))
    for example in given.values()
]


@pytest.fixture(scope="module")
def documented(runner: asyncio.Runner) -> Client:
    """The application without its express way."""
    app = create_app(Settings())
    app.front = Envelope(super(Actiscope, app).__call__, "")
    return Client(runner, app=app)


def assert_same(client: Client, documented: Client, path: str, body: bytes, headers: dict[str, str] = JSON) -> None:
    named = {**headers, "X-Request-ID": "same"}
    ours, theirs = (each.post(path, body, headers=named) for each in (client, documented))
    assert (ours.status_code, ours.content) == (theirs.status_code, theirs.content)
    assert ours.headers.raw == theirs.headers.raw


@pytest.mark.parametrize(("path", "body"), EXAMPLES)
def test_examples(client: Client, documented: Client, path: str, body: bytes) -> None:
    assert_same(client, documented, path, body)
    assert_same(client, documented, path, body + PADDING)


@pytest.mark.parametrize("body", [body for body, *_ in BODIES])
@pytest.mark.parametrize("path", ["/evaluate", "/derivative"])
def test_failures(client: Client, documented: Client, path: str, body: bytes) -> None:
    assert_same(client, documented, path, body)
    assert_same(client, documented, path, body + PADDING)


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.stem)
def test_the_corpus(client: Client, documented: Client, file: Path) -> None:
    assert_same(client, documented, "/evaluate", file.read_bytes() + PADDING)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json; charset=latin-1"},
        {**JSON, "Content-Encoding": "gzip"},
        {**JSON, "Accept": "text/html"},
        {**JSON, "Accept": "text/*;q=0.5, application/json;q=0"},
        {**JSON, "Content-Length": "99999999999"},
    ],
)
def test_headers(client: Client, documented: Client, headers: dict[str, str]) -> None:
    assert_same(client, documented, "/evaluate", b'{"activation":"relu","x":1}', headers)


@pytest.mark.parametrize("path", ["/evaluate?x=1", "/evaluate/", "/derivative?order=2&order=3", "/Evaluate"])
def test_paths_and_query_items(client: Client, documented: Client, path: str) -> None:
    assert_same(client, documented, path, b'{"activation":"relu","x":1}')


def test_other_methods_are_left_to_the_routes(client: Client, documented: Client) -> None:
    for method in ("GET", "PUT", "HEAD", "OPTIONS"):
        ours, theirs = (each.request(method, "/evaluate") for each in (client, documented))
        assert (
            (ours.status_code, ours.headers["allow"]) == (theirs.status_code, theirs.headers["allow"]) == (405, "POST")
        )


def test_the_prefix_of_a_proxy_is_known(runner: asyncio.Runner) -> None:
    client = Client(runner, Settings(root_path="/scope"))
    for path in ("/scope/evaluate", "/evaluate"):
        assert client.post(path, {"activation": "relu", "x": -1.0}).json()["y"] == 0.0
    refused = client.post("/scope/evaluate", {"activation": "reluu", "x": 1.0}).json()
    assert refused["type"] == "/scope/problems/unknown_activation"


def test_a_failure_nobody_foresaw_is_told_like_any_other(runner: asyncio.Runner) -> None:
    async def broken(_request: object) -> Response:
        raise RuntimeError("a secret")

    app = create_app(Settings())
    app.front = Envelope(Express(app.front, {"/evaluate": broken}), "")
    refused = Client(runner, app=app).post("/evaluate", b"{}")
    assert refused.status_code == 500
    assert "secret" not in refused.text


INFER = b'{"inputs":[{"name":"x","shape":[2],"datatype":"FP64","data":[0.5,-1]}]}'


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v2/models/sigmoid/infer", INFER),
        ("/v2/models/LeakyReLU/versions/1/infer", INFER),
        ("/v2/models/sigmoid/versions/2/infer", INFER),
        ("/v2/models/sigmoyd/infer", INFER),
        ("/v2/models/" + "s" * 5000 + "/infer", INFER),
        ("/v2/models/a%2Fb/infer", INFER),
        ("/v2/models/sigmoid/infer", b"{}"),
        ("/v2/models/sigmoid/infer", b"{"),
        ("/v2/models/sigmoid/infer?x=1", INFER),
        ("/v2/models//infer", INFER),
        ("/v2/models/sigmoid/infer/", INFER),
    ],
)
def test_inference(client: Client, documented: Client, path: str, body: bytes) -> None:
    assert_same(client, documented, path, body)
