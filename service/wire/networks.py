"""Networks as they travel: layers and blocks, initializers and arrays, inputs and losses."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    TypeAdapter,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from service.activations.model import Array as Numbers
from service.errors import InvalidInput, Limit
from service.flow.initializers import ALIASES, BIASES, WEIGHTS, Rule, drawn
from service.flow.network import Drawn
from service.settings import Settings
from service.wire.evaluation import MAX_NAME
from service.wire.faults import TAG
from service.wire.model import Array, GivenParameters, NestedNumbers, Part, PublishedAs, Scalar, conflict, read_numbers
from service.wire.tensors import MAX_TENSOR_NAME

MAX_SIZE = 2**24


class TensorReference(Part):
    """A tensor of the upload, wherever an array may stand."""

    tensor: str = Field(
        min_length=1, max_length=MAX_TENSOR_NAME, description="Name of the tensor in the uploaded file."
    )
    layout: Literal["pytorch"] | None = Field(
        default=None, description="`pytorch`: weights stand as n_out × n_in. Null means as in JSON, n_in × n_out."
    )


class InitializerDescription(Part):
    """An initializer with its parameters; for the schema only."""

    model_config = Part.model_config | {"extra": "allow"}

    __pydantic_extra__: dict[str, Scalar]
    initializer: str


Source = Drawn | TensorReference | Numbers


def _read_source(rules: dict[str, Rule]) -> PlainValidator:
    def read(value: object, info: ValidationInfo) -> Source:
        if isinstance(value, dict) and "tensor" in value:
            return TensorReference.model_validate(value, context=info.context)
        if not isinstance(value, str | dict):
            return read_numbers(value, info)
        given = dict(value) if isinstance(value, dict) else {"initializer": value}
        name = given.pop("initializer", None)
        try:
            if not isinstance(name, str):
                detail = "Must be an array, the name of an initializer, or an object with `initializer` or `tensor`."
                raise InvalidInput.at(detail=detail)
            return drawn(name, given, rules)
        except InvalidInput as error:
            fault = error.faults[0]
            path = () if isinstance(value, str) else fault.path
            raise PydanticCustomError("source", "{detail}", {"detail": fault.detail, "path": path}) from None

    return PlainValidator(read)


def _published(names: list[str]) -> Any:  # noqa: ANN401  any: a type that is made here
    named: Any = Literal[tuple(names)]  # any: the names are those of a table
    return PublishedAs(TypeAdapter(named | InitializerDescription | TensorReference | NestedNumbers))


_WEIGHT_NAMES, _BIAS_NAMES = [*WEIGHTS, *ALIASES], list(BIASES)
Weights = Annotated[Source, _read_source(WEIGHTS), _published(_WEIGHT_NAMES)]
Bias = Annotated[Source, _read_source(BIASES), _published(_BIAS_NAMES)]


def _array_or_tensor(value: object) -> str:
    return TAG + "tensor" if isinstance(value, dict | TensorReference) else TAG + "array"


ArrayOrTensor = Annotated[
    Annotated[Array, Tag(TAG + "array")] | Annotated[TensorReference, Tag(TAG + "tensor")],
    Discriminator(_array_or_tensor),
]


class LayerDescription(Part):
    """A dense layer: g = xW + b, normalized if asked, then h = f(g)."""

    units: int | None = Field(
        default=None, ge=1, le=MAX_SIZE, description="Number of units; needed unless `weights` are an array."
    )
    activation: str = Field(min_length=1, max_length=MAX_NAME, description="Name or alias of any function.")
    parameters: GivenParameters = Field(default={}, description="Parameters of the function, by name or alias.")
    weights: Weights = Field(
        description="An array (n_in × n_out), a tensor of the upload, or an initializer: its name, or an object "
        '`{"initializer": name, …parameters}` with the definitions of torch.nn.init.'
    )
    bias: Bias | None = Field(
        default=Drawn("zeros"),
        description="Likewise, of n_out numbers; `zeros` by default. Null: the layer has none.",
        json_schema_extra={"default": "zeros"},
    )
    normalization: Literal["layer", "batch", "rms"] | None = Field(
        default=None, description="Of the preactivation, before the function, without affine parameters."
    )
    repeat: int = Field(default=1, ge=1, le=MAX_SIZE, description="How many times the layer stands in a row.")

    @property
    def depth(self) -> int:
        """Number of layers when repeats are written out."""
        return self.repeat


class BlockDescription(Part):
    """Layers as one: x + scale · block(norm(x)), or without the residual connection scale · block(norm(x))."""

    block: list[LayerDescription] = Field(min_length=1, description="The layers of the block; blocks do not nest.")
    residual: bool = Field(default=True, description="Whether the block's input is added to its output.")
    pre_normalization: Literal["layer", "rms"] | None = Field(
        default=None, description="Normalization of the block's input."
    )
    scale: float = Field(default=1.0, allow_inf_nan=False, ge=-1e100, le=1e100, description="Factor of the output.")
    repeat: int = Field(default=1, ge=1, le=MAX_SIZE, description="How many times the block stands in a row.")

    @property
    def depth(self) -> int:
        """Number of layers when repeats are written out."""
        return self.repeat * sum(layer.depth for layer in self.block)


def _layer_or_block(value: object) -> str:
    is_block = "block" in value if isinstance(value, dict) else isinstance(value, BlockDescription)
    return TAG + "block" if is_block else TAG + "layer"


Entry = Annotated[
    Annotated[LayerDescription, Tag(TAG + "layer")] | Annotated[BlockDescription, Tag(TAG + "block")],
    Discriminator(_layer_or_block),
]


def _few_enough(value: object, info: ValidationInfo) -> object:
    """Entries that are surely more than there may be layers are refused before each of them is looked at."""
    limit = Limit("max_layers", (info.context or Settings()).max_layers)
    entries = value if isinstance(value, list) else ()
    blocks = (entry.get("block") if isinstance(entry, dict) else None for entry in entries)
    layers = sum(len(block) if isinstance(block, list) else 1 for block in blocks)
    if layers > limit.value:
        detail = f"The network has at least {layers} layers; {limit.value} are allowed."
        raise PydanticCustomError("limit", "{detail}", {"detail": detail, "limit": limit})
    return value


Entries = Annotated[list[Entry], Field(min_length=1), BeforeValidator(_few_enough)]


class ModelDescription(Part):
    """A whole network from an upload: all pairs `*.weight` and `*.bias`, in natural order of their names."""

    layout: Literal["pytorch"] = Field(default="pytorch", description="Weights stand as n_out × n_in.")
    activation: str = Field(min_length=1, max_length=MAX_NAME, description="Function of all layers but the last.")
    parameters: GivenParameters = Field(default={}, description="Parameters of that function.")
    output_activation: str = Field(
        default="identity", min_length=1, max_length=MAX_NAME, description="Function of the last layer."
    )


class SampledInputDescription(Part):
    """A batch drawn from a distribution: `mean` and `std` belong to normal, `low` and `high` to uniform."""

    distribution: Literal["normal", "uniform"]
    features: int = Field(ge=1, le=MAX_SIZE)
    batch: int = Field(ge=1, le=MAX_SIZE)
    mean: float | None = Field(default=None, allow_inf_nan=False, description="0 by default.")
    std: float | None = Field(default=None, allow_inf_nan=False, description="1 by default.")
    low: float | None = Field(default=None, allow_inf_nan=False, description="0 by default.")
    high: float | None = Field(default=None, allow_inf_nan=False, description="1 by default.")


class GivenInputDescription(Part):
    """A batch of the caller's own."""

    values: ArrayOrTensor = Field(description="Of batch × features.")


