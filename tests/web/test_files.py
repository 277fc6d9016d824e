"""The files of the explorer: what is served to whom, how it is kept and compressed."""

import re

import httpx
import pytest

from service.api import guide
from service.api.keys import line_of, new_key
from service.web import files
from tests.client import Client, assert_problem
from tests.live import serving

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_browsers_get_the_page_and_programs_the_links(client: Client) -> None:
    page = client.get("/", headers=HTML)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "Accept" in page.headers["vary"]
    for accept in ("*/*", "application/json", "application/json, text/html"):
        links = client.get("/", headers={"Accept": accept})
        assert links.json()["name"] == "Actiscope"
        assert "Accept" in links.headers["vary"]
    assert assert_problem(client.get("/", headers={"Accept": "image/png"}), 406, "not_acceptable")
    assert assert_problem(client.get("/?x=1", headers=HTML), 422, "invalid_input", parameter="x")


def test_the_page_runs_nothing_but_its_own_files(client: Client) -> None:
    page = client.get("/", headers=HTML)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert re.findall(r"<script[^>]*>(.*?)</script>", page.text) == ["", ""]
    assert " style=" not in page.text
    assert "://" not in page.text


@pytest.mark.parametrize("built", [True, False])
def test_the_guide_is_linked_where_it_is_served(client: Client, monkeypatch: pytest.MonkeyPatch, built: bool) -> None:
    monkeypatch.setattr(guide, "contents", lambda: frozenset({"docs/index.html"} if built else ()))
    files.page.cache_clear()
    page = client.get("/", headers=HTML).text
    files.page.cache_clear()
    assert ('<a class="quiet" href="guide">Guide</a>' in page) == built
    assert '<a class="quiet" href="docs">API</a>' in page


def test_its_files_are_kept_as_long_as_they_are_the_same(client: Client) -> None:
    addresses = re.findall(r'(?:src|href)="(static/[^"]+)"', client.get("/", headers=HTML).text)
    assert len(addresses) >= 5
    for address in addresses:
        kept = client.get("/" + address)
        assert "immutable" in kept.headers["cache-control"]
        again = client.get("/" + address, headers={"If-None-Match": kept.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        other = client.get("/" + re.sub(r"explorer/\w+", "explorer/another", address))
        assert (other.content, other.headers["cache-control"]) == (kept.content, "no-cache")


@pytest.mark.parametrize("accepted", ["gzip", "gzip, deflate, br, zstd", "*", "gzip;q=0", "identity"])
def test_files_are_compressed_for_those_that_take_it(client: Client, accepted: str) -> None:
    response = client.get("/", headers=HTML | {"Accept-Encoding": accepted})
    assert ("content-encoding" in response.headers) is (accepted[:4] == "gzip" and "q=0" not in accepted)
    assert response.headers["vary"] == "Accept-Encoding, Accept"
    assert response.text.startswith("<!doctype html>")


@pytest.mark.parametrize("path", ["index.html", "../files.py", "js", "vendor/inter.LICENSE.txt", "README.md", ""])
def test_nothing_else_is_served(client: Client, path: str) -> None:
    assert assert_problem(client.get(f"/static/explorer/x/{path}"), 404, "not_found")


def test_without_open_documentation_the_page_needs_a_key_too() -> None:
    with serving(ACTISCOPE_KEYS=line_of("alice", new_key())) as address:
        for path in ("/", "/static/explorer/x/style.css"):
            assert httpx.get(f"http://{address}{path}", headers=HTML).status_code == 401


def test_a_file_is_the_same_compressed(client: Client) -> None:
    with_gzip = client.get("/static/explorer/x/style.css", headers={"Accept-Encoding": "gzip"})
    plain = client.get("/static/explorer/x/style.css", headers={"Accept-Encoding": "identity"})
    assert with_gzip.content == plain.content
    assert with_gzip.headers["etag"] != plain.headers["etag"]
