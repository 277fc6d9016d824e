"""Numbers that come in: as arguments, as lines of text or CSV, or as an NPY file; text is read as it arrives."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidInput

Array = NDArray[Any]  # any: of the dtype that a file has

STANDARD_INPUT = Path("-")

_MAGIC = b"\x93NUMPY"
_AT_ONCE = 2**20  # bytes
_SEPARATORS = str.maketrans(",;\t", "   ")


@dataclass(frozen=True)
class Numbers:
    """An array, and the names of its columns if the file had a line of them."""

    x: Array
    columns: tuple[str, ...] = ()


def of_arguments(texts: Sequence[str]) -> Numbers:
    """The numbers of a command."""
    return Numbers(np.array([_number(text, f"{text!r} is not a number.") for text in texts]))


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file to read bytes from, or the standard input for `-`; raises InvalidInput if it cannot be read."""
    if path == STANDARD_INPUT:
        if sys.stdin.isatty():
            print("Reading from the terminal; Ctrl-D ends.", file=sys.stderr)
        yield sys.stdin.buffer
        return
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise InvalidInput.at(detail=f"{path} cannot be read: {error.strerror}.") from None


def pieces(file: BinaryIO) -> Iterator[Numbers]:
    """The numbers of a file, as they arrive: one piece for NPY, for text one for lines of the same length in a row."""
    if _start(file) == _MAGIC:
        yield Numbers(_load(file))
    else:
        yield from _of_text(_lines(file))


def together(found: Iterable[Numbers]) -> Numbers:
    """All pieces as one; raises InvalidInput if their lines are not of one length."""
    parts = list(found)
    if not parts:
        return Numbers(np.empty(0))
    if len({part.x.shape[1:] for part in parts}) > 1:
        raise InvalidInput.at(detail="The lines hold different numbers of numbers, so they are no array.")
    return replace(parts[0], x=np.concatenate([part.x for part in parts]) if len(parts) > 1 else parts[0].x)


def read_array(path: Path) -> Array:
    """The numbers of a whole file."""
    with opened(path) as file:
        return together(pieces(file)).x


def _start(file: BinaryIO) -> bytes:
    """The first bytes, which are read again later."""
    peek: Any = getattr(file, "peek", None)  # any: files and pipes have it, what stands in for them may not
    if peek is not None:
        start: bytes = peek(len(_MAGIC))
        return start[: len(_MAGIC)]
    place = file.tell()
    start = file.read(len(_MAGIC))
    file.seek(place)
    return start


def _load(file: BinaryIO) -> Array:
    try:
        array: Array = np.load(BytesIO(file.read()), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise InvalidInput.at(detail=f"The NPY file cannot be read: {error}") from None
    return array


def _lines(file: BinaryIO) -> Iterator[list[str]]:
    """Whole lines, as many at once as have arrived."""
    read: Any = getattr(file, "read1", file.read)  # any: a method of buffered files
    rest = b""
    while piece := read(_AT_ONCE):
        whole, newline, rest = (rest + piece).rpartition(b"\n")
        if newline:
            yield _decoded(whole)
    if rest:
        yield _decoded(rest)


def _decoded(text: bytes) -> list[str]:
    try:
        return text.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise InvalidInput.at(detail="The input is neither text nor an NPY file.") from None


def _of_text(arriving: Iterable[list[str]]) -> Iterator[Numbers]:
    """Lines of numbers between blanks, commas, semicolons or tabs; '#' starts a comment, names may stand first."""
    columns: tuple[str, ...] | None = None
    line = 0
    for lines in arriving:
        rows: list[list[float]] = []
        for number, text in enumerate(lines, line + 1):
            fields = text.partition("#")[0].translate(_SEPARATORS).split()
            if fields and columns is None:
                columns = () if any(map(is_number, fields)) else tuple(fields)
                fields = fields if not columns else []
            if fields:
                rows.append(_row(fields, number))
        line += len(lines)
        for width, alike in groupby(rows, key=len):
            x = np.array(list(alike), np.float64)
            yield Numbers(x[:, 0] if width == 1 else x, columns or ())


def _row(fields: list[str], line: int) -> list[float]:
    try:
        return list(map(float, fields))
    except ValueError:
        return [_number(field, f"Line {line}: {field[:80]!r} is not a number.") for field in fields]


def is_number(text: str) -> bool:
    """Whether Python reads this as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(text: str, otherwise: str) -> float:
    if not is_number(text):
        raise InvalidInput.at(detail=otherwise)
    return float(text)
