"""Gradient flow against PyTorch: both sides take the same figures of the same networks, in alternating rounds.

``python -m benchmarks.gradient_flow --torch-python /path/to/python`` writes benchmarks/gradient_flow.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from statistics import linear_regression, median
from typing import Any

from benchmarks.machine import ONE_THREAD, ROOT, machine, versions
from benchmarks.worker import Case

REPORT = Path(__file__).with_suffix(".md")

DEPTHS = (10, 20, 40, 80)
BATCHES = (64, 128, 256, 512)
MEMORY = (Case("memory", drawn=True), Case("memory", depth=10, batch=2048, drawn=True))


class Worker:
    """A process that runs cases, one at a time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin and process.stdout  # noqa: S101, PT018  both are pipes
        self._to, self._from = process.stdin, process.stdout

    def ask(self, case: Case) -> dict[str, Any]:  # any: as JSON has it
        """Its answer to one case."""
        self._to.write(json.dumps(asdict(case)) + "\n")
        self._to.flush()
        answer: dict[str, Any] = json.loads(self._from.readline())
        return answer


@contextmanager
def started(python: str, module: str) -> Iterator[Worker]:
    """A worker with one thread, which ends with its input."""
    with subprocess.Popen(  # noqa: S603  interpreters that the caller names
        [python, "-m", module], cwd=ROOT, env=ONE_THREAD, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Worker(process)


def seconds(tasks: Sequence[tuple[Worker, Case]], rounds: int) -> list[float]:
    """The median of each task over rounds in which they take turns."""
    table = [[worker.ask(case)["seconds"] for worker, case in tasks] for _ in range(rounds)]
    return [median(column) for column in zip(*table, strict=True)]


def comparison(service: Worker, torch: Worker, rounds: int) -> list[str]:
    """The service, PyTorch, and the matrix products alone."""
    rows = []
    for activation in ("relu", "tanh"):
        for drawn in (False, True):
            case = Case("figures", activation, drawn=drawn)
            tasks = [
                (service, case),
                (torch, case),
                (torch, replace(case, work="gradients")),
                (service, replace(case, work="products")),
                (service, replace(case, work="hot_products")),
            ]
            ours, theirs, bare, products, hot = seconds(tasks, rounds)
            rate = 6 * case.depth * case.batch * case.units**2 / hot / 1e9
            rows.append(
                f"| {activation} | {'drawn' if drawn else 'given'} | {ours:.3f} | {theirs:.3f} | {ours / theirs:.2f} "
                f"| {ours / bare:.2f} | {ours / products:.2f} | {theirs / products:.2f} "
                f"| {rate:.0f} | {hot / products:.0%} |"
            )
    return [
        "| activation | weights | service, s | PyTorch, s | service / PyTorch | service / PyTorch without figures "
        "| service / products | PyTorch / products | sgemm, GFLOP/s | reached in the products |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *rows,
    ]


def growth(service: Worker, torch: Worker, cases: Sequence[Case], name: str, rounds: int) -> list[str]:
    """Cost against one size, and how well a line fits it."""
    sizes = [getattr(case, name) for case in cases]
    found = seconds([(worker, case) for case in cases for worker in (service, torch)], rounds)
    ours, theirs = found[::2], found[1::2]
    slope, intercept = linear_regression(sizes, ours)
    worst = max(abs(intercept + slope * size - y) / y for size, y in zip(sizes, ours, strict=True))
    rows = [f"| {size} | {y:.3f} | {y / z:.2f} |" for size, y, z in zip(sizes, ours, theirs, strict=True)]
    fit = f"{intercept * 1e3:.1f} ms + {slope * 1e3:.3f} ms · {name}"
    return [
        f"| {name} | service, s | service / PyTorch |",
        "|---|---|---|",
        *rows,
        "",
        f"The line {fit} is off by {worst:.0%} at most.",
    ]


def memory(service: Worker) -> list[str]:
    """The peak against the estimate."""
    rows = []
    for case in MEMORY:
        value = service.ask(case)["value"]
        peak, estimate = value["peak"], value["estimate"]
        shape = f"{case.depth} × {case.units} × {case.batch}"
        rows.append(f"| {shape} | {peak / 1e6:.0f} | {estimate / 1e6:.0f} | {peak / estimate:.2f} |")
    return ["| depth × units × batch | peak, MB | estimate, MB | peak / estimate |", "|---|---|---|---|", *rows]


def report(torch_python: str, rounds: int) -> str:
    """The whole page."""
    with (
        started(sys.executable, "benchmarks.service_worker") as service,
        started(torch_python, "benchmarks.torch_worker") as torch,
    ):
        sections = {
            "50 layers of 512 units, batch 256": comparison(service, torch, rounds),
            "Depth": growth(service, torch, [Case("figures", depth=depth) for depth in DEPTHS], "depth", rounds),
            "Batch": growth(service, torch, [Case("figures", batch=batch) for batch in BATCHES], "batch", rounds),
            "Memory": memory(service),
        }
    both = f"service: {versions('numpy')} · PyTorch: {versions('torch', torch_python)}"
    head = f"# Gradient flow against PyTorch\n\n{machine()} · {both}. Medians of {rounds} rounds; see README.md.\n"
    body = [f"\n## {title}\n\n" + "\n".join(lines) + "\n" for title, lines in sections.items()]
    return head + "".join(body)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch-python", required=True, help="an interpreter that has torch")
    parser.add_argument("--rounds", type=int, default=5, help="how often each case runs (5)")
    options = parser.parse_args()
    page = report(options.torch_python, options.rounds)
    REPORT.write_text(page)
    sys.stdout.write(page)


if __name__ == "__main__":
    main()
