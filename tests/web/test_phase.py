"""The section Phase diagram: what a person does there, and sees."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.web.browser import findings, scrolls_sideways, shoot

PLOT = ".plot.map"


def opened(page: Page, address: str, values: str = "") -> Page:
    """The section with these values, when the diagram is complete."""
    page.goto(f"{address}#/phase{values}")
    expect(page.locator("#announcer")).to_have_text("The diagram is complete.", timeout=30_000)
    return page


def test_the_diagram_shows_the_edge_of_chaos_and_the_point_tells_its_phase(page: Page, address: str) -> None:
    opened(page, address)
    expect(page.locator(".phase-badge")).to_have_text("chaotic")
    expect(page.locator(".reading")).to_contain_text("0.9608")
    expect(page.locator(".reading")).to_contain_text("σw = 1.396")
    expect(page.locator(f"{PLOT} path.critical").first).to_be_visible()
    expect(page.locator(f"{PLOT} image")).to_have_count(1)
    shoot(page, "phase")


def test_the_point_is_dragged(page: Page, address: str) -> None:
    opened(page, address)
    plot = page.locator(PLOT)
    box = plot.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    expect(page.locator(".phase-badge")).to_have_text("ordered")
    assert "w=0.6" in page.url
    page.reload()
    expect(page.locator(".phase-badge")).to_have_text("ordered")


def test_the_point_is_moved_by_arrow_keys_and_sliders(page: Page, address: str) -> None:
    opened(page, address, "?w=1.5&b=0.5")
    plot = page.locator(PLOT)
    plot.focus()
    plot.press("ArrowRight")
    plot.press("Shift+ArrowUp")
    expect(page.get_by_label("σ_w as a number")).to_have_value("1.515")
    expect(page.get_by_label("σ_b as a number")).to_have_value("0.6")
    expect(plot).to_have_attribute("aria-label", "σ_w 1.515, σ_b 0.6: ordered. Arrow keys move the point.")
    page.get_by_label("σ_w", exact=True).press("End")
    expect(page.get_by_label("σ_w as a number")).to_have_value("3")
    expect(page.locator(".phase-badge")).to_have_text("chaotic")


def test_the_diagram_grows_while_it_is_computed_and_can_be_stopped(page: Page, address: str) -> None:
    bands = 0

    def hold(route: Route) -> None:
        nonlocal bands
        if "values" in (route.request.post_data or ""):
            bands += 1
            if bands > 3:
                return  # it never comes
        route.continue_()

    page.route("**/gradient-flow/mean-field", hold)
    page.goto(f"{address}#/phase")
    expect(page.locator(".told")).to_have_text("25 %")
    expect(page.locator(f"{PLOT} image")).to_have_count(1)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".told")).to_have_text("Stopped.")
    expect(page.locator("progress")).to_be_hidden()


def test_another_function_and_another_quantity_are_chosen(page: Page, address: str) -> None:
    opened(page, address)
    page.get_by_label("Function", exact=True).select_option("leaky_relu")
    expect(page.locator(".phase-badge")).to_have_text("chaotic")
    expect(page.locator(".chart-title", has_text="leaky_relu")).to_be_visible()
    expect(page.get_by_label("leaky_relu negative_slope", exact=True)).to_be_visible()
    page.get_by_role("button", name="ξc").click()
    expect(page.locator(".chart-title", has_text="layers that a signal is told apart for")).to_be_visible()
    assert page.url.endswith("#/phase?f=leaky_relu&show=xi_c")


def test_the_map_is_saved(page: Page, address: str) -> None:
    opened(page, address)
    names = "Save χ₁, growth of gradients per layer, tanh as {}"
    with page.expect_download() as waited:
        page.get_by_role("button", name=names.format("CSV")).click()
    rows = list(csv.reader(Path(waited.value.path()).read_text().splitlines()))
    assert rows[0] == ["sigma_w", "sigma_b", "chi_1"]
    assert len(rows) == 1 + 64 * 48
    with page.expect_download() as waited:
        page.get_by_role("button", name=names.format("SVG")).click()
    text = Path(waited.value.path()).read_text()
    assert "data:image/png;base64," in text
    assert "edge of chaos" in text
    with page.expect_download() as waited:
        page.get_by_role("button", name=names.format("PNG")).click()
    assert Path(waited.value.path()).stat().st_size > 20_000


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_everybody_can_use_it(page: Page, address: str, colours: str) -> None:
    page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
    opened(page, address)
    shoot(page, f"phase-{colours}")
    assert findings(page) == []


def test_it_fits_a_phone_and_follows_a_finger(phone: Page, address: str) -> None:
    opened(phone, address)
    assert not scrolls_sideways(phone)
    phone.locator(PLOT).tap(position={"x": 100, "y": 100})
    expect(phone.locator(".phase-badge")).to_have_text("ordered")
    shoot(phone, "phase-phone")
