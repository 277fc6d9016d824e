"""Answers that wait for clients: their memory is counted, and if it is too much the slowest clients are given up."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

from service.api.memory import Memory


class Backlog:
    """What a client has still to take, and how fast it takes it."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.wrote = 0  # bytes, since the beginning
        self.bytes = 0  # that are kept for the client, and counted
        self.left = 0  # bytes to take, when last looked at
        self._looks = 0  # since all was taken
        self._taken = 0  # bytes before that

    def keep(self, size: int) -> None:
        """So many bytes are kept for the client now."""
        self.memory.keep(size - self.bytes)
        self.bytes = size

    def look(self, left: int) -> bool:
        """Another second has passed, and so many bytes are left; whether anything has moved."""
        moved = left != self.left
        if not self._looks:
            self._taken = self.wrote - left
        self.left = left
        self._looks += 1
        return moved

    def clear(self) -> None:
        """All is taken."""
        self.left = self._looks = 0

    @property
    def seconds(self) -> float:
        """How long the client will take at the pace that it has had; 0 if it is too early to tell."""
        if self._looks < 2:
            return 0.0
        return self.left * (self._looks - 1) / max(self.wrote - self.left - self._taken, 1)


class Connection(Protocol):
    """What has a backlog."""

    backlog: Backlog


AnyConnection = TypeVar("AnyConnection", bound=Connection)


def slowest(connections: Iterable[AnyConnection]) -> Iterator[AnyConnection]:
    """Those to be given up, for what is kept for all to become no more than allowed; the slowest first."""
    behind = sorted((each for each in connections if each.backlog.bytes), key=lambda each: -each.backlog.seconds)
    total = sum(each.backlog.bytes for each in behind)
    for each in behind:
        if total <= each.backlog.memory.most_unsent or not each.backlog.seconds:
            return
        total -= each.backlog.bytes
        yield each
