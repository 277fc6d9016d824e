"""What a gradient flow may cost, told from the shapes before anything is computed."""

from service.errors import Limit, LimitExceeded, Path
from service.flow import losses
from service.flow.network import Experiment, Layer
from service.flow.unrolled import Cost, cost, depth, effort, outputs, unroll
from service.settings import Settings


def admit(experiment: Experiment, settings: Settings) -> Cost:
    """The estimated cost of one trial, if the network may be run.

    Raises
    ------
    InvalidInput
        Shapes that do not chain, or targets that do not fit.
    LimitExceeded
        Too many layers, too much memory, or too many operations; with the estimate.
    """
    if (layers := depth(experiment)) > settings.max_layers:
        limit = Limit("max_layers", settings.max_layers)
        raise LimitExceeded(limit, f"The network has {layers} layers; {limit.value} are allowed.", _deepest(experiment))
    steps = unroll(experiment)
    losses.check(experiment.loss, experiment.batch, outputs(steps))
    estimate = cost(steps, experiment)
    if estimate.bytes > settings.max_flow_bytes:
        limit = Limit("max_flow_bytes", settings.max_flow_bytes)
        detail = f"The request would take about {estimate.bytes} bytes of memory; {limit.value} are allowed."
        raise LimitExceeded(limit, detail, ("layers",))
    if (operations := effort(steps, experiment)) > settings.max_flow_operations:
        limit = Limit("max_flow_operations", settings.max_flow_operations)
        detail = f"The request would take about {operations:.2g} operations; {limit.value:.2g} are allowed."
        raise LimitExceeded(limit, detail, ("layers",))
    return estimate


def _deepest(experiment: Experiment) -> Path:
    """The entry that makes most layers."""
    counts = [
        entry.repeat * (1 if isinstance(entry, Layer) else sum(layer.repeat for layer in entry.layers))
        for entry in experiment.entries
    ]
    return "layers", counts.index(max(counts))


def admit_grid(points: int, settings: Settings) -> None:
    """Refuse a phase diagram of too many points."""
    if points > settings.max_grid_points:
        limit = Limit("max_grid_points", settings.max_grid_points)
        raise LimitExceeded(limit, f"The grid has {points} points; {limit.value} are allowed.", ("sigma_w",))
