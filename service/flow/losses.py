"""The losses, with their gradients by the outputs y of (batch, n).

sum Σy · mean Σy/(batch·n) · mse Σ(y − t)²/(batch·n) · cross_entropy −Σ ln softmax(y)[t]/batch · upstream Σ G·y.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.activations.model import Array
from service.errors import InvalidInput
from service.flow.network import Loss

Numbers = NDArray[np.floating[Any]]  # any: float64 or float32, as the experiment says
Goal = Array | NDArray[np.intp] | None


def check(loss: Loss, batch: int, n_out: int) -> None:
    """Refuse targets, classes or a gradient that do not fit outputs of (batch, n_out).

    Raises
    ------
    InvalidInput
        At ("loss", …), with the place of the first class that does not exist.
    """
    if loss.gradient is not None:
        _check_shape(loss.gradient, (batch, n_out), "gradient")
    if not isinstance(loss.targets, np.ndarray):
        return
    if loss.name == "mse":
        _check_shape(loss.targets, (batch, n_out), "targets")
        return
    _check_shape(loss.targets, (batch,), "targets")
    wrong = (loss.targets != np.floor(loss.targets)) | (loss.targets < 0) | (loss.targets >= n_out)
    if wrong.any():
        place = int(np.argmax(wrong))
        found = f"sample {place} has {loss.targets[place]:g}"
        detail = f"Must be a class from 0 to {n_out - 1}, since the last layer has {n_out} outputs; {found}."
        raise InvalidInput.at("loss", "targets", place, detail=detail)


def _check_shape(array: Array, shape: tuple[int, ...], member: str) -> None:
    if array.shape != shape:
        wanted = "the class of each sample" if len(shape) == 1 else "batch × outputs of the last layer"
        detail = f"Must have the shape {list(shape)} ({wanted}); it has {list(array.shape)}."
        raise InvalidInput.at("loss", member, detail=detail)


def value_and_gradient(name: str, y: Numbers, goal: Goal) -> tuple[float, Numbers]:
    """The loss and ∂L/∂y in the shape and dtype of y; `goal` holds targets, classes or the upstream gradient."""
    loss, gradient = _LOSSES[name](y.astype(np.float64), goal)
    return loss, gradient.astype(y.dtype)


def _sum(y: Array, _goal: Goal) -> tuple[float, Array]:
    return float(np.sum(y)), np.ones_like(y)


def _mean(y: Array, _goal: Goal) -> tuple[float, Array]:
    return float(np.mean(y)), np.full_like(y, 1 / y.size)


def _mse(y: Array, goal: Goal) -> tuple[float, Array]:
    distance = y - np.asarray(goal, dtype=np.float64)
    return float(np.mean(distance * distance)), 2 / y.size * distance


def _cross_entropy(y: Array, goal: Goal) -> tuple[float, Array]:
    """The gradient at the true class is −Σ of the other probabilities, and ln Σeʸ a log1p: neither cancels as p → 1."""
    rows = np.arange(len(y))
    here, largest = (rows, np.asarray(goal, dtype=np.intp)), (rows, np.argmax(y, axis=1))
    shifted = y - y[largest][:, np.newaxis]
    powers = np.exp(shifted)
    powers[largest] = 0.0
    others = np.sum(powers, axis=1, keepdims=True)
    loss = np.mean(np.log1p(others[:, 0]) - shifted[here])
    powers[largest] = 1.0
    total = 1.0 + others
    probability = powers / total
    probability[here] = 0.0
    probability[here] = -np.sum(probability, axis=1)
    return float(loss), probability / len(y)


def _upstream(y: Array, goal: Goal) -> tuple[float, Array]:
    gradient = np.asarray(goal, dtype=np.float64)
    return float(np.sum(gradient * y)), gradient


_LOSSES: dict[str, Callable[[Array, Goal], tuple[float, Array]]] = {
    "sum": _sum,
    "mean": _mean,
    "mse": _mse,
    "cross_entropy": _cross_entropy,
    "upstream": _upstream,
}
