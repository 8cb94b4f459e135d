"""From the previous schema with data in it to today's; and again after a kill half way."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from centralita.core import ids
from centralita.store import postgres, schema
from centralita.store.database import Database, StoreUnavailable, Transaction, open_database
from centralita.store.migrate import current, head, migrate

ROOT = Path(__file__).resolve().parents[2]
SINCE_0001 = {"audit", "tokens", "users"}
"""Tables that the first schema did not have; a new revision adds its own here."""
NOW = 1_800_000_000.0
DAY = int(NOW // 86_400)
ULID = ids.ulid(int(NOW * 1000), 1)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await open_database(database_url)
    yield opened
    await opened.close()


def test_the_newest_files_name_is_the_newest_revision() -> None:
    migrations = ROOT / "src" / "centralita" / "store" / "migrations"
    assert head() == ScriptDirectory(str(migrations)).get_current_head()


def _example(column: sa.Column[Any], number: int) -> Any:
    if column.name == "day":
        return DAY
    if isinstance(column.type, sa.LargeBinary):
        return b"\x00\xff%d" % number
    if isinstance(column.type, sa.Boolean):
        return bool(number % 2)
    if isinstance(column.type, sa.Double):
        return NOW + number / 3
    if isinstance(column.type, sa.Integer):
        return number
    return f"{column.name} ñ {number}"


def _old_columns(tx: Transaction, table: sa.Table) -> set[str]:
    return {column["name"] for column in sa.inspect(tx).get_columns(table.name)}


def _fill(tx: Transaction) -> None:
    """Three rows in every table that there is."""
    for table in schema.metadata.sorted_tables:
        if table.name in SINCE_0001 or not sa.inspect(tx).has_table(table.name):
            continue
        names = _old_columns(tx, table)
        rows = [{c.name: _example(c, number) for c in table.columns if c.name in names} for number in (1, 2, 3)]
        tx.execute(sa.insert(table), rows)


def _content(tx: Transaction) -> dict[str, list[dict[str, Any]]]:
    """Every row of the tables of the first schema, by its columns of then."""
    found = {}
    for table in schema.metadata.sorted_tables:
        if table.name in SINCE_0001 or not sa.inspect(tx).has_table(table.name):
            continue
        names = sorted(_old_columns(tx, table) & set(table.columns.keys()))
        rows = tx.execute(sa.select(*(table.c[name] for name in names)))
        found[table.name] = sorted((dict(zip(names, map(_plain, row), strict=True)) for row in rows), key=repr)
    return found


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


async def test_what_was_there_is_still_there_after_the_upgrade(database: Database) -> None:
    assert await migrate(database, "0001") == (None, "0001")
    await database.write(_fill)
    before = await database.read(_content)
    assert len(before) > 15
    assert await migrate(database) == ("0001", head())
    after = await database.read(_content)
    for table, rows in before.items():
        kept = [{name: row[name] for name in rows[0]} for row in after[table]]
        assert sorted(kept, key=repr) == rows, table


async def test_the_migrations_make_what_the_schema_says(database: Database) -> None:
    await migrate(database)

    def differences(tx: Transaction) -> list[Any]:
        context = MigrationContext.configure(tx, opts={"include_object": _is_ours})
        return list(compare_metadata(context, schema.metadata))

    assert await database.read(differences) == []


def _is_ours(_object: object, name: str | None, kind: str, _reflected: bool, _to: object) -> bool:
    # The partitions are made and dropped by the days.
    daily = tuple(f"{table.name}_" for table in schema.DAILY)
    return not (kind == "table" and name is not None and name.startswith(daily))


async def test_migrating_what_is_current_does_nothing(database: Database) -> None:
    await migrate(database)
    assert await migrate(database) == (head(), head())


_KILLED_AT = """
import asyncio, os, signal, sys
import sqlalchemy as sa
from centralita.store.database import open_database
from centralita.store.migrate import migrate

@sa.event.listens_for(sa.Engine, "before_cursor_execute")
def die(connection, cursor, statement, parameters, context, executemany):
    if " ".join(statement.split()).lower().startswith(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

async def run():
    await migrate(await open_database(sys.argv[1]))

asyncio.run(run())
"""


@pytest.mark.parametrize(
    ("start", "statement"),
    [(None, "create table history"), ("0001", "create table users"), ("0001", "update alembic_version")],
)
async def test_a_migration_that_is_killed_half_way_is_completed_by_the_next_start(
    database: Database, database_url: str, start: str | None, statement: str
) -> None:
    if start:
        await migrate(database, start)
        await database.write(_fill)
    before = await database.read(_content)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _KILLED_AT, database_url, statement),
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT / "src")},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == -signal.SIGKILL, said.decode()[-2000:]
    assert await database.read(current) == start
    assert await migrate(database) == (start, head())
    after = await database.read(_content)
    assert {table: len(rows) for table, rows in after.items() if rows} == {t: len(r) for t, r in before.items() if r}


async def test_a_migration_takes_as_long_as_it_takes(migrated_postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "COMMAND_TIMEOUT_S", 0.2)
    database = await open_database(migrated_postgres)
    try:
        with pytest.raises(StoreUnavailable):
            await database.write(lambda tx: tx.execute(sa.text("select pg_sleep(1)")).all())
        assert len(await database.write_patiently(lambda tx: tx.execute(sa.text("select pg_sleep(1)")).all())) == 1
    finally:
        await database.close()


async def test_two_that_start_at_once_migrate_once(database: Database, database_url: str) -> None:
    other = await open_database(database_url)
    try:
        done = await asyncio.gather(migrate(database), migrate(other))
    finally:
        await other.close()
    assert sorted(done, key=repr) == sorted([(None, head()), (head(), head())], key=repr)
