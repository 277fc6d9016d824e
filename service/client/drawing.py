"""Small pictures for notebooks, as inline SVG: curves on linear or logarithmic axes, and heat maps.

Lines and text take the colour of the text around them, so that they can be read on light and on dark.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]

_WIDTH, _HEIGHT = 560, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 548, 28, 218
_COLOURS = ("#3b82f6", "#f59e0b", "#10b981", "#ef4444", "#8b5cf6")
_MOST_POINTS = 500
_MOST_CELLS = 48


@dataclass(frozen=True)
class Curve:
    """Points to be joined, and what they are; `dots` marks each of them."""

    x: ArrayLike
    y: ArrayLike
    label: str
    dots: bool = False

    def points(self) -> tuple[Numbers, Numbers]:
        """The points from left to right, no more than can be told apart."""
        x, y = (np.asarray(numbers, np.float64).ravel() for numbers in (self.x, self.y))
        order = np.argsort(x, kind="stable")
        if len(order) > _MOST_POINTS:
            order = order[np.linspace(0, len(order) - 1, _MOST_POINTS).astype(int)]
        return x[order], y[order]


@dataclass(frozen=True)
class Axis:
    """Where numbers are drawn: `low` at `start`, `high` at `end`; logarithms of them, if `log`."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    @classmethod
    def over(cls, numbers: Iterable[Numbers], start: float, end: float, *, log: bool = False) -> "Axis":
        """An axis that holds what is finite among the numbers (and positive, if `log`)."""
        every = np.concatenate([np.empty(0), *numbers])
        shown = every[np.isfinite(every) & ((every > 0) | (not log))]
        scaled = np.log10(shown) if log else np.clip(shown, -1e300, 1e300)
        low, high = (float(scaled.min()), float(scaled.max())) if scaled.size else (0.0, 1.0)
        margin = 0.04 * (high - low) or max(abs(low), 1.0) / 2
        return cls(low - margin, high + margin, start, end, log)

    def at(self, numbers: ArrayLike) -> Numbers:
        """The places; NaN where there is none, the lowest for 0 on a logarithmic axis."""
        scaled = np.log10(np.maximum(numbers, 1e-320)) if self.log else np.asarray(numbers, np.float64)
        shares = (np.clip(scaled, self.low, self.high) - self.low) / (self.high - self.low)
        places: Numbers = self.start + shares * (self.end - self.start)
        return places

    def ticks(self) -> list[tuple[float, str]]:
        """Where to put which round numbers."""
        rough = (self.high - self.low) / 7
        unit = 10.0 ** floor(log10(rough))
        step = next(step for step in (unit, 2 * unit, 5 * unit, 10 * unit) if step >= rough * (1 - 1e-9))
        step = max(1.0, ceil(step)) if self.log else step
        round_ones = [step * count for count in range(ceil(self.low / step), floor(self.high / step) + 1)]
        places = self.start + (np.array(round_ones) - self.low) / (self.high - self.low) * (self.end - self.start)
        texts = [f"1e{number:.0f}" if self.log else f"{number:.4g}" for number in round_ones]
        return list(zip(places.tolist(), texts, strict=True))


def chart(curves: Sequence[Curve], *, x: str, y: str, log: bool = False) -> str:
    """Curves over one another, with axes and a legend; `log` is for the vertical axis."""
    points = [curve.points() for curve in curves]
    across = Axis.over([at for at, _ in points], _LEFT, _RIGHT)
    up = Axis.over([values for _, values in points], _BOTTOM, _TOP, log=log)
    lowest = [_text(_LEFT - 6, _BOTTOM + 4, "0", "end")] * (log and any((values <= 0).any() for _, values in points))
    parts = [*_frame(across, up, x, y), *lowest, *_legend([curve.label for curve in curves])]
    for number, (curve, (at, values)) in enumerate(zip(curves, points, strict=True)):
        places = np.stack([across.at(at), up.at(values)], axis=1)
        parts += _drawn(places, _COLOURS[number % len(_COLOURS)], dots=curve.dots)
    return _svg(parts)


