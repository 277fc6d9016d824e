"""Questions and answers apart from the sending of them: nothing here reads or writes a socket.

A question is a generator. It yields what is to be sent (`Ask`) or waited for (`Wait`), is sent what came back
(`Reply`), and returns the result. So a client that blocks and one that awaits put the same questions.
"""

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from urllib.parse import unquote

import orjson

from service.client.arrays import written
from service.client.failures import NotUnderstood, Problem, failure, seconds
from service.errors import Path

T = TypeVar("T")

JSON = "application/json"
_RETRIED = (429, 503)
_LONGEST_WAIT = 60  # seconds; a service that wants more is not waited for
_SHORTEST_WAIT = 0.05


class Sink(Protocol):
    """What takes the body of an answer as it comes."""

    def write(self, piece: bytes, /) -> object:
        """Take the next bytes."""


@dataclass(frozen=True)
class Ask:
    """A request, which can be sent any number of times.

    The body is `content`, or comes in `pieces` of `length` bytes in all, or is made of the `parts` of a form. The body
    of a success goes to the sink; where it is `streamed`, it is left to be read as it comes.
    """

    method: str
    path: str
    query: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    pieces: Iterable[bytes] | None = None
    length: int = 0
    parts: Mapping[str, bytes] | None = None
    sink: Sink | None = None
    streamed: bool = False


@dataclass(frozen=True)
class Wait:
    """Nothing is sent for so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Reply:
    """An answer; what a sink has taken, or is still to come, is not in its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    stream: Any = None  # any: what the sender has for a body that is still to come


Exchange = Generator[Ask | Wait, Reply | None, T]


def answered(ask: Ask, retries: int) -> Exchange[Reply]:
    """Ask, and ask again when the service says after how long: no question changes anything there.

    Raises
    ------
    Problem
        The service refuses, or has refused too often.
    NotUnderstood
        What answers is not this service.
    """
    while True:
        reply = yield ask
        assert reply is not None  # noqa: S101  an Ask is answered with a Reply
        if reply.status == 200:
            return reply
        wait = seconds(reply.headers) if reply.status in _RETRIED else None
        if not retries or wait is None or wait > _LONGEST_WAIT:
            raise _named(failure(reply.status, reply.headers, reply.body, ask.path), ask)
        retries -= 1
        yield Wait(max(wait, _SHORTEST_WAIT))


def in_json(path: str, members: Mapping[str, object], headers: Mapping[str, str] | None = None) -> Ask:
    """A question whose members are sent as JSON."""
    content = orjson.dumps(written(members))
    return Ask("POST", path, headers={"Content-Type": JSON, **(headers or {})}, content=content)


def _named(error: Problem | NotUnderstood, ask: Ask) -> Problem | NotUnderstood:
    """The failure, with the name that there is not, if that is the trouble: it stands in the question."""
    if isinstance(error, Problem) and error.code == "unknown_activation":
        asked = _asked(ask, error.path)
        several = asked if isinstance(asked, list) else [asked]
        error.name = str(next((name for name in several if repr(name) in error.detail), several[0]))
    return error


def _asked(ask: Ask, path: Path) -> object:
    """What stands in the body or the query where the path leads; the end of the address if it leads nowhere."""
    body = ask.content or (ask.parts or {}).get("request")
    value = orjson.loads(body) if body else dict(ask.query)
    for step in path:
        value = value[step]
    return value if path else unquote(ask.path.rpartition("/")[2])
