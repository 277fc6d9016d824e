"""Clients that keep asking over connections that they keep, and count what becomes of what they asked."""

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass, field

from tests.live import PATIENCE
from tests.reliability.exchange import Unanswered, connected, read, request


@dataclass
class Tally:
    """What became of the requests of some clients."""

    answered: Counter[int] = field(default_factory=Counter)
    lost: list[int] = field(default_factory=list)  # the ports of connections whose last request was read, not answered
    late: int = 0  # requests on connections that the service had ended, or before it ever took them
    refused: int = 0


@dataclass
class Client:
    """A client that asks the same again and again, until it is refused or told to stop."""

    port: int
    question: bytes
    tally: Tally
    stop: asyncio.Event
    mine: int = 0

    async def run(self) -> None:
        """Connect as often as the service lets it."""
        while not self.stop.is_set():
            try:
                async with connected(self.port) as (reader, writer):
                    self.mine = writer.get_extra_info("sockname")[1]
                    await self._talk(reader, writer)
            except ConnectionError:
                self.tally.refused += 1
                if await self._over():
                    return

    async def _over(self) -> bool:
        """Whether it is to stop, a moment later."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), 0.05)
        return self.stop.is_set()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answered = 0
        while not self.stop.is_set():
            if reader.at_eof():
                return
            writer.write(self.question)
            try:
                async with asyncio.timeout(PATIENCE):
                    answer = await read(reader)
            except ConnectionError:  # the system's word for bytes that no process has read
                self.tally.late += 1
                return
            except Unanswered:
                self.tally.lost.append(self.mine)
                return
            if answer is None:
                self._ended(answered)
                return
            if not answer.whole:
                self.tally.lost.append(self.mine)
                return
            self.tally.answered[answer.status] += 1
            answered += 1
            if answer.closes:
                return

    def _ended(self, answered: int) -> None:
        """The connection ended properly: between two requests it may, at the first one the request has been read."""
        if answered:
            self.tally.late += 1
        else:
            self.tally.lost.append(self.mine)


def keeping(method: str, path: str, body: bytes = b"") -> bytes:
    """A request after which the connection is kept."""
    return request(method, path, body, "Content-Type: application/json", close=False)
