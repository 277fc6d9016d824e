"""The picture of functions: a head that says which line is which, and a panel for f and for each derivative."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from service.plots.curves import Curve, Dot, Functions, Peak, curve_of
from service.plots.frame import Frame
from service.plots.head import EXPLAINED, Style, head, style
from service.plots.sheet import Sheet, points, sheet

_LEFT, _RIGHT, _BELOW = 56, 22, 34  # of a panel, for the numbers along it
_TITLE = 30  # above a panel
_PRIMES = ("f(x)", "f'(x)", "f''(x)")
_AIR = 0.09  # of a panel's height, above and below the curves
_ROOM = 3.0  # times the width, or the usual height: what a curve may rise to before it is cut


def draw_functions(asked: Functions, frame: Frame) -> bytes:
    """The picture, as SVG or PNG."""
    panels = [
        [curve_of(shown, order, asked.lower, asked.upper) for shown in asked.shown] for order in range(asked.order + 1)
    ]
    with sheet(frame) as drawn:
        top = head(drawn, asked.shown)
        for axes, curves in zip(_panels(drawn, top, len(panels)), panels, strict=True):
            _draw(drawn, axes, curves, asked)
        return drawn.bytes(asked.title)


def _panels(drawn: Sheet, top: float, number: int) -> list[Axes]:
    """The panels side by side, or one above the other where the picture is narrow."""
    width, height = drawn.frame.width, drawn.frame.height - top - 8
    aside = number == 1 or width / number > 0.75 * height or height / number < 130
    columns, rows = (number, 1) if aside else (1, number)
    across, down = width / columns, height / rows
    return [
        drawn.panel(
            index % columns * across + _LEFT,
            top + index // columns * down + _TITLE,
            across - _LEFT - _RIGHT,
            down - _TITLE - _BELOW,
        )
        for index in range(number)
    ]


def _draw(drawn: Sheet, axes: Axes, curves: Sequence[Curve], asked: Functions) -> None:
    theme, order = drawn.theme, curves[0].order
    axes.set_xlim(asked.lower, asked.upper)
    low, high = _window(curves, asked.upper - asked.lower)
    axes.set_ylim(low, high)
    for axis, pixels in ((axes.xaxis, axes.bbox.width), (axes.yaxis, axes.bbox.height)):
        axis.set_major_locator(MaxNLocator(nbins=max(2, min(8, int(pixels / 42))), steps=[1, 2, 2.5, 5, 10]))
        formatter = ScalarFormatter(useOffset=True, useMathText=False)
        formatter.set_powerlimits((-3, 4))
        axis.set_major_formatter(formatter)
        axis.get_offset_text().set(size=points(11), color=theme.muted, family="DejaVu Sans")
    axes.axhline(0, color=theme.zero, linewidth=points(1), zorder=1)
    axes.axvline(0, color=theme.zero, linewidth=points(1), zorder=1)
    box = axes.get_window_extent()
    title = f"${_PRIMES[order]}$"
    drawn.text(box.x0 - 30, drawn.frame.height - box.y1 - 14, title, 16, parse_math=True, color=theme.ink)
    for index, curve in enumerate(curves):
        under = len(curves) - 1 - index if len(curves) <= EXPLAINED else 0
        _curve(drawn, axes, curve, {**style(drawn, index), "linewidth": points(2.7 + 1.8 * under)}, asked)
    _peaks(drawn, axes, curves)


def _curve(drawn: Sheet, axes: Axes, curve: Curve, style: Style, asked: Functions) -> None:
    name = f"{curve.shown.function.name}-{curve.order}"
    low, high = axes.get_ylim()
    for level in curve.asymptotes:
        if low < level < high and (level != 0 or curve.order == 0):
            axes.axhline(
                level, color=style["color"], linewidth=points(1.4), linestyle=(0, (5, 4)), alpha=0.75, zorder=2,
                gid=f"asymptote-{name}",
            )  # fmt: skip
    for pole in curve.poles:
        axes.axvline(pole, color=style["color"], linewidth=points(1.4), linestyle=(0, (5, 4)), alpha=0.75, zorder=2)
    for part, (x, heights) in enumerate(curve.strokes):
        y = np.clip(heights, low - 9 * (high - low), high + 9 * (high - low))
        axes.plot(
            x, y, zorder=3,
            solid_capstyle="round", solid_joinstyle="round", gid=f"curve-{name}-{part}", **style,
        )  # fmt: skip
    for dot in curve.dots:
        if asked.lower <= dot.x <= asked.upper:
            _dot(drawn, axes, dot, str(style["color"]))


def _dot(drawn: Sheet, axes: Axes, dot: Dot, colour: str) -> None:
    face = colour if dot.filled else drawn.theme.background
    axes.plot(
        [dot.x], [dot.y], "o", markersize=points(8), markerfacecolor=face, markeredgecolor=colour,
        markeredgewidth=points(2), zorder=5 if dot.filled else 4.5, clip_on=False,
    )  # fmt: skip


def _window(curves: Sequence[Curve], width: float) -> tuple[float, float]:
    """From where to where the picture reaches: all of the curves, unless they rise too far."""
    heights = np.concatenate([*(curve.heights for curve in curves), np.array([0.0])])
    usual = [float(np.median(np.abs(curve.heights))) for curve in curves if curve.heights.size]
    reach = max(width, _ROOM * 2 * max(usual, default=0.0))
    low, high = max(float(heights.min()), -reach), min(float(heights.max()), reach)
    near = [
        y for curve in curves for y in curve.asymptotes if low - 0.3 * (high - low) <= y <= high + 0.3 * (high - low)
    ]
    low, high = min([low, *near]), max([high, *near])
    air = _AIR * (high - low) or 0.5
    labelled = [peak.largest for curve in curves for peak in curve.peaks]
    return low - air * (1.8 if False in labelled else 1), high + air * (1.8 if True in labelled else 1)


def _peaks(drawn: Sheet, axes: Axes, curves: Sequence[Curve]) -> None:
    """The extremes of the derivative, each with its value beside it; with many functions only the points."""
    placed: list[tuple[float, float, str]] = []
    for index, curve in enumerate(curves):
        colour = str(style(drawn, index)["color"])
        for peak in curve.peaks:
            if not peak.stretched:
                axes.plot(
                    [peak.x], [peak.y], "D", markersize=points(7), color=colour, markeredgecolor=drawn.theme.background,
                    markeredgewidth=points(1.2), zorder=6, gid=f"peak-{curve.shown.function.name}",
                )  # fmt: skip
            if len(curves) <= EXPLAINED and not _same(placed, peak):
                flat = peak.stretched and any(each.y < peak.y for other in curves for each in other.peaks)
                _label(drawn, axes, peak, colour, placed, upwards=peak.largest or flat)


def _same(placed: Sequence[tuple[float, float, str]], peak: Peak) -> bool:
    return any(x == peak.x and text == f"{peak.y:.4g}" for x, _, text in placed)


def _label(
    drawn: Sheet, axes: Axes, peak: Peak, colour: str, placed: list[tuple[float, float, str]], *, upwards: bool
) -> None:
    """Above or below its point; further out while another label is there."""
    x, y = axes.transData.transform((peak.x, peak.y))
    box = axes.get_window_extent()
    y += 15 if upwards else -15
    while any(abs(x - other) < 90 and abs(y - taken) < 17 for other, taken, _ in _in_pixels(axes, placed)):
        y += 17 if upwards else -17
    said = (f"{peak.y:.4g}" if peak.stretched else f"{peak.y:.4g} at {peak.x:.4g}").replace("-", "−")
    label = drawn.text(
        float(np.clip(x, box.x0 + 24, box.x1 - 30)),
        drawn.frame.height - y,
        said,
        13,
        color=colour,
        weight="bold",
        ha="center",
    )
    label.set_path_effects([withStroke(linewidth=points(4), foreground=drawn.theme.background)])
    placed.append((peak.x, float(axes.transData.inverted().transform((x, y))[1]), f"{peak.y:.4g}"))


def _in_pixels(axes: Axes, placed: Sequence[tuple[float, float, str]]) -> list[tuple[float, float, str]]:
    """Where labels are, in pixels."""
    return [(*axes.transData.transform((x, y)), text) for x, y, text in placed]
