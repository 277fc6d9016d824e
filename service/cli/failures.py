"""What goes wrong with a command, as a message and an exit status."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from service.errors import ActiscopeError

FOUND = 1  # the answer is there, and is bad news
WRONG = 2  # the command, its input or a setting
FAILED = 3  # the service: it cannot be reached, or does not answer
BROKEN_PIPE = 141  # what the shell reports of programs that write on after their reader has ended
INTERRUPTED = 130

_TRY_AGAIN = 429


class Unavailable(ActiscopeError):
    """The service that was asked does not do this."""


@contextmanager
def told() -> Iterator[None]:
    """What is raised inside becomes a message on the standard error and the exit status of the command."""
    try:
        yield
    except ActiscopeError as error:
        typer.echo(f"actiscope: {message(error)}", err=True)
        raise typer.Exit(_status(error)) from None
    except BrokenPipeError:  # the reader has what it wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is flushed at exit
        raise typer.Exit(BROKEN_PIPE) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def message(error: ActiscopeError) -> str:
    """What to tell: of a problem document with several faults, one line each."""
    from service.client import Problem  # noqa: PLC0415  it takes longer to import than the shell should wait

    if not isinstance(error, Problem) or len(error.faults) < 2:
        return str(error)
    lines = error.document["errors"]
    told = (f"{line.get('pointer') or line.get('parameter')}: {line['detail']}" for line in lines)
    return "\n  ".join([f"{error.title}:", *told])


def _status(error: ActiscopeError) -> int:
    from service.client import NoAnswer, NotUnderstood, Problem  # noqa: PLC0415

    if isinstance(error, NoAnswer | NotUnderstood | Unavailable):
        return FAILED
    if isinstance(error, Problem) and (error.status == _TRY_AGAIN or error.status >= 500):
        return FAILED
    return WRONG
