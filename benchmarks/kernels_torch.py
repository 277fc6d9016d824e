"""PyTorch's functions as they are normally called; derivatives by autograd, forward and backward."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.nn import functional

from benchmarks.stopwatch import Array, Call, Job, serve

Tensor = Any  # torch is absent where types are checked

FUNCTIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": functional.relu,
    "leaky_relu": functional.leaky_relu,
    "elu": functional.elu,
    "selu": functional.selu,
    "gelu": functional.gelu,
    "softplus": functional.softplus,
    "silu": functional.silu,
    "mish": functional.mish,
    "log_sigmoid": functional.logsigmoid,
    "hard_swish": functional.hardswish,
}


def prepare(job: Job, x: Array) -> Call | None:
    """The call of a job, with a fresh result each time."""
    function, tensor = FUNCTIONS[job.function], torch.from_numpy(x)
    if not job.order:
        return lambda: _value(function, tensor)
    leaf, ones = tensor.clone().requires_grad_(), torch.ones_like(tensor)
    return lambda: _slope(function, leaf, ones)


def _value(function: Callable[[Tensor], Tensor], x: Tensor) -> Array:
    with torch.no_grad():
        result: Array = function(x).numpy()
    return result


def _slope(function: Callable[[Tensor], Tensor], x: Tensor, ones: Tensor) -> Array:
    x.grad = None
    function(x).backward(ones)
    result: Array = x.grad.numpy()
    return result


if __name__ == "__main__":
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    serve(prepare)
