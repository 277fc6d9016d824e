"""Numbers that processes share."""

import logging
import os
import subprocess
import sys

import pytest

from service.telemetry import block
from service.telemetry.block import Block, share

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is shared on Linux only")
pytestmark = linux

CELLS = 3
COUNT = """
import sys
from service.telemetry.block import Block
mine = Block(3, 1, sys.argv[1])
mine.own[0], mine.own[1] = 5.0, mine.own[1] + float(sys.argv[2])
print(mine.own.tolist(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    share(CELLS, 2)
    return os.environ[block.VARIABLE]


def counting(path: str, number: int) -> subprocess.Popen[str]:
    """A process that has added the number to its row, and keeps the row until it ends."""
    command = [sys.executable, "-c", COUNT, path, str(number)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_sums_stay_and_levels_vanish_when_a_process_is_killed(path: str) -> None:
    mine = Block(CELLS, 1, path)
    mine.own[1] += 1.0
    others = [counting(path, 10), counting(path, 100)]
    assert mine.total().tolist() == [10.0, 111.0, 0.0]
    assert len(mine.living()) == 3
    end(others[0])
    assert len(mine.living()) == 2
    assert mine.total().tolist() == [5.0, 111.0, 0.0]
    others[0] = counting(path, 1000)
    assert mine.total().tolist() == [10.0, 1111.0, 0.0]
    for process in others:
        end(process)
    assert mine.living().tolist() == [[0.0, 1.0, 0.0]]
    assert mine.total().tolist() == [0.0, 1111.0, 0.0]


def test_a_process_that_finds_no_row_counts_for_itself(
    path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(block, "_claimed", lambda _file, _row: False)
    with caplog.at_level(logging.WARNING):
        mine = Block(CELLS, 1, path)
    assert "all rows are taken" in caplog.text
    mine.own[1] += 1.0
    assert mine.living().tolist() == [[0.0, 1.0, 0.0]]


@pytest.mark.parametrize("wrong", ["/nowhere", "/dev/null", "/proc/self/mem", "/", __file__])
def test_what_cannot_be_shared_stops_nobody(wrong: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        mine = Block(CELLS, 1, wrong)
    mine.own[2] += 2.0
    assert mine.total().tolist() == [0.0, 0.0, 2.0]
    assert "counts for itself" in caplog.text


def test_without_room_each_process_counts_for_itself() -> None:
    told = (
        "import os, resource; from service.telemetry.block import VARIABLE, share;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); share(3, 2); print(VARIABLE in os.environ)"
    )
    environment = {**os.environ, block.VARIABLE: "left over"}
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "False\n"
    assert "Each process counts for itself" in done.stderr
