"""The fixtures that the other tests stand on."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import psycopg
import pytest

from centralita.store.database import open_database
from centralita.store.migrate import current, head, migrate
from tests.postgres import PostgresCluster


def test_an_acknowledged_row_survives_a_crash(postgres_private: PostgresCluster) -> None:
    url = postgres_private.create_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (id int)")
        connection.execute("INSERT INTO kept VALUES (7)")
        postgres_private.restart("immediate")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT id FROM kept").fetchall() == [(7,)]


def test_durability_is_switched_on_where_a_cluster_may_crash(postgres_private: PostgresCluster) -> None:
    with psycopg.connect(postgres_private.url()) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            assert connection.execute(f"SHOW {name}").fetchone() == ("on",)


def test_a_template_is_prepared_once_and_cloned(postgres_cluster: PostgresCluster) -> None:
    prepared: list[str] = []

    def prepare(url: str) -> None:
        prepared.append(url)
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE widget (id int)")

    for _ in range(2):
        url = postgres_cluster.create_database(postgres_cluster.template("template_widgets", prepare))
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM widget").fetchone() == (0,)
        postgres_cluster.drop_database(url)
    assert len(prepared) == 1


def test_both_databases_start_empty(database_url: str) -> None:
    if database_url.startswith("sqlite:///"):
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as connection:
            assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
        return
    with psycopg.connect(database_url) as server:
        tables = server.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        assert tables == (0,)


async def test_both_databases_come_with_the_schema(migrated_url: str) -> None:
    database = await open_database(migrated_url)
    try:
        assert await database.read(current) == head()
        assert await migrate(database) == (head(), head())
    finally:
        await database.close()
