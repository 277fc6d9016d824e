"""What surrounds every request, as plain ASGI: its identifier, HEAD, and the last resort when all else fails."""

import logging
import re
from collections.abc import Awaitable
from http import HTTPMethod
from random import Random

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.hardening import hardening
from service.api.problems import internal_error
from service.api.requests import fields_of
from service.telemetry.observer import Observer
from service.telemetry.traces import trace_of
from service.wire.faults import clip

_SAFE_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_names = Random()  # noqa: S311  a name is no secret, and asking the system for each costs a call

logger = logging.getLogger(__name__)


class Envelope:
    """Names each request, marks each answer with the name, answers what nobody else could, and takes note of it all."""

    def __init__(self, app: ASGIApp, prefix: str, observer: Observer | None = None) -> None:
        self.app = app
        self.prefix = prefix
        observer = observer or Observer()
        self.metrics, self.tell = observer.metrics, observer.tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an HTTP request on, with the prefix that a proxy adds to the path unless the server knows one."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["root_path"] = scope.get("root_path") or self.prefix
        request_id = _request_id(scope)
        account = self.metrics.begin(scope, request_id)

        async def receive_counted() -> Message:
            message = await receive()
            account.received += len(message.get("body", b""))
            return message

        def send_marked(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                account.status = message["status"]
                message["headers"] += ((b"x-request-id", request_id), *hardening(message["headers"]))
            else:
                account.sent += len(message.get("body", b""))
            return send(message)

        try:
            await self.app(scope, receive_counted, send_marked)
        except ClientDisconnect:
            logger.info("request %s: the client went away", request_id.decode())
        except Exception:
            logger.exception(
                "request %s: %s %r failed", _log_id(scope, request_id.decode()), scope["method"], clip(scope["path"])
            )
            if account.status:
                raise
            await internal_error(scope, request_id.decode())(scope, receive, send_marked)
        finally:
            self.tell(account, self.metrics.end(account))


class Head:
    """Answers HEAD as GET without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Route HEAD as GET."""
        if scope["type"] != "http" or scope["method"] != HTTPMethod.HEAD:
            await self.app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        asked = {**scope, "method": HTTPMethod.GET.value}
        try:
            await self.app(asked, receive, send_head)
        finally:
            scope["route"] = asked.get("route")


def _request_id(scope: Scope) -> bytes:
    """The name that the client gave, the first if it gave several, or one of our own."""
    fields = fields_of(scope)
    if b"x-request-id" in fields:
        given: bytes = next(value for name, value in scope["headers"] if name == b"x-request-id")
        if _SAFE_ID.fullmatch(given):
            return given
    return b"%032x" % _names.getrandbits(128)


def _log_id(scope: Scope, request_id: str) -> str:
    """The request's name for the log, with that of the trace it is part of."""
    trace = trace_of(scope)
    return f"{request_id} (trace {trace})" if trace else request_id
