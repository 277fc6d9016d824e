"""The section Training race: what a person does there, and sees."""

import csv
from itertools import pairwise
from math import dist
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.web.browser import findings, scrolls_sideways, shoot

SHORT = "&steps=30"


def opened(page: Page, address: str, values: str = "") -> Page:
    """The section with these values, when the race is over."""
    page.goto(f"{address}#/training{values}")
    over(page)
    return page


def over(page: Page) -> None:
    expect(page.get_by_role("button", name="Start again")).to_be_visible(timeout=60_000)


def column(page: Page, name: str) -> list[str]:
    """What stands under this head, racer by racer."""
    heads = page.locator(".standings thead th").all_inner_texts()
    cells = page.locator(f".standings tbody tr > :nth-child({heads.index(name) + 1})")
    return [told.strip() for told in cells.all_inner_texts()]


def saved(page: Page, name: str) -> Path:
    with page.expect_download() as waited:
        page.get_by_role("button", name=f"Save {name}").click()
    return Path(waited.value.path())


def test_activations_race_on_the_same_digits(page: Page, address: str) -> None:
    opened(page, address)
    expect(page).to_have_title("Training race · Actiscope")
    assert column(page, "Racer") == ["sigmoid", "tanh", "relu", "leaky_relu"]
    sigmoid, tanh, *_ = (float(told.removesuffix(" %")) for told in column(page, "Accuracy"))
    assert tanh > 80 > sigmoid
    assert page.locator("figure", has_text="Loss").locator(".plot path.line").count() == 4
    shoot(page, "training")


def test_units_die_at_large_rates_and_are_counted(page: Page, address: str) -> None:
    opened(page, address)
    page.get_by_role("button", name="Units that die").click()
    over(page)
    dead = [int(told.split()[0]) for told in column(page, "Dead units")]
    assert dead[0] < dead[-1], "the largest rate kills the most"
    rows = list(csv.reader(saved(page, "Dead units as CSV").read_text().splitlines()))
    counted = [int(row[2]) for row in rows if row[0] == "rate 2"]
    assert counted == sorted(counted), "nobody comes back"
    assert counted[-1] == dead[-1]
    shoot(page, "training-dead")


def test_the_way_of_two_weights_is_drawn_as_the_records_tell_it(page: Page, address: str) -> None:
    opened(page, address, "?by=inputs&data=two_weights&lr=0.25&steps=60")
    rows = list(csv.reader(saved(page, "The way of two weights as CSV").read_text().splitlines()))[1:]
    ratios = [float(told) for told in column(page, "Way ÷ distance")]
    for name, ratio in zip(["all inputs positive", "inputs of both signs"], ratios, strict=True):
        way = [(float(row[2]), float(row[3])) for row in rows if row[0] == name]
        length = sum(dist(here, there) for here, there in pairwise(way))
        assert len(way) == 61
        assert length / dist(way[0], way[-1]) == pytest.approx(ratio, rel=0.01)
    assert ratios[0] > 2 * ratios[1], "inputs of one sign zig-zag"
    assert column(page, "Moves of one sign")[0] == "100 %"
    shoot(page, "training-zig-zag")


def test_a_race_is_stopped_and_started_again(page: Page, address: str) -> None:
    def hold(_: Route) -> None:
        """It never comes."""

    page.route("**/gradient-flow/training", hold)
    page.goto(f"{address}#/training?f=tanh,relu{SHORT}")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()
    assert column(page, "Step") == ["0", "0"]
    page.unroute("**/gradient-flow/training")
    page.get_by_role("button", name="Start", exact=True).click()
    over(page)
    assert column(page, "Step") == ["30", "30"]


def test_racers_come_and_go_and_the_address_keeps_them(page: Page, address: str) -> None:
    opened(page, address, f"?f=tanh,relu{SHORT}")
    page.get_by_label("Add a function").select_option("gelu")
    expect(page.locator(".standings tbody th")).to_have_count(3)
    over(page)
    page.get_by_role("button", name="Take tanh out").click()
    over(page)
    assert column(page, "Racer") == ["relu", "gelu"]
    assert page.url.endswith("#/training?f=relu,gelu&steps=30")
    page.reload()
    over(page)
    assert column(page, "Racer") == ["relu", "gelu"]


def test_rates_race_on_two_moons(page: Page, address: str) -> None:
    opened(page, address, f"?f=tanh{SHORT}")
    page.get_by_label("Data").select_option("two_moons")
    page.get_by_label("Who races").select_option("rate")
    page.get_by_label("Learning rates, with commas").fill("0.1, 1")
    page.keyboard.press("Enter")
    expect(page.locator(".standings tbody th")).to_have_text([" rate 0.1", " rate 1"])
    over(page)
    page.get_by_text("The requests behind this view").click()
    expect(page.locator(".snippets code")).to_contain_text("--no-buffer")
    expect(page.locator(".snippets code")).to_contain_text('"learning_rate": 1')


def test_a_training_that_diverges_ends_with_the_step(page: Page, address: str) -> None:
    opened(page, address, "?by=inputs&data=two_weights&lr=100&steps=400")
    assert column(page, "Loss") == ["∞", "∞"]
    expect(page.locator(".standings")).to_contain_text("diverged at step 2")


def test_nobody_races(page: Page, address: str) -> None:
    opened(page, address, "?f=")
    expect(page.get_by_text("Nobody races.")).to_be_visible()


def test_a_race_that_is_refused_says_why(page: Page, address: str, complaints: list[str]) -> None:
    page.goto(f"{address}#/training?f=tanh,softplux{SHORT}")
    expect(page.get_by_role("alert")).to_contain_text("softplux")
    over(page)
    assert column(page, "Step") == ["30", "0"]
    assert complaints
    assert all("status of 422" in complaint or "status of 404" in complaint for complaint in complaints)
    complaints.clear()


def test_steps_are_read_by_keyboard(page: Page, address: str) -> None:
    opened(page, address, f"?f=tanh,relu{SHORT}")
    plot = page.get_by_role("slider", name="Cursor in Loss")
    plot.focus()
    plot.press("End")
    plot.press("End")
    expect(page.locator("figure", has_text="Accuracy").locator(".place")).to_have_text("step = 30")
    assert saved(page, "Loss as SVG").read_text().count("<path") >= 2
    assert saved(page, "Loss as PNG").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("values", ["?f=tanh,relu&steps=30", "?by=rate&data=two_weights&lr=0.1,0.4&steps=60"])
def test_everybody_can_use_it(page: Page, address: str, colours: str, values: str) -> None:
    page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
    opened(page, address, values)
    shoot(page, f"training-{colours}")
    assert findings(page) == []


def test_it_fits_a_phone(phone: Page, address: str) -> None:
    opened(phone, address, "?by=inputs&data=two_weights&lr=0.25&steps=60")
    assert not scrolls_sideways(phone)
    phone.get_by_role("button", name="Four activations").tap()
    over(phone)
    assert not scrolls_sideways(phone)
    shoot(phone, "training-phone")
