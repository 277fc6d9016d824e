"""What a request of the Open Inference Protocol comes to, once it is understood: all but the bytes of its tensor.

The same few hundred bytes ask for the same again and again, so a plan holds whatever can be told from them beforehand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import orjson
from pydantic import ValidationError
from pydantic_core import to_json

from service import compute
from service.activations.model import Activation, Array, Value
from service.activations.parameters import bind
from service.errors import Fault, InvalidInput, Limit, LimitExceeded, MalformedTensorData, within
from service.settings import Settings
from service.wire.arrays import write_array
from service.wire.binary import Datatype, dtype_of, read_tensor, width, write_tensor
from service.wire.faults import explain
from service.wire.inference import (
    VERSION,
    InferenceInput,
    InferenceOptions,
    InferenceOutput,
    InferenceRequest,
    OutputName,
    outputs_of,
)

Part = bytes | memoryview

_LONGEST_NUMBER = 24  # bytes of a number in JSON, with its comma
_INPUT = ("inputs", 0)
_SHAPE = (*_INPUT, "shape")


@dataclass(frozen=True)
class Output:
    """A tensor of the answer, and whether it goes out as bytes."""

    name: OutputName
    binary: bool


@dataclass(frozen=True, eq=False)
class Plan:
    """A request that can be answered. `given` are the numbers of its JSON text, if they are there."""

    function: Activation
    parameters: Mapping[str, Value]
    options: InferenceOptions
    id: str | None
    datatype: Datatype
    shape: tuple[int, ...]
    given: Array | None
    outputs: tuple[Output, ...]
    output_shape: tuple[int, ...]

    @cached_property
    def dtype(self) -> str:
        """The format of the numbers."""
        return dtype_of(self.datatype)

    @cached_property
    def binary(self) -> bool:
        """Whether bytes follow the JSON text of the answer."""
        return any(output.binary for output in self.outputs)

    def read(self, content: memoryview) -> Array:
        """The input, of which these are the bytes that follow the JSON text.

        Raises
        ------
        MalformedTensorData
            They are more or fewer than the text says.
        """
        if content.nbytes != self._announced:
            detail = f"{content.nbytes} bytes follow the JSON text, which announces {self._announced}."
            raise MalformedTensorData(detail)
        return read_tensor(content, self.shape, self.datatype) if self.given is None else self.given

    @cached_property
    def _announced(self) -> int:
        return prod(self.shape) * width(self.datatype) if self.given is None else 0

    def write(self, arrays: Sequence[Array]) -> tuple[Part, ...]:
        """The answer: its JSON text, then the bytes of the outputs that go out so."""
        outputs = list(zip(self.outputs, arrays, strict=True))
        contents = [write_tensor(array, self.datatype) for output, array in outputs if output.binary]
        if len(contents) == len(outputs):
            return self._head, *contents
        return self._text({output.name: array for output, array in outputs if not output.binary}), *contents

    @cached_property
    def _head(self) -> bytes:
        """The JSON text of an answer whose outputs all go out as bytes: always the same."""
        return self._text({})

    def _text(self, data: Mapping[OutputName, Array]) -> bytes:
        size = prod(self.output_shape) * width(self.datatype)
        tensors = []
        for output in self.outputs:
            tensor: dict[str, object] = {"name": output.name, "datatype": self.datatype, "shape": self.output_shape}
            if output.binary:
                tensor["parameters"] = {"binary_data_size": size}
            else:
                tensor["data"] = orjson.Fragment(write_array(data[output.name].reshape(-1), self.dtype))
            tensors.append(tensor)
        members: dict[str, object] = {"model_name": self.function.name, "model_version": VERSION}
        if self.id is not None:
            members["id"] = self.id
        members["parameters"] = orjson.Fragment(to_json(self.parameters, inf_nan_mode="strings"))
        return orjson.dumps(members | {"outputs": tensors})


def raw_header(size: int) -> bytes:
    """The JSON text that a body of that many bytes without one stands for: one vector of FP64, answered as bytes.

    Raises
    ------
    MalformedTensorData
        If the bytes are no whole numbers.
    """
    length, rest = divmod(size, width("FP64"))
    if rest:
        raise MalformedTensorData(f"Without a JSON text the body holds numbers of 8 bytes; it has {size} bytes.")
    tensor = {"name": "x", "datatype": "FP64", "shape": [length], "parameters": {"binary_data_size": size}}
    return orjson.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}})


def plan(function: Activation, header: bytes, settings: Settings) -> Plan:
    """Understand the JSON text of a request to the function's model.

    Raises
    ------
    Malformed, InvalidInput, LimitExceeded
        It is not JSON, it asks for what cannot be, or for too much.
    """
    request = InferenceRequest.read(header, settings)
    options, parameters = _parameters(function, request.parameters)
    (tensor,) = request.inputs
    shape = tuple(tensor.shape)
    _admit(prod(max(length, 1) for length in shape), "max_elements", "The tensor has {} elements", settings)
    outputs = _outputs(function, request.outputs, binary=options.binary_data_output)
    output_shape = _output_shape(function, shape, parameters)
    _admit_answer(output_shape, tensor.datatype, outputs, settings)
    return Plan(
        function=function,
        parameters=parameters,
        options=options,
        id=request.id,
        datatype=tensor.datatype,
        shape=shape,
        given=_given(tensor, shape),
        outputs=outputs,
        output_shape=output_shape,
    )


def _parameters(function: Activation, given: Mapping[str, object]) -> tuple[InferenceOptions, dict[str, Value]]:
    """Those of every model, and those of the function."""
    general = {name: value for name, value in given.items() if name in InferenceOptions.model_fields}
    with within("parameters"):
        try:
            options = InferenceOptions.model_validate(general)
        except ValidationError as error:
            raise explain(error, InferenceOptions) from None
    return options, bind(function, {name: value for name, value in given.items() if name not in general})


def _outputs(function: Activation, asked: Sequence[InferenceOutput], *, binary: bool) -> tuple[Output, ...]:
    """The outputs as they are asked for, or all, each as it or the request says."""
    has = outputs_of(function)
    names = [output.name for output in asked]
    for index, name in enumerate(names):
        if name not in has:
            detail = f"{function.name} is a {function.kind} function, whose model has the output y only."
            raise InvalidInput.at("outputs", index, "name", detail=detail)
        if name in names[:index]:
            raise InvalidInput.at("outputs", index, "name", detail="This output is asked for twice.")
    choices = {output.name: output.parameters.binary_data for output in asked}
    return tuple(Output(name, binary if choices.get(name) is None else bool(choices[name])) for name in names or has)


def _output_shape(function: Activation, shape: tuple[int, ...], parameters: Mapping[str, Value]) -> tuple[int, ...]:
    """That of `y`; what is wrong with `x` is wrong with the shape of the input."""
    try:
        return compute.output_shape(function, shape, parameters)
    except InvalidInput as error:
        faults = (Fault(_SHAPE if fault.path == ("x",) else fault.path, fault.detail) for fault in error.faults)
        raise InvalidInput(*faults) from None


def _admit_answer(shape: tuple[int, ...], datatype: Datatype, outputs: Sequence[Output], settings: Settings) -> None:
    number = sum(width(datatype) if output.binary else _LONGEST_NUMBER for output in outputs)
    _admit(prod(shape) * number, "max_response_bytes", "The answer would take about {} bytes", settings)


def _admit(size: int, limit_name: str, told: str, settings: Settings) -> None:
    limit = Limit(limit_name, getattr(settings, limit_name))
    if size > limit.value:
        raise LimitExceeded(limit, f"{told.format(size)}; {limit.value} are allowed.", _SHAPE)


def _given(tensor: InferenceInput, shape: tuple[int, ...]) -> Array | None:
    """The numbers of the JSON text, in that shape; or None, if as many bytes as it needs are announced."""
    size = tensor.parameters.binary_data_size
    if (size is None) == (tensor.data is None):
        detail = "Give the numbers here, or as bytes, with `binary_data_size` among the parameters of this input."
        raise InvalidInput.at(*_INPUT, "data", detail=detail)
    if tensor.data is None:
        if size != (needed := prod(shape) * width(tensor.datatype)):
            detail = f"Must be {needed}, which is what the shape {list(shape)} of {tensor.datatype} takes."
            raise InvalidInput.at(*_INPUT, "parameters", "binary_data_size", detail=detail)
        return None
    found = tensor.data.shape
    if found not in (shape, (prod(shape),)):
        detail = f"Must be nested as the shape {list(shape)} says, or flat; it is nested as {list(found)}."
        raise InvalidInput.at(*_INPUT, "data", detail=detail)
    return tensor.data.reshape(shape)
