"""The section Functions: what a person does there, and sees."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Download, Page, expect

from tests.web.browser import findings, scrolls_sideways, shoot

PLOT = ".charts .plot >> nth={}"


def opened(page: Page, address: str, values: str = "") -> Page:
    """The section with these values, when it has drawn something."""
    page.goto(f"{address}#/functions{values}")
    expect(page.locator(".fact-card").first).to_be_visible()
    return page


def saved(page: Page, press: Callable[[], None]) -> Download:
    with page.expect_download() as waited:
        press()
    return waited.value


def test_two_functions_are_compared_at_once(page: Page, address: str) -> None:
    opened(page, address)
    expect(page).to_have_title("Functions · Actiscope")
    expect(page.locator(".fact-card h2")).to_have_text(["sigmoid", "tanh"])
    assert [page.locator(PLOT.format(order)).locator("path.line").count() for order in range(3)] == [2, 2, 2]
    expect(page.locator(".fact-card math").first).to_be_visible()
    expect(page.locator(".fact-card").first).to_contain_text("0.25 at x = 0")
    expect(page.locator(".fact-card").first).to_contain_text("vanishing gradient f′ is nowhere above 0.25")
    shoot(page, "functions")


def test_a_function_is_found_by_a_name_of_a_framework_and_added(page: Page, address: str) -> None:
    opened(page, address)
    page.get_by_label("Search functions").fill("swish")
    page.get_by_label("silu", exact=True).check()
    expect(page.locator(".fact-card h2")).to_have_text(["sigmoid", "tanh", "silu"])
    assert page.url.endswith("#/functions?f=sigmoid,tanh,silu")
    page.get_by_role("button", name="Remove tanh").click()
    expect(page.locator(".fact-card h2")).to_have_text(["sigmoid", "silu"])
    page.get_by_label("Search functions").fill("nothing of the kind")
    expect(page.get_by_text("No function is called like this.")).to_be_visible()


@pytest.mark.parametrize("pair", ["step · sigmoid", "sigmoid · tanh", "relu · leaky_relu"])
def test_instructive_pairs_are_a_click_away(page: Page, address: str, pair: str) -> None:
    opened(page, address, "?f=mish")
    page.get_by_role("button", name=pair).click()
    expect(page.locator(".fact-card h2")).to_have_text(pair.split(" · "))


def test_jumps_have_open_and_filled_dots_and_kinks_are_marked(page: Page, address: str) -> None:
    opened(page, address, "?f=step,relu")
    marks = page.locator(PLOT.format(0)).locator(".mark title")
    expect(marks).to_have_text(["step: jump at x = 0, towards 1", "step: value 0 at x = 0", "relu: kink at x = 0"])
    slopes = page.locator(PLOT.format(1)).locator(".mark title")
    expect(slopes).to_have_text(["relu: f′ towards 1 at the kink at x = 0", "relu: f′ is taken as 0 at x = 0"])
    line = page.locator(PLOT.format(0)).locator("path.line.c0").get_attribute("d") or ""
    assert line.count("M") == 2, "the step is not joined by an upright line"


def test_values_are_read_under_the_pointer(page: Page, address: str) -> None:
    opened(page, address)
    box = page.locator(PLOT.format(0)).bounding_box()
    assert box
    page.mouse.move(box["x"] + (50 + box["width"] - 14) / 2, box["y"] + 60)
    expect(page.locator(".readout").nth(0)).to_have_text("sigmoid0.5tanh0x = 0")
    expect(page.locator(".readout").nth(1)).to_have_text("sigmoid0.25tanh1x = 0")


def test_values_are_read_by_keyboard(page: Page, address: str) -> None:
    opened(page, address)
    plot = page.get_by_role("slider", name="Cursor in f(x)", exact=True)
    plot.focus()
    plot.press("ArrowRight")
    plot.press("End")
    expect(plot).to_have_attribute("aria-valuetext", "x 6: sigmoid 0.99753, tanh 0.99999")
    plot.press("ArrowLeft")
    expect(page.locator(".readout").nth(2)).to_contain_text("x = 5.97")
    plot.press("Escape")
    expect(page.locator(".readout").nth(2)).to_have_text("sigmoidtanh")


def test_a_slider_moves_the_curve_the_facts_and_the_address(page: Page, address: str) -> None:
    opened(page, address, "?f=leaky_relu")
    before = page.locator(PLOT.format(0)).locator("path.line").get_attribute("d")
    page.get_by_label("leaky_relu negative_slope as a number").fill("0.5")
    page.keyboard.press("Enter")
    expect(page.locator(".fact-card")).to_contain_text("f′ from 0.5 to 1")
    assert page.locator(PLOT.format(0)).locator("path.line").get_attribute("d") != before
    assert page.url.endswith("?f=leaky_relu&p.leaky_relu=negative_slope:0.5")
    page.reload()
    expect(page.locator(".fact-card")).to_contain_text("f′ from 0.5 to 1")
    page.get_by_role("button", name="Defaults").click()
    expect(page.locator(".fact-card")).to_contain_text("f′ from 0.01 to 1")


def test_a_value_that_is_refused_is_told_in_the_words_of_the_service(
    page: Page, address: str, complaints: list[str]
) -> None:
    opened(page, address, "?f=elu")
    page.get_by_label("elu alpha as a number").fill("-1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("alpha: Must be at least 1e-09.")
    page.get_by_role("button", name="Defaults").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    assert all("status of 422" in complaint for complaint in complaints)
    complaints.clear()


def test_an_interval_is_chosen(page: Page, address: str) -> None:
    opened(page, address, "?f=sin&from=-1&to=1")
    plot = page.get_by_role("slider", name="Cursor in f(x)", exact=True)
    expect(plot).to_have_attribute("aria-valuemax", "1")
    page.get_by_label("x to").fill("10")
    page.keyboard.press("Enter")
    expect(plot).to_have_attribute("aria-valuemax", "10")
    assert page.url.endswith("?f=sin&from=-1&to=10")


def test_the_back_button_returns_to_the_section_as_it_was(page: Page, address: str) -> None:
    opened(page, address, "?f=gelu")
    page.get_by_role("link", name="Phase diagram").click()
    expect(page.get_by_role("heading", name="Phase diagram")).to_be_visible()
    page.go_back()
    expect(page.locator(".fact-card h2").first).to_have_text("gelu")
    page.get_by_role("link", name="Phase diagram").click()
    page.get_by_role("link", name="Functions", exact=True).click()
    expect(page).to_have_url(f"{address}#/functions?f=gelu")


def test_a_picture_is_saved_as_svg_and_png_and_its_data_as_csv(page: Page, address: str) -> None:
    opened(page, address, "?f=sigmoid,step&from=-1&to=1")
    svg = saved(page, page.get_by_role("button", name="Save f(x) as SVG").click)
    text = Path(svg.path()).read_text()
    assert svg.suggested_filename == "f-x.svg"
    assert "sigmoid" in text
    assert "var(" not in text
    assert text.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    png = saved(page, page.get_by_role("button", name="Save f(x) as PNG").click)
    assert Path(png.path()).read_bytes().startswith(b"\x89PNG")
    assert Path(png.path()).stat().st_size > 5000
    table = saved(page, page.get_by_role("button", name="Save f′(x), the derivative as CSV").click)
    rows = list(csv.reader(Path(table.path()).read_text().splitlines()))
    assert rows[0] == ["x", "sigmoid", "step"]
    assert len(rows) == 402
    assert rows[201] == ["0", "0.25", "0"]


@pytest.mark.parametrize("language", ["curl", "Python"])
def test_the_code_asks_for_exactly_what_is_shown(page: Page, address: str, language: str) -> None:
    opened(page, address, "?f=leaky_relu&p.leaky_relu=negative_slope:0.2&from=-2&to=2")
    page.get_by_text("The requests behind this view").click()
    page.get_by_role("button", name=language, exact=True).click()
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    code = page.evaluate("navigator.clipboard.readText()")
    command = ["sh", "-c", code] if language == "curl" else [sys.executable, "-c", code]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    answers = told.replace("'", '"').replace("}{", "}\n{").splitlines()
    assert [json.loads(answer).get("order", 0) for answer in answers] == [0, 1, 2]
    first = json.loads(answers[0])
    assert first["parameters"] == {"negative_slope": 0.2}
    assert first["y"][0], first["y"][-1] == (-0.4, 2)


def test_javascript_is_offered_too(page: Page, address: str) -> None:
    opened(page, address)
    page.get_by_text("The requests behind this view").click()
    page.get_by_role("button", name="JavaScript", exact=True).click()
    expect(page.locator(".snippets code")).to_contain_text('body: JSON.stringify({"activation": "sigmoid", "x": x})')
    # What it says is run in the page itself, which is a JavaScript of the newest kind.
    code = page.locator(".snippets code").inner_text()
    with page.expect_console_message(lambda message: "tanh" in message.args[0].json_value().get("activation", "")):
        page.evaluate(f"(async () => {{ {code} }})()")


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_everybody_can_use_it(page: Page, address: str, colours: str) -> None:
    page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
    opened(page, address, "?f=step,leaky_relu,selu")
    page.get_by_text("The requests behind this view").click()
    shoot(page, f"functions-{colours}")
    assert findings(page) == []


def test_it_fits_a_phone(phone: Page, address: str) -> None:
    opened(phone, address, "?f=relu,leaky_relu")
    assert not scrolls_sideways(phone)
    phone.get_by_text("Choose functions").click()
    phone.get_by_label("gelu", exact=True).check()
    expect(phone.locator(".fact-card h2")).to_have_text(["relu", "leaky_relu", "gelu"])
    phone.locator(PLOT.format(0)).tap()
    expect(phone.locator(".readout .place").first).to_contain_text("x = ")
    assert not scrolls_sideways(phone)
    shoot(phone, "functions-phone")
