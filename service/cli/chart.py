"""Curves as lines of text: every character is 2 × 4 dots of braille, and the axes are lines between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from math import ceil, floor, inf, log10
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Span = tuple[float, float]
Segment = tuple[str, str]  # text, and the style it has

SAMPLES = 4  # of a curve in each column of dots, so that steep parts are hit

_BRAILLE = 0x2800
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint8)  # by row and column
_AXIS = "bright_black"
_GAP = 0.06  # of the height, above and below the curves
_JUMP = 0.03  # of the height: what is less is drawn as a slope
_SUDDEN = 5  # times the steps beside it


@dataclass(frozen=True)
class Curve:
    """A curve: its values at evenly spaced x, and how it looks; dashes tell it from others without colours."""

    label: str
    y: NDArray[np.floating[Any]]  # any: of the dtype that was asked for
    style: str = ""
    dashed: bool = False


@dataclass(frozen=True)
class Frame:
    """What a chart shows, and in how many characters."""

    x: Span
    y: Span
    width: int
    height: int

    def column(self, x: float) -> int | None:
        """The column of characters at x, if it is in the frame."""
        return _cell((x - self.x[0]) / (self.x[1] - self.x[0]), self.width)

    def row(self, y: float) -> int | None:
        """The row of characters at y, counted from the top, if it is in the frame."""
        return _cell((self.y[1] - y) / (self.y[1] - self.y[0]), self.height)


def sample_points(span: Span, width: int) -> Array:
    """Where a curve has to be known to be drawn over so many characters."""
    return np.linspace(*span, 2 * width * SAMPLES)


def y_span(values: Sequence[NDArray[np.floating[Any]]], most: float = inf) -> Span:  # any: of their own dtypes
    """A span that holds all values as far as they are within ±most, with room around them."""
    known = np.concatenate([array[np.isfinite(array)] for array in values])
    shown = np.clip(known, -most, most) if known.size else np.zeros(1)
    low, high = float(shown.min()), float(shown.max())
    room = (high - low or 2.0) * _GAP
    return low - room, high + room


def chart(curves: Sequence[Curve], frame: Frame) -> list[list[Segment]]:
    """The lines of a chart: the frame with its axes, and what stands beside and below it."""
    labels = _labels(frame)
    margin = max(len(text) for text in labels.values())
    layers = [(curve.style, _dots(curve, frame)) for curve in curves]
    lines = []
    for row in range(frame.height):
        start = (f"{labels.get(row, ''):>{margin}} ", _AXIS)
        cells = (_character(layers, frame, row, column) for column in range(frame.width))
        runs = ((style, "".join(text for text, _ in run)) for style, run in groupby(cells, key=lambda cell: cell[1]))
        lines.append([start, *((text, style) for style, text in runs)])
    return [*lines, [(" " * (margin + 1) + _below(frame), _AXIS)]]


def legend(curves: Sequence[Curve]) -> list[Segment]:
    """One line that tells which curve is which."""
    return [
        segment
        for curve in curves
        for segment in (("┅┅ " if curve.dashed else "━━ ", curve.style), (f"{curve.label}   ", ""))
    ]


def _dots(curve: Curve, frame: Frame) -> NDArray[np.uint8]:
    """The braille patterns of a curve, by row and column of characters."""
    rows, columns = 4 * frame.height, 2 * frame.width
    height = (frame.y[1] - np.asarray(curve.y, np.float64)) / (frame.y[1] - frame.y[0]) * rows - 0.5
    on = np.zeros((rows, columns), bool)
    for start, stop in _unbroken(height, rows):
        _trace(on, height[start:stop], start)
    if curve.dashed:
        on[:, np.arange(columns) % 4 > 1] = False
    blocks = on.reshape(frame.height, 4, frame.width, 2)
    patterns: NDArray[np.uint8] = np.einsum("rdcs,ds->rc", blocks, _DOTS).astype(np.uint8)
    return patterns


def _unbroken(height: Array, rows: int) -> list[tuple[int, int]]:
    """Where the curve can be followed without lifting the pen: between jumps, and as long as it is finite."""
    finite = np.isfinite(height)
    breaks = np.flatnonzero((finite[1:] != finite[:-1]) | _jumps(height, rows)) + 1
    ends = [0, *breaks.tolist(), height.size]
    return [(start, stop) for start, stop in pairwise(ends) if finite[start:stop].all()]


def _jumps(height: Array, rows: int) -> NDArray[np.bool_]:
    """Between which samples the curve jumps: by much, where it hardly moves on either side."""
    with np.errstate(invalid="ignore"):  # of infinite heights
        steps = np.pad(np.abs(np.diff(height)), 1)
        beside = np.maximum(steps[:-2], steps[2:])
        jumps: NDArray[np.bool_] = (steps[1:-1] > _JUMP * rows) & (steps[1:-1] > _SUDDEN * beside)
    return jumps


def _trace(on: NDArray[np.bool_], height: Array, first: int) -> None:
    """Switch on the dots of a piece of a curve, whose samples are counted from `first`."""
    rows = len(on)
    low, high = height.copy(), height.copy()
    low[1:] = np.minimum(low[1:], height[:-1])  # each sample reaches back to the one before
    high[1:] = np.maximum(high[1:], height[:-1])
    columns = (first + np.arange(height.size)) // SAMPLES
    for column in range(int(columns[0]), int(columns[-1]) + 1):
        here = columns == column
        top, bottom = low[here].min(), high[here].max()
        if bottom > -1 and top < rows:
            on[max(round(top), 0) : min(round(bottom), rows - 1) + 1, column] = True


def _character(layers: Sequence[tuple[str, NDArray[np.uint8]]], frame: Frame, row: int, column: int) -> tuple[str, str]:
    pattern, style = 0, ""
    for own, patterns in reversed(layers):  # the first curve gives its style where several meet
        if patterns[row, column]:
            pattern, style = pattern | int(patterns[row, column]), own
    if pattern:
        return chr(_BRAILLE + pattern), style
    across, up = frame.row(0.0) == row, frame.column(0.0) == column
    return ("┼" if across and up else "─" if across else "│" if up else " "), _AXIS if across or up else ""


def _labels(frame: Frame) -> dict[int, str]:
    """Round numbers beside the rows where they are."""
    step = _round_step((frame.y[1] - frame.y[0]) / max(frame.height / 4, 2))
    ticks = range(ceil(frame.y[0] / step), floor(frame.y[1] / step) + 1)
    rows = {frame.row(tick * step): f"{tick * step:.6g}" for tick in ticks}
    return {row: text for row, text in rows.items() if row is not None}


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, 20, … (and 0.5, 0.2, …) that is no less."""
    power: float = 10.0 ** floor(log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * 0.999)


def _below(frame: Frame) -> str:
    """The ends of the x-axis and its middle, or 0 if that is inside."""
    left, right = f"{frame.x[0]:g}", f"{frame.x[1]:g}"
    middle = 0.0 if frame.x[0] < 0 < frame.x[1] else (frame.x[0] + frame.x[1]) / 2
    text = list(left + " " * (frame.width - len(left) - len(right)) + right)
    column, label = frame.column(middle), f"{middle:g}"
    if column is not None and len(left) < column < frame.width - len(right) - len(label):
        text[column : column + len(label)] = label
    return "".join(text)


def _cell(share: float, cells: int) -> int | None:
    cell = int(share * cells) if share < 1 else cells - 1
    return cell if 0 <= share <= 1 else None
