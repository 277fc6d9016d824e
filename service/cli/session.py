"""Whom a command asks: the service within this process, or one that listens somewhere."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from service.cli.options import KEY, URL, Service
from service.errors import InvalidInput
from service.settings import Settings

if TYPE_CHECKING:
    import httpx

    from service.client import AsyncClient


@asynccontextmanager
async def asking(service: Service) -> AsyncIterator["AsyncClient"]:
    """A client of this service."""
    from service.client import AsyncClient  # noqa: PLC0415  it takes longer to import than the shell should wait

    if service.url is not None:
        if not service.url.startswith(("http://", "https://")):
            raise InvalidInput.at(detail=f"--url {service.url} should begin with http:// or https://.")
        async with AsyncClient(service.url, key=service.key) as client:
            yield client
        return
    async with _in_process() as http:
        yield AsyncClient(http=http)


def _in_process() -> "httpx.AsyncClient":
    """What sends requests to an application with the limits of the environment; it wants no key, and has no quota."""
    import httpx  # noqa: PLC0415  not needed to ask a service elsewhere, nor what follows

    from service.app import create_app, prepare_process  # noqa: PLC0415
    from service.cli.in_process import InProcess  # noqa: PLC0415

    settings = Settings.from_environment({name: value for name, value in os.environ.items() if name not in (KEY, URL)})
    prepare_process(settings)
    own = replace(settings, keys="", keys_file="", requests_per_key=0, requests_per_address=0, root_path="")
    transport = InProcess(create_app(own))
    return httpx.AsyncClient(transport=transport, base_url="http://actiscope", timeout=None)  # noqa: S113  the service limits its time
