"""Numbers that go out: as text, CSV, JSON or NPY, to the standard output or into a file."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import orjson
from numpy.typing import NDArray

from service.cli.reading import Array, Numbers
from service.errors import InvalidInput
from service.wire.arrays import write_array

STANDARD_OUTPUT = Path("-")


class Format(StrEnum):
    """How numbers are written."""

    text = "text"
    csv = "csv"
    json = "json"
    npy = "npy"


@dataclass(frozen=True)
class Result:
    """Numbers that were asked for: their name in an answer, and what else an answer says."""

    name: str
    values: NDArray[np.floating[Any]]  # any: of the dtype that was asked for
    dtype: str
    said: Mapping[str, object]


def format_of(path: Path, chosen: Format | None) -> Format:
    """The format that was chosen, else the one that the file's name ends with, else text."""
    endings = {f".{format_}": format_ for format_ in Format}
    return chosen or endings.get(path.suffix.lower(), Format.text)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file to write bytes to, or the standard output for `-`; raises InvalidInput if it cannot be written."""
    if path == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        with path.open("wb") as file:
            yield file
    except OSError as error:
        raise InvalidInput.at(detail=f"{path} cannot be written: {error.strerror}.") from None


def refuse_bytes_on_terminals(path: Path, form: Format) -> None:
    """Raise InvalidInput if a terminal would have to show an NPY file."""
    if form == Format.npy and path == STANDARD_OUTPUT and sys.stdout.isatty():
        raise InvalidInput.at(detail="NPY is bytes: name a file with --output, or send them on with `|`.")


class Sink:
    """Writes results as they come; JSON and NPY hold one result each."""

    def __init__(self, file: BinaryIO, form: Format) -> None:
        self._file = file
        self._form = form
        self._started = False

    def write(self, numbers: Numbers, result: Result) -> None:
        """Write the result for these numbers."""
        match self._form:
            case Format.text:
                self._file.write(_rows(_table(result.values, result.dtype), " "))
            case Format.csv:
                self._file.write(self._csv(numbers, result))
            case Format.json:
                self._file.write(_json(result))
            case Format.npy:
                self._file.writelines(_npy(result.values))
        self._file.flush()
        self._started = True

    def _csv(self, numbers: Numbers, result: Result) -> bytes:
        """Pairs of a number and its result; of several columns the results alone, under the names they came with."""
        values, columns = _table(result.values, result.dtype), numbers.columns
        if numbers.x.ndim == result.values.ndim == 1 and numbers.x.shape == result.values.shape:
            columns = (columns[0] if columns else "x", result.name)
            values = ([*x, *y] for x, y in zip(_table(numbers.x.astype(np.float64), "float64"), values, strict=True))
        head = ",".join(columns) + "\n" if columns and not self._started else ""
        return head.encode() + _rows(values, ",")


def texts(values: Array, dtype: str) -> list[str]:
    """The shortest decimals that read back to these values of the dtype, in row-major order."""
    flat = write_array(np.ascontiguousarray(values).reshape(-1), dtype)
    return flat[1:-1].replace(b'"', b"").decode().split(",") if values.size else []


def _table(values: Array, dtype: str) -> Iterable[list[str]]:
    """Rows of texts: one number a row, or the last axis."""
    flat = texts(values, dtype)
    width = values.shape[-1] if values.ndim > 1 else 1
    return (flat[start : start + width] for start in range(0, len(flat), max(width, 1)))


def _rows(table: Iterable[list[str]], separator: str) -> bytes:
    return "".join(separator.join(row) + "\n" for row in table).encode()


def _npy(values: Array) -> Iterable[bytes]:
    from service.client.arrays import NpyFile  # noqa: PLC0415  it takes longer to import than the shell should wait

    return NpyFile(np.ascontiguousarray(values))


def _json(result: Result) -> bytes:
    from service.client.arrays import written  # noqa: PLC0415  it takes longer to import than the shell should wait

    head = orjson.dumps(written({**result.said, "dtype": result.dtype, "shape": result.values.shape}))
    values = write_array(np.ascontiguousarray(result.values), result.dtype)
    return head[:-1] + b',"%b":%b}\n' % (result.name.encode(), values)
