"""Tallies add up, percentiles are as exact as a bucket, and a window is read from the coarsest intervals, once each."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centralita.core.lanes import LaneState
from centralita.core.rollups import (
    BOUNDS_MS,
    BUCKETS,
    WIDTH_S,
    Extent,
    Tally,
    bucket,
    ceil,
    count_try,
    floor,
    is_shut,
    merged,
    percentile_ms,
    pieces,
    window,
)

DURATIONS = st.lists(st.floats(0, 900_000), min_size=1, max_size=200)
SHARES = st.sampled_from((0.0, 0.25, 0.5, 0.95, 0.99, 1.0))
DAY = 86_400


def _counted(durations: list[float], slow_ms: float = 2000) -> Tally:
    tally = Tally()
    for number, elapsed_ms in enumerate(durations):
        count_try(tally, elapsed_ms, succeeded=number % 3 > 0, slow_ms=slow_ms)
    return tally


def test_the_bounds_go_from_a_millisecond_to_five_minutes_in_equal_steps() -> None:
    assert len(BOUNDS_MS) + 1 == BUCKETS == 32
    assert (BOUNDS_MS[0], round(BOUNDS_MS[-1])) == (1, 300_000)
    assert {round(high / low, 3) for low, high in itertools.pairwise(BOUNDS_MS)} == {1.523}
    assert [bucket(ms) for ms in (0, 1, 1.01, 300_001, 1e9)] == [0, 0, 1, 31, 31]


@given(DURATIONS, SHARES)
def test_a_percentile_is_within_a_bucket_of_the_exact_one(durations: list[float], share: float) -> None:
    found = percentile_ms(_counted(durations), share)
    exact = sorted(durations)[max(1, math.ceil(share * len(durations))) - 1]
    assert found is not None
    assert min(durations) <= found <= max(durations)
    place = bucket(exact)
    low, high = BOUNDS_MS[place - 1] if place else 0.0, BOUNDS_MS[place] if place < 31 else math.inf
    assert low <= found <= high


@given(DURATIONS, DURATIONS)
def test_two_tallies_together_are_the_tally_of_both(some: list[float], others: list[float]) -> None:
    parts, whole = [Tally(), Tally()], Tally()
    for part, durations in zip(parts, (some, others), strict=True):
        for elapsed_ms in durations:
            for tally in (part, whole):
                count_try(tally, elapsed_ms, succeeded=elapsed_ms < 500_000, slow_ms=2000)
    together = merged([Tally(), *parts])
    assert together.total_ms == pytest.approx(whole.total_ms)
    together.total_ms = whole.total_ms
    assert together == whole


def test_slow_ones_are_successes_that_took_longer() -> None:
    tally = Tally()
    for elapsed_ms, succeeded in ((2000, True), (2000.1, True), (5000, False)):
        count_try(tally, elapsed_ms, succeeded=succeeded, slow_ms=2000)
    assert (tally.successful, tally.slow, tally.error, tally.tried) == (2, 1, 1, 3)
    assert (tally.fastest_ms, tally.average_ms, tally.slowest_ms) == (2000, 9000.1 / 3, 5000)


def test_without_a_try_there_is_no_time() -> None:
    assert (percentile_ms(Tally(rejected=3), 0.5), Tally(rejected=3).average_ms) == (None, None)


_TIMES = st.integers(0, 40 * DAY)


@given(_TIMES, _TIMES, st.integers(0, 30), st.integers(0, 30), st.integers(0, 960), st.integers(0, 40))
def test_a_window_is_covered_once_and_only_by_what_is_there(
    since: int, length: int, minutes: int, hours: int, hours_until: int, days_until: int
) -> None:
    # As the upkeep leaves it: nothing is let go of before it is part of something coarser.
    days_until = min(days_until, hours_until // 24)
    extent = Extent(
        minutes_from=min(minutes, hours_until // 24) * DAY,
        hours_from=min(hours, minutes, days_until) * DAY,
        hours_until=hours_until * 3600,
        days_until=days_until * DAY,
    )
    start, end = window(since, since + length, extent)
    assert start <= since <= since + length <= end
    found = pieces(start, end, extent)
    assert [piece.since for piece in found] == [start, *(piece.until for piece in found[:-1])][: len(found)]
    assert (found[-1].until if found else start) == end
    assert len(found) <= 5
    for piece in found:
        assert piece.since < piece.until
        assert piece.since % WIDTH_S[piece.grain] == piece.until % WIDTH_S[piece.grain] == 0
        if piece.grain == "minute":
            assert piece.since >= extent.minutes_from
        elif piece.grain == "hour":
            assert piece.since >= extent.hours_from
            assert piece.until <= extent.hours_until
        else:
            assert piece.until <= extent.days_until


def test_intervals_begin_at_whole_ones() -> None:
    assert (floor(119.9, "minute"), ceil(119.9, "minute"), ceil(120, "minute")) == (60, 120, 120)
    assert (floor(DAY + 1, "day"), ceil(DAY + 1, "day")) == (DAY, 2 * DAY)


@pytest.mark.parametrize(
    ("state", "shut"),
    [
        ({}, False),
        ({"breaker": '{"position":"open","open_until":5}'}, True),
        ({"breaker": '{"position":"half_open"}'}, True),
        ({"breaker": '{"position":"closed"}'}, False),
        ({"paused": True}, False),
        ({"paused": True, "paused_reason": "http.gone"}, True),
    ],
)
def test_a_lane_is_shut_by_failures_and_not_by_a_person(state: dict[str, object], shut: bool) -> None:
    assert is_shut(LaneState(id=1, key="webhook:erp", destination="webhook", target="erp", **state)) is shut  # type: ignore[arg-type]  # mixed values
