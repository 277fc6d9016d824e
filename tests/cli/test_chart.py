"""Curves as lines of text."""

import numpy as np
import pytest

from service.cli.chart import Array, Curve, Frame, chart, legend, sample_points, y_span

BLANK = " │─┼"
X = sample_points((-2, 2), 20)


def drawn(*ys: Array, y: tuple[float, float] = (-1, 1), dashed: bool = False) -> list[str]:
    lines = chart([Curve("f", values, dashed=dashed) for values in ys], Frame((-2, 2), y, 20, 6))
    return ["".join(text for text, _ in line) for line in lines]


def columns_with_dots(lines: list[str]) -> list[int]:
    return [column for column in range(20) if any(line[-20:][column] not in BLANK for line in lines[:-1])]


def test_every_line_has_the_width_asked_for() -> None:
    lines = drawn(np.sin(X))
    assert {len(line) for line in lines} == {len(lines[0])}
    assert len(lines) == 7


def test_a_curve_is_in_every_column_once() -> None:
    assert columns_with_dots(drawn(X / 2)) == list(range(20))


def test_a_straight_line_rises_from_corner_to_corner() -> None:
    lines = drawn(X / 2)
    assert lines[5][-20] not in BLANK
    assert lines[0][-1] not in BLANK
    assert lines[0][-20] in BLANK


def test_a_jump_is_no_line() -> None:
    step, steep = drawn(np.where(X > 0, 0.9, -0.9)), drawn(np.tanh(20 * X) * 0.9)
    middle = range(2, 4)
    assert all(character in BLANK for row in middle for character in step[row][-20:])
    assert any(character not in BLANK for row in middle for character in steep[row][-20:])


def test_what_is_not_finite_or_not_in_the_frame_is_left_out() -> None:
    assert columns_with_dots(drawn(np.full_like(X, np.nan), np.full_like(X, np.inf), np.full_like(X, 5.0))) == []
    assert columns_with_dots(drawn(np.where(X < 0, np.nan, 0.5))) == list(range(10, 20))


def test_axes_cross_at_zero() -> None:
    assert [line[-10] for line in drawn(np.full_like(X, np.nan))[:-1]].count("┼") == 1


def test_dashes_tell_curves_apart() -> None:
    assert len(columns_with_dots(drawn(np.full_like(X, 0.5), dashed=True))) == 10
    assert [text for text, _ in legend([Curve("f", X), Curve("f′", X, dashed=True)])][::2] == ["━━ ", "┅┅ "]


@pytest.mark.parametrize(("low", "high"), [(-1, 1), (0, 1e-7), (-3e8, 5e9), (0.001, 0.0011), (-12, 0)])
def test_labels_are_numbers_within_the_frame(low: float, high: float) -> None:
    lines = drawn(X, y=(low, high))[:-1]
    labels = [float(line[:-20]) for line in lines if line[:-20].strip()]
    assert labels == sorted(labels, reverse=True)
    assert 1 <= len(labels) <= 6
    assert all(low <= label <= high for label in labels)


def test_a_span_holds_all_that_is_finite_within_bounds() -> None:
    low, high = y_span([np.array([-1.0, np.inf, 2.0]), np.array([np.nan, 1e9])], 10)
    assert -2 < low < -1
    assert 10 < high < 11
    assert y_span([np.array([np.nan])])[0] < 0 < y_span([np.array([np.nan])])[1]
