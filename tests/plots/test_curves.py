"""The values that are drawn: what the compute layer says, broken where the function breaks."""

import numpy as np
import pytest

from service import compute
from service.activations import catalogue, lookup
from service.activations.model import Activation, Elementwise
from service.plots.curves import Curve, Shown, curve_of

SCALAR = [function for function in catalogue() if isinstance(function, Elementwise)]
VECTOR = [function for function in catalogue() if not isinstance(function, Elementwise)]


def shown(name: str, **parameters: float) -> Shown:
    function = lookup(name)
    return Shown(function, tuple((function.defaults() | parameters).items()))


def dots(curve: Curve) -> set[tuple[float, float, bool]]:
    return {(dot.x, dot.y, dot.filled) for dot in curve.dots}


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("function", SCALAR, ids=lambda function: function.name)
def test_every_point_inside_a_stroke_is_the_true_value(function: Elementwise, order: int) -> None:
    one = Shown(function, tuple(function.defaults().items()))
    curve = curve_of(one, order, -6.0, 6.0)
    assert curve.strokes
    for x, y in curve.strokes:
        assert (np.diff(x) >= 0).all()
        inner, found = x[1:-1], y[1:-1]
        inner, found = (
            inner[~np.isin(inner, [dot.x for dot in curve.dots])],
            found[~np.isin(inner, [dot.x for dot in curve.dots])],
        )
        if order == 0:
            true = compute.evaluate(function, inner, one.parameters)
        else:
            true = compute.derivative(function, inner, one.parameters, order=order)
        assert found == pytest.approx(true, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("function", SCALAR, ids=lambda function: function.name)
def test_a_curve_breaks_where_the_catalogue_says(function: Elementwise) -> None:
    facts = compute.describe(function)
    one = Shown(function, tuple(function.defaults().items()))
    jumps = {jump.x for jump in facts.jumps if -6 <= jump.x <= 6}
    assert {dot.x for dot in curve_of(one, 0, -6.0, 6.0).dots} == jumps
    kinks = {kink.x for kink in facts.kinks if -6 <= kink.x <= 6}
    assert {dot.x for dot in curve_of(one, 1, -6.0, 6.0).dots} == jumps | kinks


@pytest.mark.parametrize("function", SCALAR, ids=lambda function: function.name)
def test_no_point_is_steeper_than_the_extremes_that_are_marked(function: Elementwise) -> None:
    curve = curve_of(Shown(function, tuple(function.defaults().items())), 1, -6.0, 6.0)
    for peak in curve.peaks:
        heights = curve.heights
        assert heights.max() <= peak.y + 1e-12 if peak.largest else heights.min() >= peak.y - 1e-12


@pytest.mark.parametrize("function", VECTOR, ids=lambda function: function.name)
@pytest.mark.parametrize("order", [0, 1])
def test_functions_of_vectors_are_drawn_along_a_line(function: Activation, order: int) -> None:
    curve = curve_of(Shown(function, tuple(function.defaults().items())), order, -6.0, 6.0)
    assert curve.shown.along.startswith("of (")
    assert np.isfinite(curve.heights).all()


def test_step_has_an_open_dot_at_its_limit_and_a_filled_one_at_its_value() -> None:
    assert dots(curve_of(shown("step"), 0, -6.0, 6.0)) == {(0.0, 1.0, False), (0.0, 0.0, True)}
    assert dots(curve_of(shown("sign"), 0, -6.0, 6.0)) == {(0.0, -1.0, False), (0.0, 1.0, False), (0.0, 0.0, True)}


def test_the_slope_of_relu_breaks_and_keeps_the_convention() -> None:
    curve = curve_of(shown("leaky_relu", negative_slope=0.25), 1, -6.0, 6.0)
    assert dots(curve) == {(0.0, 1.0, False), (0.0, 0.25, True)}
    assert len(curve.strokes) == 2


@pytest.mark.parametrize(
    ("name", "order", "expected"),
    [
        ("hardmax", 0, {(0.0, 0.0, False), (0.0, 1.0, True)}),
        ("maxout", 1, {(0.0, 0.0, False), (0.0, 1.0, True)}),
        ("sparsemax", 1, {(-1.0, 0.5, False), (-1.0, 0.0, True), (1.0, 0.5, False), (1.0, 0.0, True)}),
    ],
)
def test_jumps_of_functions_of_vectors_are_found(
    name: str, order: int, expected: set[tuple[float, float, bool]]
) -> None:
    assert dots(curve_of(shown(name), order, -6.0, 6.0)) == expected


def test_softmax_of_x_and_0_is_sigmoid_and_swiglu_is_silu() -> None:
    x = np.linspace(-6, 6, 25)
    assert shown("softmax").at(x) == pytest.approx(shown("sigmoid").at(x), rel=1e-14)
    assert shown("softmax").at(x, 1) == pytest.approx(shown("sigmoid").at(x, 1), rel=1e-12)
    assert shown("swiglu").at(x) == pytest.approx(shown("silu").at(x), rel=1e-14)
    assert shown("geglu").at(x, 1) == pytest.approx(shown("gelu").at(x, 1), rel=1e-12)
    assert shown("logsumexp").at(x) == pytest.approx(shown("softplus").at(x), rel=1e-12)


def test_what_is_tended_to_is_known_unless_it_is_reached() -> None:
    assert set(curve_of(shown("tanh"), 0, -6.0, 6.0).asymptotes) == {-1.0, 1.0}
    assert curve_of(shown("step"), 0, -6.0, 6.0).asymptotes == ()
    assert curve_of(shown("log1mexp"), 0, -6.0, 6.0).poles == (0.0,)
    assert curve_of(shown("log1mexp"), 0, -6.0, 6.0).heights.min() < -20


def test_what_is_too_large_is_left_out() -> None:
    curve = curve_of(shown("exponential"), 0, -1e6, 1e6)
    assert curve.heights.max() < 1e15
    assert curve_of(shown("exponential"), 0, 1e5, 1e6).strokes == ()


def test_knots_in_one_place_are_no_trouble() -> None:
    assert curve_of(shown("hard_tanh", min_val=1.0, max_val=1.0), 1, -6.0, 6.0).strokes
