"""The application: its routers, handlers and middleware, put together."""

import os
from typing import Any, cast

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send
from threadpoolctl import threadpool_limits
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from service.activations import catalogue
from service.allocator import keep_large_blocks
from service.api import catalogue as functions
from service.api import docs, evaluation, flow, guide, inference, models, monitoring, operations, plots, training
from service.api.admission import Gate
from service.api.express import Express
from service.api.guard import guarded
from service.api.middleware import Envelope, Head
from service.api.origins import cross_origin
from service.api.pictures import Shelf
from service.api.problems import HANDLERS
from service.api.readiness import Readiness
from service.api.slots import Streams
from service.api.version import VERSION
from service.compute import use_threads
from service.settings import Settings
from service.telemetry.block import VARIABLE
from service.telemetry.logs import Lines, RequestLog, form_of
from service.telemetry.metrics import Metrics
from service.telemetry.observer import Observer
from service.telemetry.sink import standard_error
from service.telemetry.traces import TraceName, framework_options, tracer_provider

ROUTERS = (  # the busiest first
    evaluation.router,
    inference.router,
    flow.router,
    training.router,
    models.router,
    functions.router,
    plots.router,
    operations.router,
    monitoring.router,
    docs.router,
    guide.router,
)
PATHS = tuple(route.path for router in ROUTERS for route in router.routes if isinstance(route, APIRoute))
FUNCTIONS = tuple(function.name for function in catalogue())

HOT = evaluation.HOT | inference.HOT


class Actiscope(FastAPI):
    """The application, with what surrounds every request in front of the framework's own layers."""

    def __init__(self, settings: Settings, observer: Observer) -> None:
        traced = observer.tracer is not None
        super().__init__(
            openapi_url=None,  # served by service.api.docs, as are the pages
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            telemetry=framework_options(observer.tracer),
            exception_handlers=dict(HANDLERS),
            middleware=[*([Middleware(TraceName)] if traced else []), Middleware(Head)],
        )
        self.settings = settings
        self.observer = observer
        self.draining = False
        self.gate = Gate(settings, observer.metrics)
        self.readiness = Readiness()
        self.readiness.add("draining", lambda: "The service is about to end." if self.draining else None)
        self.readiness.add("overloaded", lambda: "As much work waits as may wait." if self.gate.full else None)
        self.streams = Streams(settings)
        self.pictures = Shelf()
        # The express way goes around the framework, which makes the spans.
        routed: ASGIApp = super().__call__ if traced else Express(super().__call__, HOT)
        within = cross_origin(guarded(routed, settings), settings)
        self.front = behind_proxies(Envelope(within, settings.root_path, observer), settings)

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


def create_app(settings: Settings, observer: Observer | None = None) -> Actiscope:
    """The service with these settings; unless it is given another observer, it counts for itself and logs nothing."""
    app = Actiscope(settings, observer or Observer(Metrics(PATHS, FUNCTIONS)))
    app.state.contracts = {}
    app.state.paths = list(PATHS)
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
    return create_app(settings, _observer(settings))


def _observer(settings: Settings) -> Observer:
    """What the environment asks for: counts that are shared among processes, log lines, spans."""
    sink, metrics = standard_error(), Metrics(PATHS, FUNCTIONS, os.environ.get(VARIABLE))
    sink.lost = metrics.lose
    log = RequestLog(Lines(form_of(settings.log_format), sink), every=settings.access_log == "all")
    return Observer(metrics, log.tell, tracer_provider(os.environ, VERSION))
