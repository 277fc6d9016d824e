"""How often one client may ask, by a clock that the tests move."""

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.quotas import MOST_CLIENTS, Policy, Quota, Standing, place

SECOND = 10**9


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 10**15

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def quota(clock: Clock, limit: int = 3, window: int = 60, burst: int = 3, most: int = MOST_CLIENTS) -> Quota:
    return Quota(Policy("key", "requests_per_key", limit, window, burst), most, clock)


def shown(standing: Standing) -> tuple[bool, int, int]:
    return standing.allowed, standing.left, standing.wait


def test_a_client_has_its_quota_at_once_and_then_one_by_one(clock: Clock) -> None:
    three = quota(clock)
    assert [shown(three.take(b"a")) for _ in range(4)] == [(True, 2, 20), (True, 1, 20), (True, 0, 20), (False, 0, 20)]
    clock.now += 20 * SECOND - 1
    assert shown(three.take(b"a")) == (False, 0, 1)
    clock.now += 1
    assert shown(three.take(b"a")) == (True, 0, 20)
    assert shown(three.take(b"a")) == (False, 0, 20)


def test_a_refused_request_costs_nothing(clock: Clock) -> None:
    three = quota(clock)
    for _ in range(1000):
        three.take(b"a")
    clock.now += 60 * SECOND
    assert [three.take(b"a").allowed for _ in range(4)] == [True, True, True, False]


def test_a_bucket_holds_no_more_than_a_burst(clock: Clock) -> None:
    two_at_once = quota(clock, limit=60, burst=2)
    clock.now += 10**6 * SECOND
    assert [two_at_once.take(b"a").allowed for _ in range(3)] == [True, True, False]
    clock.now += SECOND
    assert [two_at_once.take(b"a").allowed for _ in range(2)] == [True, False]


def test_a_burst_may_be_larger_than_the_quota(clock: Clock) -> None:
    five_at_once = quota(clock, limit=1, burst=5)
    assert [five_at_once.take(b"a").allowed for _ in range(6)] == [True] * 5 + [False]


def test_clients_do_not_share(clock: Clock) -> None:
    three = quota(clock)
    for _ in range(4):
        three.take(b"a")
    assert three.take(b"b").allowed


@given(
    steps=st.lists(st.integers(0, 5 * SECOND), max_size=200),
    limit=st.integers(1, 50),
    window=st.integers(1, 20),
    burst=st.integers(1, 10),
)
def test_no_client_gets_more_than_a_burst_and_the_steady_rate(
    steps: list[int], limit: int, window: int, burst: int
) -> None:
    clock = Clock()
    start, allowed = clock.now, 0
    bucket = quota(clock, limit, window, burst)
    for step in steps:
        clock.now += step
        standing = bucket.take(b"a")
        allowed += standing.allowed
        assert 0 <= standing.left < burst
        assert 1 <= standing.wait <= window // limit + 1
        interval = window * SECOND // limit
        assert allowed <= burst + (clock.now - start) // interval


@given(limit=st.integers(1, 10**9), window=st.integers(1, 86_400), burst=st.integers(1, 10**9))
def test_waiting_as_long_as_told_is_enough(limit: int, window: int, burst: int) -> None:
    clock = Clock()
    bucket = quota(clock, limit, window, burst)
    standings = [bucket.take(b"a") for _ in range(min(burst, 50) + 1)]
    clock.now += standings[-1].wait * SECOND
    assert bucket.take(b"a").allowed


def test_a_stranger_with_many_addresses_does_not_fill_the_memory(clock: Clock) -> None:
    bounded = quota(clock, most=100)
    for number in range(10_000):
        assert bounded.take(number.to_bytes(4)).allowed
    assert len(bounded._full_at) == 100


def test_those_who_asked_last_are_remembered(clock: Clock) -> None:
    bounded = quota(clock, most=100)
    strangers: Iterator[int] = count()
    for _ in range(3):
        bounded.take(b"known")
        for _ in range(99):
            bounded.take(next(strangers).to_bytes(4))
    assert not bounded.take(b"known").allowed


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1", "10.0.0.2", False),
        ("10.0.0.1", "::ffff:10.0.0.1", True),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::9", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("", "unknown", True),
        ("x" * 100_000, "10.0.0.1, 10.0.0.2", True),
    ],
)
def test_a_subscriber_is_one_address(one: str, other: str, same: bool) -> None:
    assert (place(one) == place(other)) is same
