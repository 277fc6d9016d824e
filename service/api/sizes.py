"""How large an answer will be, told from the shapes before anything is computed."""

from collections.abc import Mapping
from math import prod

from service.activations.model import Activation, Array
from service.errors import Limit, LimitExceeded, Path
from service.settings import Settings
from service.wire.evaluation import EvaluateRequest

MEMORY = 48  # bytes of a number while it is answered: as it is computed, rounded, and written in JSON

_BYTES = {"float64": 24, "float32": 16, "float16": 12, "bfloat16": 12}  # of a number in JSON, with its comma


def admit_layer(question: EvaluateRequest, weights: Array, settings: Settings) -> None:
    """Refuse an answer beyond the limits: y, and the preactivation."""
    size = layer_outputs(question, weights)
    admit(size, 2 * size, ("weights",), question.dtype, settings)


def layer_outputs(question: EvaluateRequest, weights: Array) -> int:
    """How many outputs a layer has for all of its inputs."""
    return prod(question.x.shape[:-1]) * (weights.shape[-1] if weights.ndim else 1)


def rows(function: Activation, parameters: Mapping[str, object], shape: tuple[int, ...]) -> int:
    """How many rows a Jacobian has for each number of an x of that shape: one for every value answered."""
    axis = parameters.get("axis", -1)
    if function.kind not in ("vector", "gated") or not isinstance(axis, int) or not -len(shape) <= axis < len(shape):
        return 1
    return shape[axis] if function.kind == "vector" else shape[axis] // 2


def admit(elements: int, numbers: int, path: Path, dtype: str, settings: Settings) -> None:
    """Refuse an answer beyond the limits: `elements` stand in its largest array, `numbers` in all of it."""
    if elements > settings.max_elements:
        limit = Limit("max_elements", settings.max_elements)
        raise LimitExceeded(limit, f"The answer would have {elements} numbers; {limit.value} are allowed.", path)
    if (size := numbers * _BYTES[dtype]) > settings.max_response_bytes:
        limit = Limit("max_response_bytes", settings.max_response_bytes)
        raise LimitExceeded(limit, f"The answer would take about {size} bytes; {limit.value} are allowed.", path)
