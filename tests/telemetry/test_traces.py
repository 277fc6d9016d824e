"""Traces: whose they are, and what a collector is sent."""

import asyncio
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from service.app import FUNCTIONS, PATHS, create_app
from service.errors import InvalidSetting
from service.settings import Settings
from service.telemetry import traces
from service.telemetry.account import Account
from service.telemetry.metrics import Metrics
from service.telemetry.observer import Observer
from service.telemetry.traces import trace_of, tracer_provider
from tests.client import JSON, Client

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GIVEN = f"00-{TRACE}-{PARENT}-01"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


class Collector(HTTPServer):
    """Keeps the spans that it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.requests: list[ExportTraceServiceRequest] = []
        self.paths: set[str] = set()

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


class Receiver(BaseHTTPRequestHandler):
    """Receives spans by OTLP over HTTP."""

    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.paths.add(self.path)
        self.server.requests.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def provider_of_each_test() -> Iterator[None]:
    traces._provider.cache_clear()
    yield
    traces._provider.cache_clear()


def attributes(span: Span) -> dict[str, str]:
    return {item.key: item.value.string_value or str(item.value.int_value) for item in span.attributes}


def test_each_request_is_a_span_of_the_trace_it_names(
    runner: asyncio.Runner, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = f"http://127.0.0.1:{collector.server_port}"
    monkeypatch.setenv(ENDPOINT, endpoint)
    provider = tracer_provider({ENDPOINT: endpoint}, "1.2.3")
    assert provider is not None
    named: list[str] = []

    def tell(account: Account, _seconds: float) -> None:
        named.append(trace_of(account.scope))

    observer = Observer(Metrics(PATHS, FUNCTIONS), tell, provider)
    client = Client(runner, app=create_app(Settings(root_path="/x"), observer))
    question = b'{"activation":"relu","x":[1]}'
    assert client.post("/evaluate", question, headers=JSON | {"traceparent": GIVEN}).status_code == 200
    assert client.post("/v2/models/relu/infer", b"{}", headers=JSON | {"traceparent": "nonsense"}).status_code == 422
    assert client.get("/nowhere").status_code == 404
    assert client.get("/x/healthz").status_code == client.get("/metrics").status_code == 200
    provider.shutdown()
    assert collector.paths == {"/v1/traces"}
    first, second, third = collector.spans
    assert (first.trace_id.hex(), first.parent_span_id.hex()) == (TRACE, PARENT)
    assert second.parent_span_id == third.parent_span_id == b""
    assert [span.trace_id.hex() for span in (first, second, third)] == named[:3]
    assert named[3:] == ["", ""]
    assert [attributes(span)["http.response.status_code"] for span in (first, second, third)] == ["200", "422", "404"]
    assert attributes(first)["http.route"].endswith("/evaluate")
    assert attributes(second)["http.route"].endswith("/v2/models/{name}/infer")
    (resource,) = {request.resource_spans[0].resource.SerializeToString() for request in collector.requests}
    assert b"actiscope" in resource
    assert b"1.2.3" in resource


@pytest.mark.parametrize("environment", [{}, {ENDPOINT: ""}, {ENDPOINT: "http://x", "OTEL_SDK_DISABLED": "true"}])
def test_nothing_is_traced_unless_a_collector_is_named(environment: dict[str, str]) -> None:
    assert tracer_provider(environment, "") is None
    assert tracer_provider({ENDPOINT: "http://x", "OTEL_TRACES_EXPORTER": "none"}, "") is None


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(InvalidSetting, match=r"pip install 'actiscope\[tracing\]'"):
        tracer_provider({ENDPOINT: "http://127.0.0.1:1"}, "")


@pytest.mark.parametrize("endpoint", ["127.0.0.1:4318", "ftp://x", "http://", "/v1"])
def test_a_wrong_address_is_told(endpoint: str) -> None:
    with pytest.raises(InvalidSetting, match="must be an http or https address"):
        tracer_provider({ENDPOINT: endpoint}, "")


def test_another_protocol_is_refused() -> None:
    with pytest.raises(InvalidSetting, match="not 'grpc'"):
        tracer_provider({ENDPOINT: "http://x", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "")


@pytest.mark.parametrize(
    ("given", "trace"),
    [
        (GIVEN, TRACE),
        (f"01-{TRACE}-{PARENT}-01-more", TRACE),
        (f"ff-{TRACE}-{PARENT}-01", ""),
        (f"00-{'0' * 32}-{PARENT}-01", ""),
        (f"00-{TRACE}-{PARENT}-01\n", ""),
        ("\N{LATIN SMALL LETTER E WITH ACUTE}", ""),
    ],
)
def test_an_invalid_trace_is_ignored(given: str, trace: str) -> None:
    assert trace_of({"headers": [(b"traceparent", given.encode())]}) == trace
