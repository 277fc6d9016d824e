"""From the request for a gradient flow to the experiment that it describes."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from re import split
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from service.activations import lookup
from service.activations.model import Activation, Array, Value
from service.activations.parameters import bind
from service.errors import Fault, InvalidInput, LimitExceeded, Path, UnknownActivation, within
from service.flow.initializers import INPUTS, drawn
from service.flow.network import Block, Drawn, Experiment, Given, Layer, Loss, SampledInput
from service.wire.flow import GradientFlowRequest, NetworkRequest
from service.wire.networks import (
    BlockDescription,
    Entry,
    GivenInputDescription,
    Input,
    LayerDescription,
    LossDescription,
    ModelDescription,
    SampledInputDescription,
    TensorReference,
)

Tensors = Mapping[str, NDArray[Any]]  # any: of the dtype that was uploaded


class _Once(dict[str, NDArray[Any]]):  # any: of the dtype that was uploaded
    """Tensors of an upload, each of which is read once, in however many places it stands."""

    def __init__(self, tensors: Tensors) -> None:
        super().__init__(tensors)
        self._read: dict[tuple[str, str | None], Array] = {}

    @classmethod
    def of(cls, tensors: Tensors) -> Self:
        """The same tensors."""
        return tensors if isinstance(tensors, cls) else cls(tensors)

    def read(self, name: str, layout: str | None) -> Array:
        """The numbers, all finite; matrices in PyTorch's layout are turned."""
        if (name, layout) not in self._read:
            values = np.asarray(self[name], dtype=np.float64)
            turned = values.T if layout == "pytorch" and values.ndim == 2 else values
            self._read[name, layout] = _finite(np.asarray(turned, order="C"), name)
        return self._read[name, layout]


def experiment_of(request: GradientFlowRequest, tensors: Tensors) -> Experiment:
    """The experiment; raises InvalidInput or UnknownActivation, which name the layer."""
    tensors = _Once.of(tensors)
    with within("input"):
        given = input_of(request.input, tensors)
    return Experiment(
        input=given,
        entries=entries_of(request, tensors),
        loss=loss_of(request.loss, tensors),
        seed=request.seed,
        trials=request.trials,
        dtype=request.dtype,
        learning_rate=request.learning_rate,
        jacobian_samples=request.jacobian.samples,
    )


@contextmanager
def blamed_on_model(request: NetworkRequest) -> Iterator[None]:
    """What is wrong with layers that come from `model` is blamed on it, and what is wrong in a tensor on its name."""
    try:
        yield
    except InvalidInput as error:
        faults = (Fault(_in_request(fault.path, request), fault.detail) for fault in error.faults)
        raise InvalidInput(*faults) from None
    except LimitExceeded as error:
        raise LimitExceeded(error.limit, str(error), _in_request(error.path, request)) from None


def _in_request(path: Path, request: NetworkRequest) -> Path:
    if path[:1] == ("layers",) and request.model is not None:
        return ("model",)
    if path[:2] == ("loss", "targets") and isinstance(request.loss.targets, TensorReference):
        return path[:2]
    return path


def entries_of(request: NetworkRequest, tensors: Tensors) -> tuple[Layer | Block, ...]:
    """The layers and blocks of a request, in order."""
    tensors = _Once.of(tensors)
    if request.model is not None:
        with within("model"):
            return tuple(_whole_model(request.model, tensors))
    entries = list[Layer | Block]()
    for index, entry in enumerate(request.layers or ()):
        with within("layers", index):
            entries.append(_entry(entry, tensors))
    return tuple(entries)


def _entry(entry: Entry, tensors: Tensors) -> Layer | Block:
    if isinstance(entry, LayerDescription):
        return _layer(entry, tensors)
    assert isinstance(entry, BlockDescription)  # noqa: S101  there are no other entries
    layers = list[Layer]()
    for index, layer in enumerate(entry.block):
        with within("block", index):
            layers.append(_layer(layer, tensors))
    return Block(
        layers=tuple(layers),
        residual=entry.residual,
        pre_normalization=entry.pre_normalization,
        scale=entry.scale,
        repeat=entry.repeat,
    )


def _layer(given: LayerDescription, tensors: Tensors) -> Layer:
    function = lookup(given.activation)
    parameters = bind(function, given.parameters)
    with within("weights"):
        weights = _source(given.weights, tensors, rank=2)
    with within("bias"):
        bias = None if given.bias is None else _source(given.bias, tensors, rank=1)
    return Layer(
        units=_units(given, weights),
        activation=function,
        parameters=parameters,
        weights=weights,
        bias=bias,
        normalization=given.normalization,
        repeat=given.repeat,
    )


def _units(given: LayerDescription, weights: Drawn | Given) -> int:
    if given.units is not None:
        return given.units
    if isinstance(weights, Drawn):
        raise InvalidInput.at("units", detail="This field is required where the weights are drawn.")
    return int(weights.values.shape[1])


