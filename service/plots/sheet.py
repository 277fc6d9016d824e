"""A sheet to draw on: a figure measured in pixels from its upper left corner, and its bytes as SVG or PNG.

Only matplotlib's objects are used: there is no current figure, and no setting of the process is changed. What it draws
text with is shared by all figures, though, so that only one sheet is drawn at a time. The same picture gives the same
bytes: there are no dates in it, and the names inside an SVG are counted.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import Lock
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.text import Text

from service.plots.frame import Frame

_DPI = 96  # the pixel of CSS, so that a size in pixels is what a browser shows
_FONT = "DejaVu Sans"  # comes with matplotlib
_CHANCE = re.compile(r'(?<=["#])[a-zA-Z]\w*?[0-9a-f]{10}(?=[")])')  # names that hold random digits
_ONE_AT_A_TIME = Lock()


class Sheet:
    """What is drawn on; made by `sheet`."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.theme = frame.theme
        self.figure = Figure(
            (frame.width / _DPI, frame.height / _DPI), dpi=_DPI, facecolor=self.theme.background, edgecolor="none"
        )
        self._canvas = FigureCanvasAgg(self.figure)

    def panel(self, left: float, top: float, width: float, height: float, **options: Any) -> Axes:  # noqa: ANN401  matplotlib's
        """Axes with a quiet grid, in this rectangle."""
        theme, (across, down) = self.theme, (self.frame.width, self.frame.height)
        axes = self.figure.add_axes(
            (left / across, 1 - (top + height) / down, width / across, height / down),
            facecolor=theme.background,
            **options,
        )
        axes.tick_params(
            which="both", length=0, pad=5, labelsize=points(11.5), labelcolor=theme.muted, labelfontfamily=_FONT
        )
        axes.grid(visible=True, color=theme.grid, linewidth=points(1), linestyle="-")
        axes.set_axisbelow(True)
        for spine in axes.spines.values():
            spine.set_visible(False)
        return axes

    def text(self, x: float, y: float, text: str, size: float, **options: Any) -> Text:  # noqa: ANN401  matplotlib's
        """Text at this place, its size in pixels; what stands between dollars is mathematics only if `parse_math`."""
        style = {"color": self.theme.ink, "family": _FONT, "parse_math": False, "va": "center", "usetex": False}
        place = x / self.frame.width, 1 - y / self.frame.height
        return self.figure.text(*place, text, size=points(size), math_fontfamily="cm", **{**style, **options})

    def extent(self, text: Text) -> tuple[float, float]:
        """Width and height of a text, in pixels."""
        renderer = self._canvas.get_renderer()  # type: ignore[no-untyped-call]  # matplotlib's
        box = text.get_window_extent(renderer)
        return box.width, box.height

    def bytes(self, title: str) -> bytes:
        """The picture, whose title readers of screens are told."""
        buffer = BytesIO()
        if self.frame.form == "png":
            self._canvas.print_png(  # type: ignore[no-untyped-call]  # likewise
                buffer, metadata={"Software": None, "Title": title}
            )
            return buffer.getvalue()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        FigureCanvasSVG(self.figure).print_svg(  # type: ignore[no-untyped-call]  # likewise
            buffer, metadata={**nothing, "Title": title}
        )
        return _named_in_order(buffer.getvalue().decode()).encode()


@contextmanager
def sheet(frame: Frame) -> Iterator[Sheet]:
    """A sheet, while nobody else draws."""
    with _ONE_AT_A_TIME:
        yield Sheet(frame)


def points(pixels: float) -> float:
    """Pixels as matplotlib measures text and lines."""
    return pixels * 72 / _DPI


def _named_in_order(svg: str) -> str:
    """The SVG with names that count up in the places of those made by chance, and as an image with a title."""
    names: dict[str, str] = {}
    counted = _CHANCE.sub(lambda found: names.setdefault(found[0], f"n{len(names)}"), svg)
    return counted.replace("<svg ", '<svg role="img" ', 1)
