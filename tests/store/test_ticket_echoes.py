"""What is told back of what we wrote, in either order, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from centralita.core.ticket_echoes import Said
from centralita.store import ticket_echoes as echoes
from centralita.store.database import Database, open_database

NOW = 1_800_000_000.0
COMMENT, OTHER = Said("comment", "aa"), Said("comment", "bb")
STATUS = Said("status", "solved")


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    opened = await open_database(migrated_url)
    yield opened
    await opened.close()


async def expect(database: Database, event: str, *asked: Said, at: float = NOW) -> None:
    await database.write(lambda tx: echoes.expect(tx, event, "invgate", "4521", asked, at))


async def hear(database: Database, told: Said, ticket: str = "4521", since: float = NOW - 3600) -> bool:
    return await database.write(lambda tx: echoes.hear(tx, "invgate", ticket, told, since))


async def end(database: Database, event: str, done: bool = True) -> bool:
    return await database.write(lambda tx: echoes.end(tx, event, done))


async def test_an_echo_after_the_end_is_one_once(database: Database) -> None:
    await expect(database, "evt_1", COMMENT)
    assert await end(database, "evt_1")
    assert not await hear(database, OTHER)
    assert not await hear(database, COMMENT, ticket="4522")
    assert await hear(database, COMMENT)
    assert not await hear(database, COMMENT), "the second is a person's, who wrote the same"


async def test_an_echo_before_the_end_is_one_once(database: Database) -> None:
    await expect(database, "evt_1", COMMENT)
    assert await hear(database, COMMENT)
    assert not await hear(database, COMMENT)
    assert await end(database, "evt_1")
    assert not await end(database, "evt_1"), "nothing is left of it"
    assert not await hear(database, COMMENT)


async def test_what_was_refused_is_not_waited_for(database: Database) -> None:
    await expect(database, "evt_1", COMMENT)
    assert not await end(database, "evt_1", done=False)
    assert not await hear(database, COMMENT)


async def test_what_was_told_back_was_done_whatever_its_end_says(database: Database) -> None:
    await expect(database, "evt_1", STATUS, COMMENT)
    assert await hear(database, COMMENT)
    assert await end(database, "evt_1", done=False)
    assert await hear(database, Said("status", "solucionado"))


async def test_the_same_words_twice_are_two_echoes(database: Database) -> None:
    await expect(database, "evt_1", COMMENT)
    await expect(database, "evt_2", COMMENT, at=NOW + 1)
    assert await end(database, "evt_1")
    assert [await hear(database, COMMENT) for _ in range(3)] == [True, True, False]
    assert await end(database, "evt_2")


async def test_after_an_hour_nobody_waits_for_it(database: Database) -> None:
    await expect(database, "evt_1", COMMENT)
    assert not await hear(database, COMMENT, since=NOW)
    await database.write(lambda tx: echoes.forget(tx, NOW + 1))
    assert not await hear(database, COMMENT)
    assert not await end(database, "evt_1")


async def test_what_can_t_be_recognised_is_not_told_in_anybodys_name(database: Database) -> None:
    assert not await end(database, "evt_unknown")
