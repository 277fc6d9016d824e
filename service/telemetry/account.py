"""What is noted of a request while it is answered: what it asks for, what it costs, and what became of it."""

from contextvars import ContextVar
from time import perf_counter

from starlette.types import Scope

ROUTE = "actiscope.route"  # in a scope: the path of the route that answers, where the framework does not choose it


class Account:
    """The notes on one request."""

    __slots__ = (
        "begun",
        "elements",
        "function",
        "operations",
        "received",
        "refusal",
        "request_id",
        "scope",
        "sent",
        "status",
    )

    def __init__(self, scope: Scope, request_id: bytes) -> None:
        self.scope = scope
        self.request_id = request_id
        self.begun = perf_counter()
        self.status = 0  # until an answer begins
        self.received = self.sent = 0  # bytes of the bodies
        self.elements = self.operations = 0
        self.function = self.refusal = ""


def route_of(scope: Scope) -> str:
    """The path of the route that answers, with its parameters in braces; empty if there is none."""
    return str(scope.get(ROUTE) or getattr(scope.get("route"), "path", ""))


_current: ContextVar[Account] = ContextVar("account")
enter = _current.set


def current() -> Account | None:
    """The notes on the request that is being answered, in threads that work for it too."""
    return _current.get(None)


def computed(function: str, numbers: int) -> None:
    """Note that a function of the catalogue is evaluated or differentiated for so many numbers."""
    if account := _current.get(None):
        account.function = function
        account.elements += numbers


def spent(operations: int) -> None:
    """Note the estimated floating-point operations of a network."""
    if account := _current.get(None):
        account.operations += operations


def refused(reason: str) -> None:
    """Note why the request is refused, as one of service.telemetry.metrics.REASONS."""
    if account := _current.get(None):
        account.refusal = reason
