"""`flow`: what travels through a network, what is wrong with it, and what would mend it."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from math import isfinite, log10
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from service.cli import networks, reading, terminal
from service.cli.failures import FOUND
from service.cli.networks import Function, FunctionParameters, Network, NetworkFile, OutputFunction, TensorsFile
from service.cli.options import Json, Key, Service, Url, parameters
from service.cli.session import asking
from service.cli.terminal import number, share
from service.errors import InvalidInput

if TYPE_CHECKING:  # it takes longer to import than the shell should wait for names
    from service.client import Finding, GradientFlow
    from service.client.flow import Layer, Remedy

_STYLES = {"critical": "bold red", "warning": "yellow", "info": "cyan"}
_ENDS = 20  # layers at either end of a deep network that are shown
_SHORTEST, _LONGEST = 5, 16  # characters of a bar


class FailOn(StrEnum):
    """From which severity on a finding makes the command fail."""

    critical = "critical"
    warning = "warning"
    info = "info"
    never = "never"


def flow(
    file: NetworkFile,
    tensors: TensorsFile = None,
    activation: Function = None,
    output_activation: OutputFunction = None,
    set_: FunctionParameters = None,
    inputs: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Samples to send through, batch × features: .npy, CSV or text.")
    ] = None,
    loss: Annotated[str | None, typer.Option(help="sum, mean, mse or cross_entropy.")] = None,
    targets: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Of the loss: classes, or rows of values.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Draws whatever is drawn.")] = None,
    trials: Annotated[int | None, typer.Option(help="How often the network is drawn.")] = None,
    remedies: Annotated[bool, typer.Option(help="Search for remedies, each of which is a run.")] = True,
    fail_on: Annotated[FailOn, typer.Option(help="Exit with 1 if a finding is at least so grave.")] = FailOn.critical,
    json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Diagnose a network: the signal and the gradient at every layer, what is wrong, and what helps.

    Ends with exit status 1 on a critical finding.
    """
    if networks.holds_weights(file):
        network = networks.of_weights(file, _model(activation, output_activation, set_))
    elif activation or output_activation or set_:
        raise InvalidInput.at(detail=f"{file} is a description: it says itself what the functions are.")
    else:
        network = networks.of_description(file, tensors)
    request = network.request | _given(seed=seed, trials=trials, remedies=None if remedies else False)
    request |= _data(inputs, loss, targets)
    found = asyncio.run(_ask(Service(url, key), Network(request, network.tensors)))
    if json:
        typer.echo(terminal.json(found))
    else:
        _print(found)
    if _gravest(found.findings) >= _rank(fail_on):
        raise typer.Exit(FOUND)


def _model(activation: str | None, output: str | None, settings: Sequence[str] | None) -> dict[str, Any]:
    if activation is None:
        raise InvalidInput.at(detail="A file of weights does not say what the function is: give --activation.")
    given = {"parameters": parameters(settings)} if settings else {}
    return {"activation": activation, "output_activation": output or "identity", **given}


def _data(inputs: Path | None, loss: str | None, targets: Path | None) -> dict[str, Any]:
    if targets is not None and loss is None:
        raise InvalidInput.at(detail="--targets needs a --loss, mse or cross_entropy.")
    found: dict[str, Any] = {}
    if inputs is not None:
        found["input"] = {"values": reading.read_array(inputs)}
    if loss is not None:
        found["loss"] = {"name": loss} if targets is None else {"name": loss, "targets": reading.read_array(targets)}
    return found


def _given(**members: object) -> dict[str, object]:
    return {name: value for name, value in members.items() if value is not None}


async def _ask(service: Service, network: Network) -> "GradientFlow":
    async with asking(service) as client:
        return await client.gradient_flow(network.request, network.tensors)


def _print(found: "GradientFlow") -> None:
    out = terminal.console()
    width = terminal.page_width(out)
    out.print(_table(found.layers, width), width=width)
    out.print(_summary(found), width=width)
    for finding in found.findings:
        out.print()
        out.print(_told(finding), width=width)
    if not found.findings:
        out.print("\nNothing is wrong with it.", style="green")


