"""How the paths that take NPY describe it in the published contract, beside the JSON they take."""

from copy import deepcopy

from pydantic_core import to_json

from service.api.documentation import QUESTION, Responses, problems
from service.api.examples import Json
from service.api.npy import NPY
from service.wire.evaluation import DerivativeRequest, EvaluateRequest
from service.wire.query import fields
from service.wire.schema import Schema

FAILURES = (*QUESTION, "malformed_npy", "wrong_item", "too_many_streams")

_WITH_NPY = f"Beside a body of `{NPY}` only."
_FILE = {"type": "string", "format": "binary"}
_ASKED = {
    "schema": _FILE
    | {
        "description": "One NPY file, as `numpy.save` writes it: x. Plain floats of 16, 32 or 64 bits, whose dtype is "
        "that of the answer, or integers of up to 64 bits, which are read as float64. What is asked stands in "
        "the query."
    },
    "example": "(the bytes of the file)",
}
_ANSWERED = {
    "schema": _FILE
    | {
        "description": f"One NPY file, for requests of `{NPY}` whose `Accept` names that type: y, dy or the Jacobian, "
        "little-endian. Elementwise answers have the shape and order of x, and are sent while x still comes in, "
        "however long it is: read while you send. `GET /limits` shows how much waits for clients that do not "
        "(`stream_buffer_bytes`), and for how long (`stream_stall_seconds`)."
    },
    "example": "(the bytes of the file)",
}
_PARAMETERS = {
    "name": "parameters",
    "in": "query",
    "style": "form",
    "explode": True,
    "required": False,
    "description": f"{_WITH_NPY} Parameters of the function, each an item of its own name or alias: "
    "`?activation=leaky_relu&negative_slope=0.2`. Numbers, `true`, `false` and `null` are written as in JSON, and text "
    "without quotes.",
    "schema": {"type": "object", "additionalProperties": {"type": ["number", "boolean", "string", "null"]}},
}


def taking_npy(extra: Json, *, derivative: bool) -> Json:
    """The request of an operation that takes NPY too: another body, and what goes into the query beside it."""
    taken = deepcopy(extra)
    taken["requestBody"]["content"][NPY] = _ASKED
    taken["parameters"] = [*_items(DerivativeRequest if derivative else EvaluateRequest), _PARAMETERS]
    return taken


def answering_npy(responses: Responses, path: str) -> Responses:
    """The answers of an operation that takes NPY too, whose failures include `FAILURES`."""
    answered = deepcopy(responses)
    answered[200]["content"][NPY] = _ANSWERED
    return answered | {415: problems(path, "neither_json_nor_npy")[415]}


def _items(model: type[EvaluateRequest | DerivativeRequest]) -> list[Json]:
    members = model.model_json_schema(schema_generator=Schema)["properties"]
    return [_item(name, dict(members[name])) for name in fields(model)]


def _item(name: str, schema: Json) -> Json:
    default = schema.pop("default", None)  # none is in force beside JSON: a client that sent it there would be refused
    told = "" if default is None else f" By default {to_json(default).decode()}."
    description = f"{_WITH_NPY} {schema.pop('description')}{told}"
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}
