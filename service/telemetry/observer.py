"""What watches every request: its counts, its log line, and its span."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from service.telemetry.account import Account
from service.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider


def _nobody(_account: Account, _seconds: float) -> None:
    """Nobody is told."""


@dataclass(frozen=True)
class Observer:
    """Counts each request in `metrics`, and has it told and traced, where there is somebody who wants to know."""

    metrics: Metrics = field(default_factory=Metrics)
    tell: Callable[[Account, float], None] = _nobody
    tracer: "TracerProvider | None" = None
