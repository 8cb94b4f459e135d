"""Configuration items in a hub that runs: from CMMShere's assets and InvGate's inventory, and linked to events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy import event as sqlalchemy_event

from centralita.ports import RawRequest
from centralita.sandbox.invgate import LocalInvGate
from centralita.services import asset_plans, ci_changes, ci_import, cis
from centralita.services.audit import newest
from centralita.services.cis import CiRefused, NoCi
from centralita.services.hub import Hub
from centralita.services.running import running
from centralita.settings import load
from centralita.store import events
from centralita.store.cis import Filter
from centralita.wiring import open_hub
from tests.services.asset_world import ACTOR, World, world

CONFIG = """
locale: en
server: {public_url: "https://desk.example.com"}
sources:
  - {slug: desk, kind: cmmshere, secrets: [only-for-tests-0123], settings: {auth: bearer}}
  - {slug: mon, kind: generic, secrets: [only-for-tests-0123], settings: {auth: bearer, types: ["alert.*"]}}
rules:
  - {name: Critical, condition: "severity == 'critical' AND ci_type == 'server'", webhook: erp}
webhooks:
  - {name: erp, url: "http://127.0.0.1:9/hook", secret: whsec_b25seS1mb3ItdGVzdHMtMDEyMzQ1Njc4OQ==, types: []}
