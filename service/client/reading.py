"""JSON answers as frozen values: members that this version does not know are passed over."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, TypeVar

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import AfterValidator, PlainValidator, TypeAdapter, ValidationError

from service.client.failures import NotUnderstood

T = TypeVar("T")

Json = Any  # any: JSON is any of its types

_NON_FINITE = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def _number(value: Json) -> Json:
    """What is not finite comes by its name."""
    return _NON_FINITE.get(value, value) if isinstance(value, str) else value


Value = Annotated[bool | int | float | str | None, AfterValidator(_number)]
Values = Mapping[str, Value]
Grid = Annotated[NDArray[np.float64], PlainValidator(lambda rows: np.array(rows, np.float64))]  # None becomes NaN


def read(kind: type[T], body: bytes) -> T:
    """The answer of this kind; raises NotUnderstood if the body is not one."""
    return _validated(kind, _reader(kind).validate_json, body)  # type: ignore[arg-type]  # a class has a hash


def parsed(kind: type[T], members: Json) -> T:
    """The same of what was parsed already."""
    return _validated(kind, _reader(kind).validate_python, members)  # type: ignore[arg-type]  # a class has a hash


def _validated(kind: type[T], reader: Callable[[Json], Json], told: Json) -> T:
    try:
        answer: T = reader(told)
    except ValidationError as error:
        raise NotUnderstood(f"The answer is no {kind.__name__}: {error}") from None
    return answer


@cache
def _reader(kind: Any) -> TypeAdapter[Any]:  # noqa: ANN401  any: any type can be read
    return TypeAdapter(kind)


def loads(body: bytes) -> dict[str, Json]:
    """The members of an answer that holds arrays; raises NotUnderstood if the body is no object."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotUnderstood(f"The answer is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise NotUnderstood("The answer is no JSON object.")
    return found


def numbers_by_name(members: Mapping[str, Json]) -> dict[str, Json]:
    """The members, with numbers in the place of their names."""
    return {name: _number(value) for name, value in members.items()}
