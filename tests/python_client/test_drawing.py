"""What results look like in a notebook."""

from math import inf, nan
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from service.client.drawing import Axis, Curve, chart, heat_map, shown, table
from service.client.flow import _ranges
from tests.python_client.asking import Either

SVG = "{http://www.w3.org/2000/svg}"


def parsed(picture: str) -> ElementTree.Element:
    """The picture, which is well formed and has numbers only where numbers belong."""
    root = ElementTree.fromstring(picture)  # noqa: S314  it is ours
    for element in root.iter():
        for name in ("x", "y", "cx", "cy", "x1", "x2", "y1", "y2", "width", "height", "r"):
            assert np.isfinite(float(element.get(name, "0")))
    return root


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize(
    "y",
    [
        [],
        [1.0],
        [0.0, 0.0],
        [-1.0, -1.0, -1.0],
        [nan, nan],
        [inf, -inf],
        [1.0, nan, 2.0, inf, 3.0, 4.0],
        [1e-320, 1e308],
        [1e308, -1e308],
        [5.0, 5.0 + 1e-15],
        np.linspace(-1, 1, 5000),
        np.array([1, 2], np.float16),
    ],
    ids=str,
)
def test_any_numbers_can_be_drawn(y: list[float], log: bool) -> None:
    root = parsed(chart([Curve(range(len(y)), y, "a < b", dots=True)], x="x & y", y='"', log=log))
    assert "a < b" in [element.text for element in root.iter()]


def test_a_curve_is_interrupted_where_it_has_no_place() -> None:
    root = parsed(chart([Curve(range(6), [1.0, 2.0, nan, 3.0, 4.0, 5.0], "y")], x="x", y="y"))
    assert [len(line.get("points", "").split()) for line in root.iter(f"{SVG}polyline")] == [2, 3]


def test_zero_is_the_lowest_place_of_a_logarithmic_axis() -> None:
    axis = Axis.over([np.array([0.0, 1e-8, 1.0])], 0, 100, log=True)
    places = axis.at(np.array([0.0, 1e-8, 1.0]))
    assert places[0] == 0 < places[1] < places[2] < 100


def test_ticks_are_round_numbers() -> None:
    assert [text for _, text in Axis.over([np.array([-6.0, 6.0])], 0, 1).ticks()] == [
        "-6",
        "-4",
        "-2",
        "0",
        "2",
        "4",
        "6",
    ]
    assert [text for _, text in Axis.over([np.array([1e-9, 1.0])], 0, 1, log=True).ticks()] == [
        "1e-8", "1e-6", "1e-4", "1e-2", "1e0",
    ]  # fmt: skip


def test_a_heat_map_leaves_out_what_there_is_not() -> None:
    x, y, values = np.linspace(0, 3, 100), np.array([0.5]), np.linspace(-2, 2, 100)[:, None]
    values[:50] = nan
    root = parsed(heat_map(x, y, values, ("a", "b"), [(1.0, 0.5), (9.0, 0.5)]))
    assert {cell.get("fill") for cell in root.iter(f"{SVG}rect")} == {"#ef4444"}
    assert len(list(root.iter(f"{SVG}circle"))) == 1


def test_findings_name_their_layers_in_ranges() -> None:
    assert [_ranges(layers) for layers in ((), (3,), (0, 1, 2, 5, 7, 8))] == ["", "3", "0–2, 5, 7–8"]


def test_tables_are_text() -> None:
    assert table([("a<b", 0.123456), ("c", None), ("d", True), ("e", "<script>")]) == (
        "<table><tr><th>a&lt;b</th><td>0.1235</td></tr><tr><th>c</th><td>—</td></tr><tr><th>d</th><td>yes</td></tr>"
        "<tr><th>e</th><td>&lt;script&gt;</td></tr></table>"
    )
    assert shown(inf) == "inf"


def test_results_draw_themselves(ask: Either) -> None:
    results: list[Any] = [  # any: all that is drawn
        ask.evaluate("mish", np.linspace(-3, 3, 50)),
        ask.evaluate("mish", [[1.0]], weights=[[1.0, 2.0]]),
        ask.evaluate("softmax", np.eye(3)),
        ask.evaluate("glu", np.eye(2)),
        ask.derivative("mish", [1.0, nan, inf], order=2),
        ask.derivative("softmax", np.eye(3), jacobian=True),
        ask.mean_field({"activation": "tanh", "sigma_w": 1.5, "sigma_b": 0.3}),
        ask.mean_field({"activation": "tanh", "sigma_w": {"linspace": [0, 3, 5]}, "sigma_b": {"linspace": [0, 1, 3]}}),
        ask.gradient_flow(
            {
                "input": {"distribution": "normal", "features": 4, "batch": 8},
                "layers": [{"units": 4, "activation": "step", "weights": "he_normal", "repeat": 3}],
                "loss": "sum",
            }
        ),
    ]
    for result in results:
        ElementTree.fromstring(result._repr_html_())  # noqa: S314  it is ours
