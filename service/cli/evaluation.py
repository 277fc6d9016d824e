"""`evaluate` and `derivative`: numbers in, numbers out, as they arrive where each number has an answer of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli import reading, writing
from service.cli.options import Accuracy, AtKink, DType, Key, Name, Output, Service, Set, Url, parameters
from service.cli.reading import STANDARD_INPUT, Numbers
from service.cli.session import asking
from service.cli.writing import STANDARD_OUTPUT, Format, Result, Sink
from service.errors import InvalidInput

if TYPE_CHECKING:  # it takes longer to import than the shell should wait for names
    from service.cli.reading import Array
    from service.client import AsyncClient

Ask = Callable[["AsyncClient", "Array"], Awaitable[Result]]

Values = Annotated[
    list[str] | None,
    typer.Argument(metavar="NUMBER", help="Where to look; without numbers, or with `-`, the input is read."),
]
Input = Annotated[Path, typer.Option("--input", help="Text, CSV or .npy file of numbers; `-` is the terminal or pipe.")]
Form = Annotated[Format | None, typer.Option("--format", help="How to write; else as the ending of --output says.")]
Dtype = Annotated[DType | None, typer.Option(help="Round to this format; else that of the .npy file, or float64.")]
Precision = Annotated[Accuracy, typer.Option(help="`fast` may be off by 4 units in the last place.")]
Seed = Annotated[int | None, typer.Option(help="Draws the numbers of a stochastic function.")]


def evaluate(
    name: Name,
    values: Values = None,
    set_: Set = None,
    input_: Input = STANDARD_INPUT,
    output: Output = STANDARD_OUTPUT,
    form: Form = None,
    dtype: Dtype = None,
    accuracy: Precision = Accuracy.full,
    weights: Annotated[Path | None, typer.Option(metavar="FILE", help="W of a layer f(xW + b), n_in × n_out.")] = None,
    bias: Annotated[Path | None, typer.Option(metavar="FILE", help="b of that layer, n_out numbers.")] = None,
    seed: Seed = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """Evaluate a function at numbers.

    Lines of numbers become lines of results as they arrive. To functions of vectors, each line is a vector.
    """
    given, matrix, vector = parameters(set_ or ()), _array(weights), _array(bias)

    async def ask(client: "AsyncClient", x: "Array") -> Result:
        found = await client.evaluate(
            name,
            x,
            weights=matrix,
            bias=vector,
            dtype=dtype.value if dtype else None,
            accuracy=accuracy.value,
            parameters=given,
            seed=seed,
        )
        return Result("y", found.y, found.dtype, {"activation": found.activation, "parameters": found.parameters})

    work = _Work(name=name, ask=ask, whole=matrix is not None or vector is not None, output=output, form=form)
    asyncio.run(work.answer(Service(url, key), _numbers(values, input_)))


def derivative(
    name: Name,
    values: Values = None,
    set_: Set = None,
    order: Annotated[int, typer.Option(help="1 to 4.")] = 1,
    with_respect_to: Annotated[str, typer.Option(metavar="NAME", help="`x`, or a parameter of the function.")] = "x",
    at_kink: Annotated[AtKink, typer.Option(help="What counts as the derivative where it jumps.")] = AtKink.convention,
    upstream: Annotated[
        Path | None, typer.Option(metavar="FILE", help="∂L/∂y: the answer is ∂L/∂x, taken back through the function.")
    ] = None,
    jacobian: Annotated[
        bool, typer.Option("--jacobian", help="∂y/∂x of a function of vectors, a matrix each.")
    ] = False,
    input_: Input = STANDARD_INPUT,
    output: Output = STANDARD_OUTPUT,
    form: Form = None,
    dtype: Dtype = None,
    accuracy: Precision = Accuracy.full,
    seed: Seed = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """Differentiate a function at numbers; they come and go as with `evaluate`."""
    given, back = parameters(set_ or ()), _array(upstream)

    async def ask(client: "AsyncClient", x: "Array") -> Result:
        found = await client.derivative(
            name,
            x,
            order=order,
            with_respect_to=with_respect_to,
            at_kink=at_kink.value,
            upstream=back,
            jacobian=jacobian,
            dtype=dtype.value if dtype else None,
            accuracy=accuracy.value,
            parameters=given,
            seed=seed,
        )
        which = next(name for name in ("dy", "dx", "jacobian") if getattr(found, name) is not None)
        said = {"order": found.order, "with_respect_to": found.with_respect_to}
        said = {"activation": found.activation, "parameters": found.parameters, **said}
        return Result(which, found.array, found.dtype, said)

    work = _Work(name=name, ask=ask, whole=back is not None or jacobian, output=output, form=form)
    asyncio.run(work.answer(Service(url, key), _numbers(values, input_)))


@dataclass(frozen=True, kw_only=True)
class _Work:
    """Which function is asked about, in what way, and where the answers go; `whole`: about all numbers at once."""

    name: str
    ask: Ask
    whole: bool
    output: Path
    form: Format | None

    async def answer(self, service: Service, numbers: Iterable[Numbers]) -> None:
        """Ask about the numbers, and write what is answered; a file is only touched when there is an answer."""
        form = writing.format_of(self.output, self.form)
        writing.refuse_bytes_on_terminals(self.output, form)
        async with asking(service) as client:
            function = await client.activation(self.name)
            by_piece = function.kind == "elementwise" and not self.whole and form in (Format.text, Format.csv)
            with ExitStack() as stack:
                sink = None
                for piece in numbers if by_piece else [reading.together(numbers)]:
                    result = await self.ask(client, piece.x)
                    sink = sink or Sink(stack.enter_context(writing.opened(self.output)), form)
                    sink.write(piece, result)


def _numbers(texts: Sequence[str] | None, path: Path) -> Iterator[Numbers]:
    """What the command gives, or the file holds."""
    if not texts or texts == ["-"]:
        with reading.opened(path) as file:
            yield from reading.pieces(file)
    elif path == STANDARD_INPUT:
        yield reading.of_arguments(texts)
    else:
        raise InvalidInput.at(detail=f"Give numbers or --input {path}: one of them.")


def _array(path: Path | None) -> "Array | None":
    return None if path is None else reading.read_array(path)
