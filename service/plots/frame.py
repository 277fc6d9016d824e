"""How large a picture is, in which theme and in which form."""

from dataclasses import dataclass
from typing import Literal

from service.plots.theme import THEMES, Theme, ThemeName

Form = Literal["svg", "png"]

MIN_WIDTH, MAX_WIDTH = 400, 2400
MIN_HEIGHT, MAX_HEIGHT = 300, 2400


@dataclass(frozen=True)
class Frame:
    """What a picture is drawn into: pixels across and down; an SVG has that size until it is scaled."""

    width: int
    height: int
    theme_name: ThemeName = "light"
    form: Form = "svg"

    @property
    def theme(self) -> Theme:
        """The colours."""
        return THEMES[self.theme_name]
