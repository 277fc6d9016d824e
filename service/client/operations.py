"""What the service says about itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from service.client.catalogue import Session
from service.client.exchange import Ask, Exchange, answered
from service.client.reading import read


@dataclass(frozen=True)
class Limit:
    """A limit in force: what it is on, and the setting that moves it (None: it is fixed)."""

    name: str
    value: int
    unit: str
    setting: str | None
    description: str


@dataclass(frozen=True)
class _Limits:
    limits: tuple[Limit, ...]


def limits(session: Session) -> Exchange[Mapping[str, Limit]]:
    """Tell every limit in force, by its name."""
    reply = yield from answered(Ask("GET", "/limits"), session.retries)
    return {limit.name: limit for limit in read(_Limits, reply.body).limits}
