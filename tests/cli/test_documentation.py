"""The examples of docs/command-line.md are what the commands print."""

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.live import PATIENCE

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "command-line.md"
TEXT = PAGE.read_text()
EXAMPLE = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
EXAMPLES = [
    example for block in re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL) for example in EXAMPLE.findall(block)
]
FILES = re.findall(r"`(\S+\.json)`:\n\n```json\n(.*?)```", TEXT, re.DOTALL)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
DRAWS = find_spec("matplotlib") is not None


def said(command: str, folder: Path) -> str:
    """What a terminal of 80 columns shows of a line of the shell."""
    for name, text in FILES:
        (folder / name).write_text(text)
    if not (folder / "demo").exists():
        (folder / "demo").symlink_to(ROOT / "demo")
    script = f'actiscope() {{ {sys.executable} -m service.cli "$@"; }}; {command}'
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "80", "LANG": "C.UTF-8"}
    shell = [shutil.which("bash") or "bash", "-c", script]
    return subprocess.run(
        shell,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env=environment,
        timeout=PATIENCE * 2,
        check=False,
    ).stdout


def comparable(text: str) -> list[str]:
    """Lines without blanks at their ends, but for measured costs; the last digits may differ between processors."""
    lines = (line.rstrip() for line in text.rstrip().splitlines() if not line.startswith("cost "))
    return [NUMBER.sub(lambda found: f"{float(found[0]):.3g}", line) for line in lines]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the examples run, one after the other."""
    return tmp_path_factory.mktemp("examples")


@pytest.mark.parametrize(("command", "shown"), EXAMPLES, ids=[command for command, _ in EXAMPLES])
def test_an_example_prints_what_is_shown(command: str, shown: str, folder: Path) -> None:
    if command.startswith("actiscope plot") and not DRAWS:
        pytest.skip("matplotlib, which draws, is an extra")
    assert comparable(said(command, folder)) == comparable(shown)


def test_every_command_has_an_example() -> None:
    commands = set(re.findall(r"actiscope (\w+)", "\n".join(command for command, _ in EXAMPLES)))
    assert commands == {"list", "show", "evaluate", "derivative", "flow", "train", "plot"}
