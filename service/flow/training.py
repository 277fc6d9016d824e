"""Training a network by stochastic gradient descent, and what happens to it step by step.

Each step takes a mini-batch, its loss L and gradient ∇L, and moves all weights and biases: v ← μv + ∇L, w ← w − ηv,
with the learning rate η and the momentum μ, as in PyTorch. The weights at the start are those of the gradient flow's
first trial; repeats of a layer share nothing. Batch normalization takes the statistics of whatever batch passes.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from service.activations.model import Array
from service.errors import Fault, InvalidInput, Path
from service.flow import losses
from service.flow.curvature import MOST_ITERATIONS, MOST_SAMPLES, rate_limit
from service.flow.datasets import fitted
from service.flow.drawing import SHUFFLE, drawing, stream
from service.flow.effort import PER_SECOND, of_functions
from service.flow.history import Active, Lives, Losses, Trail, TrainingRecord, TrainingSummary, active_units, dead_units
from service.flow.network import Drawn, Experiment, Loss, SampledInput
from service.flow.norms import norm
from service.flow.unrolled import Cost, Dense, Step, cost, mixes_samples, outputs, unroll
from service.flow.weights import Passage, Samples, Weights, gradient, value

DIVERGED = 1e3  # times the larger of the first loss and the loss of outputs 0
_BOUNDED = ("mse", "cross_entropy")
_PIECE = 512  # samples that are looked at together at the end
_PER_LAYER = 40e-6  # seconds that Python takes for a layer there and back, as measured
_VECTORS = 12  # vectors of all weights that are in use at a time, at most

Rows = slice | NDArray[np.intp]


@dataclass(frozen=True, eq=False, kw_only=True)
class Plan:
    """What is trained, on what, and how.

    The experiment holds the network, all samples to train on as its input and loss, and the learning rate; of its
    trials the first is trained, and no Jacobian is taken. For mse its targets may be classes. `targets_at` is where
    they stand in the request.
    """

    experiment: Experiment
    steps: int
    momentum: float = 0.0
    batch_size: int = 64
    shuffle: bool = True
    test: tuple[Array, NDArray[np.intp]] | None = None
    targets_at: Path = ("loss", "targets")

    @property
    def batch(self) -> int:
        """How many samples a step takes."""
        return min(self.batch_size, self.experiment.batch)


def budget(plan: Plan) -> Cost:
    """What the whole training takes: every step, the look at all samples at the end, and the learning rate's limit.

    Raises
    ------
    InvalidInput
        Shapes that do not chain.
    """
    steps = unroll(plan.experiment)
    layers = [step for step in steps if isinstance(step, Dense)]
    count, held_out = plan.experiment.batch, 0 if plan.test is None else len(plan.test[0])
    piece = _piece(steps, count)
    pieces = -(-count // piece) + -(-held_out // piece)
    step, look = (_there_and_back(plan, steps, batch) for batch in (plan.batch, piece))
    sharpness = _there_and_back(plan, steps, min(count, MOST_SAMPLES))
    vectors = _VECTORS * 8 * sum(step.n_out * (step.n_in + 1) for step in layers)
    return Cost(
        operations=plan.steps * step.operations + pieces * look.operations + 2 * MOST_ITERATIONS * sharpness.operations,
        bytes=max(step.bytes, look.bytes, sharpness.bytes) + vectors + 8 * plan.experiment.features * count,
    )


def sketch(plan: Plan, batch: int) -> Experiment:
    """The network with as many samples, whatever they are: what one pass of them costs."""
    batched = SampledInput(Drawn("normal"), plan.experiment.features, batch)
    return replace(plan.experiment, input=batched, loss=Loss(), jacobian_samples=0)


def _there_and_back(plan: Plan, steps: tuple[Step, ...], batch: int) -> Cost:
    once = cost(steps, sketch(plan, batch))
    layers = [step for step in steps if isinstance(step, Dense)]
    seconds = len(steps) * _PER_LAYER + of_functions(layers, batch)
    return Cost(once.operations + int(PER_SECOND * seconds), once.bytes)


def _piece(steps: tuple[Step, ...], count: int) -> int:
    """How many samples are looked at together at the end: all, if the network mixes them."""
    return count if mixes_samples(steps) else min(count, _PIECE)


class Trainer:
    """A network in training.

    Raises
    ------
    InvalidInput
        Shapes that do not chain, or targets that do not fit, before anything is computed.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._steps = unroll(plan.experiment)
        experiment = _fitted(plan, outputs(self._steps))
        drawn = drawing(experiment, self._steps, 0)
        self._loss = experiment.loss.name
        self._samples = Samples(drawn.x, drawn.goal)
        self.weights = Weights.joined(drawn.weights, drawn.biases)
        self._start = self.weights.vector.copy()
        self._gradient = self.weights.like(np.zeros_like(self._start))
        self._velocity = self.weights.like(np.zeros_like(self._start))
        self._batches = _batches(plan)
        self._trail, self._lives = Trail(self._start), Lives()
        self._first: TrainingRecord | None = None
        self._last: TrainingRecord | None = None
        self._bound = np.inf
        self._finite = True
        self._diverged_at: int | None = None

    def run(self) -> Iterator[TrainingRecord | TrainingSummary | None]:
        """A record of each step, then a summary; None is nothing yet, between pieces of longer work."""
        for _ in range(self._plan.steps):
            yield self.step()
            if not self._finite:
                break
        yield from self._summary()

    @np.errstate(all="ignore")  # what overflows is found by what it leaves
    def step(self) -> TrainingRecord:
        """Take a mini-batch and move the weights, unless the loss or its gradient is not finite."""
        batch = self._samples.rows(next(self._batches))
        passage = gradient(self._steps, self._loss, self.weights, batch, self._gradient)
        active = active_units(passage.layers)
        number = self._last.step + 1 if self._last else 1
        self._lives.note(number, active)
        if self._first is None:
            self._bound = self._largest_sound(passage, batch)
        norms = tuple(norm(matrix) for matrix in self._gradient.matrices)
        self._finite = isfinite(passage.loss) and bool(np.isfinite(self._gradient.vector).all())
        if self._finite:
            self._move(active)
        record = TrainingRecord(
            step=number,
            loss=passage.loss,
            accuracy=self._accuracy(passage, batch),
            gradient_norms=norms,
            dead_units=dead_units(active),
            path_ratio=self._trail.ratio,
            diverged=not self._finite or passage.loss > self._bound,
        )
        self._remember(record)
        return record

    def _largest_sound(self, first: Passage, batch: Samples) -> float:
        """The loss beyond which the training has diverged."""
        if self._loss not in _BOUNDED:
            return np.inf
        naught, _ = losses.value_and_gradient(self._loss, np.zeros_like(first.y), batch.goal)
        return DIVERGED * max(first.loss, naught)

    def _move(self, active: Active) -> None:
        velocity, weights = self._velocity.vector, self.weights.vector
        velocity *= self._plan.momentum
        velocity += self._gradient.vector
        before = weights.copy()
        weights -= self._plan.experiment.learning_rate * velocity
        moved = self.weights.like(np.subtract(weights, before, out=before))
        self._trail.follow(self.weights, moved, self._velocity, active)

    def _remember(self, record: TrainingRecord) -> None:
        self._first = self._first or record
        self._last = record
        if record.diverged and self._diverged_at is None:
            self._diverged_at = record.step

    def _accuracy(self, passage: Passage, samples: Samples) -> float | None:
        right = self._right(passage, samples)
        return None if right is None else right / len(samples.x)

    def _right(self, passage: Passage, samples: Samples) -> int | None:
        """How many samples are given their class; none whose outputs are not finite."""
        if self._loss != "cross_entropy":
            return None
        sound = np.isfinite(passage.y).all(axis=1)
        return int(np.count_nonzero((np.argmax(passage.y, axis=1) == samples.goal) & sound))

    def _summary(self) -> Iterator[TrainingSummary | None]:
        plan, first, last = self._plan, self._first, self._last
        assert first and last  # noqa: S101, PT018  there is at least one step
        survey = yield from self._survey(self._samples)
        held_out = None if self._loss != "cross_entropy" else self._held_out()
        tested = self._samples if held_out is None else held_out
        right = (survey if held_out is None else (yield from self._survey(held_out))).right
        start = self.weights.like(self._start)
        rate, momentum = plan.experiment.learning_rate, plan.momentum
        limit = yield from rate_limit(self._steps, self._loss, start, self._samples, rate, momentum)
        yield TrainingSummary(
            steps=last.step,
            loss=Losses(first.loss, last.loss, survey.loss),
            accuracy=None if right is None else right / len(tested.x),
            accuracy_of=None if right is None else "all samples" if held_out is None else "test",
            diverged_at=self._diverged_at,
            dead_units=dead_units(survey.active),
            died=self._lives.deaths(survey.active),
            zig_zag=self._trail.told(),
            learning_rate_limit=limit,
        )

    def _held_out(self) -> Samples | None:
        if self._plan.test is None:
            return None
        x, classes = self._plan.test
        return Samples(x.astype(self._plan.experiment.dtype), classes)

    def _survey(self, samples: Samples) -> Generator[None, None, "_Survey"]:
        """Loss, accuracy and active units over many samples, piece by piece unless the network mixes them."""
        count = len(samples.x)
        piece = _piece(self._steps, count)
        parts = list[_Survey]()
        for start in range(0, count, piece):
            part = samples.rows(slice(start, start + piece))
            passage = value(self._steps, self._loss, self.weights, part)
            share = len(part.x) / count
            loss = passage.loss if self._loss in ("sum", "upstream") else passage.loss * share
            parts.append(_Survey(loss, self._right(passage, part), active_units(passage.layers)))
            yield
        return _joined(parts)


