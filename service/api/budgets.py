"""What a gradient flow may cost, told from the shapes before anything is computed."""

from service.errors import Limit, LimitExceeded, Path
from service.flow import losses
from service.flow.effort import effort
from service.flow.network import Experiment, Layer
from service.flow.unrolled import Cost, cost, depth, outputs, unroll
from service.settings import Settings


def admit(experiment: Experiment, settings: Settings) -> tuple[Cost, int]:
    """The estimated cost of one trial, and the operations that all of it amounts to, if the network may be run.

    Raises
    ------
    InvalidInput
        Shapes that do not chain, or targets that do not fit.
    LimitExceeded
        Too many layers, too much memory, or too many operations; with the estimate.
    """
    layers = depth(experiment)
    at_most("max_layers", layers, f"The network has {layers} layers", settings, _deepest(experiment))
    steps = unroll(experiment)
    losses.check(experiment.loss, experiment.batch, outputs(steps))
    estimate = cost(steps, experiment)
    amount = effort(steps, experiment)
    admit_cost(Cost(amount, estimate.bytes), "request", settings, ("layers",))
    return estimate, amount


def admit_cost(
    estimate: Cost, what: str, settings: Settings, path: Path, operations: str = "max_flow_operations"
) -> None:
    """Refuse what would take too much memory, or too many operations; `path` is what could be made smaller."""
    memory = f"The {what} would take about {estimate.bytes} bytes of memory"
    at_most("max_flow_bytes", estimate.bytes, memory, settings, ("layers",))
    work = f"The {what} would take about {estimate.operations:.2g} operations"
    at_most(operations, estimate.operations, work, settings, path)


def at_most(name: str, wanted: int, told: str, settings: Settings, path: Path) -> None:
    """Refuse what is more than the limit of that name allows."""
    limit = Limit(name, getattr(settings, name))
    if wanted > limit.value:
        raise LimitExceeded(limit, f"{told}; {limit.value} are allowed.", path)


def _deepest(experiment: Experiment) -> Path:
    """The entry that makes most layers."""
    counts = [
        entry.repeat * (1 if isinstance(entry, Layer) else sum(layer.repeat for layer in entry.layers))
        for entry in experiment.entries
    ]
    return "layers", counts.index(max(counts))
