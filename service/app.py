"""The application: its routers, handlers and middleware, put together."""

import os

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware import Middleware
from threadpoolctl import threadpool_limits

from service.api import catalogue, docs, evaluation, flow, operations, training
from service.api.middleware import Envelope, Head
from service.api.problems import HANDLERS
from service.compute import use_threads
from service.settings import Settings

ROUTERS = (  # the busiest first
    evaluation.router,
    flow.router,
    training.router,
    catalogue.router,
    operations.router,
    docs.router,
)


def create_app(settings: Settings) -> FastAPI:
    """The service with these settings."""
    app = FastAPI(
        openapi_url=None,  # served by service.api.docs, as are the pages
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers=dict(HANDLERS),
        middleware=[Middleware(Envelope, prefix=settings.root_path), Middleware(Head)],
    )
    app.state.settings = settings
    app.state.contracts = {}
    app.state.paths = [route.path for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    for router in ROUTERS:
        app.include_router(router)
    return app


def application() -> FastAPI:
    """The service with the settings of the environment, in a process of its own.

    Requests share the cores: threads inside one matrix product would only fight over them.
    """
    settings = Settings.from_environment(os.environ)
    threadpool_limits(settings.blas_threads, user_api="blas")
    use_threads(settings.compute_threads)
    return create_app(settings)
