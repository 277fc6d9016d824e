"""Work beside the event loop: so much at once, so much in front of it, and what is beyond is refused at once.

Work is counted by number, and by the memory that it is estimated to take. Whoever waits for a turn, or for a result,
gives up when the client is gone or the time is over; the work itself stops where it next asks whether it is wanted.
"""

import os
from asyncio import FIRST_COMPLETED, Future, create_task, get_running_loop, timeout, wait
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from contextvars import copy_context
from math import ceil
from pathlib import Path
from threading import Event, Lock
from time import perf_counter
from typing import Any, TypeVar

from anyio import CancelScope
from starlette.requests import ClientDisconnect, Request

from service.compute import cores
from service.errors import Limit, Overloaded, TookTooLong
from service.flow.stopping import while_wanted
from service.settings import Settings
from service.telemetry.metrics import Metrics

Result = TypeVar("Result")
Holding = Callable[[int], AbstractContextManager[None]]  # so many bytes are counted as taken meanwhile

_SHARE = 0.8  # of the memory there is, unless the settings say how much
_FADING = 0.1  # how much the newest work counts in what work takes on average


class Gate:
    """The threads of a process in which requests are worked on, and the queue in front of them."""

    def __init__(self, settings: Settings, metrics: Metrics | None = None) -> None:
        self.slots = settings.max_running or cores()
        self.running = 0
        self.seconds = 0.1  # that work has taken on average
        self._queue: deque[Future[None]] = deque()
        self._settings = settings
        self._metrics = metrics or Metrics()
        self._pool = ThreadPoolExecutor(self.slots, thread_name_prefix="work")
        self._memory = settings.max_memory_bytes or int(_SHARE * memory())
        self._taken = 0
        self._lock = Lock()

    @property
    def waiting(self) -> int:
        """How much waits for its turn."""
        return len(self._queue)

    @property
    def full(self) -> bool:
        """Whether nothing more may wait."""
        return self.running >= self.slots and self.waiting >= self._settings.max_waiting

    def check(self) -> None:
        """Raise Overloaded if work that would come now were refused."""
        if self.full:
            most = self._settings.max_waiting
            raise self._overloaded("max_waiting", most, f"{most} requests wait already.")

    async def run(self, request: Request, work: Callable[..., Result], *arguments: Any, size: int = 0) -> Result:  # noqa: ANN401  the work's
        """The result of the work, which is estimated to take so many bytes of memory.

        Raises
        ------
        Overloaded
            Too much waits already.
        TookTooLong
            The time for a request is over.
        ClientDisconnect
            Nobody waits for it any more.
        """
        self.check()
        limit = Limit("max_seconds", self._settings.max_seconds)
        gone = create_task(_gone(request))
        try:
            with self.holding(size):
                async with timeout(limit.value):
                    await self._turn(gone)
                    return await self._wanted(work, arguments, gone)
        except TimeoutError:
            raise TookTooLong(limit, f"The answer has taken more than {limit.value} seconds.") from None
        finally:
            gone.cancel()

    async def _wanted(self, work: Callable[..., Result], arguments: tuple[Any, ...], gone: "Future[None]") -> Result:
        over = Event()
        result = self._begin(_until(over, work, *arguments))
        try:
            await wait((result, gone), return_when=FIRST_COMPLETED)
            if not result.done():
                raise ClientDisconnect
            return result.result()
        finally:
            over.set()

    async def step(self, work: Callable[..., Result], *arguments: Any) -> Result:  # noqa: ANN401  the work's
        """The result of work that goes on with what was admitted before: it waits for its turn however many wait."""
        await self._turn()
        with CancelScope(
            shield=True
        ):  # the thread cannot be cancelled, and what it works on is used by nobody else yet
            result = self._begin(lambda: work(*arguments))
            await wait((result,))
        return result.result()

    @contextmanager
    def holding(self, size: int) -> Iterator[None]:
        """Count so many bytes as taken meanwhile, from whatever thread; raises Overloaded if they are not there."""
        self.take(size)
        try:
            yield
        finally:
            self.give(size)

    def take(self, size: int) -> None:
        """Count so many bytes as taken until they are given back; raises Overloaded if they are not there."""
        with self._lock:
            if self._taken and self._taken + size > self._memory:
                detail = f"About {size} bytes of memory are needed, and {self._taken} of {self._memory} are in use."
                raise self._overloaded("max_memory_bytes", self._memory, detail)
            self._taken += size

    def give(self, size: int) -> None:
        """Give bytes back."""
        with self._lock:
            self._taken -= size

    async def _turn(self, gone: "Future[None] | None" = None) -> None:
        """Wait for a slot; raises ClientDisconnect if `gone` comes first."""
        if self.running < self.slots and not self._queue:
            self.running += 1
            self._tell()
            return
        turn: Future[None] = get_running_loop().create_future()
        self._queue.append(turn)
        self._tell()
        try:
            await wait((turn, gone) if gone else (turn,), return_when=FIRST_COMPLETED)
        except BaseException:
            self._leave(turn)
            raise
        if not turn.done():
            self._leave(turn)
            raise ClientDisconnect

    def _leave(self, turn: "Future[None]") -> None:
        """Somebody does not wait any more, and may have got the turn just now."""
        if turn.done():
            self._next()
        else:
            self._queue.remove(turn)
            self._tell()

    def _begin(self, work: Callable[[], Result]) -> "Future[Result]":
        begun = perf_counter()
        result = get_running_loop().run_in_executor(self._pool, copy_context().run, work)

        def ended(found: "Future[Result]") -> None:
            self.seconds += _FADING * (perf_counter() - begun - self.seconds)
            self._next()
            found.cancelled() or found.exception()  # which nobody may have waited for

        result.add_done_callback(ended)
        return result

    def _next(self) -> None:
        """A slot is free."""
        if self._queue:
            self._queue.popleft().set_result(None)
        else:
            self.running -= 1
        self._tell()

    def _tell(self) -> None:
        self._metrics.gauge("actiscope_work_running", self.running)
        self._metrics.gauge("actiscope_queue_depth", len(self._queue))

    def _overloaded(self, name: str, value: int, detail: str) -> Overloaded:
        return Overloaded(Limit(name, value), detail, ceil(self.seconds * (self.waiting + 1) / self.slots))


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


def memory() -> int:
    """Bytes of memory that this process may use, in its container or on its machine."""
    try:
        told = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        told = "max"
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 2**32
    return min(int(told), physical) if told.isdigit() else physical
