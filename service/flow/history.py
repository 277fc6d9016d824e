"""What is told of a training: a record of each step and a summary; and what keeps count for them on the way.

Layers are counted from 0 with repeats and blocks written out, and figures by layer stand in that order. A figure that
is not defined is None. A unit is dead on some samples if its slope f′ is 0 on all of them; functions of vectors, which
have no slopes, have no dead units to count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from service.flow.normalization import Numbers
from service.flow.norms import norm, ratio
from service.flow.propagation import Passed
from service.flow.weights import Weights

Active = tuple[NDArray[np.bool_] | None, ...]  # of each layer, which units are not dead


@dataclass(frozen=True)
class TrainingRecord:
    """One step: a mini-batch passed, then the weights were moved.

    `loss`, `accuracy` (the share of right classes, for cross_entropy), `gradient_norms` (‖∂L/∂W‖ by layer) and
    `dead_units` (by layer) are those of the mini-batch before the weights are moved; `path_ratio` is that of all steps
    so far. `diverged`: the loss or a gradient is not finite, which ends the training; or the loss, one that has a
    lower bound (mse, cross_entropy), is beyond 1000 times the larger of the first loss and the loss of outputs 0.
    """

    step: int
    loss: float
    accuracy: float | None
    gradient_norms: tuple[float, ...]
    dead_units: tuple[int | None, ...]
    path_ratio: float | None
    diverged: bool


@dataclass(frozen=True)
class Death:
    """So many `units` of a layer that are dead on all samples at the end were last active on the batch of `step`.

    Step 0 stands for units that never were.
    """

    step: int
    layer: int
    units: int


@dataclass(frozen=True)
class ZigZag:
    """How straight the weights and biases went, as one vector.

    `path_ratio` is the length of the path over the distance of its ends: 1 is straight. `mean_cosine` is that of the
    angles between successive moves, -1 for going to and fro; `one_sign_fraction` the share, over all moves and the
    units that were not dead, in which all weights of the unit that have a gradient moved up, or all moved down.
    """

    path_length: float
    net_displacement: float
    path_ratio: float | None
    mean_cosine: float | None
    one_sign_fraction: float | None


@dataclass(frozen=True)
class LearningRateLimit:
    """Beyond which learning rate steps over all samples grow: `value` = 2(1 + momentum)/`lambda_max`.

    `lambda_max` is the largest eigenvalue of the loss's Hessian. `exact`: it is the same everywhere, and was computed
    (one linear layer and mse); otherwise it was measured where the training starts. `remark` says what that means.
    """

    value: float | None
    lambda_max: float | None
    exact: bool
    exceeded: bool | None
    remark: str


@dataclass(frozen=True)
class Losses:
    """Of the first mini-batch before any step, of the last one before the last step, and of all samples at the end."""

    first: float
    last: float
    end: float


@dataclass(frozen=True)
class TrainingSummary:
    """What became of the training.

    `steps` is how many were recorded, `diverged_at` the first that had diverged. `accuracy` (for cross_entropy) is the
    share of right classes among `accuracy_of`: the held-out test part of the data if it has one, else all samples.
    `dead_units` by layer are those on all samples at the end, and `died` tells when they fell silent.
    """

    steps: int
    loss: Losses
    accuracy: float | None
    accuracy_of: Literal["test", "all samples"] | None
    diverged_at: int | None
    dead_units: tuple[int | None, ...]
    died: tuple[Death, ...]
    zig_zag: ZigZag
    learning_rate_limit: LearningRateLimit


def active_units(layers: Sequence[Passed]) -> Active:
    """Which units of each layer have a slope on any of these samples."""
    slopes = (layer.activated.slope for layer in layers)
    return tuple(None if slope is None else np.asarray(slope.any(axis=0)) for slope in slopes)


def dead_units(active: Active) -> tuple[int | None, ...]:
    """How many units of each layer are dead."""
    return tuple(None if alive is None else int(alive.size - np.count_nonzero(alive)) for alive in active)


class Lives:
    """Remembers of each unit when it was last active."""

    def __init__(self) -> None:
        self._last: tuple[NDArray[np.intp] | None, ...] = ()

    def note(self, step: int, active: Active) -> None:
        """These units are active on the batch of the step."""
        if not self._last:
            self._last = tuple(None if alive is None else np.zeros(alive.size, dtype=np.intp) for alive in active)
        for last, alive in zip(self._last, active, strict=True):
            if last is not None and alive is not None:
                last[alive] = step

    def deaths(self, active: Active) -> tuple[Death, ...]:
        """When those fell silent that are not active at the end, the first ones first."""
        found = list[Death]()
        for layer, (last, alive) in enumerate(zip(self._last, active, strict=True)):
            if last is not None and alive is not None:
                steps, counts = np.unique(last[~alive], return_counts=True)
                found += [Death(int(step), layer, int(count)) for step, count in zip(steps, counts, strict=True)]
        return tuple(sorted(found, key=lambda death: (death.step, death.layer)))


class Trail:
    """Follows the weights on their way: how far, in which directions, and with which signs."""

    def __init__(self, start: Numbers) -> None:
        self._start = start
        self._length = self._distance = 0.0
        self._direction: Numbers | None = None
        self._cosines = self._turns = 0.0
        self._coherent = self._counted = 0

    def follow(self, weights: Weights, moved: Weights, pushed: Weights, active: Active) -> None:
        """The weights `moved` by so much, where they were `pushed` by momentum and gradient, and are now there.

        A weight that is pushed may stay where it is, as rounding has it.
        """
        length = norm(moved.vector)
        self._length += length
        self._distance = norm(weights.vector - self._start)
        direction = moved.vector / length if length else None
        if direction is not None and self._direction is not None:
            self._cosines += float(direction @ self._direction)
            self._turns += 1
        self._direction = direction
        for up, push, alive in zip(moved.matrices, pushed.matrices, active, strict=True):
            one_sign = _one_sign(up, push)
            self._coherent += int(np.count_nonzero(one_sign if alive is None else one_sign & alive))
            self._counted += one_sign.size if alive is None else int(np.count_nonzero(alive))

    @property
    def ratio(self) -> float | None:
        """Length of the path over the distance of its ends."""
        return ratio(self._length, self._distance)

    def told(self) -> ZigZag:
        """All figures."""
        return ZigZag(
            path_length=self._length,
            net_displacement=self._distance,
            path_ratio=self.ratio,
            mean_cosine=self._cosines / self._turns if self._turns else None,
            one_sign_fraction=self._coherent / self._counted if self._counted else None,
        )


def _one_sign(moved: Numbers, pushed: Numbers) -> NDArray[np.bool_]:
    """Which columns went all up or all down, leaving out what was not pushed."""
    least, most = np.min(moved, axis=0), np.max(moved, axis=0)
    stuck = ((moved == 0) & (pushed != 0)).any(axis=0)
    return np.asarray(((least >= 0) & (most > 0) | (most <= 0) & (least < 0)) & ~stuck)