def _which_input(value: object) -> str:
    members = value if isinstance(value, dict) else ()
    which = "tensor" if "tensor" in members else "values" if "values" in members else "distribution"
    return TAG + which


Input = Annotated[
    Annotated[SampledInputDescription, Tag(TAG + "distribution")]
    | Annotated[GivenInputDescription, Tag(TAG + "values")]
    | Annotated[TensorReference, Tag(TAG + "tensor")],
    Discriminator(_which_input),
]


def _random_or_given(value: object) -> str:
    return TAG + ("random" if isinstance(value, str) else "given")


Targets = Annotated[
    Annotated[Literal["random"], Tag(TAG + "random")] | Annotated[ArrayOrTensor, Tag(TAG + "given")],
    Discriminator(_random_or_given),
]
NEEDS = {"mse": "targets", "cross_entropy": "targets", "upstream": "gradient"}


LossName = Literal["sum", "mean", "mse", "cross_entropy"]  # what needs nothing beside its name


class LossDescription(Part):
    """What is differentiated; mse is the mean over all elements, cross_entropy has its softmax inside."""

    name: Literal["sum", "mean", "mse", "cross_entropy", "upstream"]
    targets: Targets | None = Field(
        default=None,
        description="For mse of batch × n_out, for cross_entropy the index of the class of each sample; or `random`, "
        "which is also the default.",
    )
    gradient: ArrayOrTensor | None = Field(default=None, description="∂L/∂y for upstream, of batch × n_out.")

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        for member in ("targets", "gradient"):
            if getattr(self, member) is not None and NEEDS.get(self.name) != member:
                raise conflict(member, f"The loss {self.name} takes no {member}.")
        if self.name == "upstream" and self.gradient is None:
            raise conflict("gradient", "The loss upstream needs the gradient ∂L/∂y.")
        return self


def _named(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


LossOrName = Annotated[LossDescription, BeforeValidator(_named, json_schema_input_type=LossDescription | LossName)]
