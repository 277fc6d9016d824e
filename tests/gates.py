"""Work that fills the gate of an application for as long as a test wants."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from service.api.admission import Gate


@contextmanager
def occupied(runner: asyncio.Runner, gate: Gate, waiting: int = 0, seconds: float = 0.0) -> Iterator[None]:
    """Meanwhile every turn is taken, and so many wait for theirs; each is thought to take so many seconds."""

    async def come() -> list[asyncio.Task[None]]:
        tasks = [asyncio.create_task(_stay(gate, seconds)) for _ in range(gate.turns.slots + waiting)]
        await asyncio.sleep(0)
        return tasks

    async def go(tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    tasks = runner.run(come())
    assert (gate.turns.running, gate.turns.waiting) == (gate.turns.slots, waiting)
    yield
    runner.run(go(tasks))
    assert gate.turns.free


async def _stay(gate: Gate, seconds: float) -> None:
    turn = await gate.turns.take(seconds)
    try:
        await asyncio.Event().wait()
    finally:
        gate.turns.leave(turn)
