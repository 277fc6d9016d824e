"""`list` and `show`: the functions there are, and all about one of them."""

import asyncio
from collections.abc import Iterator
from itertools import chain
from math import inf
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.padding import Padding
from rich.table import Table

from service.cli import terminal
from service.cli.chart import Array, Curve, Frame, chart, legend, sample_points, y_span
from service.cli.options import Json, Key, Lower, Name, Service, Set, Upper, Url, families, parameters
from service.cli.session import asking
from service.cli.terminal import number
from service.errors import InvalidInput

if TYPE_CHECKING:  # it takes longer to import than the shell should wait for names
    from service.client import Descriptor
    from service.client.catalogue import Extreme, Parameter

HEIGHT = 14  # lines of a chart
_BESIDE = 8  # columns beside a chart, for numbers at its axis
_STEEP = 2  # times the longer half of the x-axis: what is higher than that is cut off


def list_functions(
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="Only functions with this in a name.")] = None,
    family: Annotated[str | None, typer.Option(help="Only functions of this family.", autocompletion=families)] = None,
    json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """List the functions, those of a family, or those with a text in one of their names."""
    found = asyncio.run(_list(Service(url, key), family, text))
    if json:
        typer.echo(terminal.json(found))
        return
    rows = [(it.name, it.family, _range(it), _slopes(it), it.formula.text) for it in found]
    out = terminal.console()
    out.print(terminal.table(("name", "family", "f", "f′", "formula"), rows, out.width))


def show(
    name: Name,
    set_: Set = None,
    lower: Lower = -6.0,
    upper: Upper = 6.0,
    plot: Annotated[bool, typer.Option(help="Draw f and f′.")] = True,
    json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Show the facts about a function, with a plot of f and f′."""
    if not -inf < lower < upper < inf:
        raise InvalidInput.at(detail=f"--lower must be less than --upper, and both finite; they are {lower}, {upper}.")
    out = terminal.console()
    width = terminal.page_width(out)
    given = parameters(set_ or ())
    points = sample_points((lower, upper), width - _BESIDE) if plot and not json else None
    function, curves = asyncio.run(_show(Service(url, key), name, given, points))
    if json:
        typer.echo(terminal.json(function))
        return
    out.print(_facts(function), width=width)
    if curves:
        span = y_span([np.zeros(1), *(curve.y for curve in curves)], _STEEP * max(-lower, upper))
        frame = Frame((lower, upper), span, width - _BESIDE, HEIGHT)
        for segments in [legend(curves), *chart(curves, frame)]:
            out.print(terminal.line(segments))


async def _list(service: Service, family: str | None, text: str | None) -> "tuple[Descriptor, ...]":
    async with asking(service) as client:
        return await client.activations(family, text)


async def _show(
    service: Service, name: str, given: dict[str, object], points: Array | None
) -> "tuple[Descriptor, list[Curve]]":
    async with asking(service) as client:
        function = await client.activation(name)
        if points is None or function.kind != "elementwise":
            return function, []
        values = await client.evaluate(function.name, points, parameters=given)
        slopes = await client.derivative(function.name, points, parameters=given)
        return function, [Curve("f(x)", values.y, "cyan"), Curve("f′(x)", slopes.array, "magenta", dashed=True)]


def _facts(function: "Descriptor") -> Padding:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    kind = ", ".join([function.family, function.kind, *(["stochastic"] if function.stochastic else [])])
    grid.add_row(function.name, kind)
    grid.add_row("", function.formula.text)
    grid.add_row("", function.derivative.text)
    for name, text in chain(_shape(function), _corners(function), _rest(function)):
        grid.add_row(name, text)
    return Padding(grid, (0, 0, 1, 0))


def _shape(function: "Descriptor") -> Iterator[tuple[str, str]]:
    """What goes in and comes out."""
    yield "shapes", f"{function.shapes.input} → {function.shapes.output}"
    for parameter in function.parameters:
        yield "parameter", _parameter(parameter)
    yield "range", _range(function)
    if function.limits:
        ends = function.limits
        yield "limits", f"{number(ends.minus_infinity)} at -∞, {number(ends.plus_infinity)} at ∞"
    if function.derivative_extrema:
        extrema = function.derivative_extrema
        yield "slope", f"from {_extreme(extrema.minimum)} to {_extreme(extrema.maximum)}"


def _corners(function: "Descriptor") -> Iterator[tuple[str, str]]:
    """Where it is not smooth."""
    for kink in function.kinks:
        sides = f"{number(kink.left)} on the left, {number(kink.right)} on the right"
        yield "kink", f"at {number(kink.x)}: slope {sides}, {number(kink.convention)} by convention"
    for jump in function.jumps:
        yield "jump", f"at {number(jump.x)}: from {number(jump.left)} to {number(jump.right)}, {number(jump.at)} there"
    yield "smoothness", function.smoothness


def _rest(function: "Descriptor") -> Iterator[tuple[str, str]]:
    """What else is known."""
    yield "Lipschitz", number(function.lipschitz)
    if function.gains:
        yield "gains", f"forward {number(function.gains.forward)}, backward {number(function.gains.backward)}"
    if function.relative_cost:
        cost = function.relative_cost
        yield "cost", f"{number(cost.float64)} × relu in float64, {number(cost.float32)} × in float32"
    yield "also called", _aliases(function)
    yield "reference", f"{function.reference.title}, {function.reference.url}"
    for problem in function.problems:
        yield problem.code, problem.text


def _parameter(parameter: "Parameter") -> str:
    if parameter.choices:
        domain = " or ".join(parameter.choices)
    else:
        domain = f"{number(parameter.minimum)} … {number(parameter.maximum)}"
    return f"{parameter.name} = {parameter.default} ({domain}): {parameter.description}"


def _aliases(function: "Descriptor") -> str:
    frameworks = {"PyTorch": "pytorch", "JAX": "jax", "Keras": "keras", "ONNX": "onnx", "elsewhere": "other"}
    named = {title: getattr(function.aliases, name) for title, name in frameworks.items()}
    return "; ".join(f"{', '.join(names)} ({title})" for title, names in named.items() if names) or "–"


def _range(function: "Descriptor") -> str:
    return f"{number(function.range.lower)} … {number(function.range.upper)}"


def _slopes(function: "Descriptor") -> str:
    extrema = function.derivative_extrema
    return f"{number(extrema.minimum.value, 3)} … {number(extrema.maximum.value, 3)}" if extrema else ""


def _extreme(extreme: "Extreme") -> str:
    match extreme.at:
        case None:
            return f"{number(extreme.value)} (not attained)"
        case tuple() as ends:
            return f"{number(extreme.value)} in ({number(ends[0])}, {number(ends[1])})"
        case float() as at:
            return f"{number(extreme.value)} at {number(at)}"
