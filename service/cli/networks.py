"""Networks as commands are given them: a JSON description, or a file of weights and words about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from service.cli import reading
from service.cli.options import names
from service.errors import InvalidInput
from service.settings import Settings

Request = dict[str, Any]  # any: JSON is any of its types

NetworkFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="A description in JSON, as the request has it (`-` reads it), or weights: a .safetensors or .npz file.",
    ),
]
TensorsFile = Annotated[
    Path | None,
    typer.Option("--tensors", metavar="FILE", help="Tensors that a description names: .safetensors or .npz."),
]
_WEIGHTS = "For weights"
Function = Annotated[
    str | None,
    typer.Option("--activation", help="Of all layers but the last.", autocompletion=names, rich_help_panel=_WEIGHTS),
]
OutputFunction = Annotated[
    str | None,
    typer.Option(
        "--output-activation", help="Of the last layer; else identity.", autocompletion=names, rich_help_panel=_WEIGHTS
    ),
]
FunctionParameters = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="A parameter of --activation; several times.", rich_help_panel=_WEIGHTS
    ),
]

_ENDINGS = (".safetensors", ".npz")
_BATCH = 256


@dataclass(frozen=True)
class Network:
    """A request, and the file of tensors that it speaks of."""

    request: Request
    tensors: bytes | None


def of_description(path: Path, tensors: Path | None) -> Network:
    """What a JSON file says; raises InvalidInput if it is none."""
    with reading.opened(path) as file:
        text = file.read()
    try:
        request = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidInput.at(detail=f"{_name(path)} is not JSON: {error}.") from None
    if not isinstance(request, dict):
        raise InvalidInput.at(detail=f"{_name(path)} should hold an object, with `layers` in it.")
    return Network(request, None if tensors is None else _bytes(tensors))


def of_weights(path: Path, model: Mapping[str, object]) -> Network:
    """All pairs of weights and biases of a file as layers; the input is as wide as the first of them."""
    body = _bytes(path)
    request = {"model": {"layout": "pytorch", **model}}
    return Network(request | {"input": {"distribution": "normal", "features": _features(body), "batch": _BATCH}}, body)


def holds_weights(path: Path) -> bool:
    """Whether the file is one of tensors, by the ending of its name."""
    return path.suffix.lower() in _ENDINGS


def _features(body: bytes) -> int:
    from service.wire.experiments import weight_names  # noqa: PLC0415  it takes longer than the shell should wait
    from service.wire.tensors import read_tensors  # noqa: PLC0415

    tensors = read_tensors(body, Settings())
    first = next(iter(weight_names(tensors)), None)
    return (
        int(tensors[first].shape[-1]) if first is not None and tensors[first].ndim else 1
    )  # the service tells what is wrong


def _bytes(path: Path) -> bytes:
    with reading.opened(path) as file:
        return file.read()


def _name(path: Path) -> str:
    return "The input" if path == reading.STANDARD_INPUT else str(path)
