"""A reading closure sees one state of the database, whatever is committed while it runs."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from centralita.store import upkeep
from centralita.store.database import Database, Transaction, open_database

INSERT = "insert into facts (key, value) values ('late', '1')"


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    opened = await open_database(migrated_url)
    yield opened
    await opened.close()


async def test_what_is_committed_between_two_questions_is_in_neither_answer(
    database: Database, migrated_url: str
) -> None:
    def read(tx: Transaction) -> tuple[str | None, str | None]:
        before = upkeep.fact(tx, "late")
        if database.dialect == "sqlite":
            with closing(sqlite3.connect(migrated_url.removeprefix("sqlite:///"))) as other, other:
                other.execute(INSERT)
        else:
            with psycopg.connect(migrated_url) as connection:
                connection.execute(INSERT)
        return before, upkeep.fact(tx, "late")

    assert await database.read(read) == (None, None)
    assert await database.read(lambda tx: upkeep.fact(tx, "late")) == "1"


async def test_after_an_orderly_end_one_file_is_everything(migrated_sqlite: str) -> None:
    database = await open_database(migrated_sqlite)
    await database.write(lambda tx: upkeep.set_fact(tx, "last", "1"))
    assert await database.read(lambda tx: upkeep.fact(tx, "last")) == "1"
    await database.close()
    file = Path(migrated_sqlite.removeprefix("sqlite:///"))
    assert [path.name for path in file.parent.glob(f"{file.name}*")] == [file.name]
