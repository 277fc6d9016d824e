"""The accuracy table in short, as docs/accuracy.md shows it: `python -m tests.oracle.summary --points 3000`.

A line of Markdown for each function, with the worst error of each order in float64 over all settings; then the count of
results in the smaller dtypes, and of those not correctly rounded.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor

from tests.oracle.accuracy import Row, jobs, measured
from tests.oracle.bars import Worst, is_relative

Table = dict[str, dict[int, Worst]]


def worst_by_function(rows: Iterable[Row]) -> Table:
    """The worst error in float64 by function and order, over all settings."""
    table: Table = defaultdict(dict)
    for row in rows:
        orders = table[row.label.partition("(")[0]]
        orders[row.order] = max(orders.get(row.order, Worst()), row.verdict.normal, key=lambda worst: worst.error)
    return table


def line(name: str, orders: dict[int, Worst]) -> str:
    """A row of Markdown; the places are shown for the value and the slope."""
    return f"| `{name}` | " + " | ".join(_cell(order, worst) for order, worst in sorted(orders.items())) + " |"


def _cell(order: int, worst: Worst) -> str:
    if worst.error == 0:
        return "0"
    if is_relative(order, "float64"):
        return f"{worst.error:.0e}"
    return f"{worst.error:.2f}" + (f" at {worst.x:.6g}" if order < 2 else "")


def main(arguments: Sequence[str]) -> int:
    """Print the lines; 1 if a bar is missed."""
    with ProcessPoolExecutor() as pool:
        rows = [row for group in pool.map(measured, jobs(arguments)) for row in group]
    for name, orders in sorted(worst_by_function(row for row in rows if row.dtype == "float64").items()):
        print(line(name, orders))
    small = [row.verdict for row in rows if row.dtype != "float64"]
    print(f"\n{sum(v.count for v in small):,} results in the smaller dtypes,", end=" ")
    print(f"{sum(len(v.misrounded) for v in small)} not correctly rounded")
    return 0 if all(row.verdict.passed for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
