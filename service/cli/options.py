"""Arguments and options that several commands have, with the words that explain them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from service.errors import InvalidInput

KEY, URL = "ACTISCOPE_KEY", "ACTISCOPE_URL"

_SERVICE = "Service"


@dataclass(frozen=True)
class Service:
    """A service: where it listens (nowhere: it is within this process), and the key that it asks for."""

    url: str | None
    key: str | None


class DType(StrEnum):
    """Formats of numbers."""

    float64 = "float64"
    float32 = "float32"
    float16 = "float16"
    bfloat16 = "bfloat16"


class Accuracy(StrEnum):
    """How close to the true value."""

    full = "full"
    fast = "fast"


class AtKink(StrEnum):
    """What counts as the derivative where it jumps."""

    convention = "convention"
    left = "left"
    right = "right"
    nan = "nan"


def names(incomplete: str) -> Iterator[str]:
    """Names of functions that begin so, for the shell."""
    from service.activations import catalogue  # noqa: PLC0415  only the shell asks

    return (function.name for function in catalogue() if function.name.startswith(incomplete))


def families(incomplete: str) -> list[str]:
    """Families of functions that begin so, for the shell."""
    from service.activations import catalogue  # noqa: PLC0415  only the shell asks

    return sorted({function.family for function in catalogue() if function.family.startswith(incomplete)})


def parameters(given: Sequence[str]) -> dict[str, Any]:  # any: the function knows the types of its own
    """The parameters of `--set`; raises InvalidInput if one is no name with a value."""
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise InvalidInput.at(detail=f"--set {text!r} should be a name and a value, such as negative_slope=0.2.")
        found[name.strip()] = _value(value.strip())
    return found


def _value(text: str) -> Any:  # noqa: ANN401  likewise
    """A number, true, false or null, else the text itself."""
    for read in (orjson.loads, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="Name of the function, or what a framework calls it.", autocompletion=names),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the function; can be given several times."),
]
Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
Url = Annotated[
    str | None,
    typer.Option(
        envvar=URL,
        rich_help_panel=_SERVICE,
        help="Ask the service that listens there, such as http://127.0.0.1:8000, rather than one within this command.",
    ),
]
Key = Annotated[
    str | None, typer.Option(envvar=KEY, rich_help_panel=_SERVICE, help="API key, if that service wants one.")
]
Lower = Annotated[float, typer.Option(help="Left end of the x-axis.")]
Upper = Annotated[float, typer.Option(help="Right end of the x-axis.")]
Output = Annotated[
    Path,
    typer.Option("--output", "-o", help="File to write; its ending chooses the format. `-` is the terminal or pipe."),
]
