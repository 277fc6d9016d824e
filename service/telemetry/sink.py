"""Where log lines go: a thread writes them, so that neither a slow reader nor a broken file delays an answer."""

import atexit
import os
import sys
from collections import deque
from collections.abc import Callable
from functools import cache
from threading import Event, Lock, Thread

_PAUSE = 0.05  # seconds between writes: lines that come meanwhile are written by one call of the system
_MOST = 10_000  # lines that wait; those that come then are lost
_BATCH = 500  # lines of one write
_AT_THE_END = 1.0  # seconds for what is left when the process ends


class Sink:
    """Writes lines to a file of the system, or loses them: it never fails, and never waits."""

    def __init__(self, file: int) -> None:
        self.lost: Callable[[int], None] = lambda _lines: None  # told of lines that are not written
        self._file = file
        self._lines: deque[bytes] = deque()
        self._torn = False  # whether the last line was written in part
        self._starting = Lock()
        self._thread: Thread | None = None
        self._news, self._closing, self._closed = Event(), Event(), Event()

    def write(self, line: bytes) -> None:
        """Have a line written, soon."""
        if len(self._lines) >= _MOST:
            self.lost(1)
            return
        self._lines.append(line)
        if not self._news.is_set():
            self._news.set()
            if self._thread is None:
                self._start()

    def close(self) -> None:
        """Write what is left, unless nobody takes it."""
        self._closing.set()
        self._news.set()
        if self._thread is not None:
            self._closed.wait(_AT_THE_END)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = Thread(target=self._run, name="log", daemon=True)
                self._thread.start()
                atexit.register(self.close)

    def _run(self) -> None:
        while not self._closed.is_set():
            self._news.wait()
            closing = self._closing.wait(_PAUSE)
            self._news.clear()
            while self._lines:
                self._put([self._lines.popleft() for _ in range(min(len(self._lines), _BATCH))])
            if closing:
                self._closed.set()

    def _put(self, lines: list[bytes]) -> None:
        left = memoryview(b"".join((b"\n" if self._torn else b"", *lines)))
        try:
            while left:
                left = left[os.write(self._file, left) :]
        except OSError:
            self.lost(len(lines))
        self._torn = bool(left)


def fill_standard_files() -> None:
    """Open what was closed at the start of the process, so that no connection is taken for one of these files."""
    for file in range(3):
        try:
            os.fstat(file)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it gets the lowest number that is free


@cache
def standard_error() -> Sink:
    """The sink of this process; where there was no standard error at its start, all lines are lost."""
    return Sink(-1 if sys.__stderr__ is None else sys.__stderr__.fileno())
