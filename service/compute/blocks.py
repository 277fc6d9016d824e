"""Long arrays block by block: blocks that stay in the caches, and threads.

Numbers are computed one by one, so neither the size of the blocks nor the number of threads changes a result.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from math import ceil
from pathlib import Path
from threading import Lock, local

import numpy as np

from service.activations.model import Block
from service.numerics.scratch import LARGEST as BLOCK

BlockTask = Callable[[Block, Block, slice], None]  # writes its results for a block into the second; where it lies

QUOTA = Path("/sys/fs/cgroup/cpu.max")  # microseconds of the processor in a period, and how long that is

_SHARE = 2**19  # elements for which one more thread pays: waking it costs about as much as computing some thousands


class _Threads:
    """A pool of threads that is started when it is first needed, and anew in a process that is forked."""

    def __init__(self) -> None:
        self.count = 1
        self.lock = Lock()
        self.pool: ThreadPoolExecutor | None = None

    def started(self) -> ThreadPoolExecutor:
        """The pool: one thread less than may compute, since the caller's own computes too."""
        with self.lock:
            if self.pool is None:
                self.pool = ThreadPoolExecutor(self.count - 1, thread_name_prefix="compute")
            return self.pool

    def stop(self) -> None:
        """Let the threads end when their work is done."""
        with self.lock:
            if self.pool is not None:
                self.pool.shutdown(wait=False)
                self.pool = None

    def forget(self) -> None:
        """After a fork: the child has none of the threads, and nobody to release the lock."""
        self.lock, self.pool = Lock(), None


class _Quiet(local):
    """A context for each thread in which numpy does not warn: it costs a tenth of what np.errstate does."""

    def __init__(self) -> None:
        self.context = copy_context()
        self.context.run(np.seterr, all="ignore")


_quiet = _Quiet()
_threads = _Threads()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_threads.forget)


def use_threads(count: int) -> None:
    """Let long arrays be computed by so many threads; 0 stands for the cores that this process may use.

    Without a call of this function there is one, the caller's own.
    """
    _threads.stop()
    _threads.count = count or cores()


def threads() -> int:
    """How many threads may compute a long array."""
    return _threads.count


def cores() -> int:
    """How many cores this process may use, on its machine or in its container."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = QUOTA.read_text(encoding="ascii").split()
        return min(there, ceil(int(quota) / int(period)))
    except (OSError, ValueError):  # another system, no container, or no quota, which is called max
        return there


def blockwise(task: BlockTask, x: Block, out: Block) -> None:
    """Let the task fill `out` from x, both flat and of one size, block after block; numpy's warnings are off."""
    if x.size <= BLOCK:
        _quiet.context.run(task, x, out, slice(0, x.size))
        return
    shares = min(_threads.count, x.size // _SHARE)
    if shares > 1:
        _run_shared(task, x, out, shares)
    else:
        _run(task, x, out, 0, x.size)


def _run_shared(task: BlockTask, x: Block, out: Block, shares: int) -> None:
    ends = [x.size * share // shares // BLOCK * BLOCK for share in range(shares)] + [x.size]
    pool = _threads.started()
    others = [pool.submit(_run, task, x, out, *ends[share : share + 2]) for share in range(1, shares)]
    try:
        _run(task, x, out, 0, ends[1])
    finally:
        for other in others:
            other.result()


def _run(task: BlockTask, x: Block, out: Block, start: int, stop: int) -> None:
    run = _quiet.context.run
    for begin in range(start, stop, BLOCK):
        part = slice(begin, min(begin + BLOCK, stop))
        run(task, x[part], out[part], part)
