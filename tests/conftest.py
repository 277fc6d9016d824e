"""What many tests need."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.client import Client


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    """The event loop that the requests of the tests run on."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="session")
def client(runner: asyncio.Runner) -> Client:
    """The application with its default settings."""
    return Client(runner)
