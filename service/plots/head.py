"""The head of a picture of functions: which line is which, with formulas and parameters where there is room."""

from collections.abc import Sequence
from math import ceil
from typing import Any

from matplotlib.lines import Line2D
from matplotlib.text import Text

from service.plots.curves import Shown
from service.plots.formulas import mathtext
from service.plots.sheet import Sheet, points

EXPLAINED = 3  # so many functions have a line of their own, with their formula; more share the lines
Style = dict[str, Any]  # any: matplotlib's options

_MARGIN = 18
_COLUMN = 185
_DASHES = ("-", (0, (3.2, 1.6)))


def style(drawn: Sheet, index: int) -> Style:
    """The colour and the dashes of a function."""
    colours = drawn.theme.curves
    return {"color": colours[index % len(colours)], "linestyle": _DASHES[index // len(colours)]}


def head(drawn: Sheet, shown: Sequence[Shown]) -> float:
    """Which line is which function; returns where the head ends."""
    if len(shown) > EXPLAINED:
        columns = (drawn.frame.width - _MARGIN) // _COLUMN
        for index, each in enumerate(shown):
            row, column = divmod(index, columns)
            _name(drawn, index, each, _MARGIN + column * _COLUMN, 26 + 24 * row)
        return 18.0 + 24 * ceil(len(shown) / columns)
    top = 12.0
    names = [_name(drawn, index, each, _MARGIN, 0) for index, each in enumerate(shown)]
    beside = _MARGIN + 44 + max(drawn.extent(name)[0] for name in names) + 22
    for name, swatch, each in zip(names, list(drawn.figure.lines), shown, strict=True):
        formula = drawn.text(beside, 0, mathtext(each.function.formula.latex), 17, parse_math=True)
        _fit(drawn, formula, drawn.frame.width - _MARGIN - beside)
        height = max(28.0, drawn.extent(formula)[1] + 10 if formula.get_visible() else 0)
        middle = 1 - (top + height / 2) / drawn.frame.height
        for text in (name, formula):
            text.set_y(middle)
        swatch.set_ydata([middle, middle])
        _note(drawn, each, formula, beside, top + height / 2)
        top += height
    return top


def _name(drawn: Sheet, index: int, shown: Shown, x: float, y: float) -> Text:
    across, down = drawn.frame.width, drawn.frame.height
    line = Line2D([x / across, (x + 30) / across], [1 - y / down] * 2, linewidth=points(3.4), **style(drawn, index))
    line.set_transform(drawn.figure.transFigure)
    line.set_solid_capstyle("round")
    drawn.figure.lines.append(line)
    return drawn.text(x + 44, y, shown.function.name, 15, weight="bold")


def _fit(drawn: Sheet, text: Text, width: float) -> None:
    """Make a text smaller until it fits; leave it out if it would be too small to read."""
    for size in (17, 15, 13, 11.5):
        text.set_fontsize(points(size))
        if drawn.extent(text)[0] <= width:
            return
    text.set_visible(False)


def _note(drawn: Sheet, shown: Shown, formula: Text, column: float, y: float) -> None:
    """The parameters, and what a function of vectors is drawn along, where there is room for them."""
    numbers = [f"{name} = {_told(value)}" for name, value in shown.settings if name != "axis"]
    start = column + (drawn.extent(formula)[0] + 26 if formula.get_visible() else 0)
    note = drawn.text(start, y, ", ".join([*filter(None, [shown.along]), *numbers]), 12, color=drawn.theme.muted)
    if start + drawn.extent(note)[0] > drawn.frame.width - _MARGIN:
        note.remove()


def _told(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "none" if value is None else str(value).lower()
