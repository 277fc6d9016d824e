"""How the routes describe themselves in the published contract: bodies, answers and failures, each with an example."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from service.api.examples import Example, Json
from service.api.failures import FAILURES, Failure
from service.api.kinds import KINDS
from service.api.problems import MEDIA_TYPE, of_inference
from service.api.requests import JSON
from service.api.uploads import MULTIPART
from service.wire.problems import ProblemDocument

Responses = dict[int | str, dict[str, Any]]  # any: OpenAPI's Responses object

BODY = ("malformed_json", "malformed_coding", "too_deep", "body_too_large", "inflated_too_large", "too_much_waiting")

_COMPRESSED = (
    "It may come compressed, with `Content-Encoding` gzip or zstd. `GET /limits` shows how large it may be as it is "
    "sent (`max_body_bytes`) and inflated (`max_decoded_body_bytes`)."
)
_ALWAYS = ("query_too_long", "internal_error")
_RETRY = {"Retry-After": {"description": "Seconds after which to try again.", "schema": {"type": "integer"}}}
QUESTION = ("ragged_array", "unknown_field", "unknown_activation")
UPLOAD = ("malformed_multipart", "malformed_tensors", "missing_part")
NETWORK = ("shapes_do_not_chain", "unknown_function_of_layer", "too_many_layers")


def json_body(schema: str, examples: Mapping[str, Example]) -> Json:
    """The request body of an operation."""
    shown = {name: {"summary": example.summary, "value": example.request} for name, example in examples.items()}
    content = {JSON: {"schema": _ref(schema), "examples": shown}}
    return {"requestBody": {"description": _COMPRESSED, "required": True, "content": content}}


def upload_body(schema: str, examples: Mapping[str, Example], upload: Json) -> Json:
    """The request body of an operation that takes JSON, or JSON with a file of tensors."""
    body = json_body(schema, examples)
    body["requestBody"]["content"][MULTIPART] = {
        "schema": {
            "type": "object",
            "properties": {
                "request": _ref(schema),
                "tensors": {"type": "string", "format": "binary", "description": "A .safetensors or .npz file."},
            },
            "required": ["request", "tensors"],
            "additionalProperties": False,
        },
        "encoding": {"request": {"contentType": JSON}, "tensors": {"contentType": "application/octet-stream"}},
        "example": {"request": upload, "tensors": "(the bytes of the file)"},
    }
    return body


def computed(
    schema: str | Sequence[str], path: str, examples: Mapping[str, Example], failures: Sequence[str] = QUESTION
) -> Responses:
    """The answers of an operation that computes, in one form or one of several."""
    form = _ref(schema) if isinstance(schema, str) else {"oneOf": [_ref(name) for name in schema]}
    shown = {name: {"summary": example.summary, "value": example.response} for name, example in examples.items()}
    answer = {"description": "The answer.", "content": {JSON: {"schema": form, "examples": shown}}}
    return {200: answer} | problems(
        path, *BODY, "not_acceptable", "unsupported_media_type", "no_query_items", *failures
    )


def page(schema: str, example: Json | None = None) -> Responses:
    """The answers of an operation whose answer does not change, so that a client may keep it."""
    kept = {
        "ETag": {"description": "Validator, for `If-None-Match`.", "schema": {"type": "string"}},
        "Cache-Control": {"description": "How long to keep the answer.", "schema": {"type": "string"}},
    }
    return {
        200: {"description": "The answer.", "headers": kept, "content": {JSON: _content(schema, example)}},
        304: {"description": "The client has the answer: its validator was sent in `If-None-Match`.", "headers": kept},
    }


def fresh(schema: str, example: Json) -> Responses:
    """The answer of an operation that is asked anew each time."""
    return {200: {"description": "The answer.", "content": {JSON: _content(schema, example)}}}


def measured(*media_types: str) -> Responses:
    """The answer of an operation that tells figures as lines of text."""
    line = 'actiscope_requests_total{route="/evaluate",method="POST",status="2xx"} 7.0\n'
    content = {media_type: {"schema": {"type": "string"}, "example": line} for media_type in media_types}
    return {200: {"description": "The figures.", "content": content}}


def problems(path: str, *names: str) -> Responses:
    """The failures of an operation, by the names of their examples; those that all have are always among them."""
    responses: Responses = {}
    for name in (*names, *_ALWAYS):
        failure = FAILURES[name]
        response = responses.setdefault(failure.status, {"description": "", "content": {MEDIA_TYPE: _failed()}})
        if failure.status == HTTPStatus.SERVICE_UNAVAILABLE:
            response["headers"] = _RETRY
        title = KINDS[failure.code].title + "."
        if title not in response["description"]:
            response["description"] = f"{response['description']} {title}".strip()
        response["content"][MEDIA_TYPE]["examples"][name] = {"value": document(failure, path)}
    return responses


def document(failure: Failure, path: str) -> Json:
    """The problem document of a failure at a path."""
    kind = KINDS[failure.code]
    members = {name: value for name, value in asdict(failure).items() if name != "code"}
    members["error"] = failure.detail if of_inference(path) else None
    whole = ProblemDocument(type=f"/problems/{failure.code}", title=kind.title, instance=path, **members)
    return whole.model_dump(mode="json", exclude_none=True)


def _failed() -> Json:
    return {"schema": _ref("ProblemDocument"), "examples": {}}


def _content(schema: str, example: Json | None) -> Json:
    return {"schema": _ref(schema)} | ({"example": example} if example else {})


def _ref(schema: str) -> Json:
    return {"$ref": f"#/components/schemas/{schema}"}
