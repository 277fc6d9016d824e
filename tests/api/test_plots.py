"""Plots by URL: forms, themes, sizes, validators, refusals, and the pictures of the README."""

import asyncio
import json
import struct
import sys
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from scripts.pictures import FOLDER, network, pictures
from service.api.pictures import Shelf
from service.api.responses import Page
from service.app import create_app
from service.settings import Settings
from tests.client import Client, assert_problem
from tests.live import in_thread

BOTH = "/plots/activations?name=step&name=sigmoid&derivative=true&lower=-6&upper=6"
SVG, PNG = "image/svg+xml", "image/png"


@pytest.fixture(scope="module")
def flow(client: Client) -> dict[str, Any]:
    answer: dict[str, Any] = client.post("/gradient-flow", network("sigmoid", "glorot_normal")).json()
    return answer


def parsed(svg: bytes) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314  our own


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ({}, SVG),
        ({"Accept": "*/*"}, SVG),
        ({"Accept": "image/*"}, SVG),
        ({"Accept": PNG}, PNG),
        ({"Accept": f"{SVG};q=0.4, {PNG};q=0.5"}, PNG),
        ({"Accept": f"{PNG};q=0.5, {SVG}"}, SVG),
        ({"Accept": "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"}, SVG),
        ({"Accept": f"{SVG};q=0, */*"}, PNG),
    ],
)
def test_the_form_is_the_one_most_welcome(client: Client, accept: dict[str, str], form: str) -> None:
    response = client.get(BOTH, headers=accept)
    assert response.status_code == 200
    assert response.headers["content-type"] == form
    assert response.headers["vary"] == "Accept"
    assert response.content.startswith(b"<?xml" if form == SVG else b"\x89PNG")


@pytest.mark.parametrize("path", [BOTH, "/activations/relu/plot"])
def test_no_other_form_is_drawn(client: Client, path: str) -> None:
    assert_problem(client.get(path, headers={"Accept": "text/html"}), 406, "not_acceptable")


def test_a_picture_has_the_curves_asked_for(client: Client) -> None:
    names = {group.get("id", "") for group in parsed(client.get(BOTH).content).iter()}
    assert {"curve-step-0-0", "curve-step-0-1", "curve-sigmoid-0-0", "curve-sigmoid-1-0", "peak-sigmoid"} <= names


def test_size_and_theme_are_those_asked_for(client: Client) -> None:
    png = client.get("/activations/tanh/plot?width=555&height=333&theme=dark", headers={"Accept": PNG}).content
    assert struct.unpack(">II", png[16:24]) == (555, 333)
    assert b"#0d1117" in client.get("/activations/tanh/plot?theme=dark").content
    assert b"#ffffff" in client.get("/activations/tanh/plot").content


def test_an_svg_may_have_styles_and_nothing_else(client: Client) -> None:
    policy = client.get(BOTH).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "style-src 'unsafe-inline'" in policy
    assert "script-src" not in policy


def test_a_picture_is_kept_by_its_validator(client: Client) -> None:
    first = client.get(BOTH)
    etag = first.headers["etag"]
    assert etag.startswith('"')
    assert "max-age" in first.headers["cache-control"]
    for condition in (etag, f"W/{etag}", "*"):
        again = client.get(BOTH, headers={"If-None-Match": condition})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
        assert again.headers["vary"] == "Accept"
    assert client.get(BOTH, headers={"If-None-Match": etag, "Accept": PNG}).status_code == 200
    assert client.request("HEAD", BOTH).headers["etag"] == etag


def test_an_alias_and_the_defaults_give_the_same_picture(client: Client) -> None:
    plain = client.get("/activations/leaky_relu/plot?negative_slope=0.25")
    for path in ("/activations/LeakyReLU/plot?alpha=0.25&lower=-6", "/plots/activations?name=LeakyRelu&alpha=2.5e-1"):
        assert client.get(path).headers["etag"] == plain.headers["etag"]


