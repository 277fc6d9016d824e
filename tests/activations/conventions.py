"""The table of conventions, `tests/data/catalogue.tsv`: its rows, and how its cells are read."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import inf, nan, pi
from pathlib import Path
from typing import Any

from service.activations.model import Place
from tests.activations.cases import Case

_DATA = Path(__file__).parents[1] / "data"

# Rows that are a setting of a function's parameters, or whose numbers hold at one.
SETTINGS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "elu_alpha2": ("elu", {"alpha": 2.0}),
    "celu_alpha2": ("celu", {"alpha": 2.0}),
    "quick_gelu": ("silu", {"beta": 1.702}),
    "swish": ("silu", {"beta": 2.0}),
    "softplus_beta2": ("softplus", {"beta": 2.0}),
    "hard_sigmoid_onnx": ("hard_sigmoid", {"slope": 0.2}),
    "generalized_relu": ("generalized_relu", {"negative_slope": 0.1, "max_value": 5.0, "threshold": 1.0}),
    "shrink": ("shrink", {"bias": 0.25}),
}

# Cells that name parameters, at the parameters of the row.
_RANGES = {
    "(-2, inf)": (-2.0, inf),
    "(-alpha, alpha)": (-1.7159, 1.7159),
    "(-alpha, inf)": (-1.0, inf),
    "(-inf, -lambd) U {0} U (lambd, inf)": (-inf, inf),
    "(-inf, max_value] (or [0, max_value] for negative_slope=0)": (-inf, 5.0),
    "(-pi/2, pi/2)": (-pi / 2, pi / 2),
    "(-scale*alpha, inf) = (-1.7580993408473768..., inf)": (-1.7580993408473768, inf),
    "[-0.278464.../beta, inf)": (-0.2784645427610738 / 2, inf),
    "[lo, hi]": (-2.0, 3.0),
    "depends on lambd, bias": (-inf, inf),
    "{-1, 0, 1}": (-1.0, 1.0),
    "{0} U (alpha, inf)": (0.0, inf),
    "{value} U (threshold, inf)": (-2.0, inf),
}


@dataclass(frozen=True)
class Row:
    """A row of the table, and what its cells hold."""

    name: str
    cells: Mapping[str, str]

    def __str__(self) -> str:
        return self.name

    @property
    def case(self) -> Case:
        """The function at the parameters of the row."""
        return Case(*SETTINGS.get(self.name, (self.name, {})))

    def number(self, column: str) -> float:
        """A cell with one number; an infinite Lipschitz constant says why, a missing limit too."""
        text = self.cells[column]
        return nan if text.startswith(("none", "undefined")) else number(text.removesuffix(" (jump)"))

    def numbers(self, column: str) -> dict[float, float]:
        """A cell with a number for each place; what no library can say is left out."""
        found = json.loads(self.cells[column] or "{}")
        return {number(x): float(y) for x, y in found.items() if not str(y).startswith("ERR")}

    def lists(self, column: str) -> dict[float, list[float]]:
        """A cell with several numbers for each place."""
        found = json.loads(self.cells[column] or "{}")
        return {number(x): [number(y) for y in ys] for x, ys in found.items()}

    def places(self, column: str) -> list[float]:
        """A cell with a list of places."""
        return [number(x) for x in json.loads(self.cells[column] or "[]")]

    def entries(self, column: str) -> list[dict[str, str]]:
        """A cell with several facts for each place; a sentence has none."""
        text = self.cells[column]
        return list(json.loads(text)) if text.startswith("[") else []

    def extremes_at(self, column: str) -> list[Place]:
        """A cell that says where an extreme is."""
        return [place(text) for text in self.cells[column].split("; ")]

    @property
    def range(self) -> tuple[float, float]:
        """The infimum and the supremum of the values."""
        text = self.cells["range"]
        if text in _RANGES:
            return _RANGES[text]
        lower, upper = text[1:-1].replace("...", "").split(", ")
        return number(lower), number(upper)


def number(text: str) -> float:
    """A number as the table writes it: a decimal, a fraction, or ±inf."""
    return float(text.replace("oo", "inf")) if "/" not in text else float(Fraction(text))


def place(text: str) -> Place:
    """'limit -inf', 'const on (a,b)', '0-' (from the left), a number, or the first of a sequence."""
    first = {"(2k+1)*pi": pi, "2k*pi": 0.0, "pi/2+2k*pi": pi / 2, "-pi/2+2k*pi": -pi / 2}
    if text in first:
        return first[text]
    if text.startswith("const on "):
        low, high = text.removeprefix("const on ")[1:-1].split(",")
        return number(low), number(high)
    return number(re.sub(r"^limit |(?<=\d)[+-]$", "", text))


def read(name: str) -> list[dict[str, str]]:
    """The rows of a table of tests/data."""
    with (_DATA / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def _is_elementwise(cells: Mapping[str, str]) -> bool:
    return cells["class"] == "elementwise" or cells["name"] == "rrelu"


ROWS = tuple(Row(cells["name"], cells) for cells in read("catalogue.tsv") if _is_elementwise(cells))
VECTOR_ROWS = tuple(Row(cells["name"], cells) for cells in read("catalogue.tsv") if not _is_elementwise(cells))
