"""All commands: their names, in the order in which the help lists them, and what they do."""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext, redirect_stdout
from difflib import get_close_matches
from io import TextIOWrapper
from typing import Annotated

import typer
from typer.core import TyperCommand

from service.cli import evaluation, flow, functions, plots, training
from service.cli.failures import told
from service.cli.operating import OPERATOR
from service.cli.reading import is_number

app = typer.Typer(
    name="actiscope",
    help="True values and derivatives of activation functions, and the flow of gradients through networks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_COMPLETING = "_ACTISCOPE_COMPLETE"  # the variable with which the shell asks what may follow
_EXPLORE, _NETWORKS, _SERVICE = "Functions", "Networks", "Service"


def run(arguments: Sequence[str]) -> int:
    """Run a command; ends with SystemExit, as those who type it want it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # where the terminal cannot show a letter of a formula
    said = bool(arguments) or _COMPLETING in os.environ
    with nullcontext() if said else redirect_stdout(sys.stderr):  # without a command, the help is a complaint
        app(list(arguments), prog_name="actiscope")
    return 0


class TakesNumbers(TyperCommand):
    """A command whose arguments may be negative numbers: what looks like an option and is none is refused here."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Read the arguments."""
        rest = super().parse_args(ctx, args)
        for text in ctx.params.get("values") or ():
            if text.startswith("-") and text != "-" and not is_number(text):
                options = [option for parameter in self.params for option in parameter.opts]
                near = get_close_matches(text.partition("=")[0], options, n=1)
                ctx.fail(f"No such option: {text}" + (f" Did you mean {near[0]}?" if near else ""))
        return rest


def _add(name: str, work: Callable[..., None], panel: str, *, numbers: bool = False) -> None:
    settings = {"ignore_unknown_options": numbers}
    command = app.command(name, cls=TakesNumbers if numbers else None, context_settings=settings, rich_help_panel=panel)
    command(told()(work))


def _version(wanted: bool) -> None:
    if wanted:
        from service.api.version import VERSION  # noqa: PLC0415  only this needs it

        typer.echo(f"actiscope {VERSION}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version.")
    ] = False,
) -> None:
    pass


_AS_IT_IS = {"allow_extra_args": True, "ignore_unknown_options": True}
_add("list", functions.list_functions, _EXPLORE)
_add("show", functions.show, _EXPLORE)
_add("evaluate", evaluation.evaluate, _EXPLORE, numbers=True)
_add("derivative", evaluation.derivative, _EXPLORE, numbers=True)
_add("plot", plots.plot, _EXPLORE)
_add("flow", flow.flow, _NETWORKS)
_add("train", training.train, _NETWORKS)


def _add_operators(name: str, tells: str) -> None:
    """List a command that is parsed elsewhere: `service.cli.main` never brings it here but for the help."""

    @app.command(name, rich_help_panel=_SERVICE, help=tells, add_help_option=False, context_settings=_AS_IT_IS)
    def command(context: typer.Context) -> None:
        from service.cli import operator  # noqa: PLC0415  the service

        raise typer.Exit(operator.main([name, *context.args]))


for _name, _tells in OPERATOR.items():
    _add_operators(_name, _tells)
