"""How many answers a process streams at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.errors import Limit, Overloaded
from service.settings import Settings


class Streams:
    """Counts the streams that are open."""

    def __init__(self, settings: Settings) -> None:
        self._limit = Limit("max_streams", settings.max_streams)
        self.open = 0

    def admit(self) -> None:
        """Refuse one more if it would be one too many; nothing may be waited for between this and its beginning."""
        if self.open >= self._limit.value:
            raise Overloaded(self._limit, f"This service streams {self._limit.value} answers at once, no more.")

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count a stream while it lasts."""
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1
