"""The hot paths, answered in front of the framework's routing by the same functions that its routes call.

Routing, dependencies and the framework's own middleware cost more than a small request's work. Nothing else is left
out: what names, marks, limits and explains requests surrounds both ways, and failures become problems by one table.
"""

import re
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.admission import gate_of
from service.api.problems import HANDLERS
from service.telemetry.account import ROUTE

Endpoint = Callable[[Request], Awaitable[Response]]


class Express:
    """Takes POST requests for the paths of `endpoints`, and leaves all others to the routes.

    A path is that of a route, with parameters in braces that are any text without a slash.
    """

    def __init__(self, app: ASGIApp, endpoints: Mapping[str, Endpoint]) -> None:
        self.app = app
        self.endpoints = {path: endpoint for path, endpoint in endpoints.items() if "{" not in path}
        self.patterns = [(_pattern(path), path, endpoint) for path, endpoint in endpoints.items() if "{" in path]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        posted = scope["type"] == "http" and scope["method"] == "POST"
        endpoint = self._endpoint(scope) if posted else None
        if endpoint is None and not (posted and scope["app"].gate.full):
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive, send)
        try:
            response = await (endpoint or _overloaded)(request)
        except tuple(_HANDLED) as error:
            response = await _handler(error)(request, error)
        await response(scope, receive, send)

    def _endpoint(self, scope: Scope) -> Endpoint | None:
        path = scope["path"].removeprefix(scope["root_path"])
        if path in self.endpoints:
            scope[ROUTE] = path
            return self.endpoints[path]
        for pattern, route, endpoint in self.patterns:
            if found := pattern.fullmatch(path):
                scope["path_params"], scope[ROUTE] = found.groupdict(), route
                return endpoint
        return None


async def _overloaded(request: Request) -> Response:
    """All other questions are work for a thread: while nothing more may wait they are refused before they are read."""
    gate_of(request).check()
    raise AssertionError("unreachable: the gate is full")


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))


_HANDLED = {kind: handler for kind, handler in HANDLERS.items() if isinstance(kind, type)}


def _handler(error: Exception) -> Callable[[Request, Exception], Awaitable[Response]]:
    """The handler of the nearest class, as the framework chooses it."""
    return next(_HANDLED[kind] for kind in type(error).__mro__ if kind in _HANDLED)
