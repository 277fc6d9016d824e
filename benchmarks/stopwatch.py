"""A worker that times calls: it reads jobs from its input, one JSON line each, and answers each with one."""

from __future__ import annotations

import json
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]  # any: float64 or float32
Call = Callable[[], Array]  # its result is the array that it allocated

_SHORTEST = 2e-4  # seconds: shorter calls are timed several together


@dataclass(frozen=True)
class Job:
    """One function at one size: the n-th derivative, how long to repeat it, and what is asked: time, memory, answer."""

    side: str
    function: str
    order: int
    size: int
    dtype: str
    budget: float = 0.03
    ask: str = "seconds"


Prepare = Callable[[Job, Array], Call | None]


def serve(prepare: Prepare) -> None:
    """Answer jobs until the input ends."""
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_answered(prepare, Job(**json.loads(line)))) + "\n")
        sys.stdout.flush()


def _answered(prepare: Prepare, job: Job) -> dict[str, object]:
    """The value, which is null where a side lacks the function, or the fault."""
    try:
        call = prepare(job, numbers(job.size, job.dtype))
        return {"value": None if call is None else _ASKED[job.ask](call, job)}
    except (TypeError, ValueError, RuntimeError, MemoryError) as error:
        return {"fault": f"{type(error).__name__}: {error}"[:200]}


@lru_cache(maxsize=4)
def numbers(size: int, dtype: str) -> Array:
    """Preactivations: normal, with a standard deviation of 3."""
    return (3 * np.random.default_rng(size).standard_normal(size)).astype(dtype)


def seconds(call: Call, budget: float) -> float:
    """Seconds of a call, the median of as many as the budget has room for."""
    number, spent = 1, 0.0
    found: list[float] = []
    while spent < budget or not found:
        start = time.perf_counter()
        for _ in range(number):
            call()
        elapsed = time.perf_counter() - start
        spent += elapsed
        if elapsed < _SHORTEST and number < 1000:
            number *= 4
        else:
            found.append(elapsed / number)
    return median(found)


def _seconds(call: Call, job: Job) -> float:
    return seconds(call, job.budget)


def _extra_bytes(call: Call, _job: Job) -> int:
    """Bytes allocated at the most, beside the result."""
    tracemalloc.start()
    result = call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak - result.nbytes


def _answer(call: Call, _job: Job) -> list[float]:
    return [float(number) for number in call()[:200]]


_ASKED: dict[str, Callable[[Call, Job], object]] = {
    "seconds": _seconds,
    "extra_bytes": _extra_bytes,
    "answer": _answer,
}
