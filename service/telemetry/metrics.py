"""What is counted: requests, their times and bytes, numbers computed, refusals, and levels such as a queue's depth."""

import os
from bisect import bisect_left
from collections.abc import Sequence
from time import perf_counter
from typing import Final

import numpy as np
from starlette.types import Scope

from service.telemetry.account import ROUTE, Account, enter, route_of
from service.telemetry.block import Block, Numbers, share

METHODS: Final = ("GET", "HEAD", "POST", "OPTIONS", "other")
STATUSES: Final = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")  # none: the client went away before an answer
REASONS: Final = ("limit", "overload", "time", "rate", "key", "draining")
LEVELS: Final = ("actiscope_requests_in_flight", "actiscope_queue_depth", "actiscope_work_running")
NO_ROUTE: Final = "none"  # the label of paths that are not the service's, and of what is refused before routing
SECONDS: Final = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)

# Cells of a row: the levels of a process, then what all processes count together.
_PID: Final = 0
_LEVELS: Final = {name: 1 + index for index, name in enumerate(LEVELS)}
_IN_FLIGHT: Final = _LEVELS["actiscope_requests_in_flight"]
_LOST: Final = 1 + len(LEVELS)
_REFUSALS: Final = {reason: _LOST + 1 + index for index, reason in enumerate(REASONS)}
_FIRST_ROUTE: Final = _LOST + 1 + len(REASONS)

# Cells of a route, from its first: requests by method and status, then the rest.
_BY_METHOD: Final = {method: index * len(STATUSES) for index, method in enumerate(METHODS)}
_OTHER: Final = _BY_METHOD["other"]
_RECEIVED: Final = len(METHODS) * len(STATUSES)
_SENT, _OPERATIONS, _SUM, _BUCKETS = range(_RECEIVED + 1, _RECEIVED + 5)
_CELLS_OF_ROUTE: Final = _BUCKETS + len(SECONDS) + 1


class Metrics:
    """Counts for this process; what is read is the sum over all that share a block."""

    def __init__(self, routes: Sequence[str] = (), functions: Sequence[str] = (), path: str | None = None) -> None:
        self.routes = {route: _FIRST_ROUTE + index * _CELLS_OF_ROUTE for index, route in enumerate((NO_ROUTE, *routes))}
        first = _FIRST_ROUTE + len(self.routes) * _CELLS_OF_ROUTE
        self.functions = {name: first + index for index, name in enumerate(functions)}
        self.cells = first + len(functions)
        self._block = Block(self.cells, 1 + len(LEVELS), path)
        self._row = self._block.own
        self._row[_PID] = os.getpid()

    def share(self, processes: int) -> None:
        """Have so many processes, which are to be started, count together."""
        share(self.cells, processes)

    def begin(self, scope: Scope, request_id: bytes) -> Account:
        """A request has come; what is noted of it is counted at its end."""
        account = Account(scope, request_id)
        enter(account)
        self._row[_IN_FLIGHT] += 1
        return account

    def end(self, account: Account) -> float:
        """It has been answered, or given up, after so many seconds."""
        row, scope, seconds = self._row, account.scope, perf_counter() - account.begun
        row[_IN_FLIGHT] -= 1
        at = self.routes.get(scope.get(ROUTE) or route_of(scope), _FIRST_ROUTE)
        row[at + _BY_METHOD.get(scope["method"], _OTHER) + account.status // 100] += 1
        row[at + _RECEIVED] += account.received
        row[at + _SENT] += account.sent
        row[at + _SUM] += seconds
        row[at + _BUCKETS + bisect_left(SECONDS, seconds)] += 1
        if cell := self.functions.get(account.function):
            row[cell] += account.elements
        if account.operations:
            row[at + _OPERATIONS] += account.operations
        if account.refusal:
            row[_REFUSALS[account.refusal]] += 1
        return seconds

    def refused(self, reason: str) -> None:
        """Count a refusal outside of any request that is noted; those answered by a problem document are counted."""
        self._row[_REFUSALS[reason]] += 1

    def gauge(self, name: str, value: float) -> None:
        """Set a level of this process, one of LEVELS."""
        self._row[_LEVELS[name]] = value

    def lose(self, lines: int) -> None:
        """Count log lines that were not written."""
        self._row[_LOST] += lines

    def read(self) -> "Readings":
        """What is counted by now."""
        return Readings(self, self._block.living(), self._block.total())


class Readings:
    """What all processes have counted by one moment."""

    def __init__(self, metrics: Metrics, living: Numbers, total: Numbers) -> None:
        self._metrics = metrics
        self._total = total
        self.pids = [int(pid) for pid in living[:, _PID]]
        self.levels = dict(zip(LEVELS, living[:, 1 : 1 + len(LEVELS)].sum(axis=0).tolist(), strict=True))
        self.routes = tuple(metrics.routes)
        self.lost: float = total[_LOST].item()
        self.refusals = {reason: total[cell].item() for reason, cell in _REFUSALS.items()}
        self.elements = {name: total[cell].item() for name, cell in metrics.functions.items()}

    def of_route(self, route: str) -> "RouteReadings":
        """What was counted of a route."""
        first = self._metrics.routes[route]
        return RouteReadings(self._total[first : first + _CELLS_OF_ROUTE])


class RouteReadings:
    """What all processes have counted of one route."""

    def __init__(self, cells: Numbers) -> None:
        self.requests = cells[:_RECEIVED].reshape(len(METHODS), len(STATUSES))
        self.received, self.sent, self.operations, self.seconds = cells[_RECEIVED:_BUCKETS].tolist()
        self.within: list[float] = np.cumsum(cells[_BUCKETS:]).tolist()
