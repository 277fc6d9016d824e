"""Log lines: what is in them, and what is not."""

import asyncio
import json
import logging
import os
import re
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from service.app import Actiscope, create_app
from service.settings import Settings
from service.telemetry.account import Account
from service.telemetry.logs import Form, Handler, Lines, RequestLog, form_of, log_configuration
from service.telemetry.observer import Observer
from service.telemetry.sink import Sink
from tests.client import JSON, Client

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SECRET = "s3cr3t"  # noqa: S105  it opens nothing
HOSTILE = [
    f"/a%0a{{%22level%22:%22FATAL%22}}?key={SECRET}",
    f"/%1b[2J%1b]0;x%07/{'x' * 5000}?{SECRET}",
    f"/activations/%22,%22status%22:200,%22?q={SECRET}",
    f"/v2/models/%5c%22%0d%0a/infer?activation={SECRET}",
    f"/%e2%80%ae%ff%ed%a0%80%c2%9b?{SECRET}",
    "/\N{LINE SEPARATOR}\N{RIGHT-TO-LEFT OVERRIDE}",
]


class Written(Sink):
    """Keeps the lines that would be written."""

    def __init__(self) -> None:
        super().__init__(-1)
        self.lines: list[bytes] = []

    def write(self, line: bytes) -> None:
        self.lines.append(line)

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


@pytest.fixture
def sink() -> Written:
    return Written()


def logged(runner: asyncio.Runner, sink: Sink, form: Form = "json", settings: Settings | None = None) -> Client:
    """An application that writes a line for each request to the sink."""
    log = RequestLog(Lines(form, sink), every=True)
    return Client(runner, app=create_app(settings or Settings(), Observer(tell=log.tell)))


def failing(sink: Sink) -> Actiscope:
    """An application that writes lines for failures only, of which it is full."""
    app = create_app(Settings(), Observer(tell=RequestLog(Lines("json", sink), every=False).tell))

    async def fail() -> None:
        raise RuntimeError("first\nsecond \x1b[2J " + "x" * 1000)

    app.add_api_route("/fail", fail)
    app.readiness.add("draining", lambda: "The service is about to end.")
    return app


@pytest.fixture
def handler(sink: Written) -> Iterator[logging.Handler]:
    handler = Handler("json", sink)
    logging.getLogger("service").addHandler(handler)
    yield handler
    logging.getLogger("service").removeHandler(handler)


def test_a_request_has_a_line_that_tells_all_but_its_content(runner: asyncio.Runner, sink: Written) -> None:
    headers = JSON | {"X-Request-ID": "mine", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    answer = logged(runner, sink).post("/evaluate", b'{"activation":"relu","x":[1,2,3]}', headers=headers)
    (line,) = sink.records()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line.pop("time"))
    assert 0 < line.pop("seconds") < 60
    assert line == {
        "level": "INFO",
        "logger": "service.requests",
        "message": "POST /evaluate 200",
        "pid": os.getpid(),
        "request_id": "mine",
        "trace_id": TRACE,
        "method": "POST",
        "route": "/evaluate",
        "path": "/evaluate",
        "status": 200,
        "bytes_in": 33,
        "bytes_out": len(answer.content),
        "elements": 3,
        "operations": 0,
        "refusal": None,
    }


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("path", HOSTILE)
def test_a_hostile_path_can_neither_end_a_line_nor_steer_a_terminal(
    runner: asyncio.Runner, sink: Written, form: Form, path: str
) -> None:
    client = logged(runner, sink, form)
    for method in ("GET", "POST"):
        assert client.request(method, path, headers={"X-Request-ID": "a\tb", "traceparent": SECRET}).status_code < 500
    for line in sink.lines:
        text = line.decode("ascii")
        assert text.endswith("\n")
        assert text[:-1].isprintable()
        assert SECRET not in text
        assert len(text) < 2500
    if form == "json":
        assert [
            record["route"] in (None, "/activations/{name}", "/v2/models/{name}/infer") for record in sink.records()
        ]


def test_no_line_holds_a_key_or_a_body(runner: asyncio.Runner, sink: Written, handler: logging.Handler) -> None:
    client = logged(runner, sink, settings=Settings(keys="a:" + "0" * 64))
    for headers in ({"Authorization": f"Bearer {SECRET}"}, {"X-API-Key": SECRET}, {"Cookie": SECRET}):
        assert client.post("/evaluate", f'{{"{SECRET}": 1}}'.encode(), headers=JSON | headers).status_code == 401
    assert logged(runner, sink).post("/evaluate", f'{{"{SECRET}": 1}}'.encode()).status_code == 422
    assert [(record["status"], record["refusal"]) for record in sink.records()] == [(401, "key")] * 3 + [(422, None)]
    assert SECRET.encode() not in b"".join(sink.lines)
    assert handler.formatter is None


