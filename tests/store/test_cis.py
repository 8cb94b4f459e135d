"""Configuration items as rows, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import msgspec
import pytest

from centralita.core.ci_search import asked_for, fold
from centralita.core.cis import TYPE_WORDS, Ci, Facts, Owner, facts_of
from centralita.services.ci_projection import Projected, Told, project
from centralita.store import cis
from centralita.store.cis import Filter
from centralita.store.database import Database, Transaction, open_database


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    """A migrated database."""
    opened = await open_database(migrated_url)
    yield opened
    await opened.close()


def made(number: int, name: str, **facts: str) -> Ci:
    said = Facts(name=name, **facts)  # type: ignore[arg-type]  # texts only
    return Ci(id=f"ci_{number:04}", source="invgate", external_id=str(number), said=said, created_at=1.0)


async def keep(database: Database, *items: Ci) -> None:
    await database.write(lambda tx: cis.save(tx, [(None, ci) for ci in items]))


async def search(database: Database, text: str) -> list[str]:
    filed = asked_for(text, TYPE_WORDS)
    return [ci.name for ci in await database.read(lambda tx: cis.candidates(tx, filed))]


async def test_a_ci_comes_back_as_it_went(database: Database) -> None:
    ci = Ci(
        id="ci_1", source="invgate", external_id="7", said=facts_of({"name": "Ñandú", "serial": "S1"}),
        edited=Facts(status="", owner=Owner("Ana", "ana@example.com"), attributes={"a": ""}),
        version=3, created_at=1.5, updated_at=2.5, read_at=3.5,
    )  # fmt: skip
    await keep(database, ci)
    assert await database.read(lambda tx: cis.load(tx, ["ci_1", "ci_2"])) == {"ci_1": ci}
    for text in ("ci_1", "7", "ÑANDU"):
        assert await database.read(partial(cis.called, text=text, most=2)) == [ci]
    assert await database.write(lambda tx: cis.lock(tx, "ci_1")) == ci


async def test_a_ci_is_filed_anew_when_it_changes_and_not_at_all_when_it_is_gone(database: Database) -> None:
    before = made(1, "Impresora Contaduría")
    await keep(database, before, made(2, "Servidor de Pagos"))
    assert (await search(database, "contadruia"))[0] == "Impresora Contaduría"
    after = msgspec.structs.replace(before, edited=Facts(name="Plotter Diseño"))
    await database.write(lambda tx: cis.save(tx, [(before, after)]))
    assert "Plotter Diseño" not in await search(database, "contaduria")
    assert (await search(database, "ploter diseno"))[0] == "Plotter Diseño"
    gone = msgspec.structs.replace(after, deleted_at=9.0)
    await database.write(lambda tx: cis.save(tx, [(after, gone)]))
    assert await search(database, "plotter") == ["Servidor de Pagos"]  # a letter is all that they share
    assert await database.read(lambda tx: cis.called(tx, "Plotter Diseño", 2)) == []


async def test_what_is_common_decides_between_those_that_something_rare_has_found(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cis, "COMMON", 8)
    await keep(database, *(made(number, f"NB-{number:04}", type="laptop") for number in range(40)))
    await keep(database, *(made(number, f"Lima {number}", type="printer") for number in range(100, 105)))
    await keep(database, made(200, "Lima NB", type="laptop"))
    assert (await search(database, "lima notebook"))[0] == "Lima NB"
    assert (await search(database, "nb 0023"))[0] == "NB-0023"
    assert await search(database, "laptop")  # everything about it is common: some of them
    assert await search(database, "") == []
    assert await search(database, "qqqq") == []


async def test_lists_are_by_name_with_filters_and_pages(database: Database) -> None:
    await keep(
        database,
        made(1, "beta", type="server", status="up"),
        made(2, "Álamo", type="server"),
        msgspec.structs.replace(made(3, "álamo"), source="", said=Facts(), edited=Facts(name="álamo", type="router")),
        made(4, "100%_x"),
    )

    async def names(limit: int = 10, after: tuple[str, str] | None = None, **wanted: str) -> list[str]:
        found = await database.read(lambda tx: cis.listed(tx, Filter(**wanted), limit, after))
        return [ci.id for ci in found]

    assert await names() == ["ci_0004", "ci_0002", "ci_0003", "ci_0001"]
    assert await names(2, ("alamo", "ci_0002")) == ["ci_0003", "ci_0001"]
    assert await names(type="server", status="up") == ["ci_0001"]
    assert await names(source=cis.BY_HAND) == ["ci_0003"]
    assert await names(text="LAM") == ["ci_0002", "ci_0003"]
    assert await names(text="%") == await names()  # folds to nothing


async def test_names_and_ids_are_looked_up_at_once(database: Database) -> None:
    other = msgspec.structs.replace(made(3, "srv-01"), source="cmmshere", external_id="1")
    await keep(database, made(1, "SRV 01"), made(2, "db"), other)

    async def found(source: str, ids: set[str], keys: set[str]) -> list[str]:
        return [ci.id for ci in await database.read(lambda tx: cis.named(tx, source, ids, keys))]

    assert await found("mon", {"1"}, {fold("srv-01"), "nothing"}) == ["ci_0001", "ci_0003"]
    assert await found("cmmshere", {"1"}, set()) == ["ci_0003"]
    assert await found("", {"ci_0002"}, set()) == ["ci_0002"]


async def test_a_sources_word_is_projected_and_what_people_said_stays(database: Database) -> None:
    ids = iter(range(1, 99))

    async def tell(now: float, **told: Told) -> Projected:
        def write(tx: Transaction) -> Projected:
            return project(tx, "invgate", told, now, lambda: f"rcp_{next(ids):04}")

        return await database.write(write)

    first = Told(facts_of({"name": "PC-1", "type": "Notebook", "owner": {"email": "ana@example.com"}}))
    assert await tell(1.0, a=first, b=Told(Facts(name="PC-2")), c=Told(gone=True)) == Projected(created=2, unchanged=1)
    assert await tell(2.0, a=first) == Projected(unchanged=1)
    [pc] = await database.read(lambda tx: cis.called(tx, "a", 2))
    assert (pc.type, pc.owner.email, pc.version, pc.read_at) == ("laptop", "ana@example.com", 1, 2.0)
    mine = msgspec.structs.replace(pc, edited=Facts(name="La de Ana"), version=2)
    await database.write(lambda tx: cis.save(tx, [(pc, mine)]))
    assert await tell(3.0, a=Told(Facts(name="PC-1b", status="ok"))) == Projected(updated=1)
    [pc] = await database.read(lambda tx: cis.called(tx, "a", 2))
    assert (pc.name, pc.said.name, pc.status, pc.version) == ("La de Ana", "PC-1b", "ok", 3)
    assert await tell(4.0, a=Told(gone=True)) == Projected(updated=1)
    assert await tell(5.0, a=Told(gone=True)) == Projected(unchanged=1)
    assert await database.read(lambda tx: cis.called(tx, "a", 2)) == []
    assert await database.read(lambda tx: (cis.counted(tx, "invgate"), cis.count_unread(tx, "invgate", 2.0))) == (1, 1)
    assert await tell(6.0, a=Told(Facts(name="PC-1"))) == Projected(updated=1)
    [pc] = await database.read(lambda tx: cis.called(tx, "la de ana", 2))
    assert (pc.status, pc.deleted_at) == ("", None)


async def test_relations_from_both_ends(database: Database) -> None:
    await keep(database, made(1, "a"), made(2, "b"))
    depends = ("ci_0001", "depends_on", "ci_0002")
    assert await database.write(lambda tx: cis.relate(tx, depends, 1.0, "local:x"))
    assert not await database.write(lambda tx: cis.relate(tx, depends, 2.0, "local:x"))
    for id_ in ("ci_0001", "ci_0002"):
        assert await database.read(partial(cis.relations, id_=id_)) == [depends]
    assert await database.write(lambda tx: cis.unrelate(tx, depends))
    assert not await database.write(lambda tx: cis.unrelate(tx, depends))
