"""Questions in the query of an address, beside a body of numbers: its items say what the members of JSON would say."""

import re
from collections.abc import Mapping
from typing import Literal

import numpy as np
from pydantic import ValidationError

from service.activations.model import Activation, Array, Value
from service.activations.parameters import bind
from service.errors import within
from service.wire.evaluation import DerivativeRequest, EvaluateRequest
from service.wire.faults import explain
from service.wire.json import NON_FINITE, loads

IN_BODY = {
    "x": "The numbers are those of the body.",
    "dtype": "The dtype is that of the array in the body.",
    "parameters": "Parameters are query items of their own names.",
    "weights": "A layer's weights go with a body of JSON only.",
    "bias": "A layer's bias goes with a body of JSON only.",
    "upstream": "An upstream gradient goes with a body of JSON only.",
}

AnyQuestion = EvaluateRequest | DerivativeRequest
Kind = Literal["number", "integer", "boolean", "choice"]

_FIELDS: Mapping[str, Kind] = {"order": "integer", "seed": "integer", "jacobian": "boolean"}
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_WORDS = {"true": True, "false": False}
_NOWHERE: Array = np.empty(0)


def fields(model: type[AnyQuestion]) -> tuple[str, ...]:
    """The names of the items that a question has whatever its function is."""
    return tuple(name for name in model.model_fields if name not in IN_BODY)


def kinds(function: Activation) -> dict[str, Kind]:
    """What kind of value each parameter takes, by all its names."""
    aliases = {alias: parameter.type for parameter in function.parameters for alias in parameter.aliases}
    return aliases | {parameter.name: parameter.type for parameter in function.parameters}


def read_question(model: type[AnyQuestion], items: Mapping[str, str]) -> AnyQuestion:
    """The question that the items ask, at no x yet and without parameters; raises InvalidInput."""
    given = fields(model)
    members = {name: value_of(name, text, _FIELDS.get(name)) for name, text in items.items() if name in given}
    try:
        return model.model_validate({**members, "x": _NOWHERE})
    except ValidationError as error:
        raise explain(error, model) from None


def read_parameters(function: Activation, items: Mapping[str, str]) -> dict[str, Value]:
    """All parameters of the function; raises InvalidInput."""
    taken = kinds(function)
    return bind(function, {name: value_of(name, text, taken[name]) for name, text in items.items() if name in taken})


def value_of(name: str, text: str, kind: Kind | None) -> object:
    """What JSON would say; text that says nothing of the kind is left to be refused where the kind is known."""
    if kind is None or kind == "choice":
        return text
    if text == "null":
        return None
    if text in NON_FINITE:
        return NON_FINITE[text]
    if kind == "boolean":
        return _WORDS.get(text, text)
    with within(name):
        return loads(text.encode(), 1) if _NUMBER.fullmatch(text) else text
