"""What the kernel knows of a server's processes: who they are, the seconds they computed, the memory they hold."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = {CORES[-1]}, {CORES[0]}
_TICK = os.sysconf("SC_CLK_TCK")


@contextmanager
def pinned(cores: set[int]) -> Iterator[None]:
    """Let this thread, and what it starts meanwhile, run on these cores alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def tree(root: int) -> list[int]:
    """A process and all that descend from it, the eldest first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                children.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
    found = [root]
    for process in found:
        found += children.get(process, [])
    return found


def cpu_seconds(processes: list[int]) -> float:
    """User and system time of all their threads."""
    total = 0
    for process in processes:
        with suppress(OSError):
            fields = _stat(process)
            total += int(fields[11]) + int(fields[12])
    return total / _TICK


def resident(processes: list[int]) -> int:
    """Bytes of memory now."""
    return sum(_status(process, "VmRSS:") for process in processes)


def peak_resident(processes: list[int]) -> int:
    """Bytes of memory at the most since `forget_peak`."""
    return sum(_status(process, "VmHWM:") for process in processes)


def forget_peak(processes: list[int]) -> None:
    """Begin a new peak."""
    for process in processes:
        Path(f"/proc/{process}/clear_refs").write_text("5")


def send_all(processes: list[int], which: signal.Signals) -> None:
    """A signal to each that is still there."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, which)


def _stat(process: int) -> list[str]:
    """The fields after the name, which may hold spaces: state, parent and so on."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def _status(process: int, name: str) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    return 0
