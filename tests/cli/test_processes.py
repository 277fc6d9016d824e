"""Commands as processes of their own: pipes, exit statuses, terminals, and whom they ask."""

import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from service.api.keys import line_of, new_key
from service.cli.options import KEY, URL
from tests.live import PATIENCE, serving

BASH = shutil.which("bash") or "bash"
COMMAND = f"{sys.executable} -m service.cli"
ENVIRONMENT = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}


def shell(
    text: str, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a line of the shell, in which `actiscope` is the command; what it ends with is that of the first failure."""
    script = f'actiscope() {{ {COMMAND} "$@"; }}; set -o pipefail; {text}'
    return subprocess.run(
        [BASH, "-c", script],
        capture_output=True,
        text=True,
        env={**ENVIRONMENT, **(environment or {})},
        cwd=folder,
        timeout=PATIENCE * 2,
        check=False,
    )


def test_pipes_end_quietly_when_their_reader_does() -> None:
    ended = shell("seq 200000 | actiscope evaluate gelu | head -n 2; echo ${PIPESTATUS[1]}")
    assert ended.stdout == "0.8413447460685429\n1.9544997361036416\n141\n"
    assert ended.stderr == ""


def test_an_endless_input_is_answered_as_it_comes() -> None:
    ended = shell("yes 0 | actiscope derivative sigmoid | head -n 3")
    assert (ended.stdout, ended.stderr) == ("0.25\n" * 3, "")


def test_numbers_are_answered_before_the_next_come() -> None:
    command = [sys.executable, "-m", "service.cli", "evaluate", "relu"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in (b"1", b"2"):
            process.stdin.write(number + b"\n")
            process.stdin.flush()
            assert process.stdout.readline() == number + b".0\n"
        process.stdin.close()
        assert process.wait(PATIENCE) == 0


def test_npy_goes_from_command_to_command(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.linspace(-2, 2, 6).reshape(2, 3).astype(np.float32))
    line = "actiscope evaluate tanh --format npy < x.npy | actiscope evaluate tanh --format npy -o y.npy"
    assert shell(line, folder=tmp_path).returncode == 0
    y = np.load(tmp_path / "y.npy")
    assert (y.shape, y.dtype) == ((2, 3), np.float32)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("actiscope evaluate relu 1", 0),
        ("actiscope evaluate rellu 1", 2),
        ("actiscope evaluate", 2),
        ("actiscope evaluate relu 1 --url http://127.0.0.1:9", 3),
        ("actiscope evaluate relu 1 --url ftp://127.0.0.1", 2),
        ("ACTISCOPE_MAX_RANK=99 actiscope evaluate relu 1", 2),
        ("actiscope --version", 0),
        ("actiscope --help", 0),
        ("actiscope", 2),
    ],
)
def test_the_exit_status_says_how_it_went(line: str, status: int) -> None:
    ended = shell(line)
    assert ended.returncode == status
    assert "Traceback" not in ended.stderr
    assert bool(ended.stderr) == bool(status)


# Who starts the tests in the background has them, and so the command, ignore interrupts.
INTERRUPTED = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from service.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_an_interrupted_training_ends_quietly(sigmoids: str) -> None:
    command = [sys.executable, "-c", INTERRUPTED, "train", sigmoids, "--steps", "100000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"step")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
        assert process.stderr.read() == b""


def test_a_server_is_asked_with_the_key_of_the_environment() -> None:
    key = new_key()
    with serving(ACTISCOPE_KEYS=line_of("someone", key)) as address:
        line = f"actiscope evaluate relu 3 --url http://{address}"
        assert "API key" in (refused := shell(line)).stderr
        assert refused.returncode == 2
        assert shell(line, environment={KEY: key}).stdout == "3.0\n"
        assert shell(f"{line} --key {key}").stdout == "3.0\n"
        assert shell("actiscope evaluate relu 3", environment={KEY: key, URL: f"http://{address}"}).stdout == "3.0\n"


def test_who_runs_the_service_in_the_command_needs_no_key() -> None:
    settings = {
        "ACTISCOPE_KEYS": line_of("someone", new_key()),
        "ACTISCOPE_REQUESTS_PER_ADDRESS": "1",
        "ACTISCOPE_ROOT_PATH": "/a",
    }
    assert shell("seq 2 | actiscope evaluate relu", environment=settings).stdout == "1.0\n2.0\n"


def test_the_limits_of_the_environment_hold_in_the_command() -> None:
    ended = shell("actiscope derivative softmax 1 2 3 --jacobian", environment={"ACTISCOPE_MAX_ELEMENTS": "2"})
    assert ended.returncode == 2
    assert "actiscope: " in ended.stderr


def test_names_are_completed_in_the_shell() -> None:
    def completed(words: str) -> list[str]:
        count = str(len(words.split(" ")) - 1)
        asked = {"COMP_WORDS": words, "COMP_CWORD": count, "_ACTISCOPE_COMPLETE": "complete_bash"}
        return shell("actiscope", environment=asked).stdout.split()

    assert completed("actiscope show leak") == ["leaky_relu"]
    assert completed("actiscope list --family soft") == ["softmax", "softplus"]
    assert completed("actiscope s") == ["show", "serve"]
    assert "--dtype" in completed("actiscope evaluate gelu --d")


def on_terminal(*words: str, **environment: str) -> str:
    """What a command writes to a terminal of 80 columns."""
    ours, its = pty.openpty()
    environment = {**ENVIRONMENT, "COLUMNS": "80", "TERM": "xterm-256color", **environment}
    command = [sys.executable, "-m", "service.cli", *words]
    with subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env=environment) as process:
        os.close(its)
        said = b""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                piece = os.read(ours, 2**16)
            except OSError:  # the other end is closed
                break
            said += piece
            if not piece:
                break
        process.wait(PATIENCE)
    os.close(ours)
    return said.decode()


def test_a_terminal_has_colours_unless_it_is_told_not_to() -> None:
    colour = re.compile(r"\x1b\[[0-9;]*3[0-9]")
    assert colour.search(on_terminal("show", "tanh"))
    assert not colour.search(on_terminal("show", "tanh", NO_COLOR="1"))


def test_a_training_is_drawn_on_a_terminal_as_it_goes(sigmoids: str) -> None:
    said = on_terminal("train", sigmoids, "--steps", "30")
    assert "log₁₀ of the loss" in said
    assert "step 30/30" in said
    assert "30 steps: loss" in said


def test_bytes_are_not_written_to_a_terminal() -> None:
    assert "NPY is bytes" in on_terminal("evaluate", "relu", "1", "--format", "npy")
