"""What events say of tickets, clients, contacts and assets is kept up to date, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from centralita.core.events import Event
from centralita.core.records import records_of
from centralita.core.subjects import project
from centralita.store import records
from centralita.store.database import Database, Transaction, open_database
from centralita.store.records import Filter


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    """A migrated database."""
    opened = await open_database(migrated_url)
    yield opened
    await opened.close()


def told(number: int, type_: str, subject: str, **data: Any) -> Event:
    return Event(
        id=f"evt_01KAN4GQ0000000000000000{number:02}",
        source="mantenimiento",
        type=type_,
        time="2026-11-22T10:00:00.000Z",
        subject=subject,
        phase="open" if type_.endswith(".created") else "",
        data=data,
    )


async def keep(database: Database, event: Event, at: float) -> None:
    """As routing keeps it."""

    def write(tx: Transaction) -> None:
        records.save(tx, records_of(event, project(None, event)), at)

    await database.write(write)


async def test_what_an_event_mentions_is_known_without_a_state_of_its_own(database: Database) -> None:
    client = {"id": "cli_1", "name": "Banco Nacional", "code": "C0000004"}
    order = {"id": "sol_1", "title": "Aire acondicionado"}
    await keep(
        database, told(1, "ticket.created", "ticket/sol_1", ticket=order, client=client, asset={"id": "a_1"}), 1.0
    )
    found = await database.read(lambda tx: records.find(tx, "client", "cli_1"))
    assert found is not None and (found.title, found.phase, found.data["code"]) == ("Banco Nacional", "", "C0000004")
    ticket = await database.read(lambda tx: records.find(tx, "ticket", "sol_1"))
    assert ticket is not None and ticket.phase == "open" and ticket.data["client"]["id"] == "cli_1"
    assert await database.read(lambda tx: records.find(tx, "asset", "a_1")) is not None


async def test_a_later_word_completes_and_a_mention_takes_nothing_back(database: Database) -> None:
    await keep(
        database,
        told(1, "client.created", "client/c", client={"id": "c", "name": "Uno", "email": "u@example.com"}),
        1.0,
    )
    await keep(
        database, told(2, "ticket.created", "ticket/t", ticket={"id": "t"}, client={"id": "c", "city": "Lima"}), 2.0
    )
    found = await database.read(lambda tx: records.find(tx, "client", "c"))
    assert found is not None
    assert (found.title, found.phase) == ("Uno", "open")
    assert (found.data["email"], found.data["city"]) == ("u@example.com", "Lima")
    await keep(database, told(3, "client.deleted", "client/c", client={"id": "c"}), 3.0)
    gone = await database.read(lambda tx: records.find(tx, "client", "c"))
    assert gone is not None and gone.status == "deleted"


async def test_lists_are_by_the_last_change_and_page_on(database: Database) -> None:
    for number in range(5):
        thing = {"id": f"c{number}", "name": f"Persona {number}"}
        await keep(database, told(number, "contact.created", f"contact/c{number}", contact=thing), float(number))
    first = await database.read(lambda tx: records.newest(tx, Filter(kind="contact"), 3))
    assert [record.id for record, _ in first] == ["c4", "c3", "c2"]
    last, at = first[-1]
    rest = await database.read(lambda tx: records.newest(tx, Filter(kind="contact"), 3, (at, last.id)))
    assert [record.id for record, _ in rest] == ["c1", "c0"]
    named = await database.read(lambda tx: records.newest(tx, Filter(kind="contact", text="PERSONA 1"), 3))
    assert [record.id for record, _ in named] == ["c1"]
