"""The numbers of one trial: input, weights, biases and targets, drawn from the seed.

Each array has a random stream of its own, named by trial, purpose and layer, so that a change to one layer leaves the
numbers of the others as they are: what differs between two experiments is then what was changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.activations.model import Array
from service.flow.initializers import draw
from service.flow.losses import Goal
from service.flow.network import Drawn, Experiment, Given, SampledInput
from service.flow.normalization import Numbers
from service.flow.unrolled import Dense, Step, outputs

_INPUT, _WEIGHTS, _BIAS, _TARGETS, SHUFFLE = range(5)  # the purposes of random streams


@dataclass(frozen=True, eq=False)
class Drawing:
    """All numbers of one trial: x of (batch, features), a weight matrix and a bias for each layer, and the goal."""

    x: Numbers
    weights: tuple[Numbers, ...]
    biases: tuple[Numbers | None, ...]
    goal: Goal


@np.errstate(over="ignore")  # what float32 cannot hold becomes infinite, and is found where it is
def drawing(experiment: Experiment, steps: Sequence[Step], trial: int) -> Drawing:
    """The numbers of one trial, in the dtype of the experiment."""
    seed, dtype = experiment.seed, np.dtype(experiment.dtype)
    dense = [step for step in steps if isinstance(step, Dense)]
    shape = experiment.batch, experiment.features
    source = experiment.input.drawn if isinstance(experiment.input, SampledInput) else experiment.input
    return Drawing(
        x=_numbers(source, stream(seed, trial, _INPUT), shape).astype(dtype),
        weights=tuple(
            _numbers(step.layer.weights, stream(seed, trial, _WEIGHTS, step.index), (step.n_in, step.n_out)).astype(
                dtype, copy=False
            )
            for step in dense
        ),
        biases=tuple(
            None
            if step.layer.bias is None
            else _numbers(step.layer.bias, stream(seed, trial, _BIAS, step.index), (step.n_out,)).astype(dtype)
            for step in dense
        ),
        goal=_goal(experiment, (experiment.batch, outputs(tuple(steps))), trial),
    )


def _numbers(source: Drawn | Given, generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return source.values if isinstance(source, Given) else draw(source, generator, shape)


def _goal(experiment: Experiment, shape: tuple[int, int], trial: int) -> Goal:
    loss = experiment.loss
    if loss.name == "upstream":
        return loss.gradient
    if not isinstance(loss.targets, str):
        return loss.targets
    generator = stream(experiment.seed, trial, _TARGETS)
    if loss.name == "cross_entropy":
        return generator.integers(0, shape[1], shape[0])
    return generator.standard_normal(shape)


def stream(seed: int, trial: int, purpose: int, index: int = 0) -> np.random.Generator:
    """The random numbers for one purpose in one trial, of one layer if they are a layer's."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(trial, purpose, index))))