def test_parameters_that_are_called_like_a_bound_go_by_their_aliases(client: Client) -> None:
    plain = client.get("/activations/rrelu/plot")
    assert client.get("/activations/rrelu/plot?lo=0.3").headers["etag"] != plain.headers["etag"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("", "name"),
        ("&".join(["name=relu"] * 9), "name"),
        ("name=relu&name=ReLU", "name"),
        ("name=relu&lower=1e308", "lower"),
        ("name=relu&lower=-1e999", "lower"),
        ("name=relu&upper=NaN", "upper"),
        ("name=relu&upper=Infinity", "upper"),
        ("name=relu&lower=null", "lower"),
        ("name=relu&lower=six", "lower"),
        ("name=relu&lower=2&upper=1", "upper"),
        ("name=relu&lower=1&upper=1", "upper"),
        ("name=relu&lower=1000000&upper=999999.9999", "upper"),
        ("name=relu&lower=0&upper=1e-300", "upper"),
        ("name=relu&derivative=3", "derivative"),
        ("name=relu&derivative=yes", "derivative"),
        ("name=relu&name=softmax&derivative=2", "derivative"),
        ("name=relu&theme=pink", "theme"),
        ("name=relu&width=399", "width"),
        ("name=relu&width=1e3", "width"),
        ("name=relu&height=99999999999999999999", "height"),
        ("name=relu&height=true", "height"),
        ("name=relu&widht=500", "widht"),
        ("name=relu&width=500&width=500", "width"),
        ("name=relu&negative_slope=0.1", "negative_slope"),
        ("name=leaky_relu&negative_slope=x", "negative_slope"),
        ("name=leaky_relu&negative_slope=0.1&alpha=0.1", "alpha"),
        ("name=leaky_relu&negative_slope=1e300", "negative_slope"),
        ("name=softmax&axis=0", "axis"),
        ("name=%24%5Cfrac%24", "name"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(client: Client, query: str, parameter: str) -> None:
    response = client.get(f"/plots/activations?{query}")
    code = "unknown_activation" if "%24" in query else "invalid_input"
    assert_problem(response, 422, code, parameter=parameter)


def test_a_thousand_names_are_too_many(client: Client) -> None:
    query = "&".join(["name=relu"] * 1000)
    assert_problem(client.get(f"/plots/activations?{query}"), 414, "limit_exceeded")


def test_an_unknown_function_is_not_found_in_a_path_and_refused_in_a_query(client: Client) -> None:
    assert "mish" in assert_problem(client.get("/activations/mysh/plot"), 404, "unknown_activation")["near"]
    assert_problem(client.get("/plots/activations?name=mysh"), 422, "unknown_activation", parameter="name")
    assert_problem(client.get("/activations/mysh/plot?name=relu"), 404, "unknown_activation")


def test_a_name_in_the_query_of_one_function_is_refused(client: Client) -> None:
    assert_problem(client.get("/activations/relu/plot?name=relu"), 422, "invalid_input", parameter="name")


@pytest.mark.parametrize("form", [SVG, PNG])
def test_an_answer_of_gradient_flow_is_drawn(client: Client, flow: dict[str, Any], form: str) -> None:
    response = client.post("/plots/gradient-flow", flow, headers={"Accept": form})
    assert response.status_code == 200
    assert response.headers["content-type"] == form
    assert response.headers["cache-control"] == "no-store"
    assert b"vanishing_gradient" in response.content or form == PNG


def test_two_answers_are_drawn_side_by_side(client: Client, flow: dict[str, Any]) -> None:
    both = {"before": flow, "after": flow}
    root = parsed(client.post("/plots/gradient-flow?theme=dark&width=1000&height=600", both).content)
    assert (root.get("width"), root.get("height")) == ("750pt", "450pt")
    assert sum(group.get("id") == "finding-vanishing_gradient" for group in root.iter()) == 2


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"layers": []}, "/layers"),
        ({"layers": None}, "/layers"),
        ({"findings": [{"code": "x", "severity": "awful", "layers": []}]}, "/findings/0/severity"),
        ({"findings": [{"code": "x", "severity": "info", "layers": [99]}]}, "/findings/0/layers"),
        ({"findings": [{"code": "x", "severity": "info", "layers": []}] * 101}, "/findings"),
    ],
)
def test_what_is_no_answer_is_refused(
    client: Client, flow: dict[str, Any], change: dict[str, Any], pointer: str
) -> None:
    assert_problem(client.post("/plots/gradient-flow", flow | change), 422, "invalid_input", pointer)
    document = client.post("/plots/gradient-flow", {"before": flow, "after": flow | change})
    assert_problem(document, 422, "invalid_input", f"/after{pointer}")


