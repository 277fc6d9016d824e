"""Cost against size: `python -m benchmarks.plot CURVES.json PICTURE…`, run where matplotlib is installed."""

from __future__ import annotations

import json
import sys
from math import log
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

Axes = Any  # matplotlib is absent where types are checked
Curve = list[tuple[int, float]]

PANELS = {
    "json": "sigmoid as JSON over HTTP: server CPU per request",
    "binary": "sigmoid as bytes over HTTP: server CPU per request",
    "kernels": "sigmoid without HTTP, float64, one thread: time of a call",
}
TICKS = {1e-9: "1 ns", 1e-8: "10 ns", 1e-7: "100 ns", 1e-6: "1 μs", 1e-5: "10 μs", 1e-4: "100 μs"} | {
    1e-3: "1 ms",
    1e-2: "10 ms",
    1e-1: "100 ms",
    1.0: "1 s",
    1e1: "10 s",
    1e2: "100 s",
}
OURS, PEERS = ("#c1272d", "#e67e22"), ("#1b4f72", "#2e86c1", "#117a65", "#7d6608", "#6c3483")


def draw(curves: dict[str, dict[str, dict[str, float]]]) -> Figure:
    """One panel for each group of curves, one below the other."""
    panels = [name for name in PANELS if curves.get(name)]
    figure = Figure(figsize=(8.4, 4.4 * len(panels)), layout="constrained")
    for index, name in enumerate(panels):
        axes = figure.add_subplot(len(panels), 1, index + 1)
        _frame(axes, PANELS[name])
        _lines(axes, {label: _sorted(curve) for label, curve in curves[name].items()})
    return figure


def _sorted(curve: dict[str, float]) -> Curve:
    return sorted((int(size), seconds) for size, seconds in curve.items())


def _frame(axes: Axes, title: str) -> None:
    axes.set(xscale="log", yscale="log", xlabel="numbers in x")
    axes.set_title(title, loc="left")
    axes.set_xlim(0.7, 10**9.8)
    axes.set_xticks([10**power for power in range(8)])
    axes.minorticks_off()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e8e8e8", linewidth=0.6)
    axes.spines["bottom"].set_bounds(0.7, 1e7)


def _lines(axes: Axes, curves: dict[str, Curve]) -> None:
    ours, peers = list(OURS), list(PEERS)
    ends = []
    for label, curve in curves.items():
        own = label.startswith(("service", "fast", "full"))
        colour = (ours if own else peers).pop(0)
        sizes, seconds = zip(*curve, strict=True)
        axes.plot(
            sizes,
            seconds,
            color=colour,
            linewidth=2.4 if own else 1.3,
            marker="o",
            markersize=3,
            zorder=3 if own else 2,
        )
        ends.append((seconds[-1], sizes[-1], label, colour))
    low, high = axes.get_ylim()
    ticks = [tick for tick in TICKS if low <= tick <= high]
    axes.set_yticks(ticks, [TICKS[tick] for tick in ticks])
    axes.set_ylim(low, high)
    _labels(axes, sorted(ends), low, high)


def _labels(axes: Axes, ends: list[tuple[float, int, str, str]], low: float, high: float) -> None:
    """Beside the ends of the lines, in their order, apart from each other."""
    places = _apart([log(seconds / low) / log(high / low) for seconds, _, _, _ in ends])
    for place, (seconds, size, label, colour) in zip(places, ends, strict=True):
        axes.annotate(
            label,
            (size, seconds),
            (2.6e7, low * (high / low) ** place),
            color=colour,
            va="center",
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linewidth": 0.6,
                "shrinkA": 0,
                "shrinkB": 4,
                "relpos": (0, 0.5),
            },
        )


def _apart(places: list[float], step: float = 0.06) -> list[float]:
    """Heights from 0 to 1 in rising order, moved apart: upwards, and back below 1."""
    for index in range(1, len(places)):
        places[index] = max(places[index], places[index - 1] + step)
    limit = 1.0
    for index in reversed(range(len(places))):
        places[index] = limit = min(places[index], limit)
        limit -= step
    return places


def main() -> None:
    """Read the curves, write the pictures."""
    mpl.rcParams |= {"svg.hashsalt": "actiscope", "font.size": 10, "axes.titlesize": 11, "svg.fonttype": "path"}
    figure = draw(json.loads(Path(sys.argv[1]).read_text()))
    for picture in sys.argv[2:]:
        figure.savefig(picture, dpi=110, metadata={"Date": None} if picture.endswith("svg") else None)


if __name__ == "__main__":
    main()
