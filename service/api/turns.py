"""Turns at work: so many at once, in order of arrival, and how long who comes now would wait for one."""

from asyncio import FIRST_COMPLETED, Future, get_running_loop, wait
from collections import deque
from dataclasses import dataclass, field
from heapq import heapify, heapreplace
from time import monotonic

from starlette.requests import ClientDisconnect

from service.telemetry.metrics import Metrics


@dataclass(eq=False)
class Turn:
    """Work that runs or waits, which is thought to take so many seconds."""

    seconds: float
    ends: float = 0.0  # when it is thought to end, once it runs
    come: "Future[None]" = field(default_factory=lambda: get_running_loop().create_future())


class Turns:
    """Those who have a turn, and those who wait for theirs."""

    def __init__(self, slots: int, metrics: Metrics) -> None:
        self.slots = slots
        self._running: set[Turn] = set()
        self._queue: deque[Turn] = deque()
        self._metrics = metrics

    @property
    def running(self) -> int:
        """How many have a turn."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """How many wait for one."""
        return len(self._queue)

    @property
    def free(self) -> bool:
        """Whether who comes now would not wait."""
        return len(self._running) < self.slots and not self._queue

    def wait(self) -> float:
        """Seconds until who comes now would have a turn, if all takes as long as it is thought to."""
        if self.free:
            return 0.0
        now = monotonic()
        ends = [max(turn.ends - now, 0.0) for turn in self._running]
        heapify(ends)
        for turn in self._queue:
            heapreplace(ends, ends[0] + turn.seconds)
        return ends[0]

    async def take(self, seconds: float, gone: "Future[None] | None" = None) -> Turn:
        """A turn of about so many seconds, when it has come; raises ClientDisconnect if `gone` comes first."""
        turn = Turn(seconds)
        if self.free:
            self._begin(turn)
            return turn
        self._queue.append(turn)
        self._tell()
        try:
            await wait((turn.come, gone) if gone else (turn.come,), return_when=FIRST_COMPLETED)
        except BaseException:
            self.leave(turn)
            raise
        if not turn.come.done():
            self.leave(turn)
            raise ClientDisconnect
        return turn

    def leave(self, turn: Turn) -> None:
        """It has ended, or is not waited for any more."""
        if turn not in self._running:
            self._queue.remove(turn)
        else:
            self._running.remove(turn)
            if self._queue:
                self._begin(self._queue.popleft())
        self._tell()

    def _begin(self, turn: Turn) -> None:
        turn.ends = monotonic() + turn.seconds
        turn.come.set_result(None)
        self._running.add(turn)
        self._tell()

    def _tell(self) -> None:
        self._metrics.gauge("actiscope_work_running", len(self._running))
        self._metrics.gauge("actiscope_queue_depth", len(self._queue))
