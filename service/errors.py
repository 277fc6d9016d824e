"""What can go wrong, in the language of the domain; HTTP statuses are given to these in ``service.api.problems``.

ActiscopeError
├── UnknownActivation       no function of that name or alias
├── InvalidInput            one or more fields hold what they must not hold
├── Malformed               the bytes are not what they are said to be
│   ├── TooDeep             arrays and objects are nested beyond the limit
│   ├── MalformedCoding     the body is not compressed as it is said to be
│   ├── MalformedMultipart  the body does not keep to multipart/form-data
│   ├── MalformedNpy        the bytes are not an NPY file, or not the one that its header announces
│   ├── MalformedTensors    the file is neither safetensors nor NPZ
│   └── MalformedTensorData the bytes after the JSON text are not those that it announces
├── LimitExceeded           a request, or the answer to it, is larger than a limit
│   └── QueryTooLong        the query of an address is
├── Unauthorized            a request has no API key of this service
├── QuotaExceeded           requests come faster than a limit allows
├── Overloaded              the service does as much as a limit allows already
├── TookTooLong             the time for a request is over
├── NotReady                no work is accepted now
├── NotInstalled            what was asked for needs a package that is not there
└── InvalidSetting          the operator set what cannot be
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

Path = tuple[str | int, ...]


class ActiscopeError(Exception):
    """Anything this package raises on purpose."""


class UnknownActivation(ActiscopeError):
    """No activation has this name or alias; `near` lists the closest names there are, `path` leads to the name."""

    def __init__(self, name: str, near: Sequence[str] = (), path: Path = ("activation",)) -> None:
        *others, last = near or ("",)
        hint = f" Did you mean {', '.join(others)}{' or ' if others else ''}{last}?" if near else ""
        super().__init__(f"There is no activation called {name!r}.{hint}")
        self.name = name
        self.near = tuple(near)
        self.path = path


@dataclass(frozen=True)
class Fault:
    """One field at fault: where it stands (member names and indices from the root of the request) and why."""

    path: Path
    detail: str


class InvalidInput(ActiscopeError):
    """Well-formed input that cannot be worked with."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(fault.detail for fault in faults))
        self.faults = faults

    @classmethod
    def at(cls, *path: str | int, detail: str) -> "InvalidInput":
        """Blame one field."""
        return cls(Fault(path, detail))


class Malformed(ActiscopeError):
    """Bytes that cannot be read as the format they are said to be in."""


@dataclass(frozen=True)
class Limit:
    """A limit in force: the name it has among the settings, and its value."""

    name: str
    value: int


class TooDeep(Malformed):
    """JSON nested more deeply than it may be."""

    def __init__(self, limit: Limit) -> None:
        super().__init__(f"Arrays and objects are nested more than {limit.value} levels deep.")
        self.limit = limit


class MalformedCoding(Malformed):
    """A body that cannot be inflated, or not to its end."""


class MalformedMultipart(Malformed):
    """A body that cannot be taken apart as multipart/form-data."""


class MalformedNpy(Malformed):
    """Bytes that cannot be read as an NPY file, or do not hold what its header says."""


class MalformedTensors(Malformed):
    """A file that cannot be read as safetensors or NPZ, or does not hold what it says."""


class MalformedTensorData(Malformed):
    """A body of the Open Inference Protocol whose bytes are not what its header and its JSON text say."""


class LimitExceeded(ActiscopeError):
    """What was sent, or would be answered, is larger than a limit; `path` is the field that makes it so, if any."""

    def __init__(self, limit: Limit, detail: str, path: Path = ()) -> None:
        super().__init__(detail)
        self.limit = limit
        self.path = path


class QueryTooLong(LimitExceeded):
    """The query of an address is larger than a limit."""


class Unauthorized(ActiscopeError):
    """A request has no API key of this service; `given`: it has another."""

    def __init__(self, detail: str, *, given: bool) -> None:
        super().__init__(detail)
        self.given = given


class QuotaExceeded(ActiscopeError):
    """Requests come faster than the policy of this `name` allows; the next is answered after `wait` seconds."""

    def __init__(self, limit: Limit, name: str, window: int, wait: int) -> None:
        super().__init__(
            f"Each {name} may send {limit.value} requests in {window} s. The next one is answered in {wait} s."
        )
        self.limit = limit
        self.name = name
        self.wait = wait


class NotReady(ActiscopeError):
    """No work is accepted now, for these reasons by name; try again after `wait` seconds."""

    def __init__(self, reasons: Mapping[str, str], wait: int) -> None:
        super().__init__(" ".join(reasons.values()))
        self.reasons = reasons
        self.wait = wait


class NotInstalled(ActiscopeError):
    """What was asked for needs an optional package that is not installed, or cannot be used."""


class Overloaded(ActiscopeError):
    """As much is being done as a limit allows; another time it can be done, perhaps `after` so many seconds."""

    def __init__(self, limit: Limit, detail: str, after: int = 1) -> None:
        super().__init__(detail)
        self.limit = limit
        self.after = after


class TookTooLong(ActiscopeError):
    """What was asked for was not done in the time that a limit allows."""

    def __init__(self, limit: Limit, detail: str) -> None:
        super().__init__(detail)
        self.limit = limit


class Unwanted(ActiscopeError):
    """Work was stopped, because nobody waits for it any more."""


class InvalidSetting(ActiscopeError):
    """A setting holds what it must not hold."""


@contextmanager
def within(*path: str | int) -> Iterator[None]:
    """Paths of faults that are raised inside start where this path leads."""
    try:
        yield
    except InvalidInput as error:
        raise InvalidInput(*(Fault((*path, *fault.path), fault.detail) for fault in error.faults)) from None
    except UnknownActivation as error:
        raise UnknownActivation(error.name, error.near, (*path, *error.path)) from None
