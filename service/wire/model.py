"""What all requests and answers share: frozen, strict, arrays as numpy arrays, non-finite numbers as strings."""

from collections.abc import Mapping
from itertools import chain
from math import inf, isfinite
from typing import Annotated, Any, Self

import numpy as np
import orjson
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainValidator,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError
from typing_extensions import TypeAliasType

from service.activations.model import Array as Numbers
from service.errors import InvalidInput, LimitExceeded
from service.settings import Settings, setting_name
from service.wire.arrays import read_array, write_array
from service.wire.faults import explain, unknown_members
from service.wire.json import MAX_FAULTS, NON_FINITE, Body, collection_paused, loads

_NAMES = {inf: "Infinity", -inf: "-Infinity"}

Number = TypeAliasType("Number", float)
NestedNumbers = TypeAliasType("NestedNumbers", "Number | list[NestedNumbers]")
Scalar = TypeAliasType("Scalar", Number | bool | str | None)


class PublishedAs:
    """Publishes a field with the schema of another type."""

    def __init__(self, published: TypeAdapter[Any]) -> None:  # any: any type is published so
        self.published = published

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Pydantic's hook for it."""
        return handler(self.published.core_schema)


def read_numbers(value: object, info: ValidationInfo) -> Numbers:
    """An array; its faults and limits become errors of pydantic, which knows the field: `path` leads on from there."""
    if isinstance(value, np.ndarray):
        return value
    try:
        return read_array(value, info.context or Settings())
    except InvalidInput as error:
        fault = error.faults[0]
        raise PydanticCustomError("array", "{detail}", {"detail": fault.detail, "path": fault.path}) from None
    except LimitExceeded as error:
        raise PydanticCustomError("limit", "{detail}", {"detail": str(error), "limit": error.limit}) from None


def _read_parameters(value: object, info: ValidationInfo) -> object:
    """Non-finite numbers come by name; how many parameters there may be is a setting."""
    if not isinstance(value, dict):
        return value
    allowed = (info.context or Settings()).max_parameters
    if len(value) > allowed:
        detail = f"There are {len(value)} parameters; {setting_name('max_parameters')} allows {allowed}."
        raise PydanticCustomError("parameters", "{detail}", {"detail": detail})
    return {name: NON_FINITE.get(item, item) if isinstance(item, str) else item for name, item in value.items()}


Array = Annotated[Numbers, PlainValidator(read_numbers), PublishedAs(TypeAdapter(NestedNumbers))]
Parameters = dict[str, Annotated[Any, PublishedAs(TypeAdapter(Scalar))]]  # any: the function knows the types of its own
GivenParameters = Annotated[Parameters, BeforeValidator(_read_parameters)]


class Wire(BaseModel):
    """A message: what is said of the numbers in it holds for every request and answer."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, ser_json_inf_nan="strings")


class Part(Wire):
    """An object inside a request; it names the members that it does not have, as a request does."""

    @model_validator(mode="before")
    @classmethod
    def _knows_its_members(cls, value: object) -> object:
        if isinstance(value, dict) and (faults := unknown_members(value, cls)):
            raise PydanticCustomError("member", "{detail}", {"detail": faults[0].detail, "path": faults[0].path})
        return value


class Request(Wire):
    """A message that comes in as JSON."""

    @classmethod
    def read(cls, body: Body, settings: Settings) -> Self:
        """Parse and validate; raises Malformed, InvalidInput or LimitExceeded."""
        with collection_paused():
            return cls._validated(loads(body, settings.max_depth, settings.max_members, settings.max_strings), settings)

    @classmethod
    def _validated(cls, value: Any, settings: Settings) -> Self:  # noqa: ANN401  JSON is any of its types
        if isinstance(value, dict) and len(value) > len(cls.model_fields) + MAX_FAULTS:
            raise InvalidInput(*unknown_members(value, cls))
        try:
            return cls.model_validate(value, context=settings)
        except ValidationError as error:
            raise explain(error, cls) from None


class Answer(Wire):
    """A message that goes out as JSON, without the fields that are None; arrays are written in the answer's dtype."""

    activation: str = Field(description="Canonical name of the function.")
    parameters: Parameters = Field(description="All parameters used, by their canonical names.")
    dtype: str = Field(description="The format whose values the numbers are.")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Publish fields that may be None as optional, not as null."""
        published = handler.resolve_ref_schema(handler(schema))
        for member in published["properties"].values():
            if member.pop("default", ...) is None:
                member.update(member.pop("anyOf")[0])
        return published

    def write(self) -> tuple[bytes, ...]:
        """The JSON text, arrays last, in parts that belong together: the texts of arrays may be large."""
        members = {name: value for name, value in self if value is not None}
        members["parameters"] = by_name(self.parameters)
        arrays = [name for name, value in members.items() if isinstance(value, np.ndarray)]
        written = [(b',"%b":' % name.encode(), write_array(members.pop(name), self.dtype)) for name in arrays]
        return orjson.dumps(members)[:-1], *chain.from_iterable(written), b"}"


def by_name(parameters: Mapping[str, object]) -> dict[str, object]:
    """Parameters as JSON has them: what is not finite becomes its name."""
    return {
        name: _NAMES.get(value, "NaN") if isinstance(value, float) and not isfinite(value) else value
        for name, value in parameters.items()
    }


def conflict(field: str, detail: str) -> PydanticCustomError:
    """An error of a whole model, blamed on one field of it."""
    return PydanticCustomError("conflict", "{detail}", {"detail": detail, "path": (field,)})
