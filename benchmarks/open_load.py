"""Requests that come at a rate, whether or not the last ones have been answered, and what becomes of each."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

HOST = "127.0.0.1"
PATIENCE = 30  # seconds after which what is not answered is lost
_PAUSE = 0.02  # seconds between two questions after its health


@dataclass
class Outcome:
    """Seconds until the answer, by status, and requests that were not answered as they should be."""

    seconds: dict[int, list[float]] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)

    def note(self, status: int, seconds: float) -> None:
        """One more answer."""
        self.seconds.setdefault(status, []).append(seconds)

    def count(self, status: int) -> int:
        """How many answers have that status."""
        return len(self.seconds.get(status, ()))


def quantile(values: list[float], share: float) -> float:
    """The value that so large a share of all does not exceed; NaN if there is none."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


class Connections:
    """Connections that are kept and used again; as many are opened as are needed at once."""

    def __init__(self, port: int, request: bytes, outcome: Outcome) -> None:
        self._port, self._request, self._outcome = port, request, outcome
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self) -> None:
        """Send the request once, and note what becomes of it."""
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._ask(begun)
        except (OSError, EOFError, TimeoutError) as error:
            self._outcome.lost.append(repr(error))

    async def _ask(self, begun: float) -> None:
        connection = await self._connection()
        reader, writer = connection
        writer.write(self._request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head[9:12])
        await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
        if status == 503 and b"\r\nretry-after: " not in head:
            self._outcome.lost.append("503 without Retry-After")
        self._outcome.note(status, time.perf_counter() - begun)
        if b"\r\nconnection: close" in head or writer.transport.get_write_buffer_size():  # refused before it was sent
            writer.close()
        else:
            self._idle.append(connection)

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The one used last, unless the service has ended it meanwhile, as it may when it was idle; or a new one."""
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection(HOST, self._port)

    def close(self) -> None:
        """Hang up."""
        for _, writer in self._idle:
            writer.close()


async def closed_loop(port: int, request: bytes, clients: int, seconds: float) -> Outcome:
    """So many clients, each of which asks again as soon as it is answered."""
    outcome = Outcome()
    until = time.perf_counter() + seconds

    async def one() -> None:
        connections = Connections(port, request, outcome)
        while time.perf_counter() < until:
            await connections.ask()
        connections.close()

    await asyncio.gather(*(one() for _ in range(clients)))
    return outcome


async def open_loop(port: int, request: bytes, rate: float, seconds: float) -> Outcome:
    """So many requests a second, at random moments."""
    outcome = Outcome()
    connections, chance = Connections(port, request, outcome), random.Random(0)  # noqa: S311  load, not secrets
    begun = time.perf_counter()
    due, tasks = 0.0, set[asyncio.Task[None]]()
    while (due := due + chance.expovariate(rate)) < seconds:
        await asyncio.sleep(begun + due - time.perf_counter())
        task = asyncio.create_task(connections.ask())
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    if tasks:
        await asyncio.wait(tasks)
    connections.close()
    return outcome


async def beside(port: int, request: bytes, load: Callable[[], Awaitable[Outcome]]) -> tuple[Outcome, Outcome]:
    """What comes of a load, and of a small request that is sent again and again beside it."""
    outcome, over = Outcome(), asyncio.Event()

    async def small() -> None:
        connections = Connections(port, request, outcome)
        while not over.is_set():
            await connections.ask()
            await asyncio.sleep(_PAUSE)
        connections.close()

    task = asyncio.create_task(small())
    found = await load()
    over.set()
    await task
    return found, outcome
