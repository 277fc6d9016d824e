"""A worker process of a benchmark: it reads cases from its input, one JSON line each, and answers what they cost."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Case:
    """What to run: `depth` layers of `units` units under `batch` inputs, with weights drawn each time or beforehand."""

    work: str
    activation: str = "relu"
    depth: int = 50
    units: int = 512
    batch: int = 256
    drawn: bool = False


Work = Callable[[], object]


def serve(prepare: Callable[[Case], Work]) -> None:
    """Answer the processor's seconds of every case, and what it returned; a new case runs once unmeasured."""

    @lru_cache(maxsize=4)
    def prepared(case: Case) -> Work:
        work = prepare(case)
        work()
        return work

    for line in sys.stdin:
        work = prepared(Case(**json.loads(line)))
        start = time.process_time()
        value = work()
        seconds = time.process_time() - start
        sys.stdout.write(json.dumps({"seconds": seconds, "value": value}) + "\n")
        sys.stdout.flush()
