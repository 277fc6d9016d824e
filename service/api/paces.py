"""How long work of a kind takes, learned from what was done: who computes, and who may wait, is decided by it.

Handing work to a thread and taking the result back costs 50 to 100 μs of the processor, and more while other threads
work; for as long as the loop computes, all other requests wait.
"""

from collections.abc import Callable
from functools import lru_cache
from time import perf_counter
from typing import Any, TypeVar

HOP = 0.0005  # seconds: shorter work is done sooner on the event loop than a thread takes over
_GUESS = 30e-9  # seconds a number, until it has been measured
_TELLING = 1000  # numbers: with fewer, what each call costs hides what a number costs

Result = TypeVar("Result")


class Pace:
    """Seconds that a number takes, or one of whatever else work of some kind is counted in."""

    def __init__(self, guess: float = _GUESS) -> None:
        self.seconds = guess
        self.known = False

    def slow(self, numbers: int) -> bool:
        """Whether so many numbers take so long that a thread should take over."""
        return numbers * self.seconds > HOP

    def of(self, numbers: int, work: Callable[..., Result], *given: Any, **arguments: Any) -> Result:  # noqa: ANN401  they are the work's
        """The result of the work on so many numbers, and one more measurement."""
        if numbers < _TELLING:
            return work(*given, **arguments)
        begun = perf_counter()
        result = work(*given, **arguments)
        self.learn(numbers, perf_counter() - begun)
        return result

    def learn(self, amount: float, seconds: float) -> None:
        """Take note that so much took so long."""
        pace = seconds / amount
        self.seconds = min(pace, 2 * self.seconds) if self.known else pace  # one pause makes nothing slow
        self.known = True


@lru_cache(maxsize=512)
def pace_of(_function: object, *_kind: object) -> Pace:
    """The pace of a function, in work of that kind."""
    return Pace()
