"""The network as the signal meets it: repeats written out, shapes chained, and what it will cost.

The steps are layers in order, with a Fork where a block begins and a Join where it ends.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.activations.model import AlongAxis, Reduction
from service.compute import output_shape
from service.errors import Fault, InvalidInput, Path
from service.flow.initializers import law
from service.flow.network import Block, Drawn, Experiment, Given, Layer, Normalization

OUTPUTS_AT_ONCE = 64  # whose gradients go back together when a Jacobian is taken
_AXES = (-1, 1)  # the units of a (batch, units) array
_ROOM = 2**21  # bytes of the blocks in which functions and sums are computed
_IN_THE_MAKING = 4, 33  # float64 arrays of a layer that are there at once: usually, and in functions of vectors


@dataclass(frozen=True)
class Dense:
    """One layer in its place: `index` counts from 0, `path` leads to it in the request."""

    index: int
    layer: Layer
    n_in: int
    n_out: int
    path: Path


@dataclass(frozen=True)
class Fork:
    """A block begins: the signal is kept for the residual connection, and normalized."""

    normalization: Normalization | None


@dataclass(frozen=True)
class Join:
    """A block ends: its output is scaled, and the kept signal added."""

    residual: bool
    scale: float


Step = Dense | Fork | Join


@dataclass(frozen=True)
class Cost:
    """Floating-point operations and bytes that one trial takes, estimated from the shapes."""

    operations: int
    bytes: int


def depth(experiment: Experiment) -> int:
    """Number of layers when all repeats are written out; costs nothing, however many they are."""
    return sum(
        entry.repeat if isinstance(entry, Layer) else entry.repeat * sum(layer.repeat for layer in entry.layers)
        for entry in experiment.entries
    )


def unroll(experiment: Experiment) -> tuple[Step, ...]:
    """All steps in order.

    Raises
    ------
    InvalidInput
        Shapes that do not chain, at the layer where they do not.
    """
    return tuple(_steps(experiment))


def _steps(experiment: Experiment) -> Iterator[Step]:
    width, index = experiment.features, 0
    for number, entry in enumerate(experiment.entries):
        for _ in range(entry.repeat):
            start = width
            if isinstance(entry, Block):
                yield Fork(entry.pre_normalization)
            for layer, path in _layers(entry, number):
                dense = _chained(index, layer, width, path)
                yield dense
                width, index = _width(dense), index + 1
            if isinstance(entry, Block):
                _check_block(entry, start, width, ("layers", number, "block"))
                yield Join(entry.residual, entry.scale)


def _layers(entry: Layer | Block, number: int) -> Iterator[tuple[Layer, Path]]:
    """The layers of one repetition of an entry."""
    if isinstance(entry, Layer):
        yield entry, ("layers", number)
        return
    for position, layer in enumerate(entry.layers):
        for _ in range(layer.repeat):
            yield layer, ("layers", number, "block", position)


def _chained(index: int, layer: Layer, width: int, path: Path) -> Dense:
    """The layer in its place, if its explicit arrays fit."""
    if isinstance(layer.weights, Given) and layer.weights.values.shape != (width, layer.units):
        found = "×".join(map(str, layer.weights.values.shape)) + _of_tensor(layer.weights)
        detail = f"Layer {index} takes {width} inputs to {layer.units} units: weights must be {width}×{layer.units} "
        hint = _transposed(layer.weights, width)
        raise InvalidInput(Fault((*path, "weights"), f"{detail}(n_in × n_out), not {found}.{hint}"))
    if isinstance(layer.bias, Given) and layer.bias.values.shape != (layer.units,):
        found = "×".join(map(str, layer.bias.values.shape)) or "a single number"
        detail = f"Layer {index} has {layer.units} units: bias has {found}{_of_tensor(layer.bias)}."
        raise InvalidInput(Fault((*path, "bias"), detail))
    dense = Dense(index, layer, width, layer.units, path)
    if isinstance(layer.activation, AlongAxis):
        _check_axis(dense)
    return dense


def _of_tensor(given: Given) -> str:
    return "" if given.tensor is None else f" (tensor {given.tensor!r}, {given.layout or 'n_in × n_out'})"


def _transposed(weights: Given, width: int) -> str:
    """A hint, where the weights stand as PyTorch has them."""
    if weights.values.ndim != 2 or weights.values.shape[1] != width:
        return ""
    return ' They look like n_out × n_in: transpose them, or give a tensor with "layout": "pytorch".'


def _check_axis(dense: Dense) -> None:
    function, axis = dense.layer.activation, dense.layer.parameters["axis"]
    if axis not in _AXES:
        detail = f"Layer {dense.index} applies {function.name} to the units of each sample: axis must be -1 or 1."
        raise InvalidInput(Fault((*dense.path, "parameters", "axis"), detail))
    if function.kind == "gated" and dense.n_out % 2:
        detail = f"Layer {dense.index} halves its units by {function.name}: their number, {dense.n_out}, must be even."
        raise InvalidInput(Fault((*dense.path, "units"), detail))


def _width(dense: Dense) -> int:
    """How many numbers a sample has behind the layer; a reduction leaves one."""
    layer = dense.layer
    if isinstance(layer.activation, Reduction):
        return 1
    return output_shape(layer.activation, (1, dense.n_out), layer.parameters)[-1]


def _check_block(block: Block, start: int, end: int, path: Path) -> None:
    if block.residual and start != end:
        detail = f"The block takes {start} numbers to {end}; a residual connection needs as many out as in."
        raise InvalidInput(Fault(path, detail))


def outputs(steps: tuple[Step, ...]) -> int:
    """How many numbers a sample has behind the last layer."""
    return _width(next(step for step in reversed(steps) if isinstance(step, Dense)))


def mixes_samples(steps: Sequence[Step]) -> bool:
    """Whether an output depends on other samples of the batch."""
    return any(
        step.layer.normalization == "batch" if isinstance(step, Dense) else step.normalization == "batch"
        for step in steps
        if not isinstance(step, Join)
    )


def cost(steps: tuple[Step, ...], experiment: Experiment) -> Cost:
    """What one trial takes.

    Operations: three products per layer, orthogonal matrices, and the ways back of the Jacobian with its singular
    values; what functions take besides is in ``service.flow.effort``. Bytes: all weights, what each layer keeps for
    the way back (activation and slope, or more if it is normalized), and room for what is in the making: a layer's
    arrays in float64, the gradient of its weights, the drawing of these or of the input, and the Jacobian.
    """
    item, batch = (4 if experiment.dtype == "float32" else 8), experiment.batch
    layers = [step for step in steps if isinstance(step, Dense)]
    weights = sum(step.n_in * step.n_out for step in layers)
    kept = sum(step.n_out * (3 if step.layer.normalization else 2) for step in layers)
    widest = max(step.n_out for step in layers)
    largest = max(step.n_in * step.n_out for step in layers)
    samples = min(experiment.jacobian_samples, batch)
    making = 8 * _IN_THE_MAKING[any(isinstance(step.layer.activation, AlongAxis) for step in layers)]
    together = batch if mixes_samples(steps) else 1
    matrix = sorted((outputs(steps), experiment.features)) if samples else (0, 0)
    rows = outputs(steps) * together if samples else 0
    at_once = min(rows, OUTPUTS_AT_ONCE * together)
    return Cost(
        operations=6 * batch * weights
        + 2 * samples * rows * weights
        + 4 * samples * matrix[0] ** 2 * matrix[1]
        + sum(map(_of_rotation, layers)),
        bytes=item * (weights + largest + batch * (kept + experiment.features))
        + batch * widest * (making + 4 * item)
        + 3 * 8 * max(largest, batch * experiment.features)
        + making * at_once * max(widest, experiment.features)
        + 4 * 8 * matrix[0] * matrix[1]
        + _ROOM,
    )


def _of_rotation(step: Dense) -> int:
    """Operations by which orthogonal weights are drawn: a QR factorization."""
    if not (isinstance(step.layer.weights, Drawn) and law(step.layer.weights) == "orthogonal"):
        return 0
    return 4 * max(step.n_in, step.n_out) * min(step.n_in, step.n_out) ** 2
