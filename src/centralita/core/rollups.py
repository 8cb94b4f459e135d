"""Statistics that add up: what was tried in an interval, kept as sums and a histogram of durations.

Two tallies of neighbouring intervals added together are the tally of both, so minutes make hours and hours make days,
and a percentile of any window comes from its intervals. It is exact up to the width of a bucket (about 52 %).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable
from typing import Literal

import msgspec

from centralita.core import breaker
from centralita.core.lanes import LaneState

Grain = Literal["minute", "hour", "day"]
WIDTH_S: dict[Grain, int] = {"minute": 60, "hour": 3600, "day": 86_400}
"""Days are UTC's."""

BOUNDS_MS: tuple[float, ...] = tuple(300_000 ** (step / 30) for step in range(31))
"""The upper bounds of all buckets but the last, which has none: 1 ms to 300 s, each 1.52 times the one before."""
BUCKETS = len(BOUNDS_MS) + 1


class Tally(msgspec.Struct, kw_only=True):
    """What happened on one lane in one interval."""

    successful: int = 0
    """Tries that succeeded, the slow ones included."""
    slow: int = 0
    """Those of them that took longer than the lane's ``slow_s``."""
    error: int = 0
    """Tries that failed."""
    rejected: int = 0
    """Deliveries that came to wait because the breaker was open or the hub had stopped the lane."""
    total_ms: float = 0.0
    """Of all tries, as the three below."""
    fastest_ms: float | None = None
    """None without any."""
    slowest_ms: float = 0.0
    histogram: list[int] = msgspec.field(default_factory=lambda: [0] * BUCKETS)

    @property
    def tried(self) -> int:
        """How many tries there were."""
        return self.successful + self.error

    @property
    def average_ms(self) -> float | None:
        """None without any."""
        return self.total_ms / self.tried if self.tried else None


def bucket(elapsed_ms: float) -> int:
    """The place of a duration in a histogram."""
    return bisect_left(BOUNDS_MS, elapsed_ms)


def count_try(tally: Tally, elapsed_ms: float, *, succeeded: bool, slow_ms: float) -> None:
    """Adds one try."""
    elapsed_ms = max(0.0, elapsed_ms)
    if succeeded:
        tally.successful += 1
        tally.slow += elapsed_ms > slow_ms
    else:
        tally.error += 1
    tally.total_ms += elapsed_ms
    tally.fastest_ms = elapsed_ms if tally.fastest_ms is None else min(tally.fastest_ms, elapsed_ms)
    tally.slowest_ms = max(tally.slowest_ms, elapsed_ms)
    tally.histogram[bucket(elapsed_ms)] += 1


def merged(tallies: Iterable[Tally]) -> Tally:
    """All of them as one."""
    whole = Tally()
    for tally in tallies:
        whole.successful += tally.successful
        whole.slow += tally.slow
        whole.error += tally.error
        whole.rejected += tally.rejected
        whole.total_ms += tally.total_ms
        if tally.fastest_ms is not None:
            whole.fastest_ms = min(tally.fastest_ms, tally.fastest_ms if whole.fastest_ms is None else whole.fastest_ms)
        whole.slowest_ms = max(whole.slowest_ms, tally.slowest_ms)
        whole.histogram = [mine + its for mine, its in zip(whole.histogram, tally.histogram, strict=True)]
    return whole


def percentile_ms(tally: Tally, share: float) -> float | None:
    """The duration within which ``share`` (0 to 1) of the tries ended; None without any.

    It lies in the same bucket as the exact value (by nearest rank), and never outside what was measured.
    """
    count = sum(tally.histogram)
    if not count or tally.fastest_ms is None:
        return None
    rank = max(1, math.ceil(share * count))
    below = 0
    for place, inside in enumerate(tally.histogram):
        if below + inside >= rank:
            low = max(tally.fastest_ms, BOUNDS_MS[place - 1] if place else 0.0)
            high = min(tally.slowest_ms, BOUNDS_MS[place] if place < len(BOUNDS_MS) else math.inf)
            return min(high, low + (high - low) * (rank - below) / inside)
        below += inside
    return tally.slowest_ms


class Extent(msgspec.Struct, frozen=True, kw_only=True):
    """From when until when there are intervals of each grain; seconds since 1970, whole days for the beginnings."""

    minutes_from: int = 0
    hours_from: int = 0
    days_from: int = 0
    hours_until: int = 0
    """Whole hours are there up to here; what came later is only in the minutes."""
    days_until: int = 0


class Piece(msgspec.Struct, frozen=True):
    """A part of a window that is read from the intervals of one grain."""

    grain: Grain
    since: int
    until: int


def floor(at: float, grain: Grain) -> int:
    """The beginning of the interval that ``at`` lies in."""
    width_s = WIDTH_S[grain]
    return int(at // width_s) * width_s


def ceil(at: float, grain: Grain) -> int:
    """The first beginning of an interval that is not before ``at``."""
    return -floor(-at, grain)


def kept_grain(at: float, extent: Extent) -> Grain:
    """The finest grain that is still kept for the time ``at``."""
    return "minute" if at >= extent.minutes_from else "hour" if at >= extent.hours_from else "day"


def window(since: float, until: float, extent: Extent) -> tuple[int, int]:
    """``since`` and ``until``, moved outward to where an interval that is kept begins."""
    return floor(since, kept_grain(since, extent)), ceil(until, kept_grain(until, extent))


def pieces(since: int, until: int, extent: Extent, coarsest: Grain = "day") -> list[Piece]:
    """What to read of which grain for a window of ``window``: as coarse as there is, each moment once."""
    if since >= until:
        return []
    done_until: dict[Grain, int] = {"minute": until, "hour": extent.hours_until, "day": extent.days_until}
    start, end = ceil(since, coarsest), floor(min(until, done_until[coarsest]), coarsest)
    if coarsest == "minute":
        return [Piece("minute", since, until)]
    finer: Grain = "hour" if coarsest == "day" else "minute"
    if start >= end:
        return pieces(since, until, extent, finer)
    return [*pieces(since, start, extent, finer), Piece(coarsest, start, end), *pieces(end, until, extent, finer)]


def is_shut(lane: LaneState) -> bool:
    """Whether deliveries are held because of failures: by the breaker, or because the hub has stopped the lane."""
    stopped = lane.paused and bool(lane.paused_reason)
    return stopped or breaker.load(lane.breaker).position in ("open", "half_open")
