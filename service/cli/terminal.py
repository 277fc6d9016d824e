"""What people read: tables and charts on the standard output, in colours where it is a terminal that has them."""

import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from math import inf, isfinite, isnan
from typing import TYPE_CHECKING

import orjson
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.cli.chart import Segment

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PAGE = 100  # columns: wider text is hard to read

_BETWEEN = "  "  # columns of a table
_LEAST = 8  # characters of the last column
_PIPE = 1000  # columns: nothing is cut for another program


def console() -> Console:
    """The standard output; for a pipe or a file, lines are as long as they need to be."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PIPE
    return Console(markup=False, highlight=False, emoji=False, width=width)


def page_width(out: Console) -> int:
    """How wide text and charts are."""
    return min(out.width, PAGE)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Table:
    """A table, of which only the last column is cut if it is too wide; '>' before a name: on the right."""
    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for name in columns:
        made.add_column(name.lstrip(">"), justify="right" if name.startswith(">") else "left", no_wrap=True)
    room = max(room_beside(columns[:-1], [row[:-1] for row in rows], width), _LEAST)
    for *cells, last in rows:
        made.add_row(*cells, last if len(last) <= room else f"{last[: room - 1]}…")
    return made


def room_beside(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> int:
    """How many characters one more column can have."""
    widths = _widths(columns, rows)
    return width - sum(widths) - len(_BETWEEN) * len(widths)


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, cells)) for cells in zip([name.lstrip(">") for name in columns], *rows, strict=True)]


def line(segments: Sequence[Segment]) -> Text:
    """A line of a chart."""
    return Text.assemble(*segments, no_wrap=True)


def number(value: float | None, digits: int = 4) -> str:
    """A number for people: few digits, ∞ for infinity, – for what there is not."""
    if value is None:
        return "–"
    if isnan(value):
        return "NaN"
    return f"{value:.{digits}g}" if isfinite(value) else "∞" if value == inf else "-∞"


def share(value: float | None) -> str:
    """A fraction as a percentage; nothing for none."""
    return "–" if value is None else f"{value:.0%}" if value else "0"


def json(answers: "DataclassInstance | Sequence[DataclassInstance]") -> str:
    """What was answered, as JSON: numbers that are not finite by their names, as the service writes them."""
    from service.client.arrays import written  # noqa: PLC0415  it takes longer to import than the shell should wait

    plain = [asdict(answer) for answer in answers] if isinstance(answers, Sequence) else asdict(answers)
    return orjson.dumps(written(plain), option=orjson.OPT_INDENT_2).decode()
