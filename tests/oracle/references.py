"""The elementwise functions once more, by mpmath: written apart from the oracle, in other forms where there are any.

`REFERENCES` are the functions with their defaults, `PARAMETRIC` those with parameters, at a setting of their own.
"""

from __future__ import annotations

from collections.abc import Callable

import mpmath
from mpmath import mp, mpf

Function = Callable[[mpf], mpf]

REFERENCES: dict[str, Function] = {
    "identity": lambda x: x,
    "step": lambda x: mpf(x > 0),
    "sign": mpmath.sign,
    "abs": abs,
    "relu": lambda x: max(x, mpf(0)),
    "relu6": lambda x: min(max(x, mpf(0)), mpf(6)),
    "leaky_relu": lambda x: max(x, mpf(0)) + mpf(0.01) * min(x, mpf(0)),
    "prelu": lambda x: max(x, mpf(0)) + mpf(0.25) * min(x, mpf(0)),
    "rrelu": lambda x: max(x, mpf(0)) + (mpf(1 / 8) + mpf(1 / 3)) / 2 * min(x, mpf(0)),
    "generalized_relu": lambda x: max(x, mpf(0)),
    "elu": lambda x: max(x, mpf(0)) + mpmath.expm1(min(x, mpf(0))),
    "celu": lambda x: max(x, mpf(0)) + mpmath.expm1(min(x, mpf(0))),
    "selu": lambda x: mpf(1.0507009873554805) * (x if x > 0 else mpf(1.6732632423543772) * mpmath.expm1(x)),
    "gelu": lambda x: x * mpmath.ncdf(x),
    "gelu_tanh": lambda x: x / 2 * (1 + mpmath.tanh(mpmath.sqrt(2 / mp.pi) * (x + mpf("0.044715") * x**3))),
    "silu": lambda x: x * (1 + mpmath.tanh(x / 2)) / 2,
    "mish": lambda x: x * mpmath.tanh(mpmath.log1p(mpmath.exp(x))),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "squareplus": lambda x: (x + mpmath.hypot(x, 2)) / 2,
    "sparse_plus": lambda x: mpf(0) if x <= -1 else x if x >= 1 else (x**2 + 2 * x + 1) / 4,
    "sigmoid": lambda x: (1 + mpmath.tanh(x / 2)) / 2,
    "log_sigmoid": lambda x: -mpmath.log1p(mpmath.exp(-x)),
    "hard_sigmoid": lambda x: min(max((x + 3) / 6, mpf(0)), mpf(1)),
    "sparse_sigmoid": lambda x: min(max((x + 1) / 2, mpf(0)), mpf(1)),
    "tanh": mpmath.tanh,
    "scaled_tanh": lambda x: mpf(1.7159) * mpmath.tanh(mpf(2 / 3) * x),
    "tanh_shrink": lambda x: x - mpmath.tanh(x),
    "affine": lambda x: 2 * x + 1,
    "hard_tanh": lambda x: min(max(x, mpf(-1)), mpf(1)),
    "clip": lambda x: min(max(x, mpf(-2)), mpf(3)),
    "soft_shrink": lambda x: mpmath.sign(x) * max(abs(x) - mpf(0.5), mpf(0)),
    "hard_shrink": lambda x: x if abs(x) > 0.5 else mpf(0),
    "shrink": lambda x: x if abs(x) > 0.5 else mpf(0),
    "threshold": lambda x: x if x > 1 else mpf(-2),
    "thresholded_relu": lambda x: x if x > 1 else mpf(0),
    "softsign": lambda x: x / (1 + abs(x)),
    "hard_swish": lambda x: x * min(max(x + 3, mpf(0)), mpf(6)) / 6,
    "exponential": mpmath.exp,
    "logcosh": lambda x: mpmath.log(mpmath.cosh(x)),
    "lisht": lambda x: x * mpmath.tanh(x),
    "erf": mpmath.erf,
    "sin": mpmath.sin,
    "atan": mpmath.atan,
    "log1mexp": lambda x: mpmath.log(-mpmath.expm1(-x)),
}

PARAMETRIC: dict[str, tuple[dict[str, float], Callable[..., mpf]]] = {
    "leaky_relu": ({"negative_slope": 0.2}, lambda x, negative_slope: max(x, 0) + negative_slope * min(x, 0)),
    "prelu": ({"weight": -0.3}, lambda x, weight: max(x, 0) + weight * min(x, 0)),
    "rrelu": ({"lower": 0.1, "upper": 0.7}, lambda x, lower, upper: max(x, 0) + (lower + upper) / 2 * min(x, 0)),
    "generalized_relu": (
        {"negative_slope": 0.1, "max_value": 5.0, "threshold": 1.0},
        lambda x, negative_slope, max_value, threshold: (
            max_value if x >= max_value else x if x > threshold else negative_slope * (x - threshold)
        ),
    ),
    "elu": ({"alpha": 1.7}, lambda x, alpha: max(x, 0) + alpha * mpmath.expm1(min(x, 0))),
    "celu": ({"alpha": 1.7}, lambda x, alpha: max(x, 0) + alpha * mpmath.expm1(min(x, 0) / alpha)),
    "selu": (
        {"alpha": 1.5, "scale": 1.1},
        lambda x, alpha, scale: scale * (max(x, 0) + alpha * mpmath.expm1(min(x, 0))),
    ),
    "silu": ({"beta": 1.702}, lambda x, beta: x * (1 + mpmath.tanh(beta * x / 2)) / 2),
    "softplus": ({"beta": 2.3}, lambda x, beta: mpmath.log1p(mpmath.exp(beta * x)) / beta),
    "squareplus": ({"b": 1.3}, lambda x, b: (x + mpmath.sqrt(x**2 + b)) / 2),
    "hard_sigmoid": ({"slope": 0.2, "offset": 0.5}, lambda x, slope, offset: min(max(slope * x + offset, 0), 1)),
    "scaled_tanh": ({"alpha": 1.3, "beta": 0.6}, lambda x, alpha, beta: alpha * mpmath.tanh(beta * x)),
    "affine": ({"alpha": 1.3, "beta": -0.6}, lambda x, alpha, beta: alpha * x + beta),
    "hard_tanh": ({"min_val": -2.0, "max_val": 0.7}, lambda x, min_val, max_val: min(max(x, min_val), max_val)),
    "clip": ({"lo": -1.5, "hi": 0.7}, lambda x, lo, hi: min(max(x, lo), hi)),
    "soft_shrink": ({"lambd": 1.1}, lambda x, lambd: mpmath.sign(x) * max(abs(x) - lambd, 0)),
    "hard_shrink": ({"lambd": 1.1}, lambda x, lambd: x * (abs(x) > lambd)),
    "shrink": (
        {"lambd": 1.1, "bias": 0.3},
        lambda x, lambd, bias: (x - mpmath.sign(x) * bias) * (abs(x) > lambd),
    ),
    "threshold": ({"threshold": 0.2, "value": 7.0}, lambda x, threshold, value: x if x > threshold else value),
    "thresholded_relu": ({"alpha": 0.7}, lambda x, alpha: x * (x > alpha)),
}
