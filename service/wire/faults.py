"""What pydantic found wrong, as faults in the words of the service."""

from difflib import get_close_matches
from itertools import islice
from typing import Any

from pydantic import BaseModel, ValidationError

from service.errors import ActiscopeError, Fault, InvalidInput, LimitExceeded
from service.wire.json import MAX_FAULTS

TAG = "⟨"  # how the tags of unions begin: pydantic puts them into the path, where clients know nothing of them
_LONGEST_ECHO = 64
_DETAILS = {
    "missing": "This field is required.",
    "model_type": "Must be an object.",
    "dict_type": "Must be an object.",
    "string_type": "Must be a string.",
    "string_too_short": "Must not be empty.",
    "string_too_long": "Must have at most {max_length} characters.",
    "int_type": "Must be an integer.",
    "bool_type": "Must be true or false.",
    "float_type": "Must be a number.",
    "finite_number": "Must be finite.",
    "list_type": "Must be an array.",
    "too_short": "Must have at least {min_length} elements.",
    "greater_than": "Must be greater than {gt}.",
    "less_than": "Must be less than {lt}.",
    "greater_than_equal": "Must be at least {ge}.",
    "less_than_equal": "Must be at most {le}.",
    "literal_error": "Must be {expected}.",
}


def clip(text: str, longest: int = _LONGEST_ECHO) -> str:
    """Text from outside, fit to be shown: not too long, and free of lone surrogates."""
    shown = text if len(text) <= longest else text[:longest] + "…"
    return shown.encode(errors="replace").decode()


def near_names(name: str, names: list[str]) -> list[str]:
    """The names most like this one, if any is."""
    return get_close_matches(name[:_LONGEST_ECHO], names, n=3)


def unknown_members(value: dict[str, Any], model: type[BaseModel]) -> list[Fault]:
    """A fault for each of the first members that the model does not have."""
    names = list(model.model_fields)
    unknown = (name for name in value if name not in names)
    return [_unknown(name, names) for name in islice(unknown, MAX_FAULTS)]


def explain(error: ValidationError, model: type[BaseModel]) -> ActiscopeError:
    """The faults of a refused request, or the limit it exceeds."""
    found = error.errors(include_url=False, include_input=False)[:MAX_FAULTS]
    for item in found:
        item["loc"] = tuple(step for step in item["loc"] if not str(step).startswith(TAG))
        if item["type"] == "limit":
            return LimitExceeded(item["ctx"]["limit"], item["msg"], item["loc"])
    return InvalidInput(*(_fault(item, list(model.model_fields)) for item in found))


def _fault(item: Any, names: list[str]) -> Fault:  # noqa: ANN401  pydantic's ErrorDetails, whose ctx is untyped
    if item["type"] == "extra_forbidden":
        return _unknown(item["loc"][-1], names)
    context = item.get("ctx", {})
    detail = _DETAILS.get(item["type"], "{msg}").format(**context, msg=item["msg"])
    return Fault((*item["loc"], *context.get("path", ())), detail)


def _unknown(name: str, names: list[str]) -> Fault:
    near = near_names(name, names)
    hint = f"Did you mean {near[0]!r}?" if near else f"The fields are {', '.join(names)}."
    return Fault((name,), f"There is no field {clip(name)!r}. {hint}")
