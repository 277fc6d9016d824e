"""The examples of the Markdown pages: fenced blocks that can be run, and what they are said to print."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What the command line prints is full of …, and has tests of its own in tests/cli.
ELSEWHERE = {ROOT / "docs" / "command-line.md"}
PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted({*(ROOT / "docs").rglob("*.md")} - ELSEWHERE)]
PRINTED = {"json", "text"}
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_HERE_DOCUMENT = re.compile(r"<<-?'?(\w+)'?")


@dataclass(frozen=True)
class Block:
    """A fenced block: the line of its first character, its language, what is in it, and what it is said to print."""

    line: int
    language: str
    text: str
    prints: str | None


@dataclass(frozen=True)
class Command:
    """A command of a console and what it is said to print; None where nothing is said."""

    text: str
    prints: str | None


def blocks(page: str) -> list[Block]:
    """The blocks of a page, in order; one of plain text or JSON is what the block before it prints."""
    found = list(_FENCE.finditer(page))
    after = [match[3] if match[2] in PRINTED else None for match in found[1:]] + [None][: len(found)]
    return [
        Block(page.count("\n", 0, match.start()) + 2, match[2], match[3], prints)
        for match, prints in zip(found, after, strict=True)
    ]


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console: each begins with `$ ` and ends where the shell would say so; the rest is printed."""
    lines = block.text.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        length = next(n for n in range(1, end - start + 1) if _is_whole("\n".join(lines[start : start + n])))
        printed = "\n".join(lines[start + length : end])
        last = block.prints if end == len(lines) else None
        yield Command("\n".join(lines[start : start + length]).removeprefix("$ "), printed or last)


def _is_whole(text: str) -> bool:
    """Whether the shell asks for no further line."""
    if match := _HERE_DOCUMENT.search(text):
        return text.endswith(f"\n{match[1]}")
    try:
        shlex.split(text)
    except ValueError:  # a quotation mark is open
        return False
    return not text.endswith("\\")
