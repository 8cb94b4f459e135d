"""What came in when, on both databases: counted by minute and day, with the longest silence, and let go of in time."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from centralita.core import ids
from centralita.core.events import Event
from centralita.store import arrivals, events
from centralita.store.arrivals import Habit
from centralita.store.database import Database, open_database
from centralita.store.events import StoredEvent

DAY_S = 86_400
TODAY = 20_833
NOW = TODAY * DAY_S + 36_000.0


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    opened = await open_database(migrated_url)
    yield opened
    await opened.close()


async def _add(database: Database, source: str, count: int, at: float) -> None:
    await database.write(lambda tx: arrivals.add(tx, source, count, at))


async def test_events_add_up_by_minute_and_some_sources_are_left_out(database: Database) -> None:
    for source, count, at in (("a", 3, NOW), ("a", 2, NOW + 59), ("b", 5, NOW + 1), ("a", 1, NOW + 60)):
        await _add(database, source, count, at)
    start = int(NOW)
    assert await database.read(lambda tx: arrivals.by_minute(tx, start)) == {start: 10, start + 60: 1}
    assert await database.read(lambda tx: arrivals.by_minute(tx, start + 60)) == {start + 60: 1}
    assert await database.read(lambda tx: arrivals.by_minute(tx, start, ("b",))) == {start: 5, start + 60: 1}


async def test_a_habit_knows_the_longest_silence_over_midnight_too(database: Database) -> None:
    for at in (NOW - DAY_S, NOW - DAY_S + 50, NOW - DAY_S + 80, NOW, NOW + 7):
        await _add(database, "a", 2, at)
    await _add(database, "b", 1, NOW)
    found = await database.read(lambda tx: arrivals.habits(tx, TODAY - 7))
    assert found == {
        "a": Habit(days=2, events=10, longest_gap_s=DAY_S - 80),
        "b": Habit(days=1, events=1, longest_gap_s=0),
    }
    assert (await database.read(lambda tx: arrivals.habits(tx, TODAY + 1))) == {}


async def test_a_clock_that_was_set_back_makes_no_silence(database: Database) -> None:
    await _add(database, "a", 1, NOW)
    await _add(database, "a", 1, NOW - 500)
    assert (await database.read(lambda tx: arrivals.habits(tx, TODAY)))["a"].longest_gap_s == 0


async def _happened(database: Database, at: float) -> None:
    ulid = ids.ulid(int(at * 1000), 0)
    event = Event(id=f"evt_{ulid}", source="a", type="x.y", time="2027-01-15T10:00:00Z")
    stored = StoredEvent(event=event, receipt_id=f"rcp_{ulid}", routed_at=at, ruleset=1, matched=())
    await database.write(lambda tx: events.append(tx, [stored]))


async def test_what_was_before_the_counting_is_unknown(database: Database) -> None:
    await _happened(database, NOW - 7200)
    assert await database.read(lambda tx: arrivals.counted_from(tx, NOW)) is None
    await _add(database, "a", 1, NOW)
    assert await database.read(lambda tx: arrivals.counted_from(tx, NOW + 300)) == NOW
    # Two days later the minutes may be gone: whoever counts that long has counted all of the last day.
    assert await database.read(lambda tx: arrivals.counted_from(tx, NOW + 2 * DAY_S)) == 0


async def test_a_hub_that_has_counted_from_its_first_event_on_knows_all(database: Database) -> None:
    assert await database.read(lambda tx: arrivals.counted_from(tx, NOW)) == 0
    await _happened(database, NOW - 0.5)  # routed in the next minute
    await _add(database, "a", 1, NOW)
    assert await database.read(lambda tx: arrivals.counted_from(tx, NOW + 300)) == 0


async def test_old_minutes_and_days_are_let_go_of(database: Database) -> None:
    for at in (NOW - 3 * DAY_S, NOW - 120, NOW):
        await _add(database, "a", 1, at)
    await database.write(lambda tx: arrivals.forget(tx, int(NOW) - 60, TODAY - 1))
    assert await database.read(lambda tx: arrivals.by_minute(tx, 0)) == {int(NOW): 1}
    assert (await database.read(lambda tx: arrivals.habits(tx, 0)))["a"].days == 1
