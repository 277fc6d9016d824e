"""The pictures: SVG that parses and holds the true curves, PNG of the right size, the same bytes every time."""

import math
import re
import struct
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from service.activations import catalogue, lookup
from service.activations.model import Activation, Elementwise
from service.plots.curves import Functions, Shown
from service.plots.flow_values import Band, FindingShown, FlowShown, LayerShown, runs
from service.plots.flows import draw_flows
from service.plots.formulas import mathtext
from service.plots.frame import MAX_HEIGHT, MAX_WIDTH, MIN_HEIGHT, MIN_WIDTH, Form, Frame
from service.plots.functions import draw_functions
from service.plots.theme import THEMES, Theme, ThemeName

SVG = "{http://www.w3.org/2000/svg}"
NAN, INF = math.nan, math.inf


def asked(*names: str, order: int = 1, lower: float = -6.0, upper: float = 6.0) -> Functions:
    shown = tuple(Shown(lookup(name), tuple(lookup(name).defaults().items())) for name in names)
    return Functions(shown, order, lower, upper)


def frame(width: int = 900, height: int = 420, theme: ThemeName = "light", form: Form = "svg") -> Frame:
    return Frame(width, height, theme, form)


def parsed(svg: bytes) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314  our own


def points_of(svg: bytes, name: str) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """The points of a curve, in the units of the SVG."""
    (group,) = (group for group in parsed(svg).iter(f"{SVG}g") if group.get("id") == name)
    (path,) = group.iter(f"{SVG}path")
    numbers = re.findall(r"[ML] (\S+) (\S+)", path.attrib["d"])
    return np.array(numbers, dtype=float)


def layer(gradient: float = 1e-3, mean: float = 0.5, dead: float | None = 0.0) -> LayerShown:
    return LayerShown("relu", gradient, gradient / 2, Band(mean, 1.0), Band(mean, 0.5), dead, dead, dead)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "gelu", "softplus"])
def test_the_line_in_the_svg_goes_through_the_true_values(name: str) -> None:
    function = lookup(name)
    drawn = points_of(draw_functions(asked(name, order=0), frame()), f"curve-{name}-0-0")
    x = -6 + 12 * (drawn[:, 0] - drawn[0, 0]) / (drawn[-1, 0] - drawn[0, 0])
    true = Shown(function, tuple(function.defaults().items())).at(x)
    scale = np.polyfit(true, drawn[:, 1], 1)
    assert scale[0] < 0
    assert np.abs(np.polyval(scale, true) - drawn[:, 1]).max() < 0.15  # of a point


@pytest.mark.parametrize("function", catalogue(), ids=lambda function: function.name)
def test_every_function_has_a_picture(function: Activation) -> None:
    order = 2 if isinstance(function, Elementwise) else 1
    root = parsed(draw_functions(asked(function.name, order=order), frame()))
    assert root.get("role") == "img"
    title = root.find(f"{SVG}title")
    assert title is not None
    assert str(title.text).startswith(function.name)
    assert sum(group.get("id", "").startswith("curve-") for group in root.iter(f"{SVG}g")) >= order + 1


@pytest.mark.parametrize("function", catalogue(), ids=lambda function: function.name)
def test_every_formula_is_typeset(function: Activation) -> None:
    from matplotlib.mathtext import MathTextParser  # noqa: PLC0415  where it is installed

    for formula in (function.formula, function.derivative):
        assert MathTextParser("path").parse(mathtext(formula.latex)).width > 0


@pytest.mark.parametrize("size", [(MIN_WIDTH, MIN_HEIGHT), (641, 421), (MAX_WIDTH, MAX_HEIGHT)])
def test_a_png_has_the_pixels_asked_for(size: tuple[int, int]) -> None:
    names = ("gelu_tanh", "generalized_relu", "rrelu")
    picture = draw_functions(asked(*names, order=2), frame(*size, form="png"))
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", picture[16:24]) == size


def test_an_svg_has_the_size_asked_for() -> None:
    root = parsed(draw_functions(asked("relu"), frame(900, 420)))
    assert (root.get("width"), root.get("height")) == ("675pt", "315pt")


@pytest.mark.parametrize("theme", list(THEMES))
def test_a_theme_has_its_colours(theme: ThemeName) -> None:
    svg = draw_functions(asked("relu"), frame(theme=theme)).decode()
    assert THEMES[theme].background in svg
    assert THEMES[theme].curves[0] in svg


def contrast(one: str, other: str) -> float:
    """As WCAG defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES.values(), ids=list(THEMES))
def test_text_and_curves_stand_out(theme: Theme) -> None:
    assert contrast(theme.ink, theme.background) > 7
    assert contrast(theme.muted, theme.background) > 4.5
    assert all(contrast(colour, theme.background) > 3 for colour in (*theme.curves, *theme.severities.values()))


@pytest.mark.parametrize("form", ["svg", "png"])
def test_the_same_picture_has_the_same_bytes_in_every_thread(form: Form) -> None:
    wanted = [asked("step", "sigmoid"), asked("gelu", order=2), asked("erf")] * 4
    alone = [draw_functions(each, frame(form=form)) for each in wanted[:3]] * 4
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda each: draw_functions(each, frame(form=form)), wanted)) == alone
    assert len(set(alone)) == 3


@pytest.mark.parametrize(("lower", "upper"), [(-1e6, 1e6), (0.0, 1e-9), (999999.0, 1e6), (-1e-6, 1e-6)])
@pytest.mark.parametrize("name", ["exponential", "log1mexp", "sigmoid", "step", "standardize"])
def test_bounds_may_be_far_or_near(name: str, lower: float, upper: float) -> None:
    order = 1 if name == "standardize" else 2
    assert parsed(draw_functions(asked(name, order=order, lower=lower, upper=upper), frame())) is not None


def test_a_flow_is_drawn_with_its_findings() -> None:
    flow = FlowShown((layer(), layer(), layer()), (FindingShown("dead_units", "critical", (0, 2)),), 1e-7, 0.2)
    root = parsed(draw_flows([flow], frame(720, 720)))
    assert "finding-dead_units" in {group.get("id") for group in root.iter(f"{SVG}g")}


@pytest.mark.parametrize("gradient", [0.0, NAN, INF, -1.0, 5e-324, 1e308])
def test_a_flow_may_have_any_figures(gradient: float) -> None:
    flows = [FlowShown((layer(gradient, gradient, None), layer())), FlowShown((layer(1.0, 1e300),), label="after")]
    assert parsed(draw_flows(flows, frame(1100, 720))) is not None


def test_text_from_elsewhere_is_drawn_as_it_is() -> None:
    flow = FlowShown((layer(),), (FindingShown(r"$\frac{1}{$ <&\$", "info", (0,)),) * 50)
    assert parsed(draw_flows([flow], frame())) is not None


def test_stretches_of_layers_are_found() -> None:
    assert runs([3, 1, 2, 7, 7]) == [(1, 3), (7, 7)]
    assert runs([0, 2, 4, 9], gap=1) == [(0, 4), (9, 9)]
    assert runs([]) == []
