"""What API keys and limits on requests add to the published contract."""

from typing import Any

from service.api.documentation import problems
from service.api.guard import is_open
from service.api.keys import wants_keys
from service.settings import Settings

_TEXT = {"type": "string"}
_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key of this service."},
    "header": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The same, in a header of its own.",
    },
}
_STANDING = {
    "RateLimit-Policy": {
        "description": 'The limits in force: `"key";q=100;w=60` is 100 requests in 60 seconds.',
        "schema": _TEXT,
    },
    "RateLimit": {
        "description": 'What is left: `"key";r=50;t=1` is 50 requests, and one more in a second.',
        "schema": _TEXT,
    },
}
_STANDING_OF_EACH = {name: {"$ref": f"#/components/headers/{name}"} for name in _STANDING}
_NAMED = {"X-Request-ID": {"$ref": "#/components/headers/X-Request-ID"}}
_REFUSED = _NAMED | {
    "WWW-Authenticate": {"description": "`Bearer`, with an `error` if a key was given.", "schema": _TEXT}
}
_TOO_FAST = _NAMED | {
    "Retry-After": {"description": "Seconds until the next request is answered.", "schema": {"type": "integer"}}
}


def protect(document: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """The contract with what these settings ask of every request, except for the paths that are open to all."""
    guarded = {path: item for path, item in document["paths"].items() if not is_open(path, settings.open_docs)}
    if wants_keys(settings):
        document["components"]["securitySchemes"] = _SCHEMES
        for path, operation in _operations(guarded):
            operation["security"] = [{name: []} for name in _SCHEMES]
            operation["responses"]["401"] = problems(path, "no_key", "wrong_key")[401] | {"headers": _REFUSED}
    if settings.requests_per_key or settings.requests_per_address:
        document["components"]["headers"] |= _STANDING
        for path, operation in _operations(guarded):
            operation["responses"]["429"] = problems(path, "too_fast")[429] | {"headers": _TOO_FAST}
            for response in operation["responses"].values():
                response["headers"] = response["headers"] | _STANDING_OF_EACH
    return document


def _operations(paths: dict[str, Any]) -> list[tuple[str, Any]]:
    """The operations, each with an address of its path."""
    return [
        (path.replace("{", "").replace("}", ""), operation)
        for path, operations in paths.items()
        for operation in operations.values()
    ]
