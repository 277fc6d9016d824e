"""Both clients as one: the blocking one as it is, and the awaited one run to its end at every call."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from service.app import create_app
from service.client import AsyncClient, AsyncTraining, Client, TrainingRecord
from service.settings import Settings

Handler = Callable[[httpx.Request], httpx.Response]


class Awaited:
    """An AsyncClient whose methods block, for tests that ask both clients the same."""

    def __init__(self, runner: asyncio.Runner, client: AsyncClient) -> None:
        self._runner = runner
        self.client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:  # any: what the method of that name answers
        method = getattr(self.client, name)
        return lambda *args, **options: self._runner.run(method(*args, **options))

    def train(self, *args: Any, **options: Any) -> "AwaitedTraining":  # noqa: ANN401  those of the method itself
        return AwaitedTraining(self._runner, self.client.train(*args, **options))


class AwaitedTraining:
    """An AsyncTraining that is iterated over without `async`."""

    def __init__(self, runner: asyncio.Runner, training: AsyncTraining) -> None:
        self._runner = runner
        self.training = training

    def __iter__(self) -> Iterator[TrainingRecord]:
        return self

    def __next__(self) -> TrainingRecord:
        try:
            return self._runner.run(self.training.__anext__())
        except StopAsyncIteration:
            raise StopIteration from None

    def __enter__(self) -> "AwaitedTraining":
        return self

    def __exit__(self, *_error: object) -> None:
        self._runner.run(self.training.aclose())

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  what the training itself has
        return getattr(self.training, name)


Either = Client | Awaited


def in_process(runner: asyncio.Runner, settings: Settings | None = None, **options: Any) -> Awaited:  # noqa: ANN401
    """The awaited client of an application in this process."""
    transport = httpx.ASGITransport(create_app(settings or Settings()), client=("127.0.0.1", 12345))
    http = httpx.AsyncClient(transport=transport, base_url="http://actiscope")
    return Awaited(runner, AsyncClient(http=http, **options))


def answering(runner: asyncio.Runner, handler: Handler, **options: Any) -> tuple[Either, Either]:  # noqa: ANN401
    """Both clients of what answers so."""
    transport = httpx.MockTransport(handler)
    blocking = Client(http=httpx.Client(transport=transport), **options)
    return blocking, Awaited(runner, AsyncClient(http=httpx.AsyncClient(transport=transport), **options))
