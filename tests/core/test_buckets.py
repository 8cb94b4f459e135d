"""Token buckets: never more than the rate allows in any stretch of time, and never less for who waits as told."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from centralita.core.buckets import BucketState, available, hold, take
from centralita.core.lanes import Rate

NOW = 1_767_607_200.0
SLACK = Rate(1.0, 5)


def taken(state: BucketState, count: int) -> BucketState:
    for _ in range(count):
        state, wait_s = take(state, SLACK, NOW)
        assert wait_s == 0
    return state


def test_a_burst_and_then_the_rate() -> None:
    state, waits, now = BucketState(), [], NOW
    for _ in range(8):
        state, wait_s = take(state, SLACK, now)
        waits.append(round(wait_s, 3))
        if wait_s:
            now += wait_s
            state, wait_s = take(state, SLACK, now)
            assert wait_s == 0
    assert waits == [0, 0, 0, 0, 0, 1, 1, 1]


def test_what_is_available() -> None:
    state = BucketState()
    assert available(state, SLACK, NOW) == 5
    state = taken(state, 3)
    assert available(state, SLACK, NOW) == 2
    assert available(state, SLACK, NOW + 1.5) == 3
    assert available(state, SLACK, NOW + 100) == 5
    assert available(hold(state, NOW + 10), SLACK, NOW + 9) == 0
    assert available(hold(state, NOW + 10), SLACK, NOW + 10) == 5


def test_without_a_rate_only_a_hold_stops() -> None:
    free = Rate(0.0, 1)
    state = BucketState()
    assert available(state, free, NOW) == math.inf
    assert take(state, free, NOW) == (state, 0.0)
    held = hold(hold(state, NOW + 5), NOW + 2)
    assert take(held, free, NOW + 1) == (held, 4.0)


def test_a_clock_that_goes_back_gives_nothing_and_takes_nothing() -> None:
    state = taken(BucketState(), 5)
    assert available(state, SLACK, NOW - 3600) == 0
    assert take(state, SLACK, NOW - 3600)[1] == pytest.approx(1)
    state, _ = take(BucketState(2.0, NOW), SLACK, NOW - 3600)
    assert available(state, SLACK, NOW) == 1


def test_it_survives_being_stored() -> None:
    state = hold(taken(BucketState(), 2), NOW + 3)
    assert msgspec.json.decode(msgspec.json.encode(state), type=BucketState) == state


@given(st.floats(0.01, 1000), st.integers(1, 50), st.lists(st.floats(0, 20), min_size=1, max_size=100))
def test_never_more_than_the_rate_allows(per_s: float, burst: int, gaps_s: list[float]) -> None:
    rate, state, now, given_out = Rate(per_s, burst), BucketState(), NOW, 0
    for gap_s in gaps_s:
        now += gap_s
        before = available(state, rate, now)
        state, wait_s = take(state, rate, now)
        assert (wait_s == 0.0) == (before >= 1)
        given_out += wait_s == 0.0
    assert given_out <= burst + (now - NOW) * per_s + 1e-3


@given(st.floats(0.01, 1000), st.integers(1, 50), st.floats(0, 1))
def test_who_waits_as_told_gets_it(per_s: float, burst: int, left: float) -> None:
    rate = Rate(per_s, burst)
    state, wait_s = take(BucketState(left, NOW), rate, NOW)
    if wait_s:
        assert take(state, rate, NOW + wait_s + 1e-6)[1] == 0
