"""The service for those who watch over it: whether it accepts work, and its metrics."""

from fastapi import APIRouter, Depends, Request
from pydantic_core import to_json
from starlette.responses import Response

from service.api.documentation import fresh, measured, problems
from service.api.readiness import Readiness
from service.api.requests import JSON, accepts, not_acceptable, only_query, quality
from service.api.responses import PartsResponse, json_response
from service.api.version import VERSION
from service.telemetry.exposition import OPEN, TEXT, expose
from service.wire.operations import Ready

router = APIRouter(tags=["operations"], dependencies=[Depends(only_query())])

_OPEN_METRICS, _PLAIN = (form.partition(";")[0] for form in (OPEN, TEXT))


async def accepts_work(request: Request) -> None:
    """A dependency: the path is for a service that is ready."""
    readiness: Readiness = request.app.readiness
    readiness.require()


@router.get(
    "/readyz",
    operation_id="ready",
    summary="Whether the service accepts work",
    dependencies=[Depends(accepts(JSON)), Depends(accepts_work)],
    responses=fresh("Ready", {"status": "ready"})
    | problems("/readyz", "not_ready", "not_acceptable", "no_query_items"),
)
async def ready() -> Response:
    """Answer as long as the service accepts work; 503 with the reasons while it ends, or has too much to do."""
    return json_response(to_json(Ready()))


@router.get(
    "/metrics",
    operation_id="metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses=measured(TEXT, OPEN) | problems("/metrics", "no_such_exposition", "no_query_items"),
)
async def metrics(request: Request) -> Response:
    """Tell what all processes of the service have counted: requests, times, bytes, numbers computed, refusals.

    In Prometheus' text format, or in OpenMetrics for an `Accept` that prefers it.
    """
    openly = _prefers_open_metrics(",".join(request.headers.getlist("accept")))
    body = expose(request.app.observer.metrics, VERSION, openly=openly)
    return PartsResponse((body,), OPEN if openly else TEXT)


def _prefers_open_metrics(accept: str) -> bool:
    """Whether OpenMetrics is at least as welcome as plain text, and asked for by name."""
    if not accept.strip():
        return False
    openly, plainly = quality(accept, _OPEN_METRICS), quality(accept, _PLAIN)
    if not openly and not plainly:
        raise not_acceptable(_PLAIN, _OPEN_METRICS)
    return openly > plainly or (openly == plainly and _OPEN_METRICS in accept.lower())