@dataclass(frozen=True, eq=False)
class _Survey:
    """What was found over samples: their part in the loss, how many were given their class, and active units."""

    loss: float
    right: int | None
    active: Active


def _joined(parts: list[_Survey]) -> _Survey:
    right = [part.right for part in parts if part.right is not None]
    layers = zip(*(part.active for part in parts), strict=True)
    return _Survey(
        loss=sum(part.loss for part in parts),
        right=sum(right) if right else None,
        active=tuple(None if alive[0] is None else np.any(alive, axis=0) for alive in layers),
    )


def _fitted(plan: Plan, n_out: int) -> Experiment:
    """The experiment with its targets in the form of its loss; faults are told where the request has the targets."""
    experiment = plan.experiment
    try:
        loss = fitted(experiment.loss, n_out)
        losses.check(loss, experiment.batch, n_out)
    except InvalidInput as error:
        faults = (Fault(_moved(fault.path, plan.targets_at), fault.detail) for fault in error.faults)
        raise InvalidInput(*faults) from None
    return replace(experiment, loss=loss)


def _moved(path: Path, targets_at: Path) -> Path:
    if path[:2] != ("loss", "targets"):
        return path
    return (*targets_at, *path[2:]) if targets_at[-1] == "targets" else targets_at


def _batches(plan: Plan) -> Iterator[Rows]:
    """The samples of each step, without end: epoch by epoch in a new order, or always in theirs."""
    count, batch = plan.experiment.batch, plan.batch
    generator = stream(plan.experiment.seed, 0, SHUFFLE)
    whole = batch == count
    while True:
        order = generator.permutation(count) if plan.shuffle and not whole else None
        for start in range(0, count, batch):
            rows = slice(start, start + batch)
            yield rows if order is None else order[rows]
