"""What is done to one block of numbers: by a kernel where the function has one, else by its pieces; then rounding."""

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

import numpy as np

from service.activations.model import WORK, Array, Block, BlockFunction
from service.compute import piecewise
from service.compute.blocks import BlockTask
from service.compute.bound import Bound
from service.compute.dtypes import round_to
from service.compute.piecewise import AtKink
from service.compute.rounding import rounded
from service.numerics.scratch import scratch

Accuracy = Literal["full", "fast"]
Type = np.dtype[Any]  # any: that of float64 or of float32

_FLOAT64 = np.dtype(np.float64)
_LARGEST = np.finfo(np.float64).max


class Question(NamedTuple):
    """What is asked of a function: f⁽ⁿ⁾, n = `order` from 0 on, rounded to the dtype."""

    setting: Bound
    order: int
    dtype: str
    accuracy: Accuracy
    at_kink: AtKink = "convention"


def task_for(question: Question, x: Type, out: Type) -> BlockTask:
    """The task that fills blocks of `out` from blocks of x, of these dtypes; it is kept with the setting."""
    key = (*question[1:], x.char, out.char)
    task = question.setting.tasks.get(key)
    if task is None:
        task = question.setting.tasks[key] = _task(question, x, out)
    return task


def on_copies(task: BlockTask) -> BlockTask:
    """The task on a copy of each block, for numbers that lie askew in memory, where every pass over them is slow."""

    def copied(block: Block, result: Block, part: slice) -> None:
        copy = scratch(block.dtype, block.size)[-1]
        np.copyto(copy, block)
        task(copy, result, part)

    return copied


def _task(question: Question, x: Type, out: Type) -> BlockTask:
    run, quick = _kernel(question)
    if run is None:
        return _by_pieces(question)
    computes = x if quick else _FLOAT64
    if x == out == computes and question.dtype in ("float64", computes):
        return lambda block, result, _: run(block, result, scratch(block.dtype, block.size))
    return _through_float64(run, question, quick=quick)


def _kernel(question: Question) -> tuple[BlockFunction | None, bool]:
    """The kernel's function that answers the question, if one does, and whether it is a fast one."""
    setting = question.setting
    quick = question.accuracy == "fast" and setting.fast is not None
    kernel = setting.fast if quick else setting.full
    if kernel is None or question.order > 1:
        return None, False
    if question.order == 0:
        return kernel.value, quick
    return (kernel.slope if question.at_kink == "convention" or not setting.pieces.knots else None), quick


def _through_float64(run: BlockFunction, question: Question, *, quick: bool) -> BlockTask:
    def task(block: Block, result: Block, _: slice) -> None:
        work = scratch(_FLOAT64, block.size)
        given, found = work[WORK], work[WORK + 1]
        np.copyto(given, block)
        run(given, found, work)
        if quick or question.dtype == "float64":
            result[...] = round_to(found, question.dtype)
        else:
            result[...] = rounded(question.setting.pieces, given, found, question.order, question.dtype)

    return task


def _by_pieces(question: Question) -> BlockTask:
    setting, order, dtype = question.setting, question.order, question.dtype

    def task(block: Block, result: Block, part: slice) -> None:
        pieces, wide = setting.pieces_at(part), np.asarray(block, dtype=_FLOAT64)
        near = finite(wide)
        y = piecewise.derivative(pieces, near, order, question.at_kink) if order else piecewise.value(pieces, near)
        y = rounded(pieces, near, y, order, dtype)
        result[...] = y if near is wide else settled(_at_the_ends(y, wide, question), wide, _limits(question))

    return task


def _at_the_ends(y: Array, x: Array, question: Question) -> Array:
    """Values at ±∞ of a function with a parameter for each element: endless with the sign of the largest number's."""
    if question.order or not question.setting.drawn:
        return y
    return np.where(np.isinf(x) & (y != 0), np.copysign(np.inf, y), y)


def _limits(question: Question) -> Iterable[float | None]:
    """At −∞ and +∞; a derivative has reached its limit at the largest numbers, unless the function has none."""
    if question.setting.drawn:
        return None, None
    limits = round_to(question.setting.limits, question.dtype)
    return [None if question.order and not np.isnan(limit) else limit for limit in limits]


def finite(x: Array) -> Array:
    """x with ±inf brought to the largest numbers, where every derivative has reached its limit, and NaN to 0."""
    return x if np.isfinite(x).all() else np.nan_to_num(x, nan=0.0, posinf=_LARGEST, neginf=-_LARGEST)


def settled(y: Array, x: Array, limits: Iterable[float | None]) -> Array:
    """The results for x that is not finite: NaN for NaN, and the limits at −∞ and +∞ that are given."""
    y = np.where(np.isnan(x), np.nan, y)
    for place, limit in zip((-np.inf, np.inf), limits, strict=True):
        y = y if limit is None else np.where(x == place, limit, y)
    return y
