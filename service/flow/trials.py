"""Figures over several trials: the mean of each, and the standard error of that mean."""

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass, replace
from math import sqrt
from typing import Any, TypeVar

import numpy as np

from service.flow.norms import mean_and_std

Tree = TypeVar("Tree")
Statistic = Callable[[Sequence[float]], float | None]


def mean(values: Sequence[float]) -> float:
    """The mean of at least one value."""
    return float(np.mean(values))


def standard_error(values: Sequence[float]) -> float | None:
    """s/√n with the sample standard deviation s; None for a single value."""
    return mean_and_std(np.array(values))[1] / sqrt(len(values) - 1) if len(values) > 1 else None


def over(trials: Sequence[Tree], statistic: Statistic) -> Tree:
    """The same tree of figures with the statistic at each; names and counts stay, a figure of no trial is None."""
    with np.errstate(all="ignore"):
        return _over(trials, statistic)  # type: ignore[no-any-return]  # one tree goes in, one of its kind comes out


def _over(trials: Sequence[Any], statistic: Statistic) -> Any:  # noqa: ANN401  figures, or trees of them
    first = trials[0]
    if is_dataclass(first) and not isinstance(first, type):
        members = {item.name: [getattr(trial, item.name) for trial in trials] for item in fields(first)}
        return replace(first, **{name: _over(values, statistic) for name, values in members.items()})
    if isinstance(first, tuple):
        return tuple(_over(items, statistic) for items in zip(*trials, strict=True))
    if isinstance(first, str) or type(first) is int:
        return first
    present = [value for value in trials if value is not None]
    return statistic(present) if present else None
