"""What the system knows of a process, where it tells it as files (Linux)."""

import os
from functools import cache
from pathlib import Path

_PROC = Path("/proc")
# Fields of /proc/PID/stat, counted from the one after the name, which may hold anything.
_USER, _SYSTEM, _THREADS, _START, _PAGES = 11, 12, 17, 19, 21


def figures(pid: int) -> dict[str, float]:
    """The values of the metrics `process_…` for a process; none if it is gone, or the system does not tell."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        files = len(os.listdir(_PROC / str(pid) / "fd"))  # noqa: PTH208  only their number is wanted
        ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
        return {
            "process_cpu_seconds_total": (int(stat[_USER]) + int(stat[_SYSTEM])) / ticks,
            "process_resident_memory_bytes": int(stat[_PAGES]) * page,
            "process_open_fds": files,
            "process_threads": int(stat[_THREADS]),
            "process_start_time_seconds": _boot() + int(stat[_START]) / ticks,
        }
    except OSError:
        return {}


@cache
def _boot() -> int:
    """When the system started, in seconds since 1970."""
    lines = (_PROC / "stat").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("btime "))
