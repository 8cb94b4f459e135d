"""Statistics on both databases: added to, made coarser without counting twice, let go of in time, and read the same."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from centralita.core.rollups import Extent, Grain, Tally, count_try, floor, merged, pieces, window
from centralita.services import rollups as upkeep
from centralita.settings.shape import Retention
from centralita.store import rollups
from centralita.store.database import Database, StoreUnavailable, Transaction, open_database
from centralita.store.rollup_tables import ROLLUPS

HOUR, DAY = 3600, 86_400
NOW = 1_800_000_000 // DAY * DAY + 10 * HOUR


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    opened = await open_database(migrated_url)
    yield opened
    await opened.close()


def _tally(*durations: float, rejected: int = 0, succeeded: bool = True) -> Tally:
    tally = Tally(rejected=rejected)
    for elapsed_ms in durations:
        count_try(tally, elapsed_ms, succeeded=succeeded, slow_ms=2000)
    return tally


async def _add(database: Database, minute: int, **tallies: Tally) -> None:
    by_lane = {int(name.removeprefix("lane_")): tally for name, tally in tallies.items()}
    await database.write(lambda tx: rollups.add(tx, by_lane, minute))


async def _all(database: Database, grain: Grain) -> dict[tuple[int, int], Tally]:
    def read(tx: Transaction) -> dict[tuple[int, int], Tally]:
        return {
            (row[0], row[1]): rollups._tally([*row[2:]])
            for row in tx.execute(sa.select(ROLLUPS[grain]).order_by("lane_id", "start"))
        }

    return await database.read(read)


async def test_what_is_added_to_a_minute_adds_up(database: Database) -> None:
    await _add(database, NOW, lane_1=_tally(rejected=2), lane_2=_tally(7, 30_000))
    await _add(database, NOW, lane_1=_tally(12.5, 400, 2500))
    await _add(database, NOW, lane_1=_tally(3, succeeded=False))
    await _add(database, NOW, lane_1=_tally(rejected=1))
    await _add(database, NOW + 60, lane_1=_tally(9))
    found = await _all(database, "minute")
    expected = merged([_tally(12.5, 400, 2500), _tally(3, succeeded=False), Tally(rejected=3)])
    assert found == {(1, NOW): expected, (1, NOW + 60): _tally(9), (2, NOW): _tally(7, 30_000)}
    assert (expected.successful, expected.slow, expected.error, expected.fastest_ms) == (3, 1, 1, 3)


async def _scatter(database: Database, days: float, lanes: int = 2) -> list[tuple[int, int, Tally]]:
    """Tries at random minutes of the days until now; (lane, minute, what)."""
    dice = random.Random(4)
    made = []
    for _ in range(400):
        minute = floor(NOW - dice.random() * days * DAY, "minute")
        tally = _tally(*(float(dice.randint(1, 9000)) for _ in range(dice.randint(1, 3))))
        made.append((dice.randint(1, lanes), minute, tally))

    def add(tx: Transaction) -> None:
        for lane_id, minute, tally in made:
            rollups.add(tx, {lane_id: tally}, minute)

    await database.write(add)
    return made


def _expected(made: list[tuple[int, int, Tally]], lane_id: int, since: int, until: int) -> Tally:
    return merged(tally for lane, minute, tally in made if lane == lane_id and since <= minute < until)


async def _read(database: Database, lane_id: int, since: float, until: float) -> tuple[tuple[int, int], Tally]:
    def read(tx: Transaction) -> tuple[tuple[int, int], Tally]:
        extent = rollups.extent(tx)
        start, end = window(since, until, extent)
        return (start, end), rollups.totals(tx, [lane_id], pieces(start, end, extent)).get(lane_id, Tally())

    return await database.read(read)


WINDOWS = [(0.0, 0.02), (0.0, 0.5), (0.3, 1.7), (1.01, 4.5), (3.0, 5.3), (0.0, 6.0)]


async def test_every_window_reads_the_same_before_and_after_minutes_become_hours_and_days(database: Database) -> None:
    made = await _scatter(database, 6)
    for now in (None, NOW, NOW, NOW + HOUR):
        if now is not None:
            await upkeep.coarsen(database, now)
            await upkeep.forget(database, now, Retention(rollup_minutes_days=2, rollup_hours_days=4))
        for ends_ago, begins_ago in WINDOWS:
            (start, end), found = await _read(database, 2, NOW - begins_ago * DAY, NOW - ends_ago * DAY)
            assert msgspec.structs.replace(found, total_ms=0) == msgspec.structs.replace(
                _expected(made, 2, start, end), total_ms=0
            )
    kept = await database.read(rollups.extent)
    assert kept.hours_until == NOW
    minutes, hours = await _all(database, "minute"), await _all(database, "hour")
    assert min(start for _, start in minutes) >= kept.minutes_from == floor(NOW, "day") - 2 * DAY
    assert min(start for _, start in hours) >= kept.hours_from == floor(NOW, "day") - 4 * DAY
    assert len(await _all(database, "day")) >= 10


def _series(tx: Transaction, since: int, until: int, per: Grain) -> dict[int, Tally]:
    return rollups.series(tx, 1, pieces(since, until, rollups.extent(tx), per), per)


async def test_a_series_has_what_happened_in_each_interval(database: Database) -> None:
    made = await _scatter(database, 4)
    await upkeep.coarsen(database, NOW - 2 * DAY)  # the newest is in minutes, the rest in hours, and two days whole
    grains: tuple[tuple[Grain, int], ...] = (("hour", HOUR), ("day", DAY))
    for per, width in grains:
        since, until = NOW - 3 * DAY, NOW

        found = await database.read(partial(_series, since=floor(since, per), until=until, per=per))
        counts = {start: tally.successful for start, tally in found.items()}
        starts = sorted({floor(minute, per) for lane, minute, _ in made if lane == 1 and minute >= floor(since, per)})
        assert counts == {start: _expected(made, 1, start, start + width).successful for start in starts}


async def test_a_crash_while_hours_are_made_counts_nothing_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "LANES", 2)
    made = await _scatter(database, 0.2, lanes=7)
    whole, dice, killed = rollups.coarsen, random.Random(5), 0

    def dies(*arguments: Any) -> None:
        nonlocal killed
        whole(*arguments)
        if dice.random() < 0.2:
            killed += 1
            raise StoreUnavailable("killed before the commit")

    monkeypatch.setattr(rollups, "coarsen", dies)
    for _ in range(100):
        try:
            await upkeep.coarsen(database, NOW + HOUR)
            break
        except StoreUnavailable:
            continue
    assert killed > 3
    found = await _all(database, "hour")
    assert sum(tally.tried for tally in found.values()) == sum(tally.tried for _, _, tally in made)
    for (lane_id, start), tally in found.items():
        assert tally.histogram == _expected(made, lane_id, start, start + HOUR).histogram


async def test_what_is_not_part_of_something_coarser_yet_is_not_let_go(database: Database) -> None:
    await _add(database, NOW - 30 * DAY, lane_1=_tally(5))
    keep = Retention(rollup_minutes_days=7)
    await upkeep.forget(database, NOW, keep)
    assert len(await _all(database, "minute")) == 1
    await upkeep.coarsen(database, NOW)
    await upkeep.forget(database, NOW, keep)
    assert (await _all(database, "minute"), len(await _all(database, "hour"))) == ({}, 1)


async def test_days_end_with_their_retention(database: Database) -> None:
    for days in (100, 10):
        await _add(database, NOW - days * DAY, lane_1=_tally(5))
    await upkeep.coarsen(database, NOW)
    keep = Retention(rollup_minutes_days=1, rollup_hours_days=2, rollup_days_days=50)
    await upkeep.forget(database, NOW, keep)
    assert [len(await _all(database, grain)) for grain in ROLLUPS] == [0, 0, 1]


async def test_many_are_let_go_of_in_several_transactions(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "ROWS", 3)
    for minute in range(10):
        await _add(database, NOW - 20 * DAY + minute * 60, lane_1=_tally(5), lane_2=_tally(6))
    await _add(database, NOW, lane_1=_tally(5))
    await upkeep.coarsen(database, NOW)
    await upkeep.forget(database, NOW, Retention())
    assert list(await _all(database, "minute")) == [(1, NOW)]


async def test_a_clock_that_is_set_back_loses_nothing(database: Database) -> None:
    await _add(database, NOW, lane_1=_tally(5))
    await upkeep.coarsen(database, NOW + 2 * HOUR)
    assert (await database.read(rollups.extent)).hours_until == NOW + HOUR
    await _add(database, NOW + 60, lane_1=_tally(6))  # an hour that was made already, once more
    await upkeep.coarsen(database, NOW + 120)
    await upkeep.coarsen(database, NOW + 2 * HOUR)
    assert await _all(database, "hour") == {(1, NOW): _tally(5, 6)}


async def test_nothing_was_made_coarser_at_the_beginning(database: Database) -> None:
    assert await database.read(rollups.extent) == Extent()
