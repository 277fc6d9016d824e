"""The colours of the pictures, in a light and a dark theme that people who see few colours can read too."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ThemeName = Literal["light", "dark"]


@dataclass(frozen=True)
class Theme:
    """Colours by what they are for; `curves` in the order in which they are taken."""

    background: str
    ink: str
    muted: str
    zero: str
    grid: str
    curves: tuple[str, str, str, str]
    severities: Mapping[str, str]
    ordered: str
    chaotic: str
    even: str


# The curves are blue, vermilion, green and purple as in the palette of Okabe and Ito, darker or lighter.
THEMES: Mapping[ThemeName, Theme] = {
    "light": Theme(
        background="#ffffff",
        ink="#1f2328",
        muted="#59636e",
        zero="#8c959f",
        grid="#e6e9ec",
        curves=("#0072b2", "#d55e00", "#008a62", "#a6488f"),
        severities={"critical": "#c1272d", "warning": "#b26a00", "info": "#0072b2"},
        ordered="#2f7fb8",
        chaotic="#d9661f",
        even="#f7f5f0",
    ),
    "dark": Theme(
        background="#0d1117",
        ink="#f0f3f6",
        muted="#9aa4af",
        zero="#656c76",
        grid="#22272e",
        curves=("#56b4e9", "#f0883e", "#35c692", "#e39ad0"),
        severities={"critical": "#ff7b72", "warning": "#e3b341", "info": "#56b4e9"},
        ordered="#56b4e9",
        chaotic="#f0883e",
        even="#1a1f26",
    ),
}
