"""As much of JSON Schema as the published contract uses."""

from collections.abc import Callable
from typing import Any

JsonValue = Any  # JSON is any of its types

TYPES: dict[str, tuple[type, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "null": (type(None),),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}
ANNOTATIONS = {"default", "description", "title", "examples", "format"}


def complaints(value: JsonValue, schema: dict[str, Any], root: dict[str, Any], at: str = "") -> list[str]:
    """What is wrong with a value, where; an unknown keyword is an error of this module."""
    found: list[str] = []
    if "type" in schema and (wrong := _type(value, schema["type"], root, at)):
        return wrong
    for keyword, rule in schema.items():
        if keyword not in ANNOTATIONS:
            found += CHECKS[keyword](value, rule, root, at)
    if "properties" in schema and isinstance(value, dict):
        others = schema.get("additionalProperties", True)
        unknown = set(value) - set(schema["properties"])
        found += [f"{at}/{name}: unknown" for name in unknown if others is False]
    return found


def _ref(value: JsonValue, rule: str, root: dict[str, Any], at: str) -> list[str]:
    return complaints(value, root["components"]["schemas"][rule.removeprefix("#/components/schemas/")], root, at)


def _any_of(value: JsonValue, rule: list[dict[str, Any]], root: dict[str, Any], at: str) -> list[str]:
    return [] if any(not complaints(value, one, root, at) for one in rule) else [f"{at}: {value!r} is none of {rule}"]


def _one_of(value: JsonValue, rule: list[dict[str, Any]], root: dict[str, Any], at: str) -> list[str]:
    fitting = sum(not complaints(value, one, root, at) for one in rule)
    return [] if fitting == 1 else [f"{at}: {value!r} is {fitting} of {rule}"]


def _type(value: JsonValue, rule: str, _root: dict[str, Any], at: str) -> list[str]:
    right = isinstance(value, TYPES[rule]) and (rule == "boolean" or not isinstance(value, bool))
    return [] if right else [f"{at}: {value!r} is no {rule}"]


def _properties(value: JsonValue, rule: dict[str, Any], root: dict[str, Any], at: str) -> list[str]:
    members = value.items() if isinstance(value, dict) else ()
    return [
        text for name, item in members if name in rule for text in complaints(item, rule[name], root, f"{at}/{name}")
    ]


def _additional(value: JsonValue, rule: JsonValue, root: dict[str, Any], at: str) -> list[str]:
    if isinstance(rule, bool) or not isinstance(value, dict):
        return []
    return [text for name, item in value.items() for text in complaints(item, rule, root, f"{at}/{name}")]


def _items(value: JsonValue, rule: dict[str, Any], root: dict[str, Any], at: str) -> list[str]:
    items = enumerate(value) if isinstance(value, list) else ()
    return [text for index, item in items for text in complaints(item, rule, root, f"{at}/{index}")]


def _prefix_items(value: JsonValue, rule: list[dict[str, Any]], root: dict[str, Any], at: str) -> list[str]:
    pairs = zip(value, rule, strict=False) if isinstance(value, list) else ()
    return [text for item, one in pairs for text in complaints(item, one, root, at)]


CHECKS: dict[str, Callable[[JsonValue, JsonValue, dict[str, Any], str], list[str]]] = {
    "$ref": _ref,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "type": _type,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "prefixItems": _prefix_items,
    "required": lambda value, rule, _, at: [f"{at}/{name}: missing" for name in rule if name not in value],
    "enum": lambda value, rule, _, at: [] if value in rule else [f"{at}: {value!r} is not in {rule}"],
    "const": lambda value, rule, _, at: [] if value == rule else [f"{at}: {value!r} is not {rule!r}"],
    "minimum": lambda value, rule, _, at: [] if value >= rule else [f"{at}: {value} is less than {rule}"],
    "maximum": lambda value, rule, _, at: [] if value <= rule else [f"{at}: {value} is more than {rule}"],
    "exclusiveMaximum": lambda value, rule, _, at: [] if value < rule else [f"{at}: {value} is not less than {rule}"],
    "minLength": lambda value, rule, _, at: [] if len(value) >= rule else [f"{at}: {value!r} is too short"],
    "maxLength": lambda value, rule, _, at: [] if len(value) <= rule else [f"{at}: {value!r} is too long"],
    "minItems": lambda value, rule, _, at: [] if len(value) >= rule else [f"{at}: too few"],
    "maxItems": lambda value, rule, _, at: [] if len(value) <= rule else [f"{at}: too many"],
}