"""


@pytest.fixture
async def hub(usual_url: str, tmp_path: Path) -> AsyncIterator[Hub]:
    """A hub that routes when a test says so. Nobody delivers."""
    config = tmp_path / "centralita.yaml"
    config.write_text(CONFIG)
    environ = {"CENTRALITA_DATABASE__URL": usual_url, "CENTRALITA_DATA_DIR": str(tmp_path / "data")}
    async with open_hub(load(config, environ), role="web") as opened, running(opened):
        yield opened


async def receive(hub: Hub, source: str, *bodies: Any) -> list[events.StoredEvent]:
    """The events of what a sender posts, as they were routed."""
    headers = (("authorization", "Bearer only-for-tests-0123"), ("content-type", "application/json"))
    ids = []
    for body in bodies:
        request = RawRequest(method="POST", query="", headers=headers, body=json.dumps(body).encode())
        answer = await hub.ingest.receive(source, request)
        assert answer.status == 202, answer.body
        ids.append(str(json.loads(answer.body)["id"]).replace("rcp_", "evt_"))
    while await hub.router.route_batch(source):
        pass
    found = [await hub.database.read(partial(events.get, event_id=id_)) for id_ in ids]
    return [stored for stored in found if stored is not None]


def asset(type_: str, **fields: Any) -> dict[str, Any]:
    """As CMMShere posts it."""
    return {"object": "event", "type": type_, "created": "2026-11-22T10:00:00Z",
            "data": {"object": {"object": "activo", **fields}}}  # fmt: skip


async def routed(hub: Hub, type_: str) -> list[Any]:
    while await hub.router.route_batch("centralita"):
        pass
    found = await hub.database.read(lambda tx: events.newest(tx, events.Filter(type=type_), 50))
    return [stored.event for stored in found]


async def test_a_rule_about_servers_sees_the_server_that_an_alert_only_names(hub: Hub) -> None:
    await receive(hub, "desk", asset("act.created", id="a1", nombre="ERP-DB-01", tipo="Servidor físico", sitio="Lima"))
    alert = {"type": "alert.fired", "severity": "critical", "title": "Down"}
    named, bare, other, said = await receive(
        hub,
        "mon",
        {**alert, "id": "1", "data": {"affected_cis": ["erp db 01"]}},
        {**alert, "id": "2", "data": {"host": "Erp-Db-01"}},
        {**alert, "id": "3", "data": {"host": "erp-db-011"}},
        {**alert, "id": "4", "data": {"host": "erp-db-01", "ci_type": "router"}},
    )
    assert [stored.matched for stored in (named, bare, other, said)] == [("Critical",), ("Critical",), (), ()]
    [ci] = (await cis.search(hub, "erp-db-01"))[:1]
    entry = {"id": ci.ci.id, "name": "ERP-DB-01", "type": "server", "url": f"https://desk.example.com/cis/{ci.ci.id}"}
    assert bare.event.data["affected_cis"] == [entry]
    assert named.event.data["affected_cis"] == [{**entry, "name": "erp db 01"}]
    assert "affected_cis" not in other.event.data
    assert ci.ci.attributes["location"] == "Lima"


async def test_an_owner_that_people_named_is_called_and_a_deleted_asset_means_nothing(hub: Hub) -> None:
    await receive(hub, "desk", asset("act.created", id="a1", nombre="Caldera 3", tipo="Caldera"))
    await ci_changes.update(hub, ACTOR, "caldera 3", {"owner": {"email": "Ana@Example.com"}})
    [told] = await receive(hub, "mon", {"id": "1", "type": "alert.fired", "data": {"ci": "CALDERA-3"}})
    assert told.event.data["affected_cis"][0]["owner"] == {"email": "ana@example.com"}
    await receive(hub, "desk", asset("act.updated", id="a1", nombre="Caldera 3 (norte)"))
    shown = await cis.show(hub, "Caldera 3 (Norte)")
    assert (shown.ci.owner, shown.ci.edited) == (cis.OwnerView("", "ana@example.com"), ["owner"])
    await receive(hub, "desk", asset("act.deleted", id="a1", nombre="Caldera 3 (norte)"))
    [told] = await receive(hub, "mon", {"id": "2", "type": "alert.fired", "data": {"ci": "caldera 3 (norte)"}})
    assert "affected_cis" not in told.event.data
    assert await cis.search(hub, "caldera") == []
    await receive(hub, "desk", asset("act.updated", id="a1", nombre="Caldera 3"))
    assert (await cis.show(hub, "caldera 3")).ci.owner == cis.OwnerView("", "ana@example.com")


async def test_a_batch_is_looked_up_at_once_and_not_at_all_when_it_names_nothing(hub: Hub) -> None:
    asked: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "from cis" in statement.lower():
            asked.append(statement)

    sqlalchemy_event.listen(Engine, "before_cursor_execute", listen)
    try:
        await receive(hub, "mon", *({"id": f"{number}", "type": "alert.fired"} for number in range(5)))
        assert asked == []
        names = [{"id": f"x{number}", "type": "alert.fired", "data": {"host": f"h{number}"}} for number in range(20)]
        for body in names:
            request = RawRequest(
                method="POST", query="", body=json.dumps(body).encode(),
                headers=(("authorization", "Bearer only-for-tests-0123"), ("content-type", "application/json")),
            )  # fmt: skip
            await hub.ingest.receive("mon", request)
        while await hub.router.route_batch("mon"):
            pass
        assert len(asked) == 1
    finally:
        sqlalchemy_event.remove(Engine, "before_cursor_execute", listen)


async def test_what_people_do_is_audited_and_told(hub: Hub) -> None:
    made = await ci_changes.create(hub, ACTOR, {"name": "Portal de pagos", "type": "servicio"})
    await ci_changes.create(hub, ACTOR, {"name": "erp-db-01", "type": "server"})
    with pytest.raises(CiRefused) as refused:
        await ci_changes.create(hub, ACTOR, {"name": "PORTAL DE PAGOS"})
    assert refused.value.reason == "ci.name_taken"
    related = await ci_changes.relate(hub, ACTOR, "portal de pagos", "depends_on", "erp-db-01")
    assert [(one.kind, one.name) for one in related.relations] == [("depends_on", "erp-db-01")]
    assert (await cis.show(hub, "erp-db-01")).relations[0].kind == "required_by"
    done = await ci_changes.update(hub, ACTOR, made.ci.id, {"status": "ok", "attributes": {"rto": "4h"}}, version=1)
    assert (done.ci.version, done.ci.status, done.ci.attributes) == (2, "ok", {"rto": "4h"})
    with pytest.raises(CiRefused) as refused:
        await ci_changes.update(hub, ACTOR, made.ci.id, {"status": "late"}, version=1)
    assert refused.value.reason == "ci.stale"
    same = await ci_changes.update(hub, ACTOR, made.ci.id, {"status": "ok"})
    assert same.ci.version == 2
    await ci_changes.relate(hub, ACTOR, "erp-db-01", "required_by", "portal de pagos", take_away=True)
    await ci_changes.delete(hub, ACTOR, "portal de pagos")
    with pytest.raises(NoCi):
        await cis.show(hub, made.ci.id)
    actions = [link.entry.action for link in await newest(hub, 50, None, "", "")]
    assert actions == ["ci.deleted", *["ci.updated"] * 3, "ci.created", "ci.created"]
    told = await routed(hub, "ci.updated")
    assert told[1].data["changes"] == {"before": {"attributes.rto": None, "status": ""},
                                       "after": {"attributes.rto": "4h", "status": "ok"}}  # fmt: skip
    assert (told[1].subject, told[1].title, told[1].data["actor"]) == (f"ci/{made.ci.id}", "Portal de pagos", ACTOR)
    assert len(await routed(hub, "ci.created")) == 2 and len(await routed(hub, "ci.deleted")) == 1


@pytest.mark.parametrize(
    ("word", "other", "reason"),
    [
        ("loves", "b", "ci.relation_unknown"),
        ("part_of", "a", "ci.relation_itself"),
        ("part_of", "twin", "ci.ambiguous"),
    ],
)
async def test_relations_that_make_no_sense(hub: Hub, word: str, other: str, reason: str) -> None:
    for name in ("a", "b"):
        await ci_changes.create(hub, ACTOR, {"name": name})
    for number in range(2):
        await receive(hub, "desk", asset("act.created", id=f"t{number}", nombre="Twin"))
    with pytest.raises(CiRefused) as refused:
        await ci_changes.relate(hub, ACTOR, "a", word, other)
    assert refused.value.reason == reason
    if reason == "ci.ambiguous":
        assert refused.value.arguments["which"].count("(Twin, desk)") == 2
    with pytest.raises(CiRefused) as refused:
        await ci_changes.delete(hub, ACTOR, "t0")
    assert refused.value.reason == "ci.of_source"


# ---- InvGate's inventory ---------------------------------------------------------------------------------------------


@pytest.fixture
def invgate() -> LocalInvGate:
    """The InvGate of ``desk``."""
    return LocalInvGate()


@pytest.fixture
async def desk(usual_url: str, tmp_path: Path, invgate: LocalInvGate) -> AsyncIterator[World]:
    """No assets yet, one person."""
    async with world(usual_url, tmp_path, invgate, sightings=1) as made:
        await made.invgate.add_person("Ana Ruiz", email="ana@example.com", username="ana")
        yield made


async def imported(hub: Hub, *, dry_run: bool = False) -> ci_import.ImportView:
    view = await ci_import.step(hub, ACTOR, "", dry_run)
    while view.next:
        view = await ci_import.step(hub, ACTOR, view.next, dry_run)
    return view


async def test_the_inventory_becomes_cis(desk: World) -> None:
    ana = next(person.id for person in [p async for page in desk.hub.invgate.people() for p in page.items])  # type: ignore[union-attr]  # it is configured
    ids = [await desk.asset(f"PC-{number}", owner_id=int(ana)) for number in range(130)]
    rehearsed = await imported(desk.hub, dry_run=True)
    assert (rehearsed.created, rehearsed.read, rehearsed.gone, rehearsed.next) == (130, 130, 0, None)
    assert (await cis.listing(desk.hub, Filter(), 10, ""))[0] == []
    done = await imported(desk.hub)
    assert (done.created, done.updated, done.unchanged, done.total) == (130, 0, 0, None)
    shown = await cis.show(desk.hub, "pc-77")
    assert (shown.ci.source, shown.ci.external_id, shown.ci.owner) == (
        "invgate", str(ids[77]), cis.OwnerView("Ana Ruiz", "ana@example.com"),
    )  # fmt: skip
    assert shown.ci.attributes["serial"] == "SN-PC-77"
    assert (await cis.search(desk.hub, "SNPC77"))[0].ci.name == "PC-77"
    await ci_changes.update(desk.hub, ACTOR, "pc-77", {"status": "Prestada"})
    again = await imported(desk.hub)
    assert (again.created, again.updated, again.unchanged, again.gone, again.total) == (0, 0, 130, 0, 130)
    assert (await cis.show(desk.hub, "pc-77")).ci.status == "Prestada"
    assert (await imported(desk.hub, dry_run=True)).unchanged == 130


async def test_what_the_inventory_lost_is_gone_unless_that_would_be_most_of_it(
    desk: World, invgate: LocalInvGate
) -> None:
    ids = [await desk.asset(f"PC-{number}") for number in range(5)]
    await imported(desk.hub)
    invgate.backend.fleet.assets.pop(ids[0])
    assert (await imported(desk.hub, dry_run=True)).gone == 1
    assert (await imported(desk.hub)).gone == 1
    with pytest.raises(NoCi):
        await cis.show(desk.hub, "pc-0")
    for id_ in ids[1:4]:
        invgate.backend.fleet.assets.pop(id_)
    with pytest.raises(CiRefused) as refused:
        await imported(desk.hub)
    assert refused.value.reason == "ci.import_shrunk"
    assert (await cis.show(desk.hub, "pc-1")).ci.name == "PC-1"


async def test_a_plan_of_owners_feeds_the_cis_too(desk: World) -> None:
    await desk.asset("PC-9", last_user=r"BIDCOM\ana")
    await desk.plan()
    assert (await cis.show(desk.hub, "pc-9")).ci.source == "invgate"


async def test_nobody_makes_up_where_an_import_goes_on(desk: World) -> None:
    for cursor in ("x", "AAAA", desk.hub.vault.seal("{}", "elsewhere")):
        with pytest.raises(ValueError):
            await ci_import.step(desk.hub, ACTOR, cursor, False)


async def test_by_itself_when_that_is_configured(usual_url: str, tmp_path: Path) -> None:
    local = LocalInvGate(assets=3)
    async with world(usual_url, tmp_path, local, cmdb={"schedule_s": 3600}) as made:
        found = await made.until(lambda: cis.listing(made.hub, Filter(), 5, ""), lambda page: bool(page[0]))
        assert len(found[0]) == 3


async def test_without_an_inventory_there_is_nothing_to_import(hub: Hub) -> None:
    with pytest.raises(asset_plans.AssetsRefused) as refused:
        await imported(hub)
    assert refused.value.reason == "asset.unconfigured"
