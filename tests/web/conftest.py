"""The service, the browser and its pages, for the tests of the explorer."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.live import serving
from tests.web.browser import CHROMIUM, DESKTOP, browsing, listen


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; where there is none the tests are skipped, but not in continuous integration."""
    if not CHROMIUM and os.environ.get("CI") != "true":
        pytest.skip("no chromium on the PATH: apt-get install chromium, or name one in CHROMIUM")
    with browsing() as browser:
        yield browser


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Where the explorer is."""
    with serving() as address:
        yield f"http://{address}/"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a desktop that has nothing to complain of when it is done with."""
    complaints: list[str] = []
    with browser.new_context(viewport=DESKTOP, permissions=["clipboard-read", "clipboard-write"]) as context:
        page = context.new_page()
        page.set_default_timeout(10_000)
        listen(page, complaints)
        yield page
    assert not complaints
