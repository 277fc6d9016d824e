"""Numbers that several processes count together, in memory that they share: one row for each process.

Each process adds to a row of its own, so nothing is locked for a count and none is lost. A row is claimed by a lock on
one byte of the file, which the system releases when the process ends, however it ends. Whoever claims the row next
counts on where it stopped, so sums never fall; the first numbers of a row, which are levels, start again from 0.
"""

import logging
import mmap
import os
import sys
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

if sys.platform.startswith("linux"):
    import fcntl

VARIABLE = "ACTISCOPE_METRICS_BLOCK"  # the path of the file, for the processes that share it

_SPARE = 16  # rows more than processes: one that ends may still hold its row while another takes its place
_NUMBER = 8  # bytes

logger = logging.getLogger(__name__)

Numbers = NDArray[np.float64]


class Block:
    """The rows of all processes that share a file; without one that can be used, a single row of this process."""

    def __init__(self, cells: int, levels: int, path: str | None = None) -> None:
        self._cells = cells
        self._levels = levels
        self._file: int | None = None
        self._row = 0
        memory: bytearray | mmap.mmap = bytearray(cells * _NUMBER)
        if path is not None:
            try:
                memory = self._share(path)
            except (OSError, ValueError) as error:
                logger.warning("This process counts for itself alone: %s", error)
        self._rows: Numbers = np.frombuffer(memory).reshape(-1, cells)
        # A view of the bytes is added to in half of the time that an element of an array takes.
        own = memoryview(memory).cast("B")[self._row * cells * _NUMBER :][: cells * _NUMBER]
        self.own: memoryview[float] = own.cast("d")
        self._rows[self._row, :levels] = 0

    def living(self) -> Numbers:
        """The rows of the processes that live; the levels of all others are set to 0."""
        return self._rows[[row for row in range(len(self._rows)) if self._lives(row)]]

    def total(self) -> Numbers:
        """The sum of all rows, those of processes that are gone among them."""
        total: Numbers = self._rows.sum(axis=0)
        return total

    def _share(self, path: str) -> mmap.mmap:
        """Claim a row of the file; it is neither closed nor unmapped, which would give the row up."""
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        memory = mmap.mmap(file, 0)
        rows, rest = divmod(len(memory), self._cells * _NUMBER)
        if rest:
            raise ValueError(f"{path} holds other numbers")
        for row in range(rows):
            if _claimed(file, row):
                self._file, self._row = file, row
                return memory
        raise ValueError("all rows are taken")

    def _lives(self, row: int) -> bool:
        if row == self._row:
            return True
        if self._file is None or not _claimed(self._file, row):
            return True
        self._rows[row, : self._levels] = 0
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, row)
        return False


def share(cells: int, processes: int) -> None:
    """Make a file for so many processes, which know it by the environment; where that fails, each counts for itself.

    The file lives in memory, without a name, as long as this process does.
    """
    if not sys.platform.startswith("linux"):
        return
    with suppress(KeyError):
        del os.environ[VARIABLE]
    try:
        file = os.memfd_create("actiscope-metrics")
        # Room is taken now: to find that there is none when a number is counted would end the process.
        os.posix_fallocate(file, 0, (2 * processes + _SPARE) * cells * _NUMBER)
    except OSError as error:
        logger.warning("Each process counts for itself: %s", error)
        return
    os.environ[VARIABLE] = f"/proc/{os.getpid()}/fd/{file}"


def _claimed(file: int, row: int) -> bool:
    """Whether the row could be claimed: nobody living has it."""
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, row)
    except OSError:
        return False
    return True
