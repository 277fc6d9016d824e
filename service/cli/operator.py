"""The commands of whoever runs or builds the service: `serve`, `key`, `openapi` and `reference`.

The process that serves imports nothing that only a terminal needs, so these are parsed by the standard library.
"""

import os
import sys
from argparse import SUPPRESS, ArgumentDefaultsHelpFormatter, ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from ipaddress import ip_address

from service.api import openapi
from service.api.keys import is_name, line_of, new_key, wants_keys
from service.api.memory import most
from service.app import application, create_app
from service.cli.operating import OPERATOR
from service.errors import InvalidSetting
from service.reference import reference_page
from service.server.files import allow
from service.server.run import configuration, run
from service.settings import ACCESS_LOGS, LOG_FORMATS, Settings, setting_name
from service.telemetry.logs import log_configuration
from service.telemetry.sink import fill_standard_files


def main(arguments: Sequence[str]) -> int:
    """Run one of these commands; the result is the exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except InvalidSetting as error:
        print(f"actiscope: {error}", file=sys.stderr)
        return 2
    return status


def serve(options: Namespace) -> int:
    """Serve until told to stop."""
    fill_standard_files()
    for name in ("log_format", "access_log"):
        if name in options:
            os.environ[setting_name(name)] = getattr(options, name)  # where every worker finds it
    app = application()  # a wrong setting is told here, once, rather than by every worker
    allow(app.settings.max_connections)
    _refuse_to_serve_strangers(options.host, app.settings)
    if options.workers > 1:
        app.observer.metrics.share(options.workers)
        if not app.settings.max_memory_bytes:  # the memory that there is is that of all workers
            os.environ[setting_name("max_memory_bytes")] = str(most(app.settings) // options.workers)
    run(
        configuration(
            "service.app:application",
            factory=True,
            host=options.host,
            port=options.port,
            workers=options.workers,
            log_config=log_configuration(app.settings.log_format, app.settings.access_log),
            timeout_graceful_shutdown=app.settings.drain_seconds,
        )
    )
    return 0


def make_key(options: Namespace) -> int:
    """Print a new key, which is kept nowhere, and the line that knows it again."""
    key = new_key()
    print(f"The key, for {options.name}; it is shown this once:")
    print(f"    {key}")
    print(f"The line, for the file that {setting_name('keys_file')} names:")
    print(f"    {line_of(options.name, key)}")
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
    commands = parser.add_subparsers(required=True, metavar="command")
    command = commands.add_parser("serve", help=_told("serve"), formatter_class=ArgumentDefaultsHelpFormatter)
    command.add_argument("--host", default="127.0.0.1", help="address to listen at")
    command.add_argument("--port", default=8000, type=_port, help="port to listen at; 0 takes a free one")
    command.add_argument("--workers", default=1, type=_workers, help="number of processes")
    for name, choices in (("log_format", LOG_FORMATS), ("access_log", ACCESS_LOGS)):
        told = f"what {setting_name(name)} says, for this once"
        command.add_argument(f"--{name.replace('_', '-')}", choices=choices, default=SUPPRESS, help=told)
    command.set_defaults(run=serve)
    command = commands.add_parser("key", help=_told("key"))
    command.add_argument("name", type=_name, help="whose key it is: letters, digits, '.', '_' and '-'")
    command.set_defaults(run=make_key)
    command = commands.add_parser("openapi", help=_told("openapi"))
    command.set_defaults(run=print_openapi)
    command = commands.add_parser("reference", help=_told("reference"))
    command.set_defaults(run=print_reference)
    return parser


def _told(command: str) -> str:
    text = OPERATOR[command]
    return text[0].lower() + text[1:].rstrip(".")


def _refuse_to_serve_strangers(host: str, settings: Settings) -> None:
    if _only_here(host) or settings.allow_no_keys or wants_keys(settings):
        return
    raise InvalidSetting(
        f"other machines can reach {host or 'every address'}, and there are no API keys. `actiscope key NAME` makes "
        f"one, for the file that {setting_name('keys_file')} names. Where something else decides who may ask, set "
        f"{setting_name('allow_no_keys')}=true."
    )


def _only_here(host: str) -> bool:
    """Whether nobody but this machine can reach what listens there."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _name(text: str) -> str:
    if not is_name(text):
        raise ArgumentTypeError(f"{text!r} is not 1 to 64 letters, digits, '.', '_' or '-'")
    return text


def _port(text: str) -> int:
    return _whole(text, 0, 2**16 - 1)


def _workers(text: str) -> int:
    return _whole(text, 1, 1000)


def _whole(text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and least <= int(text) <= most):
        raise ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
    return int(text)