def _source(given: Drawn | TensorReference | Array, tensors: Tensors, rank: int) -> Drawn | Given:
    if isinstance(given, Drawn):
        return given
    values, name, layout = array_of(given, tensors)
    if values.ndim != rank:
        wanted = "2 axes (n_in × n_out)" if rank == 2 else "1 axis (n_out)"
        raise InvalidInput.at(detail=f"Must have {wanted}; it has {values.ndim}.")
    if not values.size:
        raise InvalidInput.at(detail=f"Must hold at least one number; the shape is {list(values.shape)}.")
    return Given(values, name, layout)


class _Found(NamedTuple):
    values: Array
    tensor: str | None = None
    layout: Any = None  # any: the one layout there is, or none


def array_of(given: Array | TensorReference, tensors: Tensors) -> _Found:
    """Finite numbers of the body or of the upload; matrices in PyTorch's layout are turned."""
    if isinstance(given, TensorReference):
        if given.tensor not in tensors:
            names = ", ".join(list(tensors)[:8]) or "none, since nothing was uploaded"
            raise InvalidInput.at("tensor", detail=f"There is no tensor {given.tensor[:64]!r}; there are {names}.")
        return _Found(_Once.of(tensors).read(given.tensor, given.layout), given.tensor, given.layout)
    return _Found(_finite(given))


def _finite(values: Array, tensor: str | None = None) -> Array:
    if np.isfinite(values).all():
        return values
    place = tuple(np.argwhere(~np.isfinite(values))[0].tolist())  # of a number without axes: ()
    detail = f"Must be finite; {tensor or 'the array'} holds {values[place]} at {list(place)}."
    raise InvalidInput.at(*(() if tensor else place), detail=detail)


def input_of(given: Input, tensors: Tensors) -> SampledInput | Given:
    """The input of a request; a batch of numbers must be one."""
    if isinstance(given, SampledInputDescription):
        chosen = {name: getattr(given, name) for name in ("mean", "std", "low", "high")}
        set_ones = {name: value for name, value in chosen.items() if value is not None}
        return SampledInput(drawn(given.distribution, set_ones, INPUTS, "distribution"), given.features, given.batch)
    inside: Path = ("values",) if isinstance(given, GivenInputDescription) else ()
    with within(*inside):
        found = array_of(given.values if isinstance(given, GivenInputDescription) else given, tensors)
        if found.values.ndim != 2 or 0 in found.values.shape:
            shape = list(found.values.shape)
            raise InvalidInput.at(detail=f"Must be batch × features, with at least one of each; the shape is {shape}.")
    return Given(found.values, found.tensor, found.layout)


def loss_of(given: LossDescription, tensors: Tensors) -> Loss:
    """The loss; what the targets must look like is checked once the network's outputs are known."""
    if given.gradient is not None:
        with within("loss", "gradient"):
            return Loss(given.name, gradient=array_of(given.gradient, tensors).values)
    if given.name in ("sum", "mean"):
        return Loss(given.name)
    if given.targets is None or isinstance(given.targets, str):
        return Loss(given.name, targets="random")
    with within("loss", "targets"):
        return Loss(given.name, targets=array_of(given.targets, tensors).values)


def weight_names(tensors: Iterable[str]) -> list[str]:
    """Of names of tensors those of weights, in the order of their layers."""
    return sorted((name for name in tensors if name.endswith(".weight")), key=_natural)


def _whole_model(model: ModelDescription, tensors: Tensors) -> Iterator[Layer]:
    """A layer for each pair of tensors `*.weight` and `*.bias`, in natural order."""
    names = weight_names(tensors)
    if not names:
        raise InvalidInput.at(detail="The upload holds no tensor whose name ends with .weight.")
    for index, name in enumerate(names):
        last = index == len(names) - 1
        function, parameters = _function(model, last=last)
        weights = _tensor(name, tensors, rank=2)
        yield Layer(
            units=weights.values.shape[1],
            activation=function,
            parameters=parameters,
            weights=weights,
            bias=_bias(name.removesuffix("weight") + "bias", tensors),
        )


def _function(model: ModelDescription, *, last: bool) -> tuple[Activation, Mapping[str, Value]]:
    if last:
        try:
            function = lookup(model.output_activation)
        except UnknownActivation as error:
            raise UnknownActivation(error.name, error.near, ("output_activation",)) from None
        return function, function.defaults()
    function = lookup(model.activation)
    return function, bind(function, model.parameters)


def _tensor(name: str, tensors: Tensors, rank: int) -> Given:
    reference = TensorReference(tensor=name, layout="pytorch")
    try:
        source = _source(reference, tensors, rank)
    except InvalidInput as error:
        raise InvalidInput.at(detail=f"The tensor {name!r}: {error}") from None
    assert isinstance(source, Given)  # noqa: S101  a tensor is given
    return source


def _bias(name: str, tensors: Tensors) -> Given | None:
    return _tensor(name, tensors, rank=1) if name in tensors else None


def _natural(name: str) -> list[list[tuple[int, str]]]:
    """Numbers in the name count as numbers: layers.2 comes before layers.10, and fc before fc2."""
    return [_between_dots(part) for part in name.split(".")]


def _between_dots(text: str) -> list[tuple[int, str]]:
    parts = enumerate(split(r"([0-9]+)", text))
    return [_number(part.lstrip("0")) if place % 2 else (-1, part) for place, part in parts]


def _number(digits: str) -> tuple[int, str]:
    """What orders numbers of any length."""
    return len(digits), digits
