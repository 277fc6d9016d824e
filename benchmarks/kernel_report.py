"""The bars and tables of the kernels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from statistics import geometric_mean, median

from benchmarks.findings import Bar, Part, Table, brief
from benchmarks.stopwatch import Job

Times = Mapping[tuple[str, Job], Sequence[float]]
Extra = Mapping[tuple[str, int], int | None]

_LARGEST = 10_000_000


def report(part: Part, times: Times, relu: float | None, extra: Extra) -> None:
    """Write into the part; `relu` is its time over a copy's."""
    cases = list(dict.fromkeys(job for _, job in times))
    part.bars += _means(times, cases) + _each(times, cases)
    part.bars += [Bar("relu / copy of memory at 10⁷, time", relu, 1.5, at_least=False), _memory(extra)]
    part.tables += [
        _groups(times, cases),
        *[_detail(times, cases, size) for size in dict.fromkeys(c.size for c in cases)],
    ]
    part.remarks.append(
        "Inputs are normal with a standard deviation of 3. One thread on one core, unless *all cores* is said; "
        "derivatives of torch are a forward and a backward pass. The textbook has scipy's erf for gelu."
    )


def ratio(times: Times, ours: str, peer: str, case: Job) -> float | None:
    """How many times faster: the median of the rounds' ratios."""
    if (ours, case) not in times or (peer, case) not in times:
        return None
    pairs = zip(times[ours, case], times[peer, case], strict=True)
    return median(theirs / mine for mine, theirs in pairs)


def _ratios(times: Times, ours: str, peer: str, cases: Iterable[Job]) -> list[float]:
    found = [ratio(times, ours, peer, case) for case in cases]
    return [value for value in found if value is not None]


def _mean(values: Sequence[float]) -> float | None:
    return geometric_mean(values) if values else None


def _means(times: Times, cases: Sequence[Job]) -> list[Bar]:
    gelu = _ratios(times, "fast", "torch", [case for case in cases if case.function == "gelu"])
    return [
        Bar("fast / torch, geometric mean", _mean(_ratios(times, "fast", "torch", cases)), 1.5),
        Bar("full / torch, geometric mean", _mean(_ratios(times, "full", "torch", cases)), 0.7),
        Bar("fast / torch, gelu and gelu′, the least", min(gelu, default=None), 0.7),
    ]


def _each(times: Times, cases: Sequence[Job]) -> list[Bar]:
    """The least of each function at the largest size, over dtypes."""
    large = [case for case in cases if case.size == _LARGEST]
    bars = []
    for function, order in dict.fromkeys((case.function, case.order) for case in large):
        mine = [case for case in large if (case.function, case.order) == (function, order)]
        least = min(_ratios(times, "fast", "textbook", mine), default=None)
        bars.append(Bar(f"fast / textbook numpy at 10⁷, {_title(function, order)}", least, 2.0))
    return bars


def _memory(extra: Extra) -> Bar:
    known = {key: value for key, value in extra.items() if value is not None}
    worst = max(known, key=lambda key: known[key], default=None)
    where = f", worst: {_title(*worst)}" if worst else ""
    figure = known[worst] / 1e6 if worst else None
    return Bar(f"memory beside the result at 10⁷{where}", figure, 1.0, at_least=False, unit="MB")


def _groups(times: Times, cases: Sequence[Job]) -> Table:
    """Geometric means over functions and orders, by size and dtype."""
    columns = [
        ("fast", "torch"),
        ("full", "torch"),
        ("fast", "textbook"),
        ("full", "textbook"),
        ("fast", "scipy"),
        ("fast", "numexpr"),
        ("fast, all cores", "torch, all cores"),
    ]
    rows = []
    for size, dtype in product(dict.fromkeys(c.size for c in cases), dict.fromkeys(c.dtype for c in cases)):
        group = [case for case in cases if (case.size, case.dtype) == (size, dtype)]
        means = [_mean(_ratios(times, ours, peer, group)) for ours, peer in columns]
        rows.append([f"{size:,}", dtype, *["–" if mean is None else brief(mean) for mean in means]])
    head = ["numbers", "dtype", *[f"{ours} / {peer}" for ours, peer in columns]]
    return Table(
        head, rows, "Geometric means of speed over values and derivatives; functions a peer lacks are left out"
    )


def _detail(times: Times, cases: Sequence[Job], size: int) -> Table:
    """Nanoseconds per number."""
    here = [case for case in cases if case.size == size]
    sides = list(dict.fromkeys(side for side, job in times if job.size == size))
    rows = []
    for case in here:
        found = [times.get((side, case)) for side in sides]
        cells = [brief(median(values) / size * 1e9) if values else "–" for values in found]
        rows.append([_title(case.function, case.order), case.dtype, *cells])
    return Table(["", "dtype", *sides], rows, f"Nanoseconds per number at {size:,} numbers")


def _title(function: str, order: int) -> str:
    return function + "′" * order
