"""Incidents as they are stored, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import msgspec
import pytest

from centralita.core.incidents import Incident, Item, Origin, Who
from centralita.store import incidents
from centralita.store.database import Conflict, Database, open_database
from centralita.store.incidents import Acknowledgement, Entry, Filter

NOW = 1_800_000_000.0
LUIS = Who(name="Luis Paredes", email="Luis@example.com", slack="U0LUISPARED")


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    opened = await open_database(migrated_url)
    yield opened
    await opened.close()


async def _add(database: Database, **more: object) -> Incident:
    made = Incident(title="No hay red", priority="high", reporter=LUIS, created_at=NOW, updated_at=NOW)
    return await database.write(partial(incidents.add, incident=msgspec.structs.replace(made, **more)))


async def test_what_is_kept_comes_back_whole_and_newest_first(database: Database) -> None:
    made = [
        await _add(database, assignee=LUIS, affected=(Item(id="SRV-1", name="Web"),)),
        await _add(database, title="100% de CPU", priority="critical", state="acknowledged", acknowledged_by=LUIS),
        await _add(database, state="resolved", resolution="Se cambió el switch"),
    ]
    assert [each.code for each in made] == ["INC-1", "INC-2", "INC-3"]

    async def found(**wanted: str) -> list[int]:
        return [each.number for each in await database.read(lambda tx: incidents.listing(tx, Filter(**wanted), 10))]

    assert await database.read(lambda tx: incidents.find(tx, 1)) == made[0]
    assert await database.write(lambda tx: incidents.lock(tx, 3)) == made[2]
    assert await database.read(lambda tx: incidents.find(tx, 4)) is None
    assert await found() == [3, 2, 1]
    assert await found(state="unresolved") == [2, 1]
    assert await found(state="resolved") == [3]
    assert await found(priority="critical") == [2]
    assert await found(assignee="luis@example.com") == [1]
    assert await found(assignee="nobody") == [3, 2]
    assert await found(text="0% DE") == [2] and await found(text="_") == []
    page = await database.read(lambda tx: incidents.listing(tx, Filter(), 1, 3))
    assert [each.number for each in page] == [2]
    assert await database.read(incidents.counts) == {"open": 1, "acknowledged": 1, "resolved": 1}


async def test_what_was_decided_on_something_older_is_not_written(database: Database) -> None:
    start = await _add(database)
    later = msgspec.structs.replace(start, version=2, title="Sin red")
    await database.write(lambda tx: incidents.save(tx, later, start))
    with pytest.raises(Conflict):
        await database.write(lambda tx: incidents.save(tx, later, start))
    assert await database.read(lambda tx: incidents.find(tx, start.number)) == later


async def test_what_joins_events_to_it_goes_with_its_end(database: Database) -> None:
    assert not await database.read(incidents.waits_for_events)
    origin = Origin(event="evt_1", source="erp", subject="alert/1")
    one = await _add(database, correlation="c1", origin=origin)
    two = await _add(database, correlation="c1")
    assert await database.read(incidents.waits_for_events)
    keys = ["correlation:c1", "subject:erp/alert/1", "ci:nothing"]
    joined = {"correlation:c1": [one.number, two.number], "subject:erp/alert/1": [one.number]}
    assert await database.read(lambda tx: incidents.having_keys(tx, keys)) == joined
    assert await database.read(lambda tx: incidents.having_keys(tx, [])) == {}
    assert await database.read(lambda tx: incidents.unresolved_of(tx, "erp", "alert/1")) == one

    over = msgspec.structs.replace(one, version=2, state="resolved")
    await database.write(lambda tx: incidents.save(tx, over, one))
    assert await database.read(lambda tx: incidents.having_keys(tx, keys)) == {"correlation:c1": [two.number]}
    assert await database.read(lambda tx: incidents.unresolved_of(tx, "erp", "alert/1")) is None
    again = msgspec.structs.replace(over, version=3, state="open")
    await database.write(lambda tx: incidents.save(tx, again, over))
    assert await database.read(lambda tx: incidents.having_keys(tx, keys)) == joined


async def test_a_timeline_keeps_its_order_and_takes_a_message_once(database: Database) -> None:
    one, two = await _add(database), await _add(database)

    async def say(number: int, text: str, message: str | None = None) -> bool:
        entry = Entry(at=NOW, kind="comment", who="Luis", text=text, message=message, details={"a": ["é", 1]})
        return await database.write(lambda tx: incidents.append(tx, number, entry))

    assert await say(one.number, "uno") and await say(two.number, "otro") and await say(one.number, "sin mensaje")
    assert await say(one.number, "dos", "C1:1.2")
    assert not await say(one.number, "dos otra vez", "C1:1.2")
    entries = await database.read(lambda tx: incidents.timeline(tx, one.number))
    assert [entry.text for entry in entries] == ["uno", "sin mensaje", "dos"]
    assert entries[0].details == {"a": ["é", 1]}

    found = await database.read(lambda tx: incidents.said_by(tx, "C1:1.2"))
    assert found is not None and found == (one.number, entries[2])
    gone = {"text": "", "deleted_at": NOW + 5}
    await database.write(lambda tx: incidents.rewrite(tx, entries[2].id, gone))
    last = (await database.read(lambda tx: incidents.timeline(tx, one.number)))[-1]
    assert (last.text, last.deleted_at, last.edited_at) == ("", NOW + 5, None)
    assert await database.read(lambda tx: incidents.said_by(tx, "C1:9.9")) is None


async def test_an_episode_belongs_to_it_once_open_and_once_closed(database: Database) -> None:
    one = await _add(database)

    async def relate(episode: int, phase: str) -> bool:
        about = {"source": "erp", "subject": "alert/1", "event_id": "evt_1"}
        return await database.write(
            lambda tx: incidents.relate(tx, one.number, episode=episode, phase=phase, at=NOW, **about)
        )

    assert [await relate(1, "open"), await relate(1, "open"), await relate(1, "closed"), await relate(2, "open")] == [
        True,
        False,
        True,
        True,
    ]


async def test_one_person_takes_charge_of_an_episode(database: Database) -> None:
    first = Acknowledgement(at=NOW, who="Luis", event_id="evt_1")
    second = Acknowledgement(at=NOW + 1, who="Sam", event_id="evt_2")

    async def acknowledge(episode: int, said: Acknowledgement) -> bool:
        return await database.write(lambda tx: incidents.acknowledge(tx, "erp", "alert/1", episode, said))

    assert [await acknowledge(1, first), await acknowledge(1, second), await acknowledge(2, second)] == [
        True,
        False,
        True,
    ]
    assert await database.read(lambda tx: incidents.acknowledged(tx, "erp", "alert/1", 1)) == first
    assert await database.read(lambda tx: incidents.acknowledged(tx, "erp", "alert/2", 1)) is None
