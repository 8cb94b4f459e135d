"""Keeps the lanes' statistics: counts every try as its result is written, and makes hours of minutes, days of hours.

What was counted in a minute is in its row from the same transaction on that knows of the result. An hour is made of its
minutes some time after it has ended, whole and again from the beginning if need be: a crash counts nothing twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Protocol

import msgspec

from centralita.core.lanes import LaneState
from centralita.core.rollups import WIDTH_S, Extent, Grain, Tally, count_try, floor, is_shut
from centralita.services.attempts import Job
from centralita.store import deliveries, rollups
from centralita.store.database import Database, Transaction
from centralita.store.deliveries import DeliveryRow

GRACE_S = 300.0
"""How long after its end an hour is made of its minutes: a transaction may be slow, a clock may be wrong."""
LANES = 200
"""Made coarser in one transaction."""
ROWS = 5000
"""Let go of in one transaction, about."""
DAY_S = 86_400


class Retention(Protocol):
    """The ``retention`` section of the settings, as far as it is about statistics."""

    rollup_minutes_days: int
    rollup_hours_days: int
    rollup_days_days: int


class Tries:
    """The tries of one batch of results."""

    def __init__(self, lanes: Iterable[LaneState]) -> None:
        self._open = [lane for lane in lanes if not is_shut(lane)]
        self._tallies: dict[int, Tally] = {}

    def count(self, job: Job, slow_s: float) -> None:
        """Counts a result. What was put off before anything was asked is no try."""
        outcome = job.outcome
        succeeded = outcome.state == "delivered"
        asked = outcome.spends_attempt or outcome.failure or job.last.status
        if succeeded or (outcome.state in ("retry", "dead") and asked):
            tally = self._tallies.setdefault(job.row.lane_id, Tally())
            count_try(tally, job.elapsed_ms, succeeded=succeeded, slow_ms=slow_s * 1000)

    def write(self, tx: Transaction, now: float) -> Counter[str]:
        """Writes what was counted; and what waits in lanes that this batch has shut, as rejected: how many, by
        destination."""
        rejected: Counter[str] = Counter()
        for lane in self._open:
            if is_shut(lane):
                waiting = deliveries.count_of_lane(tx, lane.id) - lane.in_flight
                self._tallies.setdefault(lane.id, Tally()).rejected += waiting
                rejected[lane.destination] += waiting
        rollups.add(tx, self._tallies, floor(now, "minute"))
        return rejected


def count_rejected(
    tx: Transaction, lanes: Mapping[int, LaneState], born: Sequence[DeliveryRow], now: float
) -> Counter[str]:
    """Counts the deliveries that were born into lanes that are shut: how many, by destination."""
    shut = {lane_id for lane_id, lane in lanes.items() if is_shut(lane)}
    tallies: dict[int, Tally] = {}
    rejected: Counter[str] = Counter()
    for row in born if shut else ():
        if row.lane_id in shut:
            tallies.setdefault(row.lane_id, Tally()).rejected += 1
            rejected[lanes[row.lane_id].destination] += 1
    rollups.add(tx, tallies, floor(now, "minute"))
    return rejected


async def coarsen(database: Database, now: float) -> None:
    """Makes the hours and days that have ended since the last time. Raises StoreUnavailable."""
    await _coarsen(database, "minute", "hour", floor(now - GRACE_S, "hour"))
    kept = await database.read(rollups.extent)
    await _coarsen(database, "hour", "day", floor(kept.hours_until, "day"))


async def _coarsen(database: Database, finer: Grain, coarser: Grain, until: int) -> None:
    def next_start(tx: Transaction) -> int | None:
        done = min(_done_until(rollups.extent(tx), coarser), until)  # further: the clock was set back
        first = rollups.first_start(tx, finer, done)
        return None if first is None or first >= until else floor(first, coarser)

    while (start := await database.read(next_start)) is not None:
        await _make(database, finer, coarser, start)
        await _advance(database, coarser, start + WIDTH_S[coarser])
    await _advance(database, coarser, until)


async def _make(database: Database, finer: Grain, coarser: Grain, start: int) -> None:
    """One interval of every lane, some lanes in each transaction."""
    after = 0

    def make(tx: Transaction) -> int | None:
        found = rollups.lanes_of(tx, finer, start, start + WIDTH_S[coarser], after, LANES)
        rollups.coarsen(tx, finer, coarser, start, found)
        return found[-1] if len(found) == LANES else None

    while (last := await database.write(make)) is not None:
        after = last


def _done_until(extent: Extent, coarser: Grain) -> int:
    return extent.hours_until if coarser == "hour" else extent.days_until


async def _advance(database: Database, coarser: Grain, until: int) -> None:
    name = "hours_until" if coarser == "hour" else "days_until"

    def advanced(kept: Extent) -> Extent:
        return msgspec.structs.replace(kept, **{name: until})

    await database.write(lambda tx: rollups.change_extent(tx, advanced))


async def forget(database: Database, now: float, keep: Retention) -> None:
    """Lets go of statistics that are older than their retention, but of none that is not part of a coarser one yet.
    Raises StoreUnavailable."""
    today = floor(now, "day")

    def shrunk(kept: Extent) -> Extent:
        minutes_from = min(today - keep.rollup_minutes_days * DAY_S, floor(kept.hours_until, "day"))
        hours_from = min(today - keep.rollup_hours_days * DAY_S, kept.days_until)
        return msgspec.structs.replace(
            kept,
            minutes_from=max(kept.minutes_from, minutes_from),
            hours_from=max(kept.hours_from, hours_from),
            days_from=max(kept.days_from, today - keep.rollup_days_days * DAY_S),
        )

    # First it is written down that they are not read any more: then nobody reads half of an hour.
    await database.write(lambda tx: rollups.change_extent(tx, shrunk))
    kept = await database.read(rollups.extent)
    cutoffs: tuple[tuple[Grain, int], ...] = (
        ("minute", kept.minutes_from),
        ("hour", kept.hours_from),
        ("day", kept.days_from),
    )
    for grain, before in cutoffs:
        drop = partial(rollups.forget, grain=grain, before=before, limit=ROWS)
        while await database.write(drop):
            pass
