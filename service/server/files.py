"""The files that a process may have open: every connection is one."""

import sys
from functools import cache

if sys.platform != "win32":
    import resource

OTHERS = 64  # files that a process has open beside its connections, and some to spare
_MORE = 256  # connections of those who are told that there are too many, or ask whether the service lives


def allow(connections: int) -> None:
    """Have this process, and those that it starts, open so many connections and some more, as far as they may."""
    if sys.platform != "win32":
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = sys.maxsize if hard == resource.RLIM_INFINITY else hard
        wanted = min(connections + _MORE + OTHERS, most)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@cache
def most_connections() -> int:
    """How many connections this process may have open before it has no file for another."""
    if sys.platform != "win32":
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY:
            return max(1, soft - OTHERS)
    return sys.maxsize
