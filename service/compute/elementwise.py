"""Elementwise functions on arrays: values, one-sided derivatives at kinks, limits at infinity, in bounded memory."""

from collections.abc import Callable

import numpy as np

from service.activations.model import Block, Elementwise, Parameters
from service.compute.blocks import BlockTask, blockwise
from service.compute.bound import bound
from service.compute.dtypes import round_to
from service.compute.piecewise import AtKink
from service.compute.tasks import Accuracy, Question, Type, finite, on_copies, settled, task_for
from service.numerics.scratch import scratch

_FLOAT64, _FLOAT32 = np.dtype(np.float64), np.dtype(np.float32)
_ENDLESS = 1e200  # what is larger at the largest numbers grows without end; what is smaller than its inverse fades


def value(
    function: Elementwise,
    x: Block,
    parameters: Parameters,
    dtype: str = "float64",
    accuracy: Accuracy = "full",
) -> Block:
    """f(x) in the shape of x, rounded to the dtype.

    Parameters
    ----------
    x
        float64 or float32 numbers in any shape.
    accuracy
        'full': computed in float64 and rounded once. 'fast': by the function's fast kernel, in the dtype of x, where it
        has one.

    Returns
    -------
    ndarray
        float32 if x is or if `dtype` is, else float64.
    """
    return _answered(Question(bound(function, parameters), 0, dtype, accuracy), x)


def asking(
    function: Elementwise,
    parameters: Parameters,
    order: int = 0,
    at_kink: AtKink = "convention",
    accuracy: Accuracy = "full",
) -> Callable[[Block], Block]:
    """What `value` (order 0) or `derivative` answers to any float64 x: what is the same for all is found once."""
    task = task_for(Question(bound(function, parameters), order, "float64", accuracy, at_kink), _FLOAT64, _FLOAT64)

    def answer(x: Block) -> Block:
        return _filled(task, x, np.empty(x.shape))

    return answer


def derivative(
    function: Elementwise,
    x: Block,
    parameters: Parameters,
    order: int = 1,
    at_kink: AtKink = "convention",
    dtype: str = "float64",
    accuracy: Accuracy = "full",
) -> Block:
    """f⁽ⁿ⁾(x) in the shape of x, rounded as values are; at ±inf its limit there."""
    return _answered(Question(bound(function, parameters), order, dtype, accuracy, at_kink), x)


def pullback(
    function: Elementwise,
    x: Block,
    parameters: Parameters,
    upstream: Block,
    at_kink: AtKink = "convention",
    dtype: str = "float64",
    accuracy: Accuracy = "full",
) -> Block:
    """upstream · f′(x) in the shape of x, the product rounded once; upstream is in that shape too."""
    result = _new(x, dtype)
    setting, factors = bound(function, parameters), _flat(upstream)
    natively = result.dtype == _FLOAT32 and accuracy == "fast" and setting.fast is not None and x.dtype == _FLOAT32
    wanted = result.dtype if natively else _FLOAT64
    inner = task_for(Question(setting, 1, dtype if natively else "float64", accuracy, at_kink), x.dtype, wanted)

    def task(block: Block, found: Block, part: slice) -> None:
        slope = scratch(wanted, block.size)[-1]
        inner(block, slope, part)
        np.multiply(slope, factors[part], slope, casting="same_kind")
        found[...] = round_to(slope, dtype)

    return _filled(task, x, result)


def partial(function: Elementwise, x: Block, parameters: Parameters, name: str) -> Block:
    """∂f/∂parameter at x, in the shape of x."""
    formula, setting = function.partials[name], bound(function, parameters)

    def task(block: Block, result: Block, part: slice) -> None:
        wide = np.asarray(block, dtype=_FLOAT64)
        near = finite(wide)
        slopes = formula(near, **setting.local(part))
        if near is wide:
            result[...] = slopes
            return
        endless = np.isinf(wide) & (np.abs(slopes) > _ENDLESS)
        fading = np.isinf(wide) & (np.abs(slopes) < 1 / _ENDLESS)
        slopes = np.where(endless, np.copysign(np.inf, slopes), np.where(fading, 0.0, slopes))
        result[...] = settled(slopes, wide, (None, None))

    return _filled(task, x, _new(x, "float64"))


def _answered(question: Question, x: Block) -> Block:
    result = _new(x, question.dtype)
    return _filled(task_for(question, x.dtype, result.dtype), x, result)


def _new(x: Block, dtype: str) -> Block:
    return np.empty(x.shape, _wanted(x, dtype))


def _wanted(x: Block, dtype: str) -> Type:
    return _FLOAT32 if dtype == "float32" or x.dtype == _FLOAT32 else _FLOAT64


def _filled(task: BlockTask, x: Block, result: Block) -> Block:
    flat = _flat(x)
    blockwise(task if flat.flags.aligned else on_copies(task), flat, result.reshape(-1))
    return result


def _flat(x: Block) -> Block:
    return x if x.ndim == 1 and x.flags.c_contiguous else np.ascontiguousarray(x).reshape(-1)