def test_other_bodies_are_refused(client: Client, flow: dict[str, Any]) -> None:
    assert_problem(client.post("/plots/gradient-flow", []), 422, "invalid_input", "")
    assert_problem(client.post("/plots/gradient-flow", {"before": flow}), 422, "invalid_input", "/after")
    assert_problem(client.post("/plots/gradient-flow", b"{"), 400, "malformed_json")
    layer = {**flow["layers"][0], "activation": "$x$"}
    refused = client.post("/plots/gradient-flow", {"layers": [layer]})
    assert_problem(refused, 422, "unknown_activation", "/layers/0/activation")
    assert_problem(client.post("/plots/gradient-flow?derivative=1", flow), 422, "invalid_input", parameter="derivative")


def test_an_answer_with_more_layers_than_allowed_is_refused(runner: asyncio.Runner, flow: dict[str, Any]) -> None:
    small = Client(runner, Settings(max_layers=3))
    assert_problem(small.post("/plots/gradient-flow", flow), 413, "limit_exceeded", "/layers")


def test_figures_that_are_not_finite_are_drawn(client: Client, flow: dict[str, Any]) -> None:
    layers = [json.loads(json.dumps(layer)) for layer in flow["layers"]]
    for layer, figure in zip(layers, ["NaN", "Infinity", "-Infinity", 1e308, 0], strict=False):
        layer["backward"] |= {"weight_gradient_norm": figure, "preactivation_gradient_norm": figure}
        layer["forward"]["preactivation"] = {"mean": figure, "std": figure}
        layer["forward"] |= {"saturated_fraction": None, "inactive_fraction": None, "dead_units": None}
    assert client.post("/plots/gradient-flow", flow | {"layers": layers}).status_code == 200


def test_without_matplotlib_there_are_no_pictures(runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("sheet", "head", "functions", "flows"):
        monkeypatch.delitem(sys.modules, f"service.plots.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    bare = Client(runner)
    document = assert_problem(bare.get("/activations/relu/plot"), 501, "plots_not_installed")
    assert "actiscope[plots]" in document["detail"]
    assert bare.get("/activations/relu").status_code == 200


def test_clients_at_once_get_the_same_bytes() -> None:
    with in_thread(create_app(Settings())) as (port, _):
        addresses = [f"http://127.0.0.1:{port}/activations/{name}/plot?derivative=2" for name in ("gelu", "mish")] * 6
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda address: httpx.get(address, timeout=60).content, addresses))
    assert len(set(answers[::2])) == len(set(answers[1::2])) == 1
    assert answers[0] != answers[1]


def test_a_shelf_keeps_what_was_asked_for_last() -> None:
    shelf, page = Shelf(most=100), Page(b"x" * 40)
    shelf.put("a", page)
    shelf.put("b", page)
    assert shelf.get("a") is page
    shelf.put("c", page)
    assert shelf.get("b") is None
    assert shelf.get("a") is shelf.get("c") is page
    shelf.put("c", page)
    assert shelf.size == 80
    shelf.put("d", Page(b"x" * 101))
    assert (shelf.size, shelf.get("d")) == (0, None)


def test_the_pictures_of_the_readme_are_what_the_service_draws() -> None:
    drawn = asyncio.run(pictures())
    assert {path.name for path in FOLDER.iterdir()} == set(drawn), "run `make pictures`"
    for name, picture in drawn.items():
        ours, committed = parsed(picture), parsed((FOLDER / name).read_bytes())
        assert [(each.tag, each.get("id")) for each in ours.iter()] == [
            (each.tag, each.get("id")) for each in committed.iter()
        ], f"{name}: run `make pictures`"


def test_every_picture_is_shown_by_the_readme_or_the_guide() -> None:
    pages = [FOLDER.parent.parent / "README.md", *FOLDER.parent.rglob("*.md")]
    shown = "".join(page.read_text() for page in pages)
    assert [path.name for path in FOLDER.iterdir() if f"pictures/{path.name}" not in shown] == []