def test_only_failures_have_a_line_unless_all_are_wanted(runner: asyncio.Runner, sink: Written) -> None:
    client = Client(runner, app=failing(sink))
    assert [client.get(path).status_code for path in ("/healthz", "/nowhere", "/readyz")] == [200, 404, 503]
    assert [(record["level"], record["status"]) for record in sink.records()] == [("WARNING", 503)]


def test_what_else_is_logged_names_its_request(runner: asyncio.Runner, sink: Written, handler: logging.Handler) -> None:
    client = Client(runner, app=failing(sink))
    client.get("/fail", headers={"X-Request-ID": "mine", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
    told, request = sink.records()
    assert {record["request_id"] for record in (told, request)} == {"mine"}
    assert {record["trace_id"] for record in (told, request)} == {TRACE}
    assert (told["level"], request["level"], request["status"]) == ("ERROR", "ERROR", 500)
    assert told["message"] == f"request mine (trace {TRACE}): GET '/fail' failed"
    assert "in fail\n" in told["traceback"]
    assert "RuntimeError: first\nsecond \\x1b[2J xxx" in told["traceback"]
    assert "x" * 300 not in told["traceback"]
    assert all(char.isprintable() or char == "\n" for char in told["traceback"])
    assert handler.level == logging.NOTSET


def test_text_keeps_the_lines_of_a_traceback_apart_from_those_of_the_log(sink: Written) -> None:
    error = ValueError("2026-01-01 00:00:00.000 ERROR forged: line\n2026-01-01 00:00:00.000 ERROR forged: line")
    record = logging.LogRecord("x", 40, "", 0, "one\ntwo \x9b", None, (ValueError, error, None))
    Handler("text", sink).handle(record)
    first, *others = b"".join(sink.lines).decode().splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} ERROR x: one", first)
    assert others
    assert all(line.startswith("    ") for line in others)


@pytest.mark.parametrize("message", ["%d", "\ud800", "\x00", "x" * 10_000])
def test_no_record_is_too_odd_to_be_written(sink: Written, message: str) -> None:
    for form in ("json", "text"):
        Handler(form, sink).handle(logging.LogRecord("x", 30, "", 0, message, ("not a number",), None))
    assert len(sink.lines) == 2
    assert all(len(line) < 3000 and line.count(b"\n") == 1 for line in sink.lines)


def test_the_servers_own_lines_have_the_form_too() -> None:
    configured = log_configuration("json", "failures")
    assert configured["root"]["handlers"] == ["lines"]
    assert configured["handlers"]["lines"] == {"()": Handler, "form": "json"}
    assert log_configuration("text", "all")["loggers"]["service"] == {"level": "INFO"}


@pytest.mark.parametrize(("setting", "form"), [("json", "json"), ("text", "text"), ("auto", "json")])
def test_the_form_is_json_unless_a_person_reads_it(setting: str, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "__stderr__", None)
    assert form_of(setting) == form


def lost(sink: Sink, lines: int) -> int:
    """How many of so many lines are lost, when all is written that can be."""
    count: list[int] = []
    sink.lost = count.append
    for number in range(lines):
        sink.write(b"%099d\n" % number)
    sink.close()
    return sum(count)


def test_lines_are_written_in_their_order() -> None:
    reading, writing = os.pipe()
    assert lost(Sink(writing), 500) == 0
    os.close(writing)
    with os.fdopen(reading) as file:
        assert [int(line) for line in file] == list(range(500))


def test_a_reader_that_does_not_read_delays_nothing() -> None:
    reading, writing = os.pipe()
    assert lost(Sink(writing), 12_000) >= 12_000 - 10_000 - 700
    os.close(reading)


@pytest.mark.parametrize("broken", ["full", "closed", "gone", "none"])
def test_a_broken_sink_loses_lines_and_fails_nobody(runner: asyncio.Runner, broken: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    file = {"full": os.open("/dev/full", os.O_WRONLY), "closed": 10**6, "gone": writing, "none": -1}[broken]
    sink = Sink(file)
    assert logged(runner, sink).get("/healthz").status_code == 200
    assert lost(sink, 10) >= 10
    os.close(writing)


def test_a_line_after_one_that_was_torn_begins_anew() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    sink = Sink(writing)
    while True:  # until there is no room for a whole line
        try:
            os.write(writing, b".")
        except BlockingIOError:
            break
    os.read(reading, 4096)
    sink.write(b"x" * 5000 + b"\n")
    while sink._lines or not sink._torn:
        time.sleep(0.01)
    os.read(reading, 2**16)
    sink.write(b"whole\n")
    sink.close()
    assert os.read(reading, 2**16) == b"\nwhole\n"
    os.close(reading)
    os.close(writing)


def test_a_request_that_nobody_waited_for_has_no_status(sink: Written) -> None:
    scope = {"type": "http", "method": "POST", "path": "/evaluate", "headers": []}
    RequestLog(Lines("json", sink), every=True).tell(Account(scope, b"mine"), 0.5)
    (record,) = sink.records()
    assert (record["status"], record["message"]) == (None, "POST /evaluate -")
