"""`train`: a training told step by step while it runs, and what became of it."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import groupby
from math import isfinite, log10
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from service.cli import networks, terminal, writing
from service.cli.chart import Curve, Frame, chart, legend, y_span
from service.cli.networks import Network, NetworkFile, TensorsFile
from service.cli.options import Key, Service, Url
from service.cli.session import asking
from service.cli.terminal import number

if TYPE_CHECKING:  # it takes longer to import than the shell should wait for names
    from service.client.training import TrainingRecord, TrainingSummary

    Tell = Callable[[TrainingRecord], None]

_LINES = 20  # that tell of a training where nothing can be drawn again and again
_HEIGHT = 10  # lines of the chart
_BESIDE = 8  # columns beside it
_A_SECOND = 10  # pictures
_STEPS = 500  # where the description does not say


def train(
    file: NetworkFile,
    tensors: TensorsFile = None,
    data: Annotated[str | None, typer.Option(help="digits or two_moons.")] = None,
    steps: Annotated[
        int | None, typer.Option(help="Number of mini-batches; else as the description says, or 500.")
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(help="η in w ← w − ηv.")] = None,
    momentum: Annotated[float | None, typer.Option(help="μ in v ← μv + ∇L.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Samples of a mini-batch.")] = None,
    seed: Annotated[int | None, typer.Option(help="Draws whatever is drawn.")] = None,
    csv_: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write a line for each step; `-` is the pipe.")
    ] = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """Train a network and watch: losses and gradients of every step, units as they die, and a summary.

    Options take the place of what the description says.
    """
    network = networks.of_description(file, tensors)
    given = {"data": data, "steps": steps, "learning_rate": learning_rate, "momentum": momentum}
    given |= {"batch_size": batch_size, "seed": seed}
    request = network.request | {name: value for name, value in given.items() if value is not None}
    summary = asyncio.run(_train(Service(url, key), Network(request, network.tensors), csv_))
    if csv_ != writing.STANDARD_OUTPUT:
        terminal.console().print(_summary(summary))


async def _train(service: Service, network: Network, rows: Path | None) -> "TrainingSummary":
    async with (
        asking(service) as client,
        client.train(network.request, network.tensors, progress=False) as training,
    ):
        with ExitStack() as stack:
            listeners: list[Tell] = []
            async for record in training:
                listeners = listeners or list(_listeners(stack, network, rows))
                for tell in listeners:
                    tell(record)
        return training.summary


def _listeners(stack: ExitStack, network: Network, rows: Path | None) -> "Iterator[Tell]":
    """Who is told of every step, from the first on: there is none if the description is wrong."""
    steps = network.request.get("steps", _STEPS)
    if rows is not None:
        yield stack.enter_context(_written(rows))
    if rows == writing.STANDARD_OUTPUT:
        return
    out = terminal.console()
    yield stack.enter_context(_live(out, steps)) if out.is_terminal else _told(out, steps)


@contextmanager
def _written(path: Path) -> "Iterator[Tell]":
    """Steps as lines of CSV."""
    with writing.opened(path) as file:
        started = False

        def tell(record: "TrainingRecord") -> None:
            nonlocal started
            norms = {f"gradient_norm_{layer}": norm for layer, norm in enumerate(record.gradient_norms)}
            dead = {f"dead_units_{layer}": units for layer, units in enumerate(record.dead_units)}
            one = {
                "step": record.step,
                "loss": record.loss,
                "accuracy": record.accuracy,
                "path_ratio": record.path_ratio,
            }
            cells = one | norms | dead
            lines = [cells.values()] if started else [cells, cells.values()]
            for line in lines:
                file.write((",".join("" if cell is None else str(cell) for cell in line) + "\n").encode())
            file.flush()
            started = True

        yield tell


def _told(out: Console, steps: int) -> "Tell":
    """Some of the steps as lines, evenly spaced."""
    every = max(steps // _LINES, 1)

    def tell(record: "TrainingRecord") -> None:
        if record.step == 1 or record.step % every == 0 or record.diverged:
            out.print(_line(record, steps))

    return tell


@contextmanager
def _live(out: Console, steps: int) -> "Iterator[Tell]":
    """The newest step, and the losses so far as a curve that grows; drawn a few times a second."""
    width = terminal.page_width(out) - _BESIDE
    losses: list[float] = []
    newest = [""]

    def drawn() -> Group:
        return Group(*_curve(losses[:], steps, width), Text(newest[0], no_wrap=True, overflow="ellipsis"))

    def tell(record: "TrainingRecord") -> None:
        losses.append(record.loss)
        newest[0] = _line(record, steps)

    with Live(console=out, refresh_per_second=_A_SECOND, get_renderable=drawn):
        yield tell


def _curve(losses: Sequence[float], steps: int, width: int) -> Iterator[Text]:
    """Losses against steps, on a logarithmic scale."""
    logs = [log10(loss) if loss > 0 and isfinite(loss) else np.nan for loss in losses] or [np.nan]
    at = np.linspace(0, steps, 2 * width * 4)
    y = np.interp(at, np.arange(1, len(logs) + 1), logs, left=np.nan, right=np.nan)
    curve = Curve("log₁₀ of the loss of the mini-batch", y, "cyan")
    yield terminal.line(legend([curve]))
    yield from map(terminal.line, chart([curve], Frame((0, steps), y_span([y]), width, _HEIGHT)))


def _line(record: "TrainingRecord", steps: int) -> str:
    told = [f"step {record.step:>{len(str(steps))}}/{steps}", f"loss {number(record.loss)}"]
    if record.accuracy is not None:
        told.append(f"accuracy {record.accuracy:.3f}")
    norms = [norm for norm in record.gradient_norms if isfinite(norm)]
    if norms:
        told.append(f"‖∂L/∂W‖ {number(record.gradient_norms[0], 2)} … {number(record.gradient_norms[-1], 2)}")
    dead = sum(units or 0 for units in record.dead_units)
    told.append(f"dead {dead}")
    return "  ".join(told) + ("  diverged" if record.diverged else "")


def _summary(summary: "TrainingSummary") -> Text:
    loss, path, limit = summary.loss, summary.zig_zag, summary.learning_rate_limit
    told = [f"{summary.steps} steps: loss {number(loss.first)} at first, {number(loss.end)} at the end."]
    if summary.accuracy is not None:
        told.append(f"Accuracy {summary.accuracy:.3f} on the {summary.accuracy_of} samples.")
    if summary.diverged_at is not None:
        told.append(f"It diverged at step {summary.diverged_at}.")
    for layer, deaths in groupby(sorted(summary.died, key=lambda it: it.layer), key=lambda it: it.layer):
        when = (f"{it.units} after step {it.step}" if it.step else f"{it.units} from the start" for it in deaths)
        told.append(f"Dead units of layer {layer}: {', '.join(when)}.")
    if path.path_ratio is not None:
        told.append(f"The weights took {number(path.path_ratio, 3)} times the straight way.")
    if limit.value is not None:
        exceeded = ", which was exceeded" if limit.exceeded else ""
        told.append(f"Learning rates are stable up to {number(limit.value, 3)}{exceeded}.")
    return Text("\n".join(told))
