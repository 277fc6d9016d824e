"""How long mean-field theory takes for every elementwise function: one answer once warm, and a phase diagram.

A diagram is timed twice: in a fresh process (cold: its tables are made) and again in the same one (warm). Rewrites
mean_field.md.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.machine import ONE_THREAD, machine, versions
from service.activations import catalogue, lookup
from service.activations.model import Elementwise
from service.flow.meanfield.diagram import diagram
from service.flow.meanfield.solution import solve

ROUNDS = 5
AXES = np.linspace(0.5, 4, 64), np.linspace(0, 2, 64)
RESULTS = Path(__file__).with_suffix(".md")


def main() -> int:
    """Time every function in a process of its own; with a name, time that function here."""
    if len(sys.argv) > 1:
        sys.stdout.write(json.dumps(timings(sys.argv[1])))
        return 0
    names = [function.name for function in catalogue() if isinstance(function, Elementwise)]
    rows = {name: in_own_process(name) for name in names}
    text = report(rows)
    RESULTS.write_text(text)
    sys.stdout.write(text)
    return 0


def in_own_process(name: str) -> dict[str, float]:
    """The timings of one function, by a process that has seen no other."""
    command = [sys.executable, "-m", "benchmarks.mean_field", name]
    answer = subprocess.run(command, capture_output=True, check=True, env=ONE_THREAD)  # noqa: S603  this very file
    timed: dict[str, float] = json.loads(answer.stdout)
    return timed


def timings(name: str) -> dict[str, float]:
    """Milliseconds of the process, medians where a thing is done again."""
    function = lookup(name)
    assert isinstance(function, Elementwise)  # noqa: S101  only such are asked for
    parameters = function.defaults()
    cold = clock(lambda: diagram(function, parameters, *AXES))
    warm = median(clock(lambda: diagram(function, parameters, *AXES)) for _ in range(ROUNDS))
    answers = [
        median(clock(partial(solve, function, parameters, sigma_w, sigma_b)) for _ in range(ROUNDS))
        for sigma_w in (0.7, 1.1, 1.5, 2.5)
        for sigma_b in (0.0, 0.3)
    ]
    return {"answer": max(answers), "warm": warm, "cold": cold}


def clock(work: Callable[[], object]) -> float:
    """Milliseconds that a call takes."""
    start = time.process_time()
    work()
    return 1000 * (time.process_time() - start)


def report(rows: dict[str, dict[str, float]]) -> str:
    """The table, the slowest diagram first."""
    ordered = sorted(rows.items(), key=lambda item: -item[1]["cold"])
    lines = [f"| {name} | {row['answer']:.1f} | {row['warm']:.0f} | {row['cold']:.0f} |" for name, row in ordered]
    head = (
        "# Mean-field theory\n\nMilliseconds of one core: the slowest of eight answers once warm, and a phase diagram\n"
        "of 64×64 points, warm and in a fresh process. "
    )
    table = "| function | answer | diagram, warm | diagram, cold |\n|---|---|---|---|\n" + "\n".join(lines)
    return f"{head}{machine()} · {versions('numpy')}.\n\n{table}\n"


if __name__ == "__main__":
    sys.exit(main())
