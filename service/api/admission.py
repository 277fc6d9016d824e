"""Work beside the event loop: what it may cost, how much at once, how much in front of it; what is beyond is refused.

Work is admitted by what it is estimated to cost, in memory and in seconds, and what it would have to wait for. Whoever
waits for a turn, or for a result, gives up when the client is gone or the time is over; the work itself stops where it
next asks whether it is wanted.
"""

from asyncio import FIRST_COMPLETED, Future, create_task, get_running_loop, timeout, wait
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from math import ceil
from threading import Event
from time import perf_counter
from typing import Any, TypeVar

from anyio import CancelScope
from starlette.requests import ClientDisconnect, Request

from service.api.memory import Memory
from service.api.paces import HOP, Pace
from service.api.turns import Turn, Turns
from service.compute import cores
from service.errors import Limit, Overloaded, TookTooLong
from service.flow.stopping import while_wanted
from service.settings import Settings
from service.telemetry.metrics import Metrics

Result = TypeVar("Result")


@dataclass(frozen=True)
class Estimate:
    """What work is thought to cost: bytes of memory, and how much it is of what its pace counts, if it has one."""

    bytes: int = 0
    amount: float = 1.0
    pace: Pace | None = None

    @property
    def seconds(self) -> float:
        """How long it is thought to take."""
        return self.amount * self.pace.seconds if self.pace else HOP

    def learn(self, seconds: float) -> None:
        """Take note that it took so long."""
        if self.pace:
            self.pace.learn(self.amount, seconds)


_UNKNOWN = Estimate()


class Gate:
    """The threads of a process in which requests are worked on, and who may use them."""

    def __init__(self, settings: Settings, metrics: Metrics | None = None) -> None:
        self.turns = Turns(settings.max_running or cores(), metrics or Metrics())
        self.memory = Memory(settings)
        self._settings = settings
        self._pool = ThreadPoolExecutor(self.turns.slots, thread_name_prefix="work")
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="read")
        self._reading = 0

    @property
    def full(self) -> bool:
        """Whether work that comes now is refused."""
        return self._refusal() is not None

    def check(self) -> None:
        """Raise Overloaded if work that comes now is refused."""
        if refusal := self._refusal():
            raise refusal

    async def run(
        self,
        request: Request,
        work: Callable[..., Result],
        *arguments: Any,  # noqa: ANN401  the work's
        estimate: Estimate = _UNKNOWN,
    ) -> Result:
        """The result of the work, when it has had its turn.

        Raises
        ------
        Overloaded
            Too much waits already, or it would wait for too long, or there is not enough memory.
        TookTooLong
            The time for a request is over.
        ClientDisconnect
            Nobody waits for it any more.
        """
        self.check()
        limit = Limit("max_seconds", self._settings.max_seconds)
        gone = create_task(_gone(request))
        try:
            with self.memory.holding(estimate.bytes):
                async with timeout(limit.value):
                    turn = await self.turns.take(estimate.seconds, gone)
                    return await self._wanted(turn, estimate, gone, work, *arguments)
        except TimeoutError:
            raise TookTooLong(limit, f"The answer has taken more than {limit.value} seconds.") from None
        finally:
            gone.cancel()

    async def step(self, work: Callable[..., Result], *arguments: Any) -> Result:  # noqa: ANN401  the work's
        """The result of work that goes on with what was admitted before: it waits for its turn however many wait."""
        turn = await self.turns.take(HOP)
        with CancelScope(
            shield=True
        ):  # the thread cannot be cancelled, and what it works on is used by nobody else yet
            result = self._begin(turn, lambda: work(*arguments))
            await wait((result,))
        return result.result()

    async def read(self, work: Callable[..., Result], *arguments: Any) -> Result:  # noqa: ANN401  the work's
        """The result of reading what is asked for, which waits for no work: before that nobody knows its cost."""
        self.check()
        self._reading += 1
        try:
            return await get_running_loop().run_in_executor(self._reader, copy_context().run, work, *arguments)
        finally:
            self._reading -= 1

    async def _wanted(
        self, turn: Turn, estimate: Estimate, gone: "Future[None]", work: Callable[..., Result], *arguments: object
    ) -> Result:
        over, begun = Event(), perf_counter()
        result = self._begin(turn, _until(over, work, *arguments))
        try:
            await wait((result, gone), return_when=FIRST_COMPLETED)
            if not result.done():
                raise ClientDisconnect
            found = result.result()
        finally:
            over.set()
        estimate.learn(perf_counter() - begun)
        return found

    def _begin(self, turn: Turn, work: Callable[[], Result]) -> "Future[Result]":
        result = get_running_loop().run_in_executor(self._pool, copy_context().run, work)

        def ended(found: "Future[Result]") -> None:
            self.turns.leave(turn)
            found.cancelled() or found.exception()  # which nobody may have waited for

        result.add_done_callback(ended)
        return result

    def _refusal(self) -> Overloaded | None:
        """Why work that comes now is refused, if it is."""
        if self.turns.free and not self._reading:
            return None
        most, longest, seconds = self._settings.max_waiting, self._settings.max_wait_seconds, self.turns.wait()
        if self._reading > most or (not self.turns.free and self.turns.waiting >= most):
            return _overloaded("max_waiting", most, f"{most} requests wait already.", seconds)
        if seconds > longest:
            told = f"It would wait for about {ceil(seconds)} seconds; {longest} are allowed."
            return _overloaded("max_wait_seconds", longest, told, seconds - longest)
        return None


def _overloaded(name: str, value: int, detail: str, after: float) -> Overloaded:
    return Overloaded(Limit(name, value), detail, max(1, ceil(after)))


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _until(over: Event, work: Callable[..., Result], *arguments: object) -> Callable[[], Result]:
    def guarded() -> Result:
        with while_wanted(lambda: not over.is_set()):
            return work(*arguments)

    return guarded


def gate_of(request: Request) -> Gate:
    """The gate of the application."""
    gate: Gate = request.scope["app"].gate
    return gate
