"""Whom a command asks: the service within this process, or one that listens somewhere."""

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

import httpx
from starlette.types import ASGIApp

from service.cli.failures import told
from service.cli.in_process import InProcess
from service.client import AsyncClient
from service.settings import Settings

KEY, URL = "ACTISCOPE_KEY", "ACTISCOPE_URL"

T = TypeVar("T")


@dataclass(frozen=True)
class Service:
    """A service: where it listens (nowhere: it is within this process), and the key that it asks for."""

    url: str | None = None
    key: str | None = None


def run(work: Coroutine[None, None, T]) -> T:
    """Do the work of a command; failures are told."""
    with told():
        return asyncio.run(work)


@asynccontextmanager
async def asking(service: Service) -> AsyncIterator[AsyncClient]:
    """A client of this service."""
    if service.url is not None:
        async with AsyncClient(service.url, key=service.key) as client:
            yield client
        return
    async with httpx.AsyncClient(transport=InProcess(_application()), base_url="http://actiscope", timeout=None) as http:
        yield AsyncClient(http=http)


def _application() -> ASGIApp:
    """The application with the limits of the environment; whoever runs it needs no key, and may ask as often as they like."""
    from service.app import create_app, prepare_process  # noqa: PLC0415  not needed to ask a service elsewhere

    settings = Settings.from_environment({name: value for name, value in os.environ.items() if name not in (KEY, URL)})
    prepare_process(settings)
    return create_app(replace(settings, keys="", keys_file="", requests_per_key=0, requests_per_address=0, root_path=""))
