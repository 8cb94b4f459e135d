"""Sources that people made, as rows, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest

from centralita.services.ingest import ConfiguredSource
from centralita.services.source_catalogue import Catalogue
from centralita.services.vault import Vault
from centralita.store import stored_sources
from centralita.store.database import Conflict, Database, Transaction, open_database
from centralita.store.stored_sources import SourceRow

GATE = SourceRow(slug="gate", kind="generic", settings={"auth": "key"}, secrets=b"\x00sealed", created_at=1.5)


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    """A migrated database."""
    opened = await open_database(migrated_url)
    yield opened
    await opened.close()


async def test_a_row_comes_back_as_it_was_kept(database: Database) -> None:
    await database.write(lambda tx: stored_sources.add(tx, GATE))
    assert await database.read(stored_sources.listing) == [GATE]
    removed = msgspec.structs.replace(GATE, secrets=b"", removed_at=2.5)
    await database.write(lambda tx: stored_sources.change(tx, removed))
    assert await database.write(lambda tx: stored_sources.find(tx, "gate")) == removed
    assert await database.write(lambda tx: stored_sources.find(tx, "door")) is None


async def test_of_two_who_make_the_same_one_is_told(database: Database) -> None:
    rows = [msgspec.structs.replace(GATE, name=f"{n}") for n in range(8)]

    def make(row: SourceRow) -> Callable[[Transaction], bool]:
        def write(tx: Transaction) -> bool:
            if stored_sources.find(tx, "gate") is not None:
                return False
            stored_sources.add(tx, row)
            return True

        return write

    made = await asyncio.gather(*(database.write(make(row)) for row in rows), return_exceptions=True)
    assert made.count(True) == 1
    assert all(isinstance(each, bool | Conflict) for each in made)


async def test_changes_at_once_are_all_kept(database: Database) -> None:
    await database.write(lambda tx: stored_sources.add(tx, GATE))

    def change(n: int) -> Callable[[Transaction], None]:
        def write(tx: Transaction) -> None:
            row = stored_sources.find(tx, "gate")
            assert row is not None
            stored_sources.change(tx, msgspec.structs.replace(row, settings={**row.settings, f"s{n}": n}))

        return write

    await asyncio.gather(*(database.write(change(n)) for n in range(8)))
    (row,) = await database.read(stored_sources.listing)
    assert row.settings == {"auth": "key", **{f"s{n}": n for n in range(8)}}


async def test_the_catalogue_reads_again_only_what_changed(database: Database, vault: Vault) -> None:
    catalogue = Catalogue({}, database, vault)
    await catalogue.refresh()
    held = catalogue.open
    bare = msgspec.structs.replace(GATE, secrets=b"")
    await database.write(lambda tx: stored_sources.add(tx, bare))
    await catalogue.refresh()
    assert held == {}  # nobody said that there is another version
    await database.write(lambda tx: stored_sources.set_version(tx, "2"))
    await asyncio.gather(*(catalogue.refresh() for _ in range(4)))
    assert held.keys() == catalogue.known.keys() == {"gate"}
    unknown = msgspec.structs.replace(bare, slug="new", kind="from-a-later-version")
    removed = msgspec.structs.replace(bare, removed_at=2.0)
    await database.write(lambda tx: stored_sources.add(tx, unknown))
    await database.write(lambda tx: stored_sources.change(tx, removed))
    await database.write(lambda tx: stored_sources.set_version(tx, "3"))
    await catalogue.refresh()
    assert held == catalogue.known == {} and catalogue.readers.keys() == {"gate"}


@pytest.fixture
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    """A vault with a key of its own."""
    return Vault({}, tmp_path_factory.mktemp("vault"))


async def test_the_files_source_wins(database: Database, vault: Vault) -> None:
    await database.write(lambda tx: stored_sources.add(tx, msgspec.structs.replace(GATE, secrets=b"")))
    first = Catalogue({}, database, vault)
    await first.refresh()
    provided: ConfiguredSource = msgspec.structs.replace(first.known["gate"], origin="file", name="The file's")
    catalogue = Catalogue({"gate": provided}, database, vault)
    await catalogue.refresh()
    assert catalogue.hidden == {"gate"}
    assert [each["gate"] for each in (catalogue.known, catalogue.open, catalogue.readers)] == [provided] * 3
