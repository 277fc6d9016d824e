"""Who asks: the blocking client a live service, the awaited one the application itself."""

import asyncio
from collections.abc import Iterator

import pytest

from service.api.keys import line_of, new_key
from service.client import AsyncClient, Client
from tests.live import serving
from tests.python_client.asking import Awaited, Either, in_process


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Where a live service listens."""
    with serving() as address:
        yield address


@pytest.fixture(scope="session", params=["blocking, live", "awaited, in process"])
def ask(request: pytest.FixtureRequest, runner: asyncio.Runner) -> Iterator[Either]:
    """Each client in turn."""
    if request.param == "awaited, in process":
        yield in_process(runner)
    else:
        with Client(f"http://{request.getfixturevalue('address')}") as client:
            yield client


@pytest.fixture(params=["blocking", "awaited"])
def live(request: pytest.FixtureRequest, runner: asyncio.Runner, address: str) -> Iterator[Either]:
    """Each client of the live service, where answers come as they are made: in process, httpx gathers them first."""
    if request.param == "blocking":
        with Client(f"http://{address}") as client:
            yield client
    else:
        awaited = Awaited(runner, AsyncClient(f"http://{address}"))
        yield awaited
        awaited.aclose()


@pytest.fixture(scope="session")
def keys() -> tuple[str, str]:
    """A key, and the line by which the service knows it."""
    key = new_key()
    return key, line_of("someone", key)
