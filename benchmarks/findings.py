"""What a part of the benchmark found: bars that are met or not, tables, remarks, and curves for the plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Options:
    """How much to measure."""

    rounds: int
    seconds: float


@dataclass(frozen=True)
class Bar:
    """A figure beside the bar that it is held to; None could not be measured."""

    what: str
    figure: float | None
    bar: float
    at_least: bool = True
    unit: str = "×"

    @property
    def verdict(self) -> str:
        """Met, or not."""
        if self.figure is None:
            return "not measured"
        met = self.figure >= self.bar if self.at_least else self.figure <= self.bar
        return "pass" if met else "FAIL"

    def row(self) -> Sequence[str]:
        """As a row of the table of bars."""
        sign = "≥" if self.at_least else "≤"
        figure = "–" if self.figure is None else f"{brief(self.figure)} {self.unit}"
        return self.what, figure, f"{sign} {self.bar:g} {self.unit}", self.verdict


@dataclass(frozen=True)
class Table:
    """Rows under a head."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""

    def markdown(self) -> str:
        """As Markdown."""
        lines = [self.head, ["---"] * len(self.head), *self.rows]
        table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        return f"{self.caption}\n\n{table}" if self.caption else table


@dataclass
class Part:
    """Everything about one part; `curves` holds seconds by number of elements, by panel of the plot and name."""

    title: str
    bars: list[Bar] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    curves: dict[str, dict[str, dict[int, float]]] = field(default_factory=dict)

    def markdown(self) -> str:
        """As a section."""
        bars = (
            [Table(("bar", "measured", "asked", ""), [bar.row() for bar in self.bars]).markdown()] if self.bars else []
        )
        remarks = ["\n".join(f"- {remark}" for remark in self.remarks)] if self.remarks else []
        return "\n\n".join([f"## {self.title}", *bars, *[table.markdown() for table in self.tables], *remarks]) + "\n"


def brief(value: float) -> str:
    """Three digits at the most that matter."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def duration(seconds: float) -> str:
    """With a unit that fits."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("μs", 1e-6)):
        if seconds >= scale:
            return f"{brief(seconds / scale)} {unit}"
    return f"{brief(seconds / 1e-9)} ns"
