"""The bars an implementation must clear, and the judgement of one row of the accuracy table.

=====================  ==========================================================================================
float64, order 0       2 ulp
float64, order 1       4 ulp
float64, order 2       16 ulp
float64, orders 3, 4   a relative error of 1e-12, at points away from the zeros of that derivative
the smaller dtypes     1 ulp, and correctly rounded but for one value in 10,000
subnormal results      one spacing, in every dtype
=====================  ==========================================================================================
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from flint import arb, ctx

from tests.oracle.ulp import FORMATS, roundings, ulp_error

_FLOAT64_BARS = (2.0, 4.0, 16.0, 1e-12, 1e-12)
_RELATIVE_FROM = 3


@dataclass(frozen=True)
class Result:
    """What an implementation gave at a point, and what it should have given."""

    x: float
    y: float
    truth: arb


@dataclass(frozen=True)
class Worst:
    """The largest error, and where it is."""

    error: float = 0.0
    x: float = math.nan


@dataclass(frozen=True)
class Verdict:
    """The judgement of all results of one function, order and dtype.

    Attributes
    ----------
    count
        How many results were judged.
    normal
        The worst error among the others: in ulp, or relative for the orders 3 and 4 in float64.
    subnormal
        The worst error among results that should be subnormal or zero, in subnormal spacings.
    misrounded
        The points whose results are not the correctly rounded ones.
    passed
        Whether every bar was cleared.
    """

    count: int
    normal: Worst
    subnormal: Worst
    misrounded: tuple[float, ...]
    passed: bool


def is_relative(order: int, dtype: str) -> bool:
    """Whether an order is judged by its relative error, away from its zeros."""
    return order >= _RELATIVE_FROM and dtype == "float64"


def judge(results: Iterable[Result], order: int, dtype: str) -> Verdict:
    """Hold results against the truth, and the worst of them against the bars."""
    judged = [(result, roundings(result.truth, dtype)) for result in results]
    tiny = FORMATS[dtype].smallest_normal
    normal = _worst([r for r, right in judged if abs(right[0]) >= tiny], order, dtype)
    subnormal = _worst([r for r, right in judged if abs(right[0]) < tiny], 0, dtype)
    misrounded = tuple(result.x for result, right in judged if result.y not in right)
    bar = _FLOAT64_BARS[order] if dtype == "float64" else 1.0
    rounded = dtype == "float64" or len(misrounded) <= math.ceil(len(judged) / 10_000)
    passed = normal.error <= bar and subnormal.error <= 1.0 and rounded
    return Verdict(len(judged), normal, subnormal, misrounded, passed)


def _worst(results: list[Result], order: int, dtype: str) -> Worst:
    measured = [Worst(_error(result, order, dtype), result.x) for result in results]
    return max(measured, key=lambda worst: worst.error, default=Worst())


def _error(result: Result, order: int, dtype: str) -> float:
    if is_relative(order, dtype) and math.isfinite(result.y):
        return _relative_error(result)
    return ulp_error(result.y, result.truth, dtype)


def _relative_error(result: Result) -> float:
    with ctx.workprec(128):
        return float((abs(arb(result.y) - result.truth) / abs(result.truth)).mid())
