"""Requests per second and the server's seconds per request, of many contenders that take turns.

Small bodies are sent by `wrk`. From 10⁵ numbers on, where few requests fit into a measurement, a client of bare sockets
counts those that were answered whole.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from shutil import which
from statistics import median

import numpy as np
from numpy.typing import NDArray

from benchmarks import client, processes
from benchmarks.environments import BENCH
from benchmarks.servers import Server

Array = NDArray[np.float64]

SCRIPT = Path(__file__).parent / "load.lua"
_LARGE = 100_000  # numbers
_CONNECTIONS = {True: 2, False: 16}


@dataclass(frozen=True)
class Contender:
    """What is sent to whom, how its answer is read, and what is true."""

    name: str
    server: Server
    request: Callable[[Array], bytes]
    answer: Callable[[bytes], Array]
    truth: Callable[[Array], Array]
    largest: int = 10**6


@dataclass(frozen=True)
class Sample:
    """One measurement."""

    requests: int
    seconds: float
    cpu: float
    failures: int

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    @property
    def cost(self) -> float:
        """The server's seconds per request, of all its processes."""
        return self.cpu / self.requests


Samples = Mapping[tuple[str, int], Sequence[Sample]]


@dataclass(frozen=True)
class Figures:
    """The samples of contenders at sizes, and who was left out, and why."""

    samples: Samples
    faults: Mapping[str, str]

    def has(self, name: str, size: int) -> bool:
        """Whether it was measured."""
        return bool(self.samples.get((name, size)))

    def rate(self, name: str, size: int) -> float:
        """Requests per second, the median of the rounds."""
        return median(sample.rate for sample in self.samples[name, size])

    def cost(self, name: str, size: int) -> float:
        """Server seconds per request, the median of the rounds."""
        return median(sample.cost for sample in self.samples[name, size])

    def faster(self, name: str, other: str, size: int) -> float:
        """How many times the requests per second of the other: the median of the rounds' ratios."""
        pairs = zip(self.samples[name, size], self.samples[other, size], strict=True)
        return median(one.rate / two.rate for one, two in pairs)

    def cheaper(self, name: str, other: str, size: int) -> float:
        """How many times less of the server's seconds per request than the other."""
        pairs = zip(self.samples[name, size], self.samples[other, size], strict=True)
        return median(two.cost / one.cost for one, two in pairs)


def numbers(size: int) -> Array:
    """Doubles of 17 digits."""
    return 3 * np.random.default_rng(size).standard_normal(size)


def figures(contenders: Sequence[Contender], sizes: Sequence[int], rounds: int, seconds: float) -> Figures:
    """Check each contender's answers, then measure them in turns, size by size."""
    faults: dict[str, str] = {}
    samples: dict[tuple[str, int], list[Sample]] = {}
    for size in sizes:
        x = numbers(size)
        able = [contender for contender in contenders if size <= contender.largest and contender.name not in faults]
        requests = {contender.name: contender.request(x) for contender in able}
        faults |= _faults(able, x, requests)
        for turn, contender in product(range(rounds), able):
            name = contender.name
            if name in faults:
                continue
            sys.stderr.write(f"{name}: {size} numbers, round {turn + 1}\n")
            sample = measured(contender.server, requests[name], size >= _LARGE, seconds)
            samples.setdefault((name, size), []).append(sample)
            if sample.failures or not sample.requests:
                faults[name] = f"{sample.failures} of {sample.requests} requests failed (at {size:,} numbers)"
                del samples[name, size]
    return Figures(samples, faults)


def _faults(contenders: Sequence[Contender], x: Array, requests: Mapping[str, bytes]) -> dict[str, str]:
    """Those whose answers are not right."""
    found = {contender.name: check(contender, x, requests[contender.name]) for contender in contenders}
    return {name: f"{fault} (at {x.size:,} numbers)" for name, fault in found.items() if fault}


def check(contender: Contender, x: Array, request: bytes) -> str | None:
    """What is wrong with the answer to one request."""
    try:
        with contender.server.awake():
            status, body = client.ask(contender.server.port, request)
        if status != 200:
            return f"status {status}: {body[:300].decode(errors='replace')}"
        right = np.allclose(contender.answer(body).reshape(-1), contender.truth(x), rtol=1e-13, atol=0)
    except (OSError, ValueError, LookupError) as error:
        return f"no answer that can be read: {error!r}"
    return None if right else "wrong numbers"


def measured(server: Server, request: bytes, large: bool, seconds: float) -> Sample:
    """One measurement, after a shorter one that does not count; a connection that breaks is one failure."""
    load = sockets if large else wrk
    with server.awake() as found, processes.pinned(processes.LOAD_CORE):
        with suppress(OSError):  # a peer may close what its timers took for idle while it was frozen
            sockets(server.port, request, seconds / 10)
        try:
            before = processes.cpu_seconds(found)
            requests, elapsed, failures = load(server.port, request, seconds)
        except OSError as error:
            sys.stderr.write(f"{error}\n")
            return Sample(0, seconds, 0.0, 1)
        return Sample(requests, elapsed, processes.cpu_seconds(found) - before, failures)


def wrk(port: int, request: bytes, seconds: float) -> tuple[int, float, int]:
    """Requests answered, seconds, and failures; wrk counts whole seconds."""
    program = which("wrk")
    if program is None:
        raise SystemExit("wrk is needed: apt-get install wrk")
    file = BENCH / "request"
    file.write_bytes(request)
    command = [program, "-t1", f"-c{_CONNECTIONS[False]}", f"-d{max(1, round(seconds))}s", "--timeout", "60s"]
    command += ["-s", str(SCRIPT), f"http://127.0.0.1:{port}", "--", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  wrk
    counted = done.stdout.partition("counted:")[2].split()
    if len(counted) != 3:
        raise ConnectionError(f"wrk said {done.stdout} {done.stderr}")
    answered, microseconds, failures = map(int, counted)
    return answered, microseconds / 1e6, failures


def sockets(port: int, request: bytes, seconds: float) -> tuple[int, float, int]:
    """Requests answered, seconds until the last answer, and failures."""
    connections = [client.Connection(port) for _ in range(_CONNECTIONS[True])]
    statuses: list[int] = []
    start = time.perf_counter()

    def begin(connection: client.Connection) -> None:
        connection.begin([request], lambda _: None)

    def then(connection: client.Connection) -> bool:
        statuses.append(connection.reply.status)
        if time.perf_counter() - start > seconds:
            return False
        begin(connection)
        return True

    for connection in connections:
        begin(connection)
    client.drive(connections, then)
    return len(statuses), time.perf_counter() - start, sum(status != 200 for status in statuses)
