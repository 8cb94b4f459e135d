"""Lanes as rows: what is written back, and what finding those that are due costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from centralita.core.lanes import LaneState
from centralita.store import lanes
from centralita.store.database import Database, Transaction, open_database

WANTED = {f"webhook:{name}": ("webhook", name) for name in ("a", "b", "c")}


@pytest.fixture
async def database(migrated_url: str) -> Any:
    opened = await open_database(migrated_url)
    yield opened
    await opened.close()


async def _make(database: Database) -> dict[str, int]:
    found = await database.write(lambda tx: lanes.hold(tx, WANTED))
    return {key: lane.id for key, lane in found.items()}


async def _change(database: Database, *changes: Callable[[LaneState], None]) -> None:
    """Each on the same lane, saved after each."""

    def change(tx: Transaction) -> None:
        lane = lanes.hold(tx, WANTED)["webhook:a"]
        for each in changes:
            each(lane)
            lanes.save(tx, [lane])

    await database.write(change)


def _dead(count: int) -> Callable[[LaneState], None]:
    return lambda lane: setattr(lane, "dead", count)


async def test_the_ids_of_lanes_stay_and_those_that_are_missing_are_made(database: Database) -> None:
    some = await database.write(lambda tx: lanes.hold(tx, {"webhook:b": ("webhook", "b")}))
    every = await _make(database)
    assert every.keys() == WANTED.keys()
    assert every["webhook:b"] == some["webhook:b"].id
    assert await _make(database) == every


async def test_what_changes_back_after_it_was_saved_is_written_again(database: Database) -> None:
    await _change(database, _dead(3), _dead(0))
    lane = await database.read(lambda tx: lanes.by_key(tx, "webhook:a"))
    assert lane is not None
    assert lane.dead == 0


async def test_each_lane_keeps_its_own_values_when_several_are_saved(database: Database) -> None:
    await _make(database)

    def change(tx: Transaction) -> None:
        a, b, _c = lanes.lock(tx, (lane.id for lane in lanes.hold(tx, WANTED).values())).values()
        a.wake_at, a.owner = 5.0, 7
        b.last_error, b.paused = "http.status 500", True
        lanes.save(tx, [b, a])

    await database.write(change)
    a, b, c = await database.read(lanes.listing)
    assert (a.wake_at, a.owner, a.last_error, a.paused) == (5.0, 7, "", False)
    assert (b.wake_at, b.owner, b.last_error, b.paused) == (None, None, "http.status 500", True)
    assert (c.wake_at, c.owner, c.last_error, c.paused) == (None, None, "", False)


async def test_what_has_not_changed_is_left_as_it_is(database: Database) -> None:
    await _make(database)

    def change(tx: Transaction) -> None:
        lane = lanes.hold(tx, WANTED)["webhook:a"]
        lanes.look(tx, lane.id, 9.0)
        lane.dead = 1
        lanes.save(tx, [lane])

    await database.write(change)
    lane = await database.read(lambda tx: lanes.by_key(tx, "webhook:a"))
    assert lane is not None
    assert (lane.dead, lane.wake_at) == (1, 9.0)


async def test_a_lane_that_was_not_read_is_not_saved(database: Database) -> None:
    invented = LaneState(id=1, key="webhook:a", destination="webhook", target="a", dead=1)
    with pytest.raises(ValueError, match="zip"):
        await database.write(lambda tx: lanes.save(tx, [invented]))


async def test_finding_what_is_due_looks_at_no_lane_that_wants_nothing(migrated_sqlite: str) -> None:
    """However many lanes there are: SQLite once read all that no worker holds, which are nearly all."""
    database = await open_database(migrated_sqlite)
    seen: list[str] = []

    def look(tx: Transaction) -> list[Any]:
        driver = tx.connection.driver_connection
        assert driver is not None
        driver.set_trace_callback(seen.append)
        lanes.due(tx, 1, 5.0, 64)
        driver.set_trace_callback(None)
        return list(tx.execute(sa.text(f"explain query plan {seen[-1]}")))

    plan = await database.write(look)
    await database.close()
    assert [row.detail for row in plan] == ["SEARCH lanes USING INDEX ix_lanes_wake_at (wake_at<?)"]
