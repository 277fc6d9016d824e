"""The section Gradient flow: what a person does there, and sees."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.web.browser import findings, scrolls_sideways, shoot

DATA = Path(__file__).parents[2] / "demo" / "data"


def opened(page: Page, address: str, values: str = "") -> Page:
    """The section with these values, when it has drawn something."""
    page.goto(f"{address}#/flow{values}")
    computed(page)
    return page


def computed(page: Page) -> None:
    """Wait for figures that are those of the address."""
    expect(page.locator(".bench[aria-busy]")).to_have_count(0)
    expect(page.locator(".tile b").first).to_be_visible()


def tile(page: Page, name: str) -> str:
    return page.locator(".tile", has_text=name).locator("b").inner_text()


def test_a_deep_sigmoid_network_is_diagnosed(page: Page, address: str) -> None:
    opened(page, address)
    expect(page).to_have_title("Gradient flow · Actiscope")
    expect(page.locator(".finding.critical h3")).to_have_text("Vanishing gradient")
    expect(page.locator(".finding.critical")).to_contain_text("layers 0–6")
    assert tile(page, "Gradient per layer") == "×0.237"
    page.locator(".finding.critical .evidence summary").click()
    expect(page.locator(".finding.critical dl")).to_contain_text("largest slope")
    shoot(page, "flow")


def test_the_chain_is_the_product_of_three_slopes(page: Page, address: str) -> None:
    opened(page, address)
    page.get_by_role("button", name="σ(σ(σ(x)))").click()
    expect(page.locator(".chain-product")).to_have_text("dy/dx = 0.25 × 0.235 × 0.2273 = 0.01335")
    expect(page.locator(".chain-value")).to_have_text(["x = 0", "0.5", "0.6225", "0.6508"])
    assert page.url.endswith("#/flow?net=chain")
    page.get_by_label("Links").fill("4")
    page.keyboard.press("Enter")
    expect(page.locator(".chain-link")).to_have_count(4)
    shoot(page, "flow-chain")


@pytest.mark.parametrize(
    ("preset", "finding"),
    [
        ("Dying relu", "Dead units"),
        ("Exploding", "Exploding gradient"),
        ("Saturated tanh", "Saturation"),
        ("Step", "No gradient"),
    ],
)
def test_each_trouble_has_an_example(page: Page, address: str, preset: str, finding: str) -> None:
    opened(page, address)
    page.get_by_role("button", name=preset, exact=True).click()
    expect(page.locator(".finding:not(.info) h3", has_text=finding)).to_be_visible()
    expect(page.get_by_role("button", name=preset, exact=True)).to_have_attribute("aria-pressed", "true")


def test_a_healthy_network_has_no_grave_finding(page: Page, address: str) -> None:
    opened(page, address, "?f=leaky_relu&w=he_normal")
    expect(page.locator(".finding.critical, .finding.warning")).to_have_count(0)


def test_a_remedy_is_tried_compared_kept_in_the_address_and_undone(page: Page, address: str) -> None:
    opened(page, address)
    remedy = page.locator("button.remedy", has_text="residual connection").first
    remedy.click()
    expect(page.locator(".tile s").first).to_have_text("×0.237")
    expect(page.locator(".tile b").first).to_have_text("×0.894")
    expect(page.get_by_text("After: Put a residual connection around every hidden layer.")).to_be_visible()
    gradients = page.locator("figure", has_text="Gradient norms")
    assert gradients.locator("path.line.c6").count() == 2, "the line of before, and that of its legend"
    assert re.search(r"fix=vanishing_gradient\.\d$", page.url)
    page.reload()
    expect(page.locator(".tile s").first).to_have_text("×0.237")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".tile s")).to_have_count(0)
    assert "fix" not in page.url


def test_a_remedy_is_tried_on_what_another_left(page: Page, address: str) -> None:
    opened(page, address, "?fix=vanishing_gradient.0")
    expect(page.locator(".diagnosis")).to_have_count(2)
    page.locator(".diagnosis").nth(1).locator("button.remedy").first.click()
    expect(page.locator(".diagnosis h2").nth(1)).to_contain_text("tanh")
    assert page.url.endswith("fix=vanishing_gradient.0,not_zero_centered.0")


def test_the_network_is_built_from_fields_which_the_address_keeps(page: Page, address: str) -> None:
    opened(page, address)
    page.get_by_label("Hidden layers").fill("4")
    page.keyboard.press("Enter")
    page.get_by_label("Activation", exact=True).select_option("tanh")
    page.get_by_label("Weights").select_option("mean_field")
    page.get_by_label("σ_w").fill("1.5")
    page.keyboard.press("Tab")
    page.get_by_label("Normalization").select_option("layer")
    page.get_by_label("Residual connections").check()
    computed(page)
    page.get_by_text("All figures, layer by layer").click()
    expect(page.locator(".figures tbody tr")).to_have_count(5)
    assert page.url.endswith("?depth=4&f=tanh&w=mean_field&scale=1.5&norm=layer&res=1")
    page.get_by_text("The requests behind this view").click()
    expect(page.locator(".snippets code")).to_contain_text('"initializer": "mean_field", "sigma_w": 1.5')
    page.reload()
    expect(page.get_by_label("σ_w")).to_have_value("1.5")


def test_a_network_of_ones_own_is_diagnosed(page: Page, address: str) -> None:
    opened(page, address)
    page.get_by_label("Network", exact=True).select_option("file")
    expect(page.get_by_text("as torch's state_dict has them")).to_be_visible()
    page.get_by_label("Choose a .safetensors file").set_input_files(DATA / "digits_deep_sigmoid.initial.safetensors")
    expect(page.get_by_text("digits_deep_sigmoid.initial.safetensors:")).to_be_visible()
    page.get_by_label("Activation", exact=True).select_option("sigmoid")
    expect(page.locator(".finding.critical h3")).to_have_text("Vanishing gradient")
    page.locator("button.remedy").first.click()
    expect(page.locator(".tile s").first).to_be_visible()
    shoot(page, "flow-file")


@pytest.mark.parametrize(("language", "run"), [("curl", ["sh", "-c"]), ("Python", [sys.executable, "-c"])])
def test_the_code_uploads_the_file(page: Page, address: str, language: str, run: list[str]) -> None:
    page.goto(f"{address}#/flow?net=file&f=sigmoid")
    page.get_by_label("Choose a .safetensors file").set_input_files(DATA / "digits_deep_sigmoid.initial.safetensors")
    expect(page.locator(".finding.critical")).to_be_visible()
    page.get_by_text("The requests behind this view").click()
    page.get_by_role("button", name=language, exact=True).click()
    code = page.locator(".snippets code").inner_text()
    told = subprocess.run([*run, code], cwd=DATA, capture_output=True, text=True, check=True, timeout=60).stdout
    assert "vanishing_gradient" in told


def test_a_file_is_dropped_anywhere(page: Page, address: str) -> None:
    opened(page, address)
    file = list((DATA / "digits_relu.trained.safetensors").read_bytes())
    page.evaluate(
        """(bytes) => {
            const files = new DataTransfer();
            files.items.add(new File([new Uint8Array(bytes)], "mine.safetensors"));
            const dropped = { dataTransfer: files, bubbles: true, cancelable: true };
            document.body.dispatchEvent(new DragEvent("drop", dropped));
        }""",
        file,
    )
    expect(page.get_by_text("mine.safetensors:")).to_be_visible()
    expect(page.get_by_label("Network", exact=True)).to_have_value("file")


def test_a_file_that_is_none_is_refused_in_words(page: Page, address: str, tmp_path: Path) -> None:
    (tmp_path / "picture.safetensors").write_bytes(b"\x89PNG\r\n\x1a\n" * 8)
    opened(page, address, "?net=chain")
    page.get_by_label("Network", exact=True).select_option("file")
    page.get_by_label("Choose a .safetensors file").set_input_files(tmp_path / "picture.safetensors")
    expect(page.get_by_role("alert")).to_contain_text("This is no .safetensors file")


def test_a_layer_is_read_by_keyboard_in_all_charts(page: Page, address: str) -> None:
    opened(page, address)
    plot = page.get_by_role("slider", name="Layer in Gradient norms")
    plot.focus()
    plot.press("End")
    plot.press("ArrowLeft")
    expect(plot).to_have_attribute("aria-valuenow", "9")
    expect(page.locator("figure", has_text="Activations").locator(".place")).to_have_text("layer 9")
    plot.press("Escape")
    expect(page.locator(".place")).to_have_count(0)


def test_charts_are_saved(page: Page, address: str) -> None:
    opened(page, address, "?fix=vanishing_gradient.0")
    kept = {}
    for kind in ("SVG", "PNG", "CSV"):
        with page.expect_download() as waited:
            page.get_by_role("button", name=f"Save Gradient norms as {kind}").click()
        kept[kind] = Path(waited.value.path())
    assert "measured, before" in kept["SVG"].read_text()
    assert kept["PNG"].read_bytes().startswith(b"\x89PNG")
    rows = list(csv.reader(kept["CSV"].read_text().splitlines()))
    assert rows[0] == ["layer", "measured, before", "theory", "measured"]
    assert len(rows) == 12


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("values", ["?net=chain", "?f=relu&w=he_normal&bias=-1&fix=dead_units.0"])
def test_everybody_can_use_it(page: Page, address: str, colours: str, values: str) -> None:
    page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
    opened(page, address, values)
    page.get_by_text("All figures, layer by layer").click()
    shoot(page, f"flow-{colours}")
    assert findings(page) == []


def test_it_fits_a_phone(phone: Page, address: str) -> None:
    opened(phone, address, "?f=relu&w=he_normal&bias=-1")
    assert not scrolls_sideways(phone)
    phone.get_by_text("Build the network").tap()
    phone.get_by_label("Activation", exact=True).select_option("leaky_relu")
    expect(phone.locator(".finding.critical h3")).to_have_text("Vanishing gradient")
    assert not scrolls_sideways(phone)
    shoot(phone, "flow-phone")
