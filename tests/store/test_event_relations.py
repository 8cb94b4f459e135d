"""What an event has to do with others, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa

from centralita.core import ids
from centralita.core.events import Event
from centralita.store import event_relations, events
from centralita.store.database import Database, Transaction, open_database
from centralita.store.events import StoredEvent
from centralita.store.schema import events as table

NOW_S = 1_800_000_000
DAY_S = 86_400


def _stored(number: int, after_s: float = 0, source: str = "desk", **attributes: Any) -> StoredEvent:
    ulid = ids.ulid(int((NOW_S + after_s) * 1000), number)
    event = Event(id=f"evt_{ulid}", source=source, type="ticket.changed", time="2027-01-15T08:00:00Z", **attributes)
    return StoredEvent(event=event, receipt_id=f"rcp_{ulid}", routed_at=NOW_S + after_s, ruleset=1, matched=())


FIRST = _stored(1, subject="ticket/1", correlation="outage")
SECOND = _stored(2, 5, subject="ticket/1")
CAUSED = _stored(3, 6, "centralita", cause=FIRST.event.id)
CAUSED_BY_THAT = _stored(4, 2 * DAY_S, "centralita", cause=CAUSED.event.id)
BESIDE = _stored(5, DAY_S, "watch", subject="alert/1", correlation="outage")
LONG_AGO = _stored(6, -30 * DAY_S, "watch", subject="alert/0", correlation="outage")
ELSEWHERE = _stored(7, 7, "other", subject="ticket/1")
ALL = (FIRST, SECOND, CAUSED, CAUSED_BY_THAT, BESIDE, LONG_AGO, ELSEWHERE)


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    opened = await open_database(migrated_url)
    yield opened
    await opened.close()


async def test_an_event_knows_what_is_around_it(database: Database) -> None:
    def write(tx: Transaction) -> None:
        events.append(tx, ALL)

    await database.write(write)

    def read(tx: Transaction) -> None:
        def caused(*of: StoredEvent) -> list[StoredEvent]:
            return event_relations.caused(tx, [each.event.id for each in of], 10)

        assert caused(FIRST) == [CAUSED]
        assert caused(FIRST, CAUSED) == [CAUSED, CAUSED_BY_THAT]
        assert caused(SECOND) == [] == caused()
        assert event_relations.correlated(tx, FIRST, 7, 10) == [BESIDE]
        assert event_relations.correlated(tx, BESIDE, 7, 10) == [FIRST]
        assert event_relations.correlated(tx, SECOND, 7, 10) == []
        assert event_relations.following(tx, FIRST, 10) == [SECOND]
        assert event_relations.following(tx, CAUSED, 10) == []
        assert event_relations.before(tx, SECOND) == FIRST
        assert event_relations.before(tx, FIRST) is None
        assert event_relations.before(tx, CAUSED) is None

    await database.read(read)


async def test_what_led_to_what_is_found_by_an_index(database: Database) -> None:
    def plan(tx: Transaction) -> str:
        if tx.dialect.name != "sqlite":  # which reads a table of seven rows whole, index or not
            return "ix_events_cause"
        query = sa.select(table.c.id).where(table.c.cause != sa.literal_column("''"), table.c.cause.in_(["a", "b"]))
        said = query.compile(dialect=tx.dialect, compile_kwargs={"literal_binds": True})
        return " ".join(str(row) for row in tx.execute(sa.text(f"explain query plan {said}")))

    assert "ix_events_cause" in await database.read(plan)
