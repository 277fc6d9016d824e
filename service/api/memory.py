"""How much memory the work of a process is estimated to take, and how much there is."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from service.errors import Limit, Overloaded
from service.settings import Settings

_SHARE = 0.8  # of the memory there is, unless the settings say how much


class Memory:
    """Counts the bytes that are taken, from whatever thread."""

    def __init__(self, settings: Settings) -> None:
        self._limit = Limit("max_memory_bytes", most(settings))
        self.most_unsent = settings.max_unsent_bytes or self._limit.value // 4
        self._taken = 0
        self._lock = Lock()

    @contextmanager
    def holding(self, size: int) -> Iterator[None]:
        """Count so many bytes as taken meanwhile; raises Overloaded if they are not there."""
        self.take(size)
        try:
            yield
        finally:
            self.give(size)

    def take(self, size: int) -> None:
        """Count so many bytes as taken until they are given back; raises Overloaded if they are not there."""
        with self._lock:
            if self._taken and self._taken + size > self._limit.value:
                detail = f"About {size} bytes of memory are needed; {self._taken} of {self._limit.value} are in use."
                raise Overloaded(self._limit, detail)
            self._taken += size

    def keep(self, size: int) -> None:
        """Count so many bytes that are taken already, whatever the limit, until they are given back."""
        with self._lock:
            self._taken += size

    def give(self, size: int) -> None:
        """Give bytes back."""
        with self._lock:
            self._taken -= size


def most(settings: Settings) -> int:
    """Bytes that the work of a process may take."""
    return settings.max_memory_bytes or int(_SHARE * available())


def available() -> int:
    """Bytes of memory that this process may use, in its container or on its machine."""
    try:
        told = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        told = "max"
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 2**32
    return min(int(told), physical) if told.isdigit() else physical
