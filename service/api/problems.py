"""Failures as problem details (RFC 9457): which there are, and which exception becomes which."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from service.api.kinds import KINDS
from service.errors import (
    InvalidInput,
    Limit,
    LimitExceeded,
    Malformed,
    MalformedCoding,
    MalformedMultipart,
    MalformedNpy,
    MalformedTensorData,
    MalformedTensors,
    NotInstalled,
    NotReady,
    Overloaded,
    Path,
    QueryTooLong,
    QuotaExceeded,
    TooDeep,
    TookTooLong,
    Unauthorized,
    UnknownActivation,
)
from service.settings import Settings, setting_name
from service.telemetry.account import refused
from service.wire.faults import clip, near_names
from service.wire.json import MAX_FAULTS
from service.wire.problems import ProblemDocument, ProblemFault, ProblemLimit

MEDIA_TYPE = "application/problem+json"
LONGEST_DETAIL = 500

_BY_STATUS = {
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    415: "unsupported_media_type",
    500: "internal_error",
}
_MALFORMED = {
    Malformed: "malformed_json",
    MalformedCoding: "malformed_coding",
    MalformedMultipart: "malformed_multipart",
    MalformedNpy: "malformed_npy",
    MalformedTensorData: "malformed_tensor_data",
    MalformedTensors: "malformed_tensors",
}

_REFUSALS = {  # as the metrics call them
    "draining": "draining",
    "limit_exceeded": "limit",
    "overloaded": "overload",
    "quota_exceeded": "rate",
    "took_too_long": "time",
    "too_deep": "limit",
    "unauthorized": "key",
}


def problem(
    scope: Scope,
    code: str,
    detail: str,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    **members: Any,  # noqa: ANN401  pydantic checks them
) -> Response:
    """The answer for a failure, with members of ProblemDocument beside the common ones."""
    kind = KINDS[code]
    told = clip(detail, LONGEST_DETAIL)
    if code in _REFUSALS and "type" in scope:  # what is refused below the application is counted there
        refused(_REFUSALS[code])
    document = ProblemDocument(
        type=f"{scope.get('root_path', '')}/problems/{code}",
        title=kind.title,
        status=status or kind.statuses[0],
        detail=told,
        instance=instance(scope),
        error=told if of_inference(scope["path"].removeprefix(scope.get("root_path", ""))) else None,
        **members,
    )
    fixed = {"Cache-Control": "no-store"}
    return Response(to_json(document, exclude_none=True), document.status, fixed | dict(headers or {}), MEDIA_TYPE)


def of_inference(path: str) -> bool:
    """Whether the path is one of the Open Inference Protocol, whose failures have a member of that protocol too."""
    return path == "/v2" or path.startswith("/v2/")


def instance(scope: Scope) -> str:
    """The path that was asked for, as the client sees it."""
    prefix, path = scope.get("root_path", ""), scope["path"]
    seen = path if path == prefix or path.startswith(prefix + "/") else prefix + path
    return quote(clip(seen, LONGEST_DETAIL), safe="/:@!$&'()*+,;=~")


def pointer(path: Path) -> str:
    """The RFC 6901 pointer of a path."""
    return "".join("/" + clip(str(step)).replace("~", "~0").replace("/", "~1") for step in path)


def invalid_parameters(faults: Mapping[str, str], place: str = "query") -> RequestValidationError:
    """Query items at fault, or what else has a name in that place (the parts of a body), by name."""
    return RequestValidationError([{"loc": (place, name), "msg": detail} for name, detail in faults.items()])


def internal_error(scope: Scope, request_id: str) -> Response:
    """The answer that reveals nothing but where to look."""
    return problem(scope, "internal_error", "The request could not be answered.", request_id=request_id)


async def _malformed(request: Request, error: Malformed) -> Response:
    return problem(request.scope, _MALFORMED[type(error)], str(error))


async def _too_deep(request: Request, error: TooDeep) -> Response:
    return problem(request.scope, "too_deep", with_setting(str(error), error.limit), limit=limit_of(error.limit))


async def _limit_exceeded(request: Request, error: LimitExceeded) -> Response:
    detail = with_setting(str(error), error.limit)
    errors = (_in_body(error.path, detail),) if error.path else None
    status = 414 if isinstance(error, QueryTooLong) else None
    return problem(request.scope, "limit_exceeded", detail, status=status, limit=limit_of(error.limit), errors=errors)


async def _unauthorized(request: Request, error: Unauthorized) -> Response:
    challenge = 'Bearer realm="actiscope"' + (', error="invalid_token"' if error.given else "")
    return problem(request.scope, "unauthorized", str(error), headers={"WWW-Authenticate": challenge})


async def _quota_exceeded(request: Request, error: QuotaExceeded) -> Response:
    return problem(
        request.scope,
        "quota_exceeded",
        with_setting(str(error), error.limit),
        headers={"Retry-After": str(error.wait)},
        limit=limit_of(error.limit),
        violated_policies=(error.name,),
    )


async def _not_ready(request: Request, error: NotReady) -> Response:
    headers = {"Retry-After": str(error.wait)}
    return problem(request.scope, "not_ready", str(error), headers=headers, reasons=error.reasons)


async def _not_installed(request: Request, error: NotInstalled) -> Response:
    return problem(request.scope, "plots_not_installed", str(error))


async def _overloaded(request: Request, error: Overloaded) -> Response:
    detail, again = with_setting(str(error), error.limit), {"Retry-After": str(error.after)}
    return problem(request.scope, "overloaded", detail, headers=again, limit=limit_of(error.limit))


async def _took_too_long(request: Request, error: TookTooLong) -> Response:
    detail, again = with_setting(str(error), error.limit), {"Retry-After": str(error.limit.value)}
    return problem(request.scope, "took_too_long", detail, headers=again, limit=limit_of(error.limit))


def with_setting(detail: str, limit: Limit) -> str:
    """What happened, and the setting that moves the limit."""
    setting = _setting(limit)
    return f"{detail} The setting is {setting}." if setting else detail


def limit_of(limit: Limit) -> ProblemLimit:
    """The limit, as problem documents have it."""
    return ProblemLimit(name=limit.name, value=limit.value, setting=_setting(limit))


def _setting(limit: Limit) -> str | None:
    """The setting that moves the limit, unless the limit is fixed."""
    return setting_name(limit.name) if limit.name in Settings.__dataclass_fields__ else None


async def _invalid_input(request: Request, error: InvalidInput) -> Response:
    errors = tuple(_in_body(fault.path, fault.detail) for fault in error.faults[:MAX_FAULTS])
    return problem(request.scope, "invalid_input", _told(errors), errors=errors)


def _told(errors: Sequence[ProblemFault]) -> str:
    """The faults in one line, each with its field."""
    return " ".join(
        f"{name}: {item.detail}" if (name := item.pointer or item.parameter) else item.detail for item in errors
    )


def _in_body(path: Path, detail: str) -> ProblemFault:
    return ProblemFault(pointer=pointer(path), detail=clip(detail, LONGEST_DETAIL))


async def _unknown_activation(request: Request, error: UnknownActivation) -> Response:
    in_path = "name" in request.path_params or not error.path
    item = next((name for name in ("activation", "name") if name in request.query_params), None)
    fault = ProblemFault(parameter=item, detail=str(error)) if item else _in_body(error.path, str(error))
    errors = None if in_path else (fault,)
    status = 404 if in_path else 422
    return problem(
        request.scope, "unknown_activation", str(error), status=status, near=error.near or None, errors=errors
    )


async def _invalid_parameters(request: Request, error: RequestValidationError) -> Response:
    errors = tuple(
        ProblemFault(parameter=clip(str(item["loc"][-1])), detail=item["msg"]) for item in error.errors()[:MAX_FAULTS]
    )
    return problem(request.scope, "invalid_input", _told(errors), errors=errors)


async def _http(request: Request, error: HTTPException) -> Response:
    """What routing and the reading of headers refuse."""
    scope, headers = request.scope, dict(error.headers or {})
    if error.status_code == HTTPStatus.NOT_FOUND and error.detail == HTTPStatus.NOT_FOUND.phrase:
        near = near_names(scope["path"], [path for path in request.app.state.paths if "{" not in path])
        return problem(scope, "not_found", f"There is nothing at {instance(scope)}.", near=tuple(near) or None)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = headers["Allow"].replace("GET", "GET, HEAD")
        return problem(scope, "method_not_allowed", f"This path takes {headers['Allow']}.", headers=headers)
    return problem(scope, _BY_STATUS[error.status_code], error.detail, headers=headers)


HANDLERS: Mapping[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]] = {
    Malformed: _malformed,
    TooDeep: _too_deep,
    LimitExceeded: _limit_exceeded,
    Overloaded: _overloaded,
    TookTooLong: _took_too_long,
    Unauthorized: _unauthorized,
    QuotaExceeded: _quota_exceeded,
    NotReady: _not_ready,
    NotInstalled: _not_installed,
    InvalidInput: _invalid_input,
    UnknownActivation: _unknown_activation,
    RequestValidationError: _invalid_parameters,
    HTTPException: _http,
}
