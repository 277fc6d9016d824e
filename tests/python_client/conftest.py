"""Who asks: the blocking client a live service, the awaited one the application itself."""

import asyncio
from collections.abc import Iterator

import pytest

from service.api.keys import line_of, new_key
from service.client import Client
from tests.live import serving
from tests.python_client.asking import Either, in_process


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


@pytest.fixture(scope="session")
def keys() -> tuple[str, str]:
    """A key, and the line by which the service knows it."""
    key = new_key()
    return key, line_of("someone", key)
