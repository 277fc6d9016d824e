"""The guide at /guide, where it has been built."""

import re
from collections.abc import Iterator
from pathlib import Path
from posixpath import dirname, join, normpath

import pytest

from service.api import guide
from service.settings import Settings
from tests.client import Client, assert_problem

PAGE = '<link rel="stylesheet" href="../_static/a.css"><p>Step</p>'


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A guide of one page."""
    for name, text in (("docs/index.html", PAGE), ("_static/a.css", "p {}"), ("docs/conf.py", ""), ("secret", "")):
        path = tmp_path / "guide" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "beside.html").touch()
    yield from _instead(tmp_path / "guide", monkeypatch)


@pytest.fixture
def unbuilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield from _instead(tmp_path / "guide", monkeypatch)


def _instead(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(guide, "FOLDER", folder)
    _forget()
    yield
    _forget()


def _forget() -> None:
    guide.contents.cache_clear()
    guide.file.cache_clear()


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(("path", "location"), [("/guide", "guide/docs/index.html"), ("/guide/", "docs/index.html")])
def test_the_front_leads_to_the_first_page(client: Client, path: str, location: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.headers["location"]) == (307, location)
    assert normpath(join(dirname(path), location)) == "/guide/docs/index.html"


@pytest.mark.usefixtures("built")
def test_a_page_is_confined_and_may_be_kept(client: Client) -> None:
    response = client.get("/guide/docs/index.html")
    assert (response.status_code, response.text) == (200, PAGE)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    again = client.get("/guide/docs/index.html", headers={"If-None-Match": response.headers["etag"]})
    assert again.status_code == 304
    assert client.get("/guide/_static/a.css").headers["content-type"] == "text/css; charset=utf-8"


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("path", ["secret", "docs/conf.py", "docs", "..%2fbeside.html", "%2e%2e/beside.html", "x.html"])
def test_nothing_else_is_served(client: Client, path: str) -> None:
    assert_problem(client.get(f"/guide/{path}"), 404, "not_found")


@pytest.mark.usefixtures("unbuilt")
@pytest.mark.parametrize("path", ["/guide", "/guide/docs/index.html"])
def test_a_guide_that_is_not_built_says_how_to_build_it(client: Client, path: str) -> None:
    assert "make docs" in assert_problem(client.get(path), 404, "not_found")["detail"]


@pytest.mark.usefixtures("built")
def test_the_guide_needs_a_key_unless_the_documentation_is_open(client: Client) -> None:
    line = "alice:" + "0" * 64
    assert Client(client.runner, Settings(keys=line)).get("/guide/docs/index.html").status_code == 401
    assert Client(client.runner, Settings(keys=line, open_docs=True)).get("/guide/docs/index.html").status_code == 200


@pytest.mark.skipif(not guide.contents(), reason="the guide has not been built: `make docs` does")
def test_no_page_of_the_guide_loads_from_elsewhere_or_has_anything_inline() -> None:
    pages = sorted(path for path in guide.contents() if path.endswith(".html"))
    assert "docs/index.html" in pages
    for path in pages:
        text = (guide.FOLDER / path).read_text()
        assert "<style" not in text
        assert " style=" not in text
        assert not re.search(r"<script(?![^>]* src=)|<[^>]+\son\w+=", text)
        for address in re.findall(r'<(?:script|link rel="stylesheet"|img)[^>]* (?:src|href)="([^"?#]+)', text):
            assert normpath(join(dirname(path), address)) in guide.contents(), (path, address)
