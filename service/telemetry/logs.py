"""Log lines: one JSON object each, or text for people; of requests, and of everything that is logged otherwise.

No line holds a body, a header, a query or a key. What a stranger chose (a path, a method, the words of a fault) is cut
short and escaped, so that it can neither end a line nor steer a terminal.
"""

import logging
import os
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import quote

import orjson

from service.telemetry.account import Account, current, route_of
from service.telemetry.sink import Sink, standard_error
from service.telemetry.traces import trace_of

Form = Literal["json", "text"]
Fields = dict[str, Any]  # any: what JSON can hold

_LONGEST_PATH = 200
_LONGEST_TEXT = 2000
_LONGEST_TRACEBACK = 20_000
_REFUSED = 503
_PID = os.getpid()  # workers are processes of their own from the start, not forks


class Lines:
    """Writes fields as lines of one form."""

    def __init__(self, form: Form, sink: Sink) -> None:
        self._write = _json if form == "json" else _text
        self._sink = sink

    def write(self, fields: Fields) -> None:
        """Write a line."""
        self._sink.write(self._write(fields))


class Handler(logging.Handler):
    """Writes the records of Python's logging, each with the request that it belongs to."""

    def __init__(self, form: Form, sink: Sink | None = None) -> None:
        super().__init__()
        self._lines = Lines(form, sink or standard_error())

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        try:
            self._lines.write(_fields(record))
        except Exception:  # noqa: BLE001  a record that cannot be written must not fail what logs it
            self._lines.write(_common("ERROR", __name__, f"A record of {record.name} could not be written."))


class RequestLog:
    """Writes a line for each request, or only for those that failed."""

    def __init__(self, lines: Lines, *, every: bool) -> None:
        self._lines = lines
        self._every = every

    def tell(self, account: Account, seconds: float) -> None:
        """Write the line of a request that has been answered, if it is to be written."""
        if self._every or account.status >= 500:
            self._lines.write(_request_fields(account, seconds))


def form_of(setting: str) -> Form:
    """The form that is meant: by itself, text for a terminal and JSON for everything else."""
    if setting == "auto":
        return "text" if sys.__stderr__ is not None and sys.__stderr__.isatty() else "json"
    return "text" if setting == "text" else "json"


def log_configuration(log_format: str, access_log: str) -> dict[str, Any]:  # any: as logging has it
    """How Python's logging, and so the server's, is to be configured, by the settings of these names."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"lines": {"()": Handler, "form": form_of(log_format)}},
        "loggers": {"uvicorn": {"level": "INFO"}} | ({"service": {"level": "INFO"}} if access_log == "all" else {}),
        "root": {"level": "WARNING", "handlers": ["lines"]},
    }


def _common(level: str, logger: str, message: str) -> Fields:
    return {"time": datetime.now(UTC), "level": level, "logger": logger, "message": message, "pid": _PID}


def _request_fields(account: Account, seconds: float) -> Fields:
    scope, status, route = account.scope, account.status, route_of(account.scope)
    path, method = scope["path"], scope["method"]
    if path != route:
        path = quote(path[:_LONGEST_PATH], errors="replace")
    return {
        "time": datetime.now(UTC),
        "level": "INFO" if status < 500 else "WARNING" if status == _REFUSED else "ERROR",
        "logger": "service.requests",
        "message": f"{method} {path} {status or '-'}",
        "pid": _PID,
        "request_id": account.request_id.decode(),
        "trace_id": trace_of(scope) or None,
        "method": method,
        "route": route or None,
        "path": path,
        "status": status or None,
        "seconds": round(seconds, 6),
        "bytes_in": account.received,
        "bytes_out": account.sent,
        "elements": account.elements,
        "operations": account.operations,
        "refusal": account.refusal or None,
    }


def _fields(record: logging.LogRecord) -> Fields:
    fields = _common(record.levelname, record.name, _plain(record.getMessage(), _LONGEST_TEXT))
    if account := current():
        fields["request_id"] = account.request_id.decode()
        if trace := trace_of(account.scope):
            fields["trace_id"] = trace
    if record.exc_info:
        fields["traceback"] = _plain(_told(record.exc_info[1]), _LONGEST_TRACEBACK)
    return fields


def _told(error: BaseException | None) -> str:
    """A traceback; of what an error says, which may repeat what was sent, no more than its beginning."""
    if error is None:
        return ""
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{frames}{type(error).__qualname__}: {str(error)[:200]}"


def _plain(text: str, longest: int) -> str:
    """Text without characters that a terminal would obey, except for ends of lines."""
    shown = text if len(text) <= longest else f"{text[:longest]}…"
    if shown.isprintable():
        return shown
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode() for char in shown
    )


def _json(fields: Fields) -> bytes:
    return orjson.dumps(fields, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)


def _text(fields: Fields) -> bytes:
    time, level, logger, message, _pid, *others = fields.values()
    names = list(fields)[5:]
    pairs = "".join(
        f" {name}={value}" for name, value in zip(names, others, strict=True) if value and name != "traceback"
    )
    told = f"{time:%Y-%m-%d %H:%M:%S}.{time.microsecond // 1000:03} {level} {logger}: {message}{pairs}"
    if found := fields.get("traceback"):
        told = f"{told}\n{found}"
    return told.replace("\n", "\n    ").encode() + b"\n"
