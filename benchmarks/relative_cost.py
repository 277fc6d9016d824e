"""What each function of the catalogue costs over relu, per number of x: `python -m benchmarks.relative_cost PATH`."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import machine
from benchmarks.processes import SERVER_CORE, pinned
from benchmarks.stopwatch import Call, seconds
from service import compute
from service.activations import catalogue, lookup
from service.activations.model import Activation

DTYPES = ("float64", "float32")
SIZE, AXIS = 2**16, 64  # numbers, and how many of them are one vector
ROUNDS, BUDGET = 7, 0.01

Array = NDArray[np.float64]


def measure(path: Path) -> None:
    """Measure and write {"machine", "measured", "python", "numpy", "costs": {name: {dtype: cost over relu's}}}."""
    with pinned(SERVER_CORE), np.errstate(all="ignore"):
        costs = {function.name: {dtype: _cost(function, dtype) for dtype in DTYPES} for function in catalogue()}
    record = {
        "machine": machine(),
        "measured": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "costs": costs,
    }
    path.write_text(json.dumps(record, indent=2) + "\n")


def _cost(function: Activation, dtype: str) -> float:
    """With relu in turns: the median of the rounds' ratios, to two digits that matter."""
    if function.name == "relu":
        return 1.0
    mine, relu = _call(function, dtype), _call(lookup("relu"), dtype)
    ratio = median(seconds(mine, BUDGET) / seconds(relu, BUDGET) for _ in range(ROUNDS))
    return float(f"{ratio:.2g}")


def _call(function: Activation, dtype: str) -> Call:
    """The function as the service calls it, on vectors of 64 if it is one of vectors."""
    x = _numbers(dtype)
    if function.kind != "elementwise":
        x = x.reshape(-1, AXIS)
    evaluate: Callable[..., Array] = compute.evaluate
    parameters = function.defaults()
    return lambda: evaluate(function, x, parameters, dtype=dtype)


def _numbers(dtype: str) -> Array:
    x: Array = (3 * np.random.default_rng(1).standard_normal(SIZE)).astype(dtype)
    return x


if __name__ == "__main__":
    measure(Path(sys.argv[1]))
