"""Messages of the Open Inference Protocol (KServe V2): what a client asks of a model, and what it is answered.

Each function of the catalogue is a model with one input, `x`, and the outputs `y` and, if it is elementwise,
`derivative`. How their numbers travel as bytes is told in ``service.wire.binary``.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from service.activations.model import Activation, Elementwise
from service.compute import AtKink
from service.settings import Settings, setting_name
from service.wire.binary import Datatype
from service.wire.evaluation import MAX_SEED
from service.wire.model import Array, GivenParameters, Parameters, Part, Request, Wire

MAX_ID = 1000
VERSION = "1"  # of every model

OutputName = Literal["y", "derivative"]


def _refuse_more(value: object, allowed: int, detail: str) -> object:
    """Of a list that is too long, the first element too many is at fault, and none is looked at."""
    if isinstance(value, list) and len(value) > allowed:
        raise PydanticCustomError("too_many", "{detail}", {"detail": detail, "path": (allowed,)})
    return value


def _one_input(value: object) -> object:
    return _refuse_more(value, 1, "Every model has one input, x.")


def _two_outputs(value: object) -> object:
    return _refuse_more(value, 2, "There are two outputs at most, y and derivative.")


def _few_dimensions(value: object, info: ValidationInfo) -> object:
    allowed = (info.context or Settings()).max_rank
    return _refuse_more(value, allowed, f"{setting_name('max_rank')} allows {allowed} dimensions.")


Length = Annotated[int, Field(ge=0)]
Shape = Annotated[list[Length], BeforeValidator(_few_dimensions)]


class InferenceInputParameters(Part):
    """How the numbers of the input are sent."""

    binary_data_size: int | None = Field(
        default=None, ge=0, description="Bytes of the tensor, which follow the JSON text, instead of `data`."
    )


class InferenceInput(Part):
    """The input tensor."""

    name: Literal["x"] = Field(description="There is one input, `x`.")
    shape: Shape = Field(description="Lengths of the dimensions; none for a single number.")
    datatype: Datatype = Field(description="Format of the numbers, which the outputs have too.")
    parameters: InferenceInputParameters = InferenceInputParameters()
    data: Array | None = Field(
        default=None, description="The numbers: one flat list, row by row, or lists nested as `shape` says."
    )


class InferenceOutputParameters(Part):
    """How the numbers of an output are answered."""

    binary_data: bool | None = Field(
        default=None, description="As bytes after the JSON text, or as `data` in it; without it, as the request says."
    )


class InferenceOutput(Part):
    """An output that is asked for."""

    name: OutputName = Field(description="`y`, or `derivative`, which only elementwise functions have.")
    parameters: InferenceOutputParameters = InferenceOutputParameters()


class InferenceRequest(Request):
    """A question to a model: its input, the outputs wanted, and the parameters of the function."""

    id: str | None = Field(default=None, max_length=MAX_ID, description="Repeated in the answer.")
    parameters: GivenParameters = Field(
        default={},
        description="Parameters of the function by name or alias, and those of InferenceOptions, which every model "
        "has; `NaN` and infinities by those names.",
    )
    inputs: Annotated[list[InferenceInput], BeforeValidator(_one_input)] = Field(
        min_length=1, description="The input; there is one."
    )
    outputs: Annotated[list[InferenceOutput], BeforeValidator(_two_outputs)] = Field(
        default=[], description="The outputs wanted, in this order; without any, all that there are."
    )


class InferenceOptions(Part):
    """What every model takes in `parameters`, beside those of its function.

    A model has no state and no queue of its own, so `sequence_*`, `priority` and `timeout`, which clients of the
    protocol may send, change nothing.
    """

    binary_data_output: bool = Field(default=False, description="Whether outputs come as bytes if they say nothing.")
    accuracy: Literal["full", "fast"] = Field(default="full", description="As in EvaluateRequest.")
    order: int = Field(default=1, ge=1, le=4, description="Which derivative the output `derivative` is.")
    at_kink: AtKink = Field(default="convention", description="As in DerivativeRequest.")
    seed: int | None = Field(default=None, ge=0, le=MAX_SEED, description="As in EvaluateRequest.")
    sequence_id: int | Annotated[str, Field(max_length=MAX_ID)] | None = Field(
        default=None, description="Changes nothing: no model has a state."
    )
    sequence_start: bool = Field(default=False, description="Changes nothing.")
    sequence_end: bool = Field(default=False, description="Changes nothing.")
    priority: int = Field(default=0, ge=0, description="Changes nothing: requests are answered as they come.")
    timeout: int | None = Field(default=None, ge=0, description="Changes nothing.")


class BinarySize(Wire):
    """How the numbers of an output are sent."""

    binary_data_size: int = Field(description="Bytes of the tensor, which follow the JSON text and those before it.")


class InferenceTensor(Wire):
    """An output."""

    name: OutputName
    datatype: Datatype = Field(description="That of the input.")
    shape: tuple[int, ...] = Field(description="Lengths of the dimensions; none for a single number.")
    parameters: BinarySize | None = None
    data: Array | None = Field(default=None, description="The numbers in one flat list, row by row.")


class InferenceResponse(Wire):
    """The outputs of a model; members that say nothing are absent."""

    model_name: str = Field(description="Canonical name of the function.")
    model_version: str
    id: str | None = Field(default=None, description="That of the request.")
    parameters: Parameters = Field(description="All parameters of the function that were used, by canonical names.")
    outputs: tuple[InferenceTensor, ...]


class ServerMetadata(Wire):
    """The service as a server of models."""

    name: str
    version: str
    extensions: tuple[str, ...] = Field(description="Extensions of the protocol that are spoken here.")


class TensorMetadata(Wire):
    """An input or an output."""

    name: str
    datatype: Datatype = Field(
        default="FP64", description="The protocol has room for one; FP32, FP16 and BF16 are taken and answered too."
    )
    shape: tuple[int, ...] = Field(
        default=(-1,), description="For an input of one dimension, of any length (-1); there may be more, or none."
    )


class ModelMetadata(Wire):
    """A model: its tensors, and the parameters that its function takes, with their defaults."""

    name: str = Field(description="Canonical name of the function.")
    versions: tuple[str, ...] = (VERSION,)
    platform: str = "actiscope"
    inputs: tuple[TensorMetadata, ...] = (TensorMetadata(name="x"),)
    outputs: tuple[TensorMetadata, ...]
    parameters: Parameters


class ServerLive(Wire):
    """The server is alive."""

    live: Literal[True] = True


class ServerReady(Wire):
    """The server accepts work."""

    ready: Literal[True] = True


class ModelReady(Wire):
    """The model accepts work."""

    name: str = Field(description="Canonical name of the function.")
    ready: Literal[True] = True


def outputs_of(function: Activation) -> tuple[OutputName, ...]:
    """The outputs that the function's model has."""
    return ("y", "derivative") if isinstance(function, Elementwise) else ("y",)


def metadata(function: Activation) -> ModelMetadata:
    """What is published of the function's model."""
    shape = () if function.kind == "reduction" else (-1,)
    outputs = tuple(TensorMetadata(name=name, shape=shape) for name in outputs_of(function))
    return ModelMetadata(name=function.name, outputs=outputs, parameters=function.defaults())
