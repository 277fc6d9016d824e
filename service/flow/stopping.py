"""Work that nobody waits for any more stops: long computations ask, layer by layer, whether they are still wanted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from service.errors import Unwanted

_wanted: ContextVar[Callable[[], bool] | None] = ContextVar("wanted", default=None)


@contextmanager
def while_wanted(wanted: Callable[[], bool]) -> Iterator[None]:
    """What is computed inside, in this thread, goes on only as long as it is wanted."""
    token = _wanted.set(wanted)
    try:
        yield
    finally:
        _wanted.reset(token)


def go_on() -> None:
    """Raise Unwanted if the work is not wanted any more."""
    wanted = _wanted.get()
    if wanted is not None and not wanted():
        raise Unwanted
