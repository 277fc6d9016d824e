"""The shell of the explorer: sections, keys, colours, prefixes, size."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from service.api.keys import line_of, new_key
from tests.live import serving
from tests.web.browser import listen

KEY = new_key()
LARGEST = 500_000  # bytes of the page in all, compressed


def test_all_of_it_is_small(page: Page, address: str) -> None:
    sizes: dict[str, int] = {}
    page.on("response", lambda response: sizes.update({response.url: response.request.sizes()["responseBodySize"]}))
    page.goto(address)
    for section in ("Gradient flow", "Phase diagram", "Training race"):
        page.get_by_role("link", name=section).click()
        page.wait_for_load_state("networkidle")
    files = {url: size for url, size in sizes.items() if "/static/" in url or url == address}
    assert len(files) > 10
    assert sum(files.values()) < LARGEST, files


def test_colours_are_chosen_and_kept(page: Page, address: str) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(address)
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    button = page.get_by_role("button", name="Colours: auto")
    button.click()
    page.get_by_role("button", name="Colours: light").click()
    assert page.evaluate(ground) != light
    page.reload()
    expect(page.get_by_role("button", name="Colours: dark")).to_be_visible()
    assert page.evaluate(ground) != light


def test_the_content_is_reached_by_keyboard(page: Page, address: str) -> None:
    page.goto(f"{address}#/phase")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    assert page.url.endswith("#/phase")


def test_an_address_that_names_nothing_shows_functions(page: Page, address: str) -> None:
    page.goto(f"{address}#/nowhere?f=1&&=%")
    expect(page.get_by_role("heading", name="Functions", exact=True)).to_be_visible()


@pytest.fixture(scope="module")
def keyed() -> Iterator[str]:
    """A service that wants keys, with its pages open, behind a prefix."""
    line = line_of("alice", KEY)
    with serving(ACTISCOPE_KEYS=line, ACTISCOPE_OPEN_DOCS="true", ACTISCOPE_ROOT_PATH="/tools") as address:
        yield f"http://{address}/tools/"


def test_a_key_is_asked_for_and_sent_from_then_on(browser: Browser, keyed: str) -> None:
    complaints: list[str] = []
    with browser.new_context() as context:
        page = context.new_page()
        listen(page, complaints)
        page.goto(keyed)
        dialog = page.get_by_role("dialog", name="API key")
        dialog.get_by_label("Key", exact=True).fill("wrong")
        dialog.get_by_role("button", name="Use this key").click()
        expect(dialog).to_be_visible()
        dialog.get_by_label("Key", exact=True).fill(KEY)
        dialog.get_by_role("button", name="Use this key").click()
        expect(page.locator(".fact-card h2")).to_have_text(["sigmoid", "tanh"])
        expect(dialog).to_be_hidden()
        page.get_by_text("The requests behind this view").click()
        expect(page.locator(".snippets code")).to_contain_text("$ACTISCOPE_KEY")
        expect(page.locator(".snippets code")).to_contain_text(f"{keyed}evaluate")
        assert KEY not in page.content()
        assert KEY not in page.evaluate("JSON.stringify(localStorage)")
        page.get_by_role("button", name="Key", exact=True).click()
        dialog.get_by_role("button", name="Forget it").click()
        expect(dialog).to_be_visible()
        assert page.evaluate("sessionStorage.getItem('actiscope.key')") is None
    assert all("401" in complaint or "API key" in complaint for complaint in complaints)
