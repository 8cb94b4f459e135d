"""Rules that people made, as rows, on both databases: every version of the rules can be read again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest

from centralita.store import rulesets, stored_rules
from centralita.store.database import Database, Transaction, open_database
from centralita.store.stored_rules import RuleRow

NOW = 1_800_000_000.0
FIRST = RuleRow(
    id=1, since=1, name="First", position=1.0, spec={"channel": "#ñ"}, created_at=NOW, created_by="ana",
    changed_at=NOW, changed_by="ana",
)  # fmt: skip
SECOND = msgspec.structs.replace(FIRST, id=2, since=2, name="Second", position=0.5, enabled=False)


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    """A migrated database."""
    opened = await open_database(migrated_url)
    yield opened
    await opened.close()


async def test_each_version_is_read_again_as_it_was(database: Database) -> None:
    await database.write(lambda tx: stored_rules.begin(tx, [FIRST]))
    await database.write(lambda tx: stored_rules.begin(tx, [SECOND]))
    renamed = msgspec.structs.replace(FIRST, since=3, name="Renamed", changed_by="luis")

    def rename(tx: Transaction) -> None:
        stored_rules.end(tx, [1], 3)
        stored_rules.begin(tx, [renamed])

    await database.write(rename)
    await database.write(lambda tx: stored_rules.end(tx, [2], 4))
    ended = msgspec.structs.replace(FIRST, until=3)
    gone = msgspec.structs.replace(SECOND, until=4)

    def read(tx: Transaction) -> None:
        versions = [stored_rules.of_version(tx, version) for version in (0, 1, 2, 3, 4)]
        assert versions == [[], [ended], [gone, ended], [gone, renamed], [renamed]]
        assert stored_rules.alive(tx) == [renamed]
        assert stored_rules.changed_since(tx, 3, 4) == [gone]
        assert stored_rules.changed_since(tx, 1, 3) == [gone, ended, renamed]
        assert stored_rules.find(tx, "First") is None and stored_rules.find(tx, "Renamed") == renamed
        assert stored_rules.removed(tx, "Second") == gone
        assert stored_rules.removed(tx, "First") is None  # it goes on under another name
        assert stored_rules.last_position(tx) == 1.0

    await database.read(read)


async def test_a_name_is_one_rules_only_and_free_again_when_that_is_gone(database: Database) -> None:
    other = msgspec.structs.replace(FIRST, id=5, since=5)
    await database.write(lambda tx: stored_rules.begin(tx, [FIRST]))
    with pytest.raises(Exception, match=r"(?i)unique"):
        await database.write(lambda tx: stored_rules.begin(tx, [other]))
    await database.write(lambda tx: stored_rules.end(tx, [1], 5))
    await database.write(lambda tx: stored_rules.begin(tx, [other]))
    assert await database.read(lambda tx: stored_rules.find(tx, "First")) == other


async def test_who_publishes_waits_for_who_publishes(database: Database) -> None:
    """Nobody reads what the one before is still writing: no change is lost, and versions are one after another."""

    def publish(name: str) -> Callable[[Transaction], int]:
        def write(tx: Transaction) -> int:
            stored_rules.hold(tx)
            position = stored_rules.last_position(tx) + 1.0
            version = rulesets.publish(tx, "d", "", NOW, "database")
            row = msgspec.structs.replace(FIRST, id=version, since=version, name=name, position=position)
            stored_rules.begin(tx, [row])
            return version

        return write

    made = await asyncio.gather(*(database.write(publish(f"rule {n}")) for n in range(8)))
    rows = await database.read(stored_rules.alive)
    assert [row.position for row in rows] == [float(n) for n in range(1, 9)]
    assert [row.since for row in rows] == sorted(made)


async def test_what_the_file_provided_is_known_of_every_version(database: Database) -> None:
    def publish(tx: Transaction) -> list[int]:
        said = [("d1", "{}", "file"), ("d1", "", "database"), ("d2", '{"x":1}', "file"), ("d2", "", "database")]
        return [rulesets.publish(tx, digest, body, NOW, origin) for digest, body, origin in said]

    versions = await database.write(publish)
    found = await database.read(lambda tx: [rulesets.provided(tx, version) for version in (0, *versions)])
    assert found == [None, ("d1", "{}"), ("d1", "{}"), ("d2", '{"x":1}'), ("d2", '{"x":1}')]
