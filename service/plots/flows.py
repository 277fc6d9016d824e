"""The picture of a gradient flow: findings at their layers, gradients, signals, and units that pass nothing on.

Flows that are compared stand side by side, with the same scales.
"""

from collections.abc import Callable, Sequence
from math import isfinite, log10

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from service.activations.model import Array
from service.plots.flow_values import Band, FlowShown, LayerShown, runs
from service.plots.frame import Frame
from service.plots.sheet import Sheet, points, sheet

_LEFT, _RIGHT = 64, 24
_HEAD = 66
_TITLE = 34  # above a panel
_ROW = 30  # of a finding
_MOST_ROWS = 5
_NUMBERS = 26  # below the last panel
_MARKED = 60  # layers: more of them have no points
_LARGEST = 1e15  # signals beyond are left out
_FINEST = 500  # stretches of layers are told apart
_SHARES = (0.42, 0.33, 0.25)  # of the height: gradients, signals, fractions

Series = tuple[str, str, Array]  # how it is called, its colour, its values


def draw_flows(flows: Sequence[FlowShown], frame: Frame) -> bytes:
    """The picture of one flow, or of several side by side."""
    with sheet(frame) as drawn:
        width = frame.width / len(flows)
        rows = min(_MOST_ROWS, max(1, *(len(flow.findings) for flow in flows)))
        top = _HEAD + _ROW * rows
        height = frame.height - top - _NUMBERS
        for column, flow in enumerate(flows):
            left = column * width
            _head(drawn, flow, left + 18, width - 30)
            _findings(drawn, flow, _panel(drawn, left, width, _HEAD, _ROW * rows), rows)
            place = float(top)
            for share, draw in zip(_SHARES, (_gradients, _signals, _fractions), strict=True):
                axes = _panel(drawn, left, width, place + _TITLE, share * height - _TITLE)
                axes.set_xlim(-0.5, len(flow.layers) - 0.5)
                axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
                draw(drawn, axes, flow, flows)
                place += share * height
                if draw is not _fractions:
                    axes.tick_params(labelbottom=False)
        return drawn.bytes(_title(flows))


def _title(flows: Sequence[FlowShown]) -> str:
    return "Gradient flow: " + "; ".join(f"{flow.label or 'network'} of {flow.described}" for flow in flows)


def _panel(drawn: Sheet, left: float, width: float, top: float, height: float) -> Axes:
    return drawn.panel(left + _LEFT, top, width - _LEFT - _RIGHT, height)


def _head(drawn: Sheet, flow: FlowShown, left: float, width: float) -> None:
    label = f"{flow.label}: {flow.described}" if flow.label else flow.described
    title = drawn.text(left, 24, label, 16, weight="bold")
    note = drawn.text(left, 47, flow.figures, 12.5, color=drawn.theme.muted)
    for text, size in ((title, 16.0), (note, 12.5)):
        wide = drawn.extent(text)[0]
        if wide > width:
            text.set_fontsize(points(max(size * width / wide, 8)))


def _findings(drawn: Sheet, flow: FlowShown, axes: Axes, rows: int) -> None:
    """A line over the layers that have it, for each finding."""
    axes.set_axis_off()
    axes.set_xlim(-0.5, len(flow.layers) - 0.5)
    axes.set_ylim(rows, 0)
    shown = flow.findings if len(flow.findings) <= rows else flow.findings[: rows - 1]
    for row, finding in enumerate(shown):
        colour = drawn.theme.severities.get(finding.severity, drawn.theme.muted)
        label = f"{finding.severity}: {finding.code.replace('_', ' ')}"
        _say(axes, row, label, colour)
        stretches = [
            (first - 0.42, last - first + 0.84) for first, last in runs(finding.layers, len(flow.layers) // _FINEST)
        ]
        axes.broken_barh(stretches, (row + 0.68, 0.2), facecolors=colour, linewidth=0, gid=f"finding-{finding.code}")
    if len(shown) < len(flow.findings):
        _say(axes, rows - 1, f"and {len(flow.findings) - len(shown)} more", drawn.theme.muted)
    if not flow.findings:
        _say(axes, 0, "nothing wrong was found", drawn.theme.muted)


def _say(axes: Axes, row: int, text: str, colour: str) -> None:
    axes.text(
        0, row + 0.36, text, transform=axes.get_yaxis_transform(), color=colour, family="DejaVu Sans", va="center",
        size=points(12.5), weight="bold", parse_math=False,
    )  # fmt: skip


def _gradients(drawn: Sheet, axes: Axes, flow: FlowShown, flows: Sequence[FlowShown]) -> None:
    colours = drawn.theme.curves
    series = _series(flow, ("‖∂L/∂g‖", colours[1], _preactivation_gradient), ("‖∂L/∂W‖", colours[0], _weight_gradient))
    low, high = _decades([value for each in flows for layer in each.layers for value in _norms(layer)])
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda decade, _: f"$10^{{{decade:.0f}}}$"))
    for name, colour, norms in series:
        good = np.isfinite(norms) & (norms > 0)
        _line(axes, name, colour, np.log10(norms, out=np.full(norms.shape, np.nan), where=good))
        for wrong, place, marker in ((norms <= 0, low, "v"), (~np.isfinite(norms), high, "x")):
            layers = np.flatnonzero(wrong)
            axes.plot(
                layers, np.full(layers.size, place), marker, color=colour, markersize=points(9), zorder=6,
                clip_on=False, markerfacecolor=drawn.theme.background, markeredgewidth=points(2), linestyle="none",
            )  # fmt: skip
    zero = any(value == 0 for layer in flow.layers for value in _norms(layer))
    _titled(drawn, axes, "Gradient norms" + (" (▽ is 0)" if zero else ""), series)


