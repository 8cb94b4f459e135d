"""Events are found slice by slice as by looking at all of them, and a slice never looks at more than it may."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa

from centralita.core import ids
from centralita.core.events import Event
from centralita.services.event_search import Asked, behind
from centralita.store import deliveries, event_search, events, history, lanes
from centralita.store.database import Database, Transaction, open_database
from centralita.store.deliveries import DeliveryRow
from centralita.store.event_search import Fitting, Looked
from centralita.store.events import Filter, StoredEvent
from centralita.store.history import Finished

NOW = 1_800_000_000.0
DAY_S = 86_400
COUNT = 240


def _stored(number: int, choose: random.Random) -> StoredEvent:
    at = NOW + number * 3 * DAY_S / COUNT
    event = Event(
        id=f"evt_{ids.ulid(int(at * 1000), number)}",
        source=choose.choice(("a", "b")),
        type=choose.choice(("x.done", "y.done")),
        severity=choose.choice(("high", "low", None)),
        subject=choose.choice(("", "s/1", "s/2")),
        time="2027-01-15T08:00:00Z",
    )
    matched = choose.choice(((), ("r",), ("r",)))
    return StoredEvent(event=event, receipt_id="", routed_at=at, ruleset=1, matched=matched)


def _waiting(stored: StoredEvent, number: int) -> DeliveryRow:
    return DeliveryRow(
        id=number, lane_id=1, ordering_key="", state="due", due_at=NOW, event_day=ids.day(stored.event.id),
        event_id=stored.event.id, rule=f"r{number}", created_at=NOW, payload=b"{}",
    )  # fmt: skip


def _dead(stored: StoredEvent, number: int) -> Finished:
    return Finished(
        day=ids.day(stored.event.id), event_id=stored.event.id, id=number, lane_id=1, state="dead", rule="r",
        generation=0, attempts=1, created_at=NOW, finished_at=NOW, reason="http.status", effect=b"{}",
    )  # fmt: skip


class World:
    """What is in the database, newest first, with what came of each."""

    def __init__(self, database: Database) -> None:
        choose = random.Random(7)
        self.database = database
        self.rows = [_stored(number, choose) for number in range(COUNT)][::-1]
        self.waiting = {row.event.id for row in choose.sample(self.rows, 30)}
        self.dead = {row.event.id for row in choose.sample(self.rows, 30)}

    def write(self, tx: Transaction) -> None:
        lanes.hold(tx, {"webhook:a": ("webhook", "a")})
        events.append(tx, self.rows)
        # Two deliveries of each that waits or is dead: it is found once all the same.
        waits = [row for row in self.rows if row.event.id in self.waiting for _ in "12"]
        died = [row for row in self.rows if row.event.id in self.dead for _ in "12"]
        deliveries.insert(tx, [_waiting(row, number) for number, row in enumerate(waits, 1)])
        history.append(tx, [_dead(row, number) for number, row in enumerate(died, 1000)], [])

    def fits(self, row: StoredEvent, wanted: Filter, outcome: str) -> bool:
        known = {name: getattr(row.event, name) or "" for name in ("source", "type", "severity", "subject")}
        said = all(getattr(wanted, name) in ("", value) for name, value in known.items())
        at = ids.time_ms(row.event.id) / 1000
        in_time = (wanted.since is None or at >= wanted.since) and (wanted.until is None or at < wanted.until)
        waits, dead = row.event.id in self.waiting, row.event.id in self.dead
        outcomes = {
            "": True,
            "waiting": waits,
            "dead": dead,
            "unmatched": not row.matched,
            "delivered": bool(row.matched) and not waits and not dead,
        }
        return said and in_time and outcomes[outcome]

    async def look(self, wanted: Filter, outcome: str, size: int, most: int, before: str = "") -> Looked:
        return await self.database.read(lambda tx: event_search.look(tx, wanted, outcome, size, most, before))

    async def every(self, wanted: Filter, outcome: str, size: int) -> list[str]:
        """Slice after slice, to the end."""
        found, before = [], ""
        while True:
            slice_ = await self.look(wanted, outcome, size, size, before)
            assert slice_.total <= size
            found += [each.id for each in slice_.fitting]
            if slice_.total < size:
                return found
            before = slice_.last


@pytest.fixture
async def world(migrated_url: str) -> AsyncIterator[World]:
    database = await open_database(migrated_url)
    made = World(database)
    await database.write(made.write)
    yield made
    await database.close()


_TIMES: tuple[dict[str, Any], ...] = ({}, {"since": NOW + DAY_S * 0.7, "until": NOW + DAY_S * 2.1})
_ALL = [
    Filter(source=source, type=type_, severity=severity, subject=subject, **times)
    for source, type_, severity, subject, times in product(
        ("", "b"), ("", "x.done"), ("", "high"), ("", "s/2", "s/none"), _TIMES
    )
]
FILTERS = [Filter(), *random.Random(3).sample(_ALL, 15)]


@pytest.mark.parametrize("outcome", ["", "waiting", "dead", "delivered", "unmatched"])
async def test_slices_find_what_looking_at_everything_finds(world: World, outcome: str) -> None:
    for wanted in FILTERS:
        expected = [row.event.id for row in world.rows if world.fits(row, wanted, outcome)]
        assert await world.every(wanted, outcome, 40) == expected, wanted


@pytest.mark.parametrize("outcome", ["", "waiting", "dead", "delivered", "unmatched"])
async def test_a_replay_goes_the_other_way_through_the_same_events(world: World, outcome: str) -> None:
    for wanted in FILTERS:
        expected = [row.event.id for row in world.rows[::-1] if world.fits(row, wanted, outcome)]
        found: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            asked, after = Asked(wanted, None, outcome), cursor
            step = await world.database.read(lambda tx, asked=asked, after=after: behind(tx, asked, after, 40))  # type: ignore[misc]  # defaults that bind
            found, cursor = found + step.fitting, step.next
        assert found == expected, wanted


async def test_a_slice_looks_no_further_than_it_may_and_says_how_far(world: World) -> None:
    nothing = Filter(source="a", subject="s/1", severity="medium")
    of_subject = [row.event.id for row in world.rows if row.event.subject == "s/1"]
    slice_ = await world.look(nothing, "", 10, 5)
    assert slice_ == Looked([], 10, of_subject[9])
    beyond = await world.look(nothing, "", 500, 5, before=slice_.last)
    assert (beyond.fitting, beyond.total, beyond.last) == ([], len(of_subject) - 10, of_subject[-1])
    assert await world.look(nothing, "", 10, 5, before=beyond.last) == Looked([], 0, "")


async def test_a_page_of_long_ago_is_walked_to_at_once(world: World) -> None:
    """With day and id apart SQLite would walk there from the end of the day, by hundreds of thousands of events."""
    if world.database.dialect != "sqlite":
        return  # PostgreSQL reads the same index from the place on, as one day is one partition
    end = world.rows[len(world.rows) // 2].event.id

    def plans(tx: Transaction) -> list[str]:
        said: list[tuple[str, Any]] = []
        sa.event.listen(tx, "before_cursor_execute", lambda *given: said.append((given[2], given[3])))
        events.newest(tx, Filter(), 9, end)
        events.newest(tx, Filter(severity="high"), 9, end)
        event_search.look(tx, Filter(source="a", type="b"), "", 9, 9, end, "source")
        event_search.look(tx, Filter(until=NOW + DAY_S, since=NOW), "unmatched", 9, 9)
        events.count_between(tx, end, world.rows[0].event.id, 9)
        asked = list(said)
        return [
            "".join(row[3] for row in tx.exec_driver_sql(f"explain query plan {text}", args)) for text, args in asked
        ]

    found = await world.database.read(plans)
    assert len(found) == 5
    for plan in found:
        assert "(day,id)" in plan, plan


async def test_a_full_page_says_where_each_stood(world: World) -> None:
    slice_ = await world.look(Filter(source="a", type="x.done"), "", 100, 3)
    of_type = [row for row in world.rows if row.event.type == "x.done"]
    expected = [Fitting(row.event.id, n) for n, row in enumerate(of_type, 1) if row.event.source == "a"]
    assert slice_.fitting == expected[:3]


async def test_what_is_not_finished_is_known_of_a_page(world: World) -> None:
    page = [row.event.id for row in world.rows[:50]]
    waiting, dead = await world.database.read(lambda tx: event_search.unfinished(tx, page))
    assert (waiting, dead) == (world.waiting & set(page), world.dead & set(page))
    assert await world.database.read(lambda tx: event_search.unfinished(tx, [])) == (set(), set())
