"""How the routes that draw describe themselves in the published contract."""

from service.api.documentation import BODY, Responses, json_body, problems
from service.api.examples import Example, Json
from service.api.pictures import MEDIA_TYPES
from service.api.requests import JSON
from service.plots.frame import MAX_HEIGHT, MAX_WIDTH, MIN_HEIGHT, MIN_WIDTH
from service.wire.flow_pictures import COMPARED
from service.wire.pictures import MAX_BOUND, MAX_NAMES

_EXAMPLES = {"svg": '<?xml version="1.0" …><svg …>…</svg>', "png": "(the bytes of the file)"}
_FAILURES = ("no_such_picture", "unknown_picture_item", "plots_not_installed", "too_much_waiting")


def _item(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _pixels(name: str, least: int, most: int, default: str) -> Json:
    schema = {"type": "integer", "minimum": least, "maximum": most}
    return _item(name, f"Pixels; {default} unless given. An SVG is as large until it is scaled.", schema)


def _bound(name: str, description: str, default: float) -> Json:
    schema = {"type": "number", "minimum": -MAX_BOUND, "maximum": MAX_BOUND, "default": default}
    return _item(name, description, schema)


FRAME_ITEMS = [
    _item("theme", "On white or on black.", {"type": "string", "enum": ["light", "dark"], "default": "light"}),
    _pixels("width", MIN_WIDTH, MAX_WIDTH, "what suits the number of panels"),
    _pixels("height", MIN_HEIGHT, MAX_HEIGHT, "what suits the picture"),
]
FUNCTION_ITEMS = [
    _item(
        "derivative",
        "Derivatives beside f: up to this order. `true` is 1; functions of vectors have first derivatives only.",
        {"type": "string", "enum": ["false", "true", "0", "1", "2"], "default": "false"},
    ),
    _bound("lower", "The first x.", -6.0),
    _bound("upper", "The last x.", 6.0),
    *FRAME_ITEMS,
    {
        "name": "parameters",
        "in": "query",
        "style": "form",
        "explode": True,
        "required": False,
        "description": "Parameters of the function, each an item of its own name or alias: `negative_slope=0.2`. Those "
        "that are called `lower` or `upper` go by their aliases `lo` and `hi`.",
        "schema": {"type": "object", "additionalProperties": {"type": ["number", "boolean", "string", "null"]}},
    },
]
NAMES = {
    "name": "name",
    "in": "query",
    "style": "form",
    "explode": True,
    "required": True,
    "description": "A function, by its own name or any framework's; once for each function.",
    "schema": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": MAX_NAMES},
    "example": ["step", "sigmoid"],
}


_SIGMOID: Json = {
    "index": 0,
    "units": 1,
    "activation": "sigmoid",
    "forward": {
        "preactivation": {"mean": 0.0, "std": 0.0},
        "activation": {"mean": 0.5, "std": 0.0, "min": 0.5, "max": 0.5},
        "saturated_fraction": 0.0,
        "inactive_fraction": 0.0,
        "dead_units": 0,
    },
    "backward": {"preactivation_gradient_norm": 0.25, "weight_gradient_norm": 0.0},
}
FLOW_FAILURES = (*BODY, "unsupported_media_type", "no_layers")
FLOW_BODY = json_body("FlowPicture", {"answer": Example("The answer of one layer", {"layers": [_SIGMOID]})})
FLOW_BODY["requestBody"]["content"][JSON]["schema"] = {
    "oneOf": [
        {"$ref": "#/components/schemas/FlowPicture"},
        {
            "type": "object",
            "properties": {label: {"$ref": "#/components/schemas/FlowPicture"} for label in COMPARED},
            "required": list(COMPARED),
        },
    ]
}


def picture(path: str, *failures: str, keeps: bool = True) -> Responses:
    """The answers of an operation that draws; one that is asked by GET is kept."""
    headers: Json = {
        "ETag": {"description": "Validator, for `If-None-Match`.", "schema": {"type": "string"}},
        "Cache-Control": {"description": "How long to keep the picture.", "schema": {"type": "string"}},
    }
    content = {
        media_type: {
            "schema": {"type": "string", "description": f"The picture as {form.upper()}."},
            "example": _EXAMPLES[form],
        }
        for form, media_type in MEDIA_TYPES.items()
    }
    answer: Json = {"description": "The picture; SVG, unless `Accept` prefers PNG.", "content": content}
    responses: Responses = {200: answer}
    if keeps:
        answer["headers"] = dict(headers)
        responses[304] = {
            "description": "The client has the picture: its validator was sent in `If-None-Match`.",
            "headers": dict(headers),
        }
    return responses | problems(path, *_FAILURES, *failures)