def _signals(drawn: Sheet, axes: Axes, flow: FlowShown, flows: Sequence[FlowShown]) -> None:
    colours = drawn.theme.curves
    bands: tuple[tuple[str, str, Callable[[LayerShown], Band]], ...] = (
        ("g = xW + b", colours[2], lambda layer: layer.preactivation),
        ("h = f(g)", colours[3], lambda layer: layer.output),
    )
    edges = np.array(
        [edge for each in flows for layer in each.layers for _, _, of in bands for edge in _edges(of(layer))]
    )
    edges = edges[np.isfinite(edges) & (np.abs(edges) < _LARGEST)]
    low, high = (float(edges.min()), float(edges.max())) if edges.size else (-1.0, 1.0)
    air = 0.08 * (high - low) or 0.5
    axes.set_ylim(low - air, high + air)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.axhline(0, color=drawn.theme.zero, linewidth=points(1), zorder=1)
    series = _series(flow, *((name, colour, _mean(of)) for name, colour, of in bands))
    for (_, colour, of), (name, _, means) in zip(bands, series, strict=True):
        below, above = np.array([_edges(of(layer)) for layer in flow.layers]).T
        layers = np.arange(len(flow.layers))
        good = np.isfinite(below) & np.isfinite(above) & (np.abs(below) < _LARGEST) & (np.abs(above) < _LARGEST)
        if len(layers) == 1 and good[0]:
            axes.plot([0, 0], [below[0], above[0]], color=colour, alpha=0.3, linewidth=points(12), zorder=2)
        axes.fill_between(layers, below, above, where=good, color=colour, alpha=0.2, linewidth=0, zorder=2)
        _line(axes, name, colour, np.where(np.isfinite(means) & (np.abs(means) < _LARGEST), means, np.nan))
    _titled(drawn, axes, "Signals, mean ± std", series)


def _fractions(drawn: Sheet, axes: Axes, flow: FlowShown, _: Sequence[FlowShown]) -> None:
    colours = drawn.theme.curves
    series = _series(
        flow,
        ("saturated", colours[0], lambda layer: layer.saturated),
        ("f′ = 0", colours[1], lambda layer: layer.inactive),
        ("dead units", colours[3], lambda layer: layer.dead),
    )
    axes.set_ylim(-0.04, 1.04)
    axes.set_yticks([0, 0.5, 1])
    axes.yaxis.set_major_formatter(PercentFormatter(1, 0))
    for under, (name, colour, values) in zip((4, 2, 0), series, strict=True):  # what coincides can be told
        _line(axes, name, colour, values, 2.4 + under)
    box = axes.get_window_extent()
    drawn.text(box.x0 - 46, drawn.frame.height - box.y0 + 15, "layer", 11.5, color=drawn.theme.muted)
    _titled(drawn, axes, "Passing nothing on", series)


def _series(flow: FlowShown, *asked: tuple[str, str, Callable[[LayerShown], float | None]]) -> list[Series]:
    return [
        (name, colour, np.array([np.nan if (value := of(layer)) is None else value for layer in flow.layers]))
        for name, colour, of in asked
    ]


def _line(axes: Axes, name: str, colour: str, values: Array, width: float = 2.4) -> None:
    marker = "o" if len(values) <= _MARKED else ""
    axes.plot(
        np.arange(len(values)), values, color=colour, linewidth=points(width), marker=marker,
        markersize=points(4 + width), markeredgewidth=0, zorder=4, solid_capstyle="round",
        gid=f"series-{name.split(maxsplit=1)[0]}",
    )  # fmt: skip


def _titled(drawn: Sheet, axes: Axes, title: str, series: Sequence[Series]) -> None:
    """The title of a panel, and at its other end what the colours stand for, unless they do not fit."""
    box = axes.get_window_extent()
    y = drawn.frame.height - box.y1 - 15
    start = box.x0 - 46
    start += drawn.extent(drawn.text(start, y, title, 13.5))[0] + 14
    right = box.x1
    for name, colour, _ in reversed(series):
        text = drawn.text(right, y, name, 12.5, color=colour, weight="bold", ha="right")
        right -= drawn.extent(text)[0] + 16
        if right < start:
            text.remove()


def _decades(norms: Sequence[float]) -> tuple[float, float]:
    """The scale of norms, as powers of ten: two decades at least."""
    good = [log10(norm) for norm in norms if isfinite(norm) and norm > 0] or [0.0]
    middle, half = (min(good) + max(good)) / 2, max(1.0, 0.54 * (max(good) - min(good)))
    return middle - half, middle + half


def _norms(layer: LayerShown) -> tuple[float, float]:
    return layer.preactivation_gradient, layer.weight_gradient


def _preactivation_gradient(layer: LayerShown) -> float:
    return layer.preactivation_gradient


def _weight_gradient(layer: LayerShown) -> float:
    return layer.weight_gradient


def _mean(of: Callable[[LayerShown], Band]) -> Callable[[LayerShown], float]:
    return lambda layer: of(layer).mean


def _edges(band: Band) -> tuple[float, float]:
    return band.mean - band.std, band.mean + band.std
