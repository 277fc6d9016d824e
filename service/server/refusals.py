"""What is refused before the application sees it, as problem documents like all others."""

from contextvars import copy_context
from typing import Any
from uuid import uuid4

from starlette.types import Scope

from service.api.hardening import hardening
from service.api.kinds import KINDS
from service.api.problems import limit_of, problem, with_setting
from service.errors import Limit
from service.server.head import Fields, fields, head
from service.telemetry.observer import Observer

_AS_COUNTED = {"head_too_large": "limit", "request_timeout": "limit", "overloaded": "overload"}
_NOWHERE: Scope = {"path": "/"}  # the path, if there is any, is not to be trusted
_UNREAD: Scope = {"method": "-", "path": "-", "headers": []}


class Refusal(Exception):
    """A request that is not read any further; the connection ends with the answer."""

    def __init__(self, code: str, detail: str, status: int | None = None, limit: Limit | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.reason = _AS_COUNTED.get(code, "")
        self.status = status or KINDS[code].statuses[0]
        self.limit = limit
        self.request_id = uuid4().hex.encode()
        self.seen = False  # whether the application has begun to answer, and counts the request


def malformed(reason: str) -> Refusal:
    """What is not HTTP."""
    return Refusal("malformed_http", f"{reason} It is not HTTP/1.1 as RFC 9112 has it.")


def too_large(name: str, value: int, what: str, status: int = 431) -> Refusal:
    """A head beyond a limit."""
    return Refusal("head_too_large", f"{what}; {value} are allowed.", status, Limit(name, value))


def too_slow(name: str, value: int, what: str) -> Refusal:
    """A request that does not come."""
    return Refusal("request_timeout", what, limit=Limit(name, value))


def crowded(value: int) -> Refusal:
    """One connection too many."""
    return Refusal("overloaded", f"More than {value} connections are open.", limit=Limit("max_connections", value))


def ending(value: int) -> Refusal:
    """What is not answered when the service has to end."""
    detail = f"The service ends, and has not answered within {value} seconds."
    return Refusal("draining", detail, limit=Limit("drain_seconds", value))


def written(refusal: Refusal, common: bytes) -> bytes:
    """The whole answer."""
    members: dict[str, Any] = {}  # any: as problem has them
    detail = str(refusal)
    if limit := refusal.limit:
        detail = with_setting(detail, limit)
        members["limit"] = limit_of(limit)
    response = problem(_NOWHERE, refusal.code, detail, status=refusal.status, **members)
    extra: Fields = [
        (b"x-request-id", refusal.request_id),
        *hardening(response.raw_headers),
        (b"connection", b"close"),
        *([(b"retry-after", b"1")] if response.status_code == 503 else []),
    ]
    return head(response.status_code, common, fields([*response.raw_headers, *extra])) + bytes(response.body)


def note(refusal: Refusal, observer: Observer) -> None:
    """Count it, as a request of which nothing is known unless the application knows it, and have that logged."""
    metrics = observer.metrics
    if refusal.seen:
        if refusal.reason:
            metrics.refused(refusal.reason)
        return
    account = copy_context().run(metrics.begin, _UNREAD, refusal.request_id)
    account.status, account.refusal = refusal.status, refusal.reason
    observer.tell(account, metrics.end(account))
