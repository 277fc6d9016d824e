"""All weights and biases of a network as one vector, and the gradient of the loss by it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.flow import losses
from service.flow.losses import Goal
from service.flow.normalization import Numbers
from service.flow.propagation import Passed, Trace, backward, forward
from service.flow.unrolled import Dense, Step


@dataclass(frozen=True, eq=False)
class Weights:
    """One vector, and each layer's weights of (n_in, n_out) and bias of (n_out,), or None, as views of it."""

    vector: Numbers
    matrices: tuple[Numbers, ...]
    biases: tuple[Numbers | None, ...]

    @classmethod
    def joined(cls, matrices: Sequence[Numbers], biases: Sequence[Numbers | None]) -> "Weights":
        """A copy of these numbers in one vector."""
        pairs = zip(matrices, biases, strict=True)
        pieces = [array.reshape(-1) for pair in pairs for array in pair if array is not None]
        return _views(np.concatenate(pieces), matrices, biases)

    def like(self, vector: Numbers) -> "Weights":
        """The same views of another vector."""
        return _views(vector, self.matrices, self.biases)


def _views(vector: Numbers, matrices: Sequence[Numbers], biases: Sequence[Numbers | None]) -> Weights:
    start, found = 0, list[Numbers | None]()
    for array in (array for pair in zip(matrices, biases, strict=True) for array in pair):
        end = start if array is None else start + array.size
        found.append(None if array is None else vector[start:end].reshape(array.shape))
        start = end
    return Weights(vector, tuple(array for array in found[::2] if array is not None), tuple(found[1::2]))


@dataclass(frozen=True, eq=False)
class Samples:
    """Inputs of (batch, features), and what the loss compares the outputs with."""

    x: Numbers
    goal: Goal

    def rows(self, which: slice | np.ndarray[tuple[int], np.dtype[np.intp]]) -> "Samples":
        """Some of them."""
        return Samples(self.x[which], None if self.goal is None else self.goal[which])


@dataclass(frozen=True, eq=False)
class Passage:
    """What a batch left behind: its loss, the outputs, and what each layer kept for the way back."""

    loss: float
    y: Numbers
    layers: tuple[Passed, ...]


def value(steps: Sequence[Step], loss: str, weights: Weights, samples: Samples) -> Passage:
    """Send samples forward; numbers may overflow on the way."""
    with np.errstate(all="ignore"):
        y, trace = forward(steps, weights.matrices, weights.biases, samples.x)
        return Passage(losses.value_and_gradient(loss, y, samples.goal)[0], y, _layers(trace))


def gradient(steps: Sequence[Step], loss: str, weights: Weights, samples: Samples, into: Weights) -> Passage:
    """Send samples forward and the gradient back; ∂L/∂W and ∂L/∂b of all layers are written `into` weights."""

    def seen(step: Dense, passed: Passed, of_g: Numbers, _of_input: Numbers) -> None:
        np.matmul(passed.x.T, of_g, out=into.matrices[step.index])
        bias = into.biases[step.index]
        if bias is not None:
            np.sum(of_g, axis=0, out=bias)

    with np.errstate(all="ignore"):
        y, trace = forward(steps, weights.matrices, weights.biases, samples.x)
        found, upstream = losses.value_and_gradient(loss, y, samples.goal)
        backward(steps, weights.matrices, trace, upstream, seen)
        return Passage(found, y, _layers(trace))


def _layers(trace: Trace) -> tuple[Passed, ...]:
    return tuple(left for left in trace.values() if isinstance(left, Passed))
