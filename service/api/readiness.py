"""Whether the service accepts work: named checks, each of which may say why not."""

from collections.abc import Callable

from service.errors import NotReady

Check = Callable[[], str | None]

_WAIT = 1  # seconds until it is worth while to ask again


class Readiness:
    """The checks. The service is ready if each of them answers None; else each answers a sentence, which is shown."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}

    def add(self, name: str, check: Check) -> None:
        """Have a check made whenever somebody asks; it must be quick."""
        self._checks[name] = check

    @property
    def reasons(self) -> dict[str, str]:
        """Why the service is not ready, by the names of the checks; empty if it is."""
        return {name: reason for name, check in self._checks.items() if (reason := check())}

    def require(self) -> None:
        """Raise NotReady unless the service is ready."""
        if reasons := self.reasons:
            raise NotReady(reasons, _WAIT)
