"""What one writes with numpy, with scipy.special and with numexpr: tables of values and derivatives by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import pi, sqrt

import numexpr
import numpy as np
from scipy import special

from benchmarks.stopwatch import Array, Call, Job, serve

Pair = tuple[Callable[[Array], Array], Callable[[Array], Array]]

ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805  # of selu


def sigmoid(x: Array) -> Array:
    """1 / (1 + e⁻ˣ)."""
    return np.asarray(1 / (1 + np.exp(-x)))


def softplus(x: Array) -> Array:
    """log(1 + eˣ)."""
    return np.asarray(np.log1p(np.exp(x)))


def density(x: Array) -> Array:
    """Of the normal distribution."""
    return np.asarray(np.exp(-x * x / 2) / sqrt(2 * pi))


def product_slope(x: Array, y: Array, slope: Array) -> Array:
    """The derivative of x·f(x)."""
    return np.asarray(y + x * slope)


def choose(x: Array, right: Array | float, left: Array | float) -> Array:
    """One side or the other, in the dtype of x."""
    return np.where(x > 0, np.asarray(right, x.dtype), np.asarray(left, x.dtype))


def mish_slope(x: Array, soft: Array, s: Array) -> Array:
    """From softplus and sigmoid."""
    t = np.tanh(soft)
    return np.asarray(t + x * s * (1 - t * t))


def hard_swish_slope(x: Array) -> Array:
    """0, a line, 1."""
    return np.where(x <= -3, x.dtype.type(0), np.where(x >= 3, x.dtype.type(1), (2 * x + 3) / 6))


TEXTBOOK: Mapping[str, Pair] = {
    "sigmoid": (sigmoid, lambda x: (y := sigmoid(x)) * (1 - y)),
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "relu": (lambda x: np.maximum(x, 0), lambda x: choose(x, 1, 0)),
    "leaky_relu": (lambda x: choose(x, x, 0.01 * x), lambda x: choose(x, 1, 0.01)),
    "elu": (lambda x: choose(x, x, np.exp(x) - 1), lambda x: choose(x, 1, np.exp(x))),
    "selu": (
        lambda x: SCALE * choose(x, x, ALPHA * (np.exp(x) - 1)),
        lambda x: SCALE * choose(x, 1, ALPHA * np.exp(x)),
    ),
    "gelu": (
        lambda x: x / 2 * (1 + special.erf(x / sqrt(2))),
        lambda x: (1 + special.erf(x / sqrt(2))) / 2 + x * density(x),
    ),
    "softplus": (softplus, sigmoid),
    "silu": (lambda x: x * sigmoid(x), lambda x: (s := sigmoid(x)) * (1 + x * (1 - s))),
    "mish": (lambda x: x * np.tanh(softplus(x)), lambda x: mish_slope(x, softplus(x), sigmoid(x))),
    "log_sigmoid": (lambda x: np.log(sigmoid(x)), lambda x: 1 - sigmoid(x)),
    "hard_swish": (lambda x: x * np.clip(x + 3, 0, 6) / 6, hard_swish_slope),
}

SCIPY: Mapping[str, Pair] = {
    "sigmoid": (special.expit, lambda x: special.expit(x) * special.expit(-x)),
    "elu": (
        lambda x: choose(x, x, special.expm1(np.minimum(x, 0))),
        lambda x: np.exp(np.minimum(x, 0)),
    ),
    "selu": (
        lambda x: SCALE * choose(x, x, ALPHA * special.expm1(np.minimum(x, 0))),
        lambda x: SCALE * choose(x, 1, ALPHA * np.exp(np.minimum(x, 0))),
    ),
    "gelu": (lambda x: x * special.ndtr(x), lambda x: special.ndtr(x) + x * density(x)),
    "softplus": (lambda x: -special.log_expit(-x), special.expit),
    "silu": (
        lambda x: x * special.expit(x),
        lambda x: special.expit(x) * (1 + x * special.expit(-x)),
    ),
    "mish": (
        lambda x: x * np.tanh(-special.log_expit(-x)),
        lambda x: mish_slope(x, -special.log_expit(-x), special.expit(x)),
    ),
    "log_sigmoid": (special.log_expit, lambda x: special.expit(-x)),
}

_S, _T = "(1 / (1 + exp(-x)))", "tanh(log1p(exp(x)))"
NUMEXPR: Mapping[str, tuple[str, str]] = {
    "sigmoid": (_S, f"{_S} * (1 - {_S})"),
    "tanh": ("tanh(x)", "1 - tanh(x) ** 2"),
    "relu": ("where(x > 0, x, zero)", "where(x > 0, one, zero)"),
    "leaky_relu": ("where(x > 0, x, hundredth * x)", "where(x > 0, one, hundredth)"),
    "elu": ("where(x > 0, x, expm1(x))", "where(x > 0, one, exp(x))"),
    "selu": ("scale * where(x > 0, x, alpha * expm1(x))", "scale * where(x > 0, one, alpha * exp(x))"),
    "softplus": ("log1p(exp(x))", _S),
    "silu": (f"x * {_S}", f"{_S} * (1 + x * (1 - {_S}))"),
    "mish": (f"x * {_T}", f"{_T} + x * {_S} * (1 - {_T} ** 2)"),
    "log_sigmoid": ("-log1p(exp(-x))", "1 / (1 + exp(x))"),
    "hard_swish": (
        "x * where(x < -3, zero, where(x > 3, one, (x + 3) / 6))",
        "where(x <= -3, zero, where(x >= 3, one, (2 * x + 3) / 6))",
    ),
}
_CONSTANTS = {"zero": 0.0, "one": 1.0, "hundredth": 0.01, "alpha": ALPHA, "scale": SCALE}


def prepare(job: Job, x: Array) -> Call | None:
    """The call of a job, if the library has the function."""
    if job.side == "numexpr":
        return _compiled(job, x)
    pair = (TEXTBOOK if job.side == "textbook" else SCIPY).get(job.function)
    if pair is None:
        return None
    work = pair[job.order]
    return lambda: work(x)


def _compiled(job: Job, x: Array) -> Call | None:
    if job.function not in NUMEXPR:
        return None
    expression = NUMEXPR[job.function][job.order]
    names = {name: x.dtype.type(value) for name, value in _CONSTANTS.items()} | {"x": x}
    return lambda: numexpr.evaluate(expression, local_dict=names)


if __name__ == "__main__":
    np.seterr(all="ignore")
    numexpr.set_num_threads(1)
    serve(prepare)
