"""The service's kernels against textbook numpy, scipy.special, numexpr and PyTorch, without HTTP, in turns."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, replace
from itertools import product
from statistics import median
from typing import Any

import numpy as np

from benchmarks.environments import Missing, environment
from benchmarks.findings import Options, Part
from benchmarks.kernel_report import Times, ratio, report
from benchmarks.machine import ONE_THREAD, ROOT
from benchmarks.processes import CORES, SERVER_CORE, pinned
from benchmarks.stopwatch import Job

FUNCTIONS = (
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "softplus",
    "silu",
    "mish",
    "log_sigmoid",
    "hard_swish",
)
SIZES = (1_000, 100_000, 10_000_000)
DTYPES = ("float64", "float32")
RELU = Job("", "relu", 0, SIZES[-1], "float64")
CURVE = (1, 10, 100, 10_000, 1_000_000)
TOLERANCES = {"float64": (1e-8, 1e-8), "float32": (1e-4, 1e-5)}  # softplus of PyTorch is x from 20 on

# The name of a side, the worker that has it, and its name there.
SIDES: Mapping[str, tuple[str, str]] = {
    "fast": ("service", "fast"),
    "full": ("service", "full"),
    "textbook": ("arrays", "textbook"),
    "scipy": ("arrays", "scipy"),
    "numexpr": ("arrays", "numexpr"),
    "torch": ("torch", "torch"),
    "fast, all cores": ("service, all cores", "fast"),
    "torch, all cores": ("torch, all cores", "torch"),
}
SINGLE = tuple(side for side in SIDES if "all cores" not in side)


class Workers:
    """The worker processes that could be started; a side that failed once is left out."""

    def __init__(self, running: Mapping[str, subprocess.Popen[str]]) -> None:
        self._running = running
        self.faults: dict[str, str] = {}

    def ask(self, side: str, job: Job) -> Any:  # noqa: ANN401  as JSON has it
        """Its answer; None if the side has no such function, or is not there."""
        worker, name = SIDES.get(side, ("service", side))
        process = self._running.get(worker)
        if process is None or side in self.faults:
            return None
        assert process.stdin and process.stdout  # noqa: S101, PT018  both are pipes
        process.stdin.write(json.dumps(asdict(replace(job, side=name))) + "\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline() or '{"fault": "the worker ended"}')
        if "fault" in answer:
            self.faults[side] = answer["fault"]
        return answer.get("value")


def kernels_part(options: Options) -> Part:
    """All functions, orders, sizes and dtypes."""
    part = Part("Kernels, without HTTP")
    with ExitStack() as stack:
        workers = Workers(_start(stack, part))
        _check(workers, part)
        times = _times(workers, options.rounds)
        copies = _rounds_of(workers, ("copy", "fast"), [RELU], options.rounds)
        extra = {
            (function, order): workers.ask("fast", Job("", function, order, SIZES[-1], "float64", ask="extra_bytes"))
            for function, order in product(FUNCTIONS, (0, 1))
        }
        curve = _rounds_of(workers, SINGLE, [Job("", "sigmoid", 0, size, "float64") for size in CURVE], 1)
    part.remarks += [f"{side}: {fault}." for side, fault in workers.faults.items()]
    report(part, times, ratio(copies, "copy", "fast", RELU), extra)
    _curves(part, {**times, **curve})
    return part


def _curves(part: Part, times: Times) -> None:
    curves = part.curves.setdefault("kernels", {})
    for (side, job), found in times.items():
        if side in SINGLE and (job.function, job.order, job.dtype) == ("sigmoid", 0, "float64"):
            curves.setdefault(side, {})[job.size] = median(found)


def _times(workers: Workers, rounds: int) -> Times:
    cases = [
        Job("", function, order, size, dtype)
        for size, dtype, function, order in product(SIZES, DTYPES, FUNCTIONS, (0, 1))
    ]
    small = _rounds_of(workers, SINGLE, [case for case in cases if case.size < SIZES[-1]], rounds)
    return {**small, **_rounds_of(workers, tuple(SIDES), [case for case in cases if case.size == SIZES[-1]], rounds)}


def _rounds_of(workers: Workers, sides: Sequence[str], cases: Sequence[Job], rounds: int) -> Times:
    """Seconds of each case, with all sides in turns."""
    found: dict[tuple[str, Job], list[float]] = {}
    for case in cases:
        sys.stderr.write(f"{case.function}{chr(0x2032) * case.order} {case.dtype} {case.size}\n")
        for _, side in product(range(rounds), sides):
            seconds = workers.ask(side, case)
            if seconds is not None:
                found.setdefault((side, case), []).append(seconds)
    return {key: times for key, times in found.items() if len(times) == rounds}


def _check(workers: Workers, part: Part) -> None:
    """All sides compute the same thing; this also runs each once."""
    for function, order, dtype, side in product(FUNCTIONS, (0, 1), DTYPES, SIDES):
        job = Job("", function, order, SIZES[0], dtype, ask="answer")
        truth, answer = workers.ask("full", job), workers.ask(side, job)
        relative, absolute = TOLERANCES[dtype]
        if truth and answer and not np.allclose(answer, truth, rtol=relative, atol=absolute):
            part.remarks.append(f"{side} gives other numbers: {function}, derivative {order}, {dtype}.")


def _start(stack: ExitStack, part: Part) -> dict[str, subprocess.Popen[str]]:
    modules = {"service": "kernels_service", "arrays": "kernels_arrays", "torch": "kernels_torch"}
    running = {}
    for name, module in modules.items():
        try:
            python = sys.executable if name == "service" else environment(name)
        except Missing as reason:
            part.remarks.append(f"{name}: {reason}.")
            continue
        running[name] = stack.enter_context(_worker(python, module, SERVER_CORE))
        if name != "arrays":
            running[f"{name}, all cores"] = stack.enter_context(_worker(python, module, set(CORES)))
    return running


@contextmanager
def _worker(python: str, module: str, cores: set[int]) -> Iterator[subprocess.Popen[str]]:
    """A worker on these cores, which ends with its input."""
    environ = {**ONE_THREAD, "OMP_NUM_THREADS": str(len(cores))}
    with pinned(cores):
        process = subprocess.Popen(  # noqa: S603  interpreters of this benchmark
            [python, "-m", f"benchmarks.{module}"],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    with suppress(BrokenPipeError), process:
        yield process
