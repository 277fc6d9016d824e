"""The service, the browser and its pages, for the tests of the explorer."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.live import serving
from tests.web.browser import CHROMIUM, DESKTOP, PHONE, browsing, listen


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; where there is none the tests are skipped, but not in continuous integration.

    It is closed after each module: as long as it is open its event loop runs, and tests of others need one of theirs.
    """
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
def complaints() -> Iterator[list[str]]:
    """What the page complains of; a test that expects a complaint takes it out."""
    found: list[str] = []
    yield found
    assert not found


@pytest.fixture
def page(browser: Browser, complaints: list[str]) -> Iterator[Page]:
    """A page on a desktop."""
    with browser.new_context(viewport=DESKTOP, permissions=["clipboard-read", "clipboard-write"]) as context:
        page = context.new_page()
        listen(page, complaints)
        yield page


@pytest.fixture
def phone(browser: Browser, complaints: list[str]) -> Iterator[Page]:
    """A page on a small phone."""
    with browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2) as context:
        page = context.new_page()
        listen(page, complaints)
        yield page
