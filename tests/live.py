"""The service as a process of its own."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def serving(*options: str, log: list[str] | None = None, **settings: str) -> Iterator[str]:
    """Where a service with these options and settings listens, as host:port, until it is told to end.

    What it writes from then on is put into `log`.
    """
    command = [sys.executable, "-m", "service.cli", "serve", "--port", "0", *options]
    environment = {**settings, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if match := re.search(r"http://(127\.0\.0\.1:\d+)", line):
                yield match[1]
                break
        process.terminate()
        _, written = process.communicate(timeout=30)
        if log is not None:
            log += written.splitlines()
