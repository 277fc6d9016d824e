"""Places that cannot be written to, and a full disk, do not stop answers."""

import asyncio
import socket
import time
from collections.abc import Sequence
from subprocess import Popen

import numpy as np
import pytest

from tests.live import PATIENCE, started
from tests.reliability.exchange import ask
from tests.reliability.hostile import Question, upload, valid

NOWHERE = "/proc"  # it takes no files, not even from root
LARGE = {"0.weight": np.ones((512, 3)), "0.bias": np.zeros(512), "2.weight": np.ones((512, 512))}
SHELL = ("/bin/sh", "-c")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def until_it_listens(port: int, process: "Popen[bytes]") -> None:
    """A service whose messages nobody can read is asked instead."""
    until = time.monotonic() + PATIENCE
    with socket.socket() as connection:
        while connection.connect_ex(("127.0.0.1", port)):
            assert time.monotonic() < until
            assert process.poll() is None
            time.sleep(0.05)


@pytest.mark.parametrize(
    ("workers", "wrapper"),
    [
        ("1", ()),
        ("2", ()),
        ("1", (*SHELL, 'exec "$0" "$@" 2>/dev/full >/dev/full')),
        ("1", (*SHELL, 'exec "$0" "$@" <&- 2>&-')),
        ("2", (*SHELL, 'exec "$0" "$@" 2>&- >&-')),
    ],
    ids=["nowhere to write", "nor for workers", "full disk for the log", "no stdin, no stderr", "no stdout, no stderr"],
)
def test_nothing_needs_to_be_written(wrapper: Sequence[str], workers: str) -> None:
    port = free_port()
    questions = [*valid(), upload(LARGE)]

    async def statuses() -> list[int]:
        wrong = [Question("/evaluate", "/evaluate", b"{"), Question("/evaluate", "/nowhere", b"\xff")]
        answers = [await ask(port, "POST", item.path, item.body, *item.fields) for item in (*questions, *wrong)]
        return [answer.status for answer in answers]

    options = ("--port", str(port), "--workers", workers)
    with started(*options, wrapper=wrapper, cwd=NOWHERE, TMPDIR=NOWHERE, HOME=NOWHERE) as service:
        until_it_listens(port, service.process)
        assert asyncio.run(statuses()) == [200] * len(questions) + [400, 404]
    assert service.process.returncode == 0
