"""The pages of the documentation."""

import re

import pytest

from tests.client import Client, assert_problem

ASSETS = {
    "favicon-32x32.png": "image/png",
    "margin.css": "text/css; charset=utf-8",
    "redoc.standalone.js": "text/javascript; charset=utf-8",
    "start.js": "text/javascript; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
}


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_a_page_names_no_other_host(client: Client, path: str) -> None:
    response = client.get(path, headers={"Accept": "text/html,*/*;q=0.8"})
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "//" not in response.text
    policy = dict(part.strip().split(" ", 1) for part in response.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert "http" not in response.headers["content-security-policy"]
    assert "unsafe" not in response.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_a_page_has_no_script_or_style_within(client: Client, path: str) -> None:
    text = client.get(path).text
    assert "<style" not in text
    assert " style=" not in text
    assert re.findall(r"<script[^>]*>(.*?)</script>", text, flags=re.DOTALL) == [""] * text.count("<script")
    assert not re.search(r"\son\w+=", text)


@pytest.mark.parametrize("prefix", ["", "/tools"])
@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_all_that_a_page_needs_is_here(client: Client, path: str, prefix: str) -> None:
    text = client.get(path).text
    needed = re.findall(r'(?:src|href|spec-url)="([^"]+)"', text)
    assert len(needed) >= 3
    assert all(client.get("/" + address).status_code == 200 for address in needed)
    assert not any(address.startswith("/") for address in needed), "relative addresses hold under any prefix"
    assert prefix not in text or not prefix


def test_the_validator_of_another_host_is_not_asked(client: Client) -> None:
    text = client.get("/docs/assets/start.js").text
    assert "validatorUrl: null" in text
    assert "//" not in text


@pytest.mark.parametrize(("name", "media_type"), ASSETS.items())
def test_an_asset_is_kept_for_long(client: Client, name: str, media_type: str) -> None:
    response = client.get(f"/docs/assets/{name}")
    assert response.headers["content-type"] == media_type
    assert response.headers["cache-control"] == "public, max-age=86400"
    assert client.get(f"/docs/assets/{name}", headers={"If-None-Match": response.headers["etag"]}).status_code == 304


@pytest.mark.parametrize("name", ["README.md", "x.js", "..%2f..%2fapp.py", "%2e%2e", "swagger-ui.LICENSE.txt"])
def test_nothing_else_is_served_as_an_asset(client: Client, name: str) -> None:
    assert assert_problem(client.get(f"/docs/assets/{name}"), 404, "not_found")


def test_browsers_find_the_icon(client: Client) -> None:
    assert client.get("/favicon.ico").headers["content-type"] == "image/png"


def test_a_page_is_not_json(client: Client) -> None:
    assert assert_problem(client.get("/docs", headers={"Accept": "application/json"}), 406, "not_acceptable")
