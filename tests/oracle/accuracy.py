"""The accuracy table of the service: `python -m tests.oracle.accuracy` prints it, and exits with 1 if a bar is missed.

One row for each function with its parameters, order and dtype: the worst error and where it is. The bars are in
`tests.oracle.bars`, the settings in `tests.oracle.settings`.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from flint import arb

from service.activations import lookup
from service.activations.parameters import bind
from service.compute import derivative, evaluate
from tests.oracle.bars import Result, Verdict, Worst, is_relative, judge
from tests.oracle.formulas import FORMULAS, Side, domain, knots, truths
from tests.oracle.points import Float64s, points, zeros
from tests.oracle.settings import SETTINGS, Setting
from tests.oracle.ulp import FORMATS, correctly_rounded

ORDERS = range(5)
# The orders judged by their relative error are judged at this distance from their zeros, relative beyond ±1.
_DISTANCE = 1e-3


@dataclass(frozen=True)
class Job:
    """One function with its parameters, and what to measure of it."""

    name: str
    setting: Setting
    points: int
    orders: tuple[int, ...]
    dtypes: tuple[str, ...]

    @property
    def label(self) -> str:
        """The function as one would call it."""
        return f"{self.name}({', '.join(f'{key}={value:g}' for key, value in self.setting.items())})"


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    label: str
    order: int
    dtype: str
    verdict: Verdict

    def __str__(self) -> str:
        unit = "relative" if is_relative(self.order, self.dtype) else "ulp"
        verdict = self.verdict
        return (
            f"{self.label:<62} {self.order} {self.dtype:<8} {verdict.count:>6}  {_shown(verdict.normal)} {unit:<8}"
            f"  subnormal {_shown(verdict.subnormal)}  misrounded {len(verdict.misrounded):>5}"
            f"{f' first at {verdict.misrounded[0]!r}' if verdict.misrounded else ''}"
            f"{'' if verdict.passed else '  MISSED'}"
        )


def _shown(worst: Worst) -> str:
    return f"{worst.error:>9.3g} at {'nowhere' if math.isnan(worst.x) else repr(worst.x):<24}"


def measured(job: Job) -> list[Row]:
    """The rows of one job; the true values of all orders at a point are found together."""
    places = [hi for order in ORDERS for hi, _ in zeros(job.name, order, **job.setting)]
    candidates = points(knots(job.name, **job.setting), places, domain(job.name), job.points)
    return [row for dtype in job.dtypes for row in _rows(job, dtype, _rounded(candidates, dtype))]


def _rounded(candidates: Float64s, dtype: str) -> Float64s:
    values = {correctly_rounded(arb(float(x)), dtype) for x in candidates}
    return np.array(sorted(value for value in values if math.isfinite(value)))


def _rows(job: Job, dtype: str, x: Float64s) -> Iterator[Row]:
    lower, upper = domain(job.name)
    samples: dict[Side, Float64s] = {
        "left": x[(lower < x) & (x < upper)],
        "right": np.intersect1d(x, [float(knot) for knot in knots(job.name, **job.setting)]),
    }
    true = {
        side: [truths(job.name, float(t), max(job.orders), side=side, **job.setting) for t in at]
        for side, at in samples.items()
    }
    for order in job.orders:
        results = [
            Result(float(t), float(y), balls[order])
            for side, at in samples.items()
            for t, y, balls in zip(at, _computed(job, at, order, side, dtype), true[side], strict=True)
        ]
        yield Row(job.label, order, dtype, judge(_judgeable(results, job, order), order, dtype))


def _computed(job: Job, x: Float64s, order: int, side: Side, dtype: str) -> Float64s:
    function = lookup(job.name)
    parameters = bind(function, job.setting)
    if order == 0:
        return evaluate(function, x, parameters, dtype=dtype)
    return derivative(function, x, parameters, order=order, at_kink=side, dtype=dtype)


def _judgeable(results: list[Result], job: Job, order: int) -> list[Result]:
    """All results, but for the highest orders only those away from the zeros of that derivative."""
    if not is_relative(order, "float64"):
        return results
    places = [hi for hi, _ in zeros(job.name, order, **job.setting)]
    return [r for r in results if all(abs(r.x - zero) >= _DISTANCE * max(1.0, abs(zero)) for zero in places)]


def jobs(arguments: Sequence[str]) -> list[Job]:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle.accuracy", description="Measure the accuracy.")
    parser.add_argument("--points", type=int, default=300, help="points besides those around kinks and zeros")
    parser.add_argument("--functions", type=_names, default=tuple(FORMULAS), metavar="A,B")
    parser.add_argument("--orders", type=_orders, default=tuple(ORDERS), metavar="0,1")
    parser.add_argument("--dtypes", type=_dtypes, default=tuple(FORMATS), metavar="float64,float32")
    given = parser.parse_args(arguments)
    chosen = [(name, setting) for name, setting in SETTINGS if name in given.functions]
    return [Job(name, setting, given.points, given.orders, given.dtypes) for name, setting in chosen]


def _names(text: str) -> tuple[str, ...]:
    return _known(text, list(FORMULAS))


def _dtypes(text: str) -> tuple[str, ...]:
    return _known(text, list(FORMATS))


def _orders(text: str) -> tuple[int, ...]:
    return tuple(map(int, _known(text, list(map(str, ORDERS)))))


def _known(text: str, known: list[str]) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := sorted(set(names) - set(known)):
        raise argparse.ArgumentTypeError(f"unknown {', '.join(unknown)}; there are {', '.join(known)}")
    return names


def main(arguments: Sequence[str]) -> int:
    """Print the table; 1 if a bar is missed."""
    missed = 0
    with ProcessPoolExecutor() as pool:
        for rows in pool.map(measured, jobs(arguments)):
            print(*rows, sep="\n", flush=True)
            missed += sum(not row.verdict.passed for row in rows)
    print(f"{missed} bars missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
