"""Every example of the documentation does what the page shows: each request is sent, each answer compared."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import httpx
import pytest

from service.app import create_app
from service.settings import Settings
from tests.docs.pages import PAGES, ROOT, Block, blocks, commands
from tests.docs.shown import assert_shown
from tests.live import in_thread

ADDRESS = "127.0.0.1:8000"
PROGRAMS = {  # those of other languages: the command that runs each, and the file that it runs
    "go": (["go", "run", "main.go"], "main.go"),
    "js": (["node", "main.mjs"], "main.mjs"),
    "r": (["Rscript", "--vanilla", "main.R"], "main.R"),
}
TEXTS = {path: path.read_text() for path in PAGES}
NAMES = {path: path.relative_to(ROOT).as_posix() for path in PAGES}
BLOCKS = [(path, block) for path in PAGES for block in blocks(TEXTS[path])]
OTHERS = [pytest.param(block, id=f"{NAMES[path]}:{block.line}") for path, block in BLOCKS if block.language in PROGRAMS]
WITH_EXAMPLES = sorted({path for path, block in BLOCKS if block.language in {"console", "python"}})
WITH_TORCH = sorted({path for path, block in BLOCKS if "import torch" in block.text})

pytestmark = [  # of aiohttp to tritonclient, which sends large bodies at once and leaves unread what it need not know
    pytest.mark.filterwarnings("ignore:Sending a large body directly with raw bytes:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Unclosed connection:ResourceWarning"),
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with in_thread(create_app(Settings())) as (port, _):
        yield f"127.0.0.1:{port}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to write into that else looks like a checkout; clients there wait for as long as it takes."""
    for name in ("demo", "docs", "service"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    for method in ("get", "post"):
        monkeypatch.setattr(httpx, method, _patient(getattr(httpx, method)))
    return tmp_path


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=NAMES.__getitem__)
def test_the_examples_of_a_page_do_what_it_shows(path: Path, address: str, folder: Path) -> None:
    _do([block for block in blocks(TEXTS[path]) if not _needs_torch(block)], address, folder)


@pytest.mark.skipif(not find_spec("torch") or not shutil.which("curl"), reason="torch or curl is not installed")
@pytest.mark.parametrize("path", WITH_TORCH, ids=NAMES.__getitem__)
def test_the_examples_with_torch_do_what_their_page_shows(path: Path, address: str, folder: Path) -> None:
    _do(blocks(TEXTS[path]), address, folder)


@pytest.mark.parametrize("block", OTHERS)
def test_a_program_in_another_language_prints_what_its_page_shows(block: Block, address: str, folder: Path) -> None:
    command, file = PROGRAMS[block.language]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    (folder / file).write_text(_here(block.text, address))
    done = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert block.prints is not None, "a program shows what it prints"
    assert_shown(block.prints, done.stdout)


def test_every_request_stands_where_it_is_run() -> None:
    for path in PAGES:
        outside = TEXTS[path]
        for block in blocks(outside):
            if block.language in {"console", "python", *PROGRAMS}:
                outside = outside.replace(block.text, "")
        assert not re.findall(rf"^.*\bcurl .*{ADDRESS}.*$", outside, flags=re.MULTILINE), NAMES[path]


def _do(examples: Sequence[Block], address: str, folder: Path) -> None:
    """Do what a page says, from its top to its end."""
    vocabulary: dict[str, object] = {}
    for block in examples:
        if block.language == "console":
            _type(block, address, folder)
        elif block.language == "python":
            _execute(block, address, vocabulary)


def _patient(method: Callable[..., httpx.Response]) -> Callable[..., httpx.Response]:
    return lambda *arguments, **options: method(*arguments, **{**options, "timeout": None})


def _here(text: str, address: str) -> str:
    """The text with the address of this service in place of the usual one."""
    host, port = address.split(":")
    return text.replace(ADDRESS, address).replace('"127.0.0.1", 8000', f'"{host}", {port}')


def _needs_torch(block: Block) -> bool:
    return "import torch" in block.text


def _type(block: Block, address: str, folder: Path) -> None:
    """Type the commands of a console into a shell."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "CURL_HOME": str(folder), "COLUMNS": "80"}
    for command in commands(block):
        text = _here(command.text, address)
        # What is not shown must be no failure.
        (folder / ".curlrc").write_text("silent\nshow-error\n" + ("fail\n" if command.prints is None else ""))
        done = subprocess.run(
            [str(shutil.which("bash")), "-c", text], check=False, cwd=folder, env=environment, capture_output=True
        )
        assert command.prints is not None or done.returncode == 0, done.stderr.decode()
        if command.prints is not None:
            assert_shown(command.prints, done.stdout.decode(), spaces=command.prints != block.prints)


def _execute(block: Block, address: str, vocabulary: dict[str, object]) -> None:
    """Execute a program, which may use the names of those before it on its page."""
    printed = StringIO()
    with redirect_stdout(printed):
        exec(_here(block.text, address), vocabulary)  # noqa: S102  the text is ours
    if block.prints is not None:
        assert_shown(block.prints, printed.getvalue())
    else:
        assert not printed.getvalue(), "what is printed is shown"
