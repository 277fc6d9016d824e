"""The command line: `actiscope serve`, `actiscope openapi` and `actiscope reference`."""

import sys
from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence

from service.api import openapi
from service.api.version import VERSION
from service.app import application, create_app
from service.errors import InvalidSetting
from service.reference import reference_page
from service.server.run import configuration, run
from service.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the result is the exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except InvalidSetting as error:
        print(f"actiscope: {error}", file=sys.stderr)
        return 2
    return status


def serve(options: Namespace) -> int:
    """Serve until told to stop."""
    application()  # a wrong setting is told here, once, rather than by every worker
    run(
        configuration(
            "service.app:application", factory=True, host=options.host, port=options.port, workers=options.workers
        )
    )
    return 0


def print_openapi(_options: Namespace) -> int:
    """Print the published contract."""
    sys.stdout.buffer.write(openapi.write(openapi.build(create_app(Settings()).routes)))
    return 0


def print_reference(_options: Namespace) -> int:
    """Print the catalogue as Markdown."""
    sys.stdout.buffer.write(reference_page().encode())
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser("actiscope", description="True values and derivatives of activation functions.")
    parser.add_argument("--version", action="version", version=f"actiscope {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="command")
    command = commands.add_parser("serve", help="start the service", formatter_class=ArgumentDefaultsHelpFormatter)
    command.add_argument("--host", default="127.0.0.1", help="address to listen at")
    command.add_argument("--port", default=8000, type=_port, help="port to listen at; 0 takes a free one")
    command.add_argument("--workers", default=1, type=_workers, help="number of processes")
    command.set_defaults(run=serve)
    command = commands.add_parser("openapi", help="print the OpenAPI document")
    command.set_defaults(run=print_openapi)
    command = commands.add_parser("reference", help="print the reference of all functions")
    command.set_defaults(run=print_reference)
    return parser


def _port(text: str) -> int:
    return _whole(text, 0, 2**16 - 1)


def _workers(text: str) -> int:
    return _whole(text, 1, 1000)


def _whole(text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and least <= int(text) <= most):
        raise ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