def _table(layers: Sequence["Layer"], width: int) -> Table:
    """The figures of the layers, as many as there is room for, and the gradients on a logarithmic scale."""
    columns = [">layer", "function", ">units", ">g = xW + b", ">h = f(g)", ">f′ ≈ 0", ">dead", ">‖∂L/∂W‖", ">‖∂L/∂g‖"]
    rows = [_row(layer) for layer in layers]
    if terminal.room_beside(columns, rows, width) < _SHORTEST:
        columns, rows = _without_h(columns), list(map(_without_h, rows))
    room = min(terminal.room_beside(columns, rows, width), _LONGEST)
    if room >= _SHORTEST:
        columns = [*columns, "log"]
        bars = _bars([layer.backward.preactivation_gradient_norm for layer in layers], room)
        rows = [[*row, bar] for row, bar in zip(rows, bars, strict=True)]
    if len(rows) > 2 * _ENDS + 1:
        rows = [*rows[:_ENDS], ["…"] + [""] * (len(columns) - 1), *rows[-_ENDS:]]
    return terminal.table(columns, rows, width)


def _row(layer: "Layer") -> list[str]:
    forward, backward = layer.forward, layer.backward
    return [
        str(layer.index),
        layer.activation,
        str(layer.units),
        *(f"{number(it.mean, 2)} ± {number(it.std, 2)}" for it in (forward.preactivation, forward.activation)),
        share(forward.saturated_fraction),
        number(forward.dead_units),
        number(backward.weight_gradient_norm, 2),
        number(backward.preactivation_gradient_norm, 2),
    ]


def _without_h(row: list[str]) -> list[str]:
    return [*row[:4], *row[5:]]


def _bars(norms: Sequence[float], longest: int) -> list[str]:
    """Norms on a logarithmic scale, from the smallest (the shortest bar) to the largest."""
    logs = [log10(norm) if norm > 0 and isfinite(norm) else None for norm in norms]
    known = [log for log in logs if log is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    lengths = [0 if log is None else 1 + round((longest - 1) * (log - low) / ((high - low) or 1.0)) for log in logs]
    return ["█" * length for length in lengths]


def _summary(found: "GradientFlow") -> Text:
    summary, theory = found.summary, found.theory
    told = [
        f"loss {number(found.loss)}",
        f"gradient ratio {number(summary.gradient_ratio, 3)}",
        f"factor per layer {number(summary.decay_per_layer, 3)}",
    ]
    if summary.jacobian:
        told.append(f"singular values of ∂y/∂x {number(summary.jacobian.min, 3)} … {number(summary.jacobian.max, 3)}")
    lines = ", ".join(told) + "."
    if hasattr(theory, "not_applicable"):
        return Text(f"{lines}\nMean-field theory: {theory.not_applicable}")
    figures = [theory.phase or "no phase", f"χ₁ {number(theory.chi_1, 3)}"]
    if theory.critical_sigma_w is not None:
        figures.append(f"critical σ_w {number(theory.critical_sigma_w)} (it is {number(theory.sigma_w)})")
    return Text(f"{lines}\nMean-field theory: {', '.join(figures)}.")


def _told(finding: "Finding") -> Padding:
    """A finding with its remedies, one below the other."""
    head = Text.assemble(
        (finding.severity, _STYLES[finding.severity]), f"  {finding.code} in {_layers(finding.layers)}"
    )
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, min_width=1)
    grid.add_column()
    grid.add_row("", finding.explanation)
    for remedy in finding.remedies:
        grid.add_row("→", Text.assemble((remedy.change, "green"), _figures(remedy)))
    whole = Table.grid()
    whole.add_row(head)
    whole.add_row(grid)
    return Padding(whole, (0, 0))


def _layers(indices: Sequence[int]) -> str:
    """Indices in words, runs of them as their ends."""
    runs: list[list[int]] = []
    for index in indices:
        if runs and runs[-1][-1] == index - 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    told = [str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs]
    return f"layer{'s' if len(indices) > 1 else ''} {', '.join(told)}" if told else "the network"


def _figures(remedy: "Remedy") -> str:
    """What the remedy changed, of the figures that are one number."""
    before, after = remedy.verified.before, remedy.verified.after
    told = [f"{name} {number(before[name], 3)} → {number(after.get(name), 3)}" for name in _scalars(before)]
    return f" {', '.join(told)}." if told else ""


def _scalars(figures: Mapping[str, Any]) -> Iterator[str]:
    return (name for name, value in figures.items() if isinstance(value, int | float))


def _gravest(findings: Sequence["Finding"]) -> int:
    return max((_rank(FailOn(finding.severity)) for finding in findings), default=-1)


def _rank(severity: FailOn) -> int:
    return [FailOn.info, FailOn.warning, FailOn.critical, FailOn.never].index(severity)
