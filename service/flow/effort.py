"""How long an experiment will take, in operations that the processor would do meanwhile: what admission goes by.

Matrix products are counted; what each function takes is measured once on this machine, so that these figures, unlike
those of ``unrolled.cost``, are not the same everywhere.
"""

from collections.abc import Iterable
from functools import lru_cache
from time import thread_time

import numpy as np

from service.activations.model import Activation, Value
from service.flow.functions import activate
from service.flow.network import Drawn, Experiment, Layer
from service.flow.unrolled import OUTPUTS_AT_ONCE, Dense, Step, cost, outputs

PER_SECOND = 5e10  # operations of a product in float64 on one core
_FIGURES = 40e-9  # seconds per entry of a layer for all figures of it, as measured
_STEP = 200e-6  # seconds that Python takes for a layer there and back with all figures
_BACK = 10e-6  # seconds that Python takes for a layer on a way back
_THEORY = 0.15  # seconds for the tables of a function that theory has not met
_ENTRIES = (32, 64)  # on which functions are timed


def effort(steps: tuple[Step, ...], experiment: Experiment) -> int:
    """Operations of all trials, and those that would be done while functions, figures, theory and Python take time."""
    layers = [step for step in steps if isinstance(step, Dense)]
    ways_back = min(experiment.jacobian_samples, experiment.batch) * -(-outputs(steps) // OUTPUTS_AT_ONCE)
    seconds = len(steps) * (_STEP + ways_back * _BACK) + of_functions(layers, experiment.batch, _FIGURES)
    kinds = {_key(step.layer) for step in layers}
    trial = cost(steps, experiment).operations + int(PER_SECOND * seconds)
    return experiment.trials * trial + int(PER_SECOND * _THEORY * (len(kinds) - 1))


def of_functions(layers: Iterable[Dense], batch: int, besides: float = 0.0) -> float:
    """Seconds that the functions of the layers take for a batch, with so much besides for each entry."""
    return sum(batch * step.n_out * (_price(*_key(step.layer)) + besides) for step in layers)


def _key(layer: Layer) -> tuple[Activation, tuple[tuple[str, Value], ...]]:
    return layer.activation, tuple(sorted(layer.parameters.items()))


@lru_cache(maxsize=1024)
def _price(function: Activation, parameters: tuple[tuple[str, Value], ...]) -> float:
    """Seconds of this thread for one entry, value and slope or pullback: the shortest of three tries."""
    layer = Layer(units=_ENTRIES[1], activation=function, parameters=dict(parameters), weights=Drawn("zeros"))
    g = np.random.Generator(np.random.PCG64(0)).standard_normal(_ENTRIES)
    return min(_time(layer, g) for _ in range(3)) / g.size


def _time(layer: Layer, g: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> float:
    start = thread_time()
    with np.errstate(all="ignore"):
        activated = activate(layer, g)
        activated.pullback(np.ones_like(activated.h))
    return thread_time() - start
