"""Memory, workers and start: what the service holds when idle and at its peak, and how soon it answers."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from statistics import median

from benchmarks import client, processes, servers
from benchmarks.environments import Missing
from benchmarks.findings import Bar, Options, Part, Table
from benchmarks.http_load import Contender, figures, numbers
from benchmarks.machine import ROOT
from benchmarks.questions import json_answer, json_question, sigmoid
from benchmarks.servers import Server

SIZE = 10**6
REPEATS = 5
_QUESTION = json_question("/evaluate", activation="sigmoid")
_IMPORT = "import time; start = time.perf_counter(); import {0}; print(time.perf_counter() - start)"

Begin = Callable[[], AbstractContextManager[Server]]


def lifecycle_part(options: Options) -> Part:
    """All of it."""
    part = Part("Memory, workers and start")
    _memory(part)
    _workers(part, options)
    first = median(_first_answer() for _ in range(REPEATS))
    imported = {module: median(_import_time(module) for _ in range(REPEATS)) for module in ("service.app", "fastapi")}
    part.bars.append(Bar("start to first answer", first, 1.2, at_least=False, unit="s"))
    rows = [[f"import {module}", f"{seconds:.2f} s"] for module, seconds in imported.items()]
    part.tables.append(Table(("", "median"), rows))
    return part


def _memory(part: Part) -> None:
    """The peak of one request of 10⁶ numbers, in a server that has answered only small ones."""
    request = _QUESTION(numbers(SIZE))
    rows = []
    for name, begin in (("service", servers.service), ("naive FastAPI", servers.naive)):
        idle, growth = _peak(begin, request)
        rows.append([name, f"{idle / 1e6:.0f} MB", f"{growth / 1e6:.0f} MB", f"{growth / (8 * SIZE):.1f}"])
        if name == "service":
            beyond = (growth - len(request)) / (8 * SIZE)
            part.bars.append(Bar("peak of one JSON request of 10⁶, without its body, over the array", beyond, 6, False))
    head = ("", "idle", "peak of one JSON request of 10⁶ numbers, above idle", "over the array's bytes")
    part.tables.append(Table(head, rows, f"Memory; the body has {len(request) / 1e6:.1f} MB"))


def _peak(begin: Begin, request: bytes) -> tuple[int, int]:
    """Bytes when idle, and above that at the peak of a request."""
    with begin() as server:
        client.ask(server.port, _QUESTION(numbers(10)))
        found = server.processes
        idle = processes.resident(found)
        processes.forget_peak(found)
        status, _ = client.ask(server.port, request)
        if status != 200:
            raise Missing(f"10⁶ numbers are answered with status {status}")
        return idle, processes.peak_resident(found) - idle


def _workers(part: Part, options: Options) -> None:
    """One worker and two, both on all cores."""
    every = set(processes.CORES)
    with servers.service(1, every) as one, servers.service(2, every) as two:
        contenders = [
            Contender(name, server, _QUESTION, json_answer("y"), sigmoid)
            for name, server in (("one worker", one), ("two workers", two))
        ]
        for server in (one, two):
            with server.awake():
                pass
        found = figures(contenders, (10, 1000), options.rounds, options.seconds)
    for size in (10, 1000):
        figure = found.cheaper("one worker", "two workers", size) if not found.faults else None
        part.bars.append(Bar(f"server CPU of two workers over one's, {size:,} numbers", figure, 1.1, at_least=False))
    part.remarks += [f"{name}: {fault}." for name, fault in found.faults.items()]
    part.remarks.append("One and two workers run on all cores, which they share with the load.")


def _first_answer() -> float:
    """Seconds from the start of the program to the answer to POST /evaluate."""
    request = _QUESTION(numbers(10))
    start = time.perf_counter()
    with servers.service() as server:
        client.ask(server.port, request)
        return time.perf_counter() - start


def _import_time(module: str) -> float:
    command = [sys.executable, "-c", _IMPORT.format(module)]
    with processes.pinned(processes.SERVER_CORE):
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)  # noqa: S603  this interpreter
    return float(done.stdout)
