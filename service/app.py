"""The application: its routers, handlers and middleware, put together."""

import os
from typing import Any, cast

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send
from threadpoolctl import threadpool_limits
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from service.allocator import keep_large_blocks
from service.api import catalogue, docs, evaluation, flow, inference, models, operations, training
from service.api.admission import Gate
from service.api.express import Express
from service.api.guard import guarded
from service.api.middleware import Envelope, Head
from service.api.origins import cross_origin
from service.api.problems import HANDLERS
from service.api.slots import Streams
from service.compute import use_threads
from service.settings import Settings

ROUTERS = (  # the busiest first
    evaluation.router,
    inference.router,
    flow.router,
    training.router,
    models.router,
    catalogue.router,
    operations.router,
    docs.router,
)


HOT = evaluation.HOT | inference.HOT


class Actiscope(FastAPI):
    """The application, with what surrounds every request in front of the framework's own layers."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(
            openapi_url=None,  # served by service.api.docs, as are the pages
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            telemetry={"tracing": False, "metrics": False, "logs": False},  # it would look for a provider every time
            exception_handlers=dict(HANDLERS),
            middleware=[Middleware(Head)],
        )
        self.settings = settings
        self.gate = Gate(settings)
        self.streams = Streams(settings)
        within = guarded(Express(super().__call__, HOT), settings)
        self.front = behind_proxies(Envelope(cross_origin(within, settings), settings.root_path), settings)

    def build_middleware_stack(self) -> ASGIApp:
        """The framework's layers without the outermost, which would answer failures in its own way."""
        outermost: Any = super().build_middleware_stack()  # any: it has an app, which its type does not say
        return cast("ASGIApp", outermost.app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        scope["app"] = self
        await self.front(scope, receive, send)


def behind_proxies(app: ASGIApp, settings: Settings) -> ASGIApp:
    """The application as it is told the addresses of clients by proxies; itself, if it trusts none."""
    if not settings.trusted_proxies:
        return app
    return cast("ASGIApp", ProxyHeadersMiddleware(cast("Any", app), list(settings.trusted_proxies)))


def create_app(settings: Settings) -> Actiscope:
    """The service with these settings."""
    app = Actiscope(settings)
    app.state.contracts = {}
    app.state.paths = [route.path for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    for router in ROUTERS:
        app.include_router(router)
    return app


def application() -> Actiscope:
    """The service with the settings of the environment, in a process of its own.

    Requests share the cores: threads inside one matrix product would only fight over them.
    """
    settings = Settings.from_environment(os.environ)
    keep_large_blocks()
    threadpool_limits(settings.blas_threads, user_api="blas")
    use_threads(settings.compute_threads)
    return create_app(settings)
