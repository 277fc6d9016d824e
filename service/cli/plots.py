"""`plot`: pictures of functions, drawn by the service, as files."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from service.cli import writing
from service.cli.failures import Unavailable
from service.cli.options import Key, Lower, Service, Set, Upper, Url, names, parameters
from service.cli.session import asking
from service.errors import InvalidInput

if TYPE_CHECKING:
    from service.client.pictures import Picture

Form = Literal["svg", "png"]

_FORMS: dict[str, Form] = {".svg": "svg", ".png": "png"}


class Theme(StrEnum):
    """For which pages."""

    light = "light"
    dark = "dark"


def plot(
    functions: Annotated[
        list[str],
        typer.Argument(metavar="NAME", help="The function, or up to eight in one picture.", autocompletion=names),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="A .svg or .png file; `-` pipes an SVG on.")
    ],
    derivative: Annotated[int, typer.Option(min=0, max=2, help="Draw derivatives up to this order.")] = 0,
    set_: Set = None,
    lower: Lower = -6.0,
    upper: Upper = 6.0,
    theme: Annotated[Theme, typer.Option(help="For which pages.")] = Theme.light,
    width: Annotated[int | None, typer.Option(help="In pixels.")] = None,
    height: Annotated[int | None, typer.Option(help="In pixels.")] = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """Draw functions and their derivatives into an SVG or PNG file."""
    form = "svg" if output == writing.STANDARD_OUTPUT else _FORMS.get(output.suffix.lower())
    if form is None:
        raise InvalidInput.at(detail=f"{output} should end with .svg or .png, which says what to draw.")
    asked: dict[str, Any] = {"derivative": derivative, "lower": lower, "upper": upper, "theme": theme.value}
    asked |= {"width": width, "height": height, "parameters": parameters(set_ or ()), "form": form}
    picture = asyncio.run(_plot(Service(url, key), functions, asked))
    with writing.opened(output) as file:
        file.write(picture)


async def _plot(service: Service, functions: list[str], asked: dict[str, Any]) -> "Picture":  # any: what is asked for
    from service.client import Problem  # noqa: PLC0415  it takes longer to import than the shell should wait

    async with asking(service) as client:
        try:
            return await client.plot(functions, **asked)
        except Problem as error:
            if error.code != "not_found":
                raise
            raise Unavailable("This service draws no plots; `actiscope show` draws in the terminal.") from None
