"""The two clients: one blocks, the other is awaited; both put the same questions."""

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping
from contextlib import aclosing, closing
from functools import wraps
from inspect import signature
from time import sleep
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, get_args

import anyio
import httpx

from service.client import catalogue, evaluation, flow, operations, pictures, theory, training
from service.client.catalogue import Session
from service.client.exchange import Ask, Exchange, Reply, Wait, answered
from service.client.line import OK, PATIENCE, Line, heard, reply_of, sink_of
from service.client.streams import AsyncTraining, Training
from service.client.uploads import Tensors

P = ParamSpec("P")
T = TypeVar("T")


def _blocking(question: Callable[Concatenate[Session, P], Exchange[T]]) -> "Callable[Concatenate[Client, P], T]":
    @wraps(question)
    def method(self: "Client", /, *args: P.args, **options: P.kwargs) -> T:
        return self._run(question(self, *args, **options))

    return _described(method, question)


def _awaited(
    question: Callable[Concatenate[Session, P], Exchange[T]],
) -> "Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]":  # any: a coroutine that is awaited
    @wraps(question)
    async def method(self: "AsyncClient", /, *args: P.args, **options: P.kwargs) -> T:
        return await self._run(question(self, *args, **options))

    return _described(method, question)


F = TypeVar("F", bound=Callable[..., object])


def _described(method: F, question: Callable[..., object]) -> F:
    """The method, whose signature tells the result rather than how one comes to it."""
    told = signature(question)
    result = get_args(told.return_annotation)[-1]
    vars(method)["__signature__"] = told.replace(return_annotation=result)  # where inspect looks first
    return method


class Client(Line):
    """A client of the service that blocks until the answer is there; threads may share it.

    Parameters
    ----------
    base_url
        Where the service is; by default where `http` points to, or http://127.0.0.1:8000.
    key
        An API key, if the service wants one.
    http
        The client of httpx that sends the requests; whoever gives it closes it.
    retries
        How often to ask again when the service is too busy, each time after as long as it says.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        key: str | None = None,
        http: httpx.Client | None = None,
        retries: int = 3,
    ) -> None:
        self._http = http or httpx.Client(timeout=PATIENCE)
        self._owned = http is None
        super().__init__(base_url, key, self._http, retries)

    activations = _blocking(catalogue.activations)
    activation = _blocking(catalogue.activation)
    evaluate = _blocking(evaluation.evaluate)
    derivative = _blocking(evaluation.derivative)
    gradient_flow = _blocking(flow.gradient_flow)
    mean_field = _blocking(theory.mean_field)
    plot = _blocking(pictures.plot)
    plot_gradient_flow = _blocking(pictures.plot_gradient_flow)
    limits = _blocking(operations.limits)

    def close(self) -> None:
        """Close the connections, unless they are those of a client that was given."""
        if self._owned:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def train(
        self,
        request: Mapping[str, object],
        tensors: Tensors | None = None,
        *,
        progress: bool | None = None,
    ) -> Training:
        """Train a network, and iterate over what is told of every step.

        Parameters
        ----------
        request
            The members of the request, as `POST /gradient-flow/training` has them; arrays may stand wherever lists of
            numbers may.
        tensors
            As for `gradient_flow`.
        progress
            Whether to show how far it is; by default in a terminal and in a notebook.
        """
        pieces = self._pieces(training.question(request, tensors))
        return Training(pieces, training.steps_of(request), progress)

    def _run(self, exchange: Exchange[T]) -> T:
        reply: Reply | None = None
        while True:
            try:
                wanted = exchange.send(reply)
            except StopIteration as end:
                result: T = end.value
                return result
            reply = self._do(wanted)

    def _do(self, wanted: Ask | Wait) -> Reply | None:
        if isinstance(wanted, Wait):
            sleep(wanted.seconds)
            return None
        with heard(wanted):
            response = self._http.send(self._request(wanted), stream=True)
            if wanted.streamed and response.status_code == OK:
                return reply_of(response)
            with closing(response):
                sink = sink_of(wanted, response)
                for piece in response.iter_bytes():
                    sink.write(piece)
        return reply_of(response, sink)

    def _pieces(self, ask: Ask) -> Generator[bytes]:
        reply = self._run(answered(ask, self.retries))
        with closing(reply.stream) as response, heard(ask):
            yield from response.iter_bytes()


class AsyncClient(Line):
    """The same client, whose methods are awaited; see Client."""

    def __init__(
        self,
        base_url: str | None = None,
        *,
        key: str | None = None,
        http: httpx.AsyncClient | None = None,
        retries: int = 3,
    ) -> None:
        self._http = http or httpx.AsyncClient(timeout=PATIENCE)
        self._owned = http is None
        super().__init__(base_url, key, self._http, retries)

    activations = _awaited(catalogue.activations)
    activation = _awaited(catalogue.activation)
    evaluate = _awaited(evaluation.evaluate)
    derivative = _awaited(evaluation.derivative)
    gradient_flow = _awaited(flow.gradient_flow)
    mean_field = _awaited(theory.mean_field)
    plot = _awaited(pictures.plot)
    plot_gradient_flow = _awaited(pictures.plot_gradient_flow)
    limits = _awaited(operations.limits)

    async def aclose(self) -> None:
        """Close the connections, unless they are those of a client that was given."""
        if self._owned:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()

    def train(
        self,
        request: Mapping[str, object],
        tensors: Tensors | None = None,
        *,
        progress: bool | None = None,
    ) -> AsyncTraining:
        """Train a network, and iterate over what is told of every step; see Client."""
        pieces = self._pieces(training.question(request, tensors))
        return AsyncTraining(pieces, training.steps_of(request), progress)

    async def _run(self, exchange: Exchange[T]) -> T:
        reply: Reply | None = None
        while True:
            try:
                wanted = exchange.send(reply)
            except StopIteration as end:
                result: T = end.value
                return result
            reply = await self._do(wanted)

    async def _do(self, wanted: Ask | Wait) -> Reply | None:
        if isinstance(wanted, Wait):
            await anyio.sleep(wanted.seconds)
            return None
        with heard(wanted):
            response = await self._http.send(self._request(wanted), stream=True)
            if wanted.streamed and response.status_code == OK:
                return reply_of(response)
            async with aclosing(response):
                sink = sink_of(wanted, response)
                async for piece in response.aiter_bytes():
                    sink.write(piece)
        return reply_of(response, sink)

    async def _pieces(self, ask: Ask) -> AsyncGenerator[bytes]:
        reply = await self._run(answered(ask, self.retries))
        async with aclosing(reply.stream) as response:
            with heard(ask):
                async for piece in response.aiter_bytes():
                    yield piece