def heat_map(
    x: Numbers, y: Numbers, values: Numbers, labels: tuple[str, str], dots: Sequence[tuple[float, float]]
) -> str:
    """Values from −1 (blue) to 1 (red) over x (rows) and y (columns), NaN left out, and dots over them."""
    across, up = Axis.over([x], _LEFT, _RIGHT), Axis.over([y], _BOTTOM, _TOP)
    rows, columns = (np.unique(np.linspace(0, n - 1, min(n, _MOST_CELLS)).astype(int)) for n in (x.size, y.size))
    width, height = (_RIGHT - _LEFT) / len(rows), (_BOTTOM - _TOP) / len(columns)
    cells = [
        f'<rect x="{across.at(x[i]) - width / 2:.2f}" y="{up.at(y[j]) - height / 2:.2f}" width="{width:.2f}" '
        f'height="{height:.2f}" shape-rendering="crispEdges" fill="{"#ef4444" if values[i, j] > 0 else "#3b82f6"}" '
        f'fill-opacity="{min(1.0, abs(values[i, j])):.2f}"/>'
        for i in rows
        for j in columns
        if np.isfinite(values[i, j])
    ]
    marks = [
        f'<circle cx="{across.at(at):.1f}" cy="{up.at(high):.1f}" r="2" fill="currentColor"/>'
        for at, high in dots
        if across.low <= at <= across.high
    ]
    return _svg([*cells, *_frame(across, up, *labels), *marks])


def figure(picture: str, caption: str, *texts: str) -> str:
    """A picture with text below; the texts are HTML."""
    return f"<div>{picture}<p><small>{escape(caption)}</small></p>{''.join(texts)}</div>"


def table(rows: Iterable[tuple[str, object]]) -> str:
    """Names and what they stand for."""
    cells = (f"<tr><th>{escape(name)}</th><td>{escape(shown(value))}</td></tr>" for name, value in rows)
    return f"<table>{''.join(cells)}</table>"


def shown(value: object) -> str:
    """A value for people."""
    match value:
        case None:
            return "—"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.4g}"
        case _:
            return str(value)


def _drawn(places: Numbers, colour: str, *, dots: bool) -> list[str]:
    """A line, interrupted where there is no place; what stands alone is a dot."""
    parts = []
    there = np.isfinite(places.sum(axis=1))
    for run in np.split(places, np.flatnonzero(np.diff(there)) + 1):
        if not np.isfinite(run).all():
            continue
        if len(run) > 1:
            path = " ".join(f"{across:.1f},{up:.1f}" for across, up in run)
            parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.8" points="{path}"/>')
        if dots or len(run) == 1:
            parts += [f'<circle cx="{across:.1f}" cy="{up:.1f}" r="2.6" fill="{colour}"/>' for across, up in run]
    return parts


def _frame(across: Axis, up: Axis, x: str, y: str) -> list[str]:
    line = '<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" stroke="currentColor" stroke-opacity="0.18"/>'
    parts = []
    for place, text in across.ticks():
        parts += [line.format(place, _TOP, place, _BOTTOM), _text(place, _BOTTOM + 15, text, "middle")]
    for place, text in up.ticks():
        parts += [line.format(_LEFT, place, _RIGHT, place), _text(_LEFT - 6, place + 4, text, "end")]
    return [*parts, _text((_LEFT + _RIGHT) / 2, _HEIGHT - 6, x, "middle"), _text(6, 14, y, "start")]


def _legend(labels: Sequence[str]) -> list[str]:
    parts, right = [], float(_RIGHT)
    for number, label in reversed(list(enumerate(labels))):
        parts.append(_text(right, 14, label, "end", _COLOURS[number % len(_COLOURS)]))
        right -= 7 * len(label) + 14
    return parts


def _text(x: float, y: float, text: str, anchor: str, colour: str = "currentColor") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"'
    return f'<text {place} font-size="12" font-family="sans-serif">{escape(text)}</text>'


def _svg(parts: Sequence[str]) -> str:
    size = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" style="max-width:100%;height:auto"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size}>{"".join(parts)}</svg>'
