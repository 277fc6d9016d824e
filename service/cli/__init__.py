"""The command line, `actiscope`: what is imported depends on the command, so that serving starts without the rest."""

import sys
from collections.abc import Sequence

from service.cli.operating import OPERATOR


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the result is the exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] and given[0] in OPERATOR:
        from service.cli import operator  # noqa: PLC0415  the service, and nothing that only a terminal needs

        return operator.main(given)
    from service.cli.commands import run  # noqa: PLC0415  Typer, and no service until a command needs one

    return run(given)
