"""The service's own kernels, called as a library; and a copy of memory, which nothing that writes a result can beat."""

from __future__ import annotations

from typing import Literal

import numpy as np

from benchmarks.stopwatch import Array, Call, Job, serve
from service import compute
from service.activations import lookup


def prepare(job: Job, x: Array) -> Call | None:
    """The call of a job."""
    if job.side == "copy":
        return lambda: _copied(x)
    function = lookup(job.function)
    parameters, dtype = function.defaults(), job.dtype
    accuracy: Literal["full", "fast"] = "fast" if job.side == "fast" else "full"
    if job.order:
        return lambda: compute.derivative(function, x, parameters, order=job.order, dtype=dtype, accuracy=accuracy)
    return lambda: compute.evaluate(function, x, parameters, dtype=dtype, accuracy=accuracy)


def _copied(x: Array) -> Array:
    fresh = np.empty_like(x)
    np.copyto(fresh, x)
    return fresh


if __name__ == "__main__":
    compute.use_threads(0)  # as many as there are cores for this process
    serve(prepare)
