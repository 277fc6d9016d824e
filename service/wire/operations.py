"""What the service says about itself."""

from typing import Literal

from pydantic import Field

from service.settings import LimitInForce
from service.wire.model import Wire


class Index(Wire):
    """Where to begin."""

    name: str
    version: str
    links: dict[str, str] = Field(description="Paths of the service by what they are for.")


class Health(Wire):
    """The service is alive."""

    status: Literal["ok"] = "ok"


class Ready(Wire):
    """The service accepts work."""

    status: Literal["ready"] = "ready"


class ServiceLimits(Wire):
    """Every limit in force."""

    limits: tuple[LimitInForce, ...]
