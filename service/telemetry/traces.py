"""Traces (OpenTelemetry): the trace that a request is part of, and spans for a collector, where one is named.

The variables are OpenTelemetry's own: `OTEL_EXPORTER_OTLP_ENDPOINT` names the collector, and without it nothing of this
is loaded.
"""

import re
from collections.abc import Mapping, MutableMapping
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace
from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import InvalidSetting

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
_TRACE = "actiscope.trace"  # in a scope: the trace of the span that was begun for the request
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_TIMEOUTS = ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")
_PATIENCE = 2.0  # seconds for a batch of spans, unless the operator says otherwise: the service ends no sooner
_SPOKEN = "http/protobuf"
_QUIET = frozenset({"/healthz", "/readyz", "/metrics", "/v2/health/live", "/v2/health/ready"})


def trace_of(scope: Scope) -> str:
    """The trace that a request is part of; empty if it says of none, or says it wrongly."""
    if begun := scope.get(_TRACE):
        return str(begun)
    for name, value in scope["headers"]:
        if name == b"traceparent":
            found = _TRACEPARENT.fullmatch(value)
            return found[1].decode() if found else ""
    return ""


def tracer_provider(environment: Mapping[str, str], version: str) -> "TracerProvider | None":
    """What sends the spans of this process to the collector; None where none is named.

    Raises
    ------
    InvalidSetting
        The collector cannot be spoken to: by its address, by its protocol, or because a package is missing.
    """
    endpoint = _first(environment, _ENDPOINTS)
    off = (
        environment.get("OTEL_SDK_DISABLED", "").lower() == "true" or environment.get("OTEL_TRACES_EXPORTER") == "none"
    )
    if not endpoint or off:
        return None
    address = urlsplit(endpoint)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise InvalidSetting(f"the endpoint for traces must be an http or https address, not {endpoint!r}.")
    if (protocol := _first(environment, _PROTOCOLS) or _SPOKEN) != _SPOKEN:
        raise InvalidSetting(f"traces are sent by the protocol {_SPOKEN}, not {protocol!r}.")
    return _provider(
        version, None if _first(environment, _TIMEOUTS) else _PATIENCE, environment.get("OTEL_SERVICE_NAME")
    )


@cache
def _provider(version: str, timeout: float | None, name: str | None) -> "TracerProvider":
    """One for each process, however often the application is made; what it has not sent goes out when that ends."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415  an extra
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415  likewise
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415  likewise
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415  likewise
    except ImportError as error:
        raise InvalidSetting(
            f"an endpoint for traces is named, and the package {error.name} is missing: "
            "pip install 'actiscope[tracing]', or unset OTEL_EXPORTER_OTLP_ENDPOINT."
        ) from None
    resource = Resource.create({"service.name": name or "actiscope", "service.version": version})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=timeout)))
    return provider


def framework_options(provider: "TracerProvider | None") -> TelemetryConfig:
    """What FastAPI is to see to by itself: nothing, or a span for each request but those of probes."""
    return {
        "tracing": provider is not None,
        "tracer_provider": provider,
        "metrics": False,
        "logs": False,
        "operation_spans": False,
        "auto_configure": False,
        "exclude": _is_probe,
    }


class TraceName:
    """Notes the trace of the span that the framework has begun, for the log."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            scope[_TRACE] = f"{context.trace_id:032x}"
        await self.app(scope, receive, send)


def _is_probe(scope: MutableMapping[str, Any]) -> bool:  # any: as ASGI has it
    return scope["path"].removeprefix(scope.get("root_path", "")) in _QUIET


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str:
    """The value of the first variable that has one."""
    return next((environment[name] for name in names if environment.get(name)), "")
