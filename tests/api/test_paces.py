"""How long a number takes is learned from what was computed."""

from time import sleep

from service.api.paces import HOP, Pace, pace_of


def test_what_took_long_is_left_to_a_thread() -> None:
    pace = Pace()
    assert not pace.slow(1000)
    assert pace.of(1000, lambda: sleep(0.01)) is None
    assert pace.slow(1000)
    assert not pace.slow(int(HOP / pace.seconds / 2))


def test_one_pause_makes_nothing_slow() -> None:
    pace = Pace()
    assert pace.of(1000, lambda answer: answer, answer=42) == 42
    quick = pace.seconds
    pace.of(1000, lambda: sleep(0.01))
    assert pace.seconds <= 2 * quick


def test_few_numbers_tell_nothing() -> None:
    pace = Pace()
    pace.of(10, lambda: sleep(0.01))
    assert not pace.slow(1000)


def test_each_kind_of_work_has_a_pace() -> None:
    assert pace_of("relu", 0) is pace_of("relu", 0)
    assert pace_of("relu", 0) is not pace_of("relu", 1)
