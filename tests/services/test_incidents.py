"""Incidents from the command to the event, the timeline and the audit log; and events that belong to one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from centralita.core.effects import Effect, Payload
from centralita.core.incidents import Item, Who
from centralita.ports import RawRequest
from centralita.services import audit, incidents
from centralita.services.access import Principal
from centralita.services.hub import Hub
from centralita.services.incidents import Declined, NewIncident
from centralita.services.running import running
from centralita.settings import load
from centralita.store import deliveries, events, timers
from centralita.store.events import Filter, StoredEvent
from centralita.wiring import open_hub

CONFIG = """
locale: en
slack: {bot_token: xoxb-only-for-tests, incidents_channel: "#incidentes", channel_mappings: {high: "#alertas"}}
sources:
  - {slug: watch, kind: generic, secrets: [only-for-tests-0123], settings: {auth: bearer, types: ["alert.*"]}}
"""
ANA, LUIS = (Principal(f"slack:{name}", name, frozenset()) for name in ("ana@example.com", "Luis@example.com"))

SERVER = {"affected_cis": [{"id": "SRV-1"}]}


@pytest.fixture
async def hub(tmp_path: Path, migrated_sqlite: str) -> AsyncIterator[Hub]:
    """A hub that takes events in and routes them when a test says so. Nobody delivers."""
    config = tmp_path / "centralita.yaml"
    config.write_text(CONFIG)
    environ = {"CENTRALITA_DATABASE__URL": migrated_sqlite, "CENTRALITA_DATA_DIR": str(tmp_path)}
    async with open_hub(load(config, environ), role="web") as opened, running(opened):
        yield opened


async def route(hub: Hub, *sources: str) -> None:
    for source in sources or ("watch", "centralita"):
        while await hub.router.route_batch(source):
            pass


async def told(hub: Hub, kind: str = "") -> list[StoredEvent]:
    """The hub's own events of a type, the oldest first."""
    await route(hub)
    wanted = Filter(source="centralita", type=kind)
    return list(await hub.database.read(lambda tx: list(events.oldest_first(tx, wanted))))


async def alert(hub: Hub, subject: str, phase: str = "open", **more: Any) -> str:
    """Takes in an alert and routes it; its event's id."""
    kind = "alert.resolved" if phase == "closed" else "alert.fired"
    body = {"type": kind, "subject": subject, "phase": phase, "title": f"{subject} is down", "severity": "high", **more}
    headers = (("authorization", "Bearer only-for-tests-0123"), ("content-type", "application/json"))
    request = RawRequest(method="POST", query="", headers=headers, body=msgspec.json.encode(body))
    answer = await hub.ingest.receive("watch", request)
    assert answer.status == 202, answer.body
    await route(hub)
    return str(msgspec.json.decode(answer.body)["id"]).replace("rcp_", "evt_")


async def effects(hub: Hub, stored: StoredEvent) -> list[Effect]:
    """What of an event waits to be delivered."""
    rows = await hub.database.read(lambda tx: deliveries.of_event(tx, stored.event.id))
    return [msgspec.json.decode(row.payload, type=Payload).effect for row in rows]


async def test_from_its_creation_to_its_end_everything_is_told_and_noted(hub: Hub) -> None:
    wanted = NewIncident(title="Sin red", priority="high", affected=(Item(id="SW-02", name="Switch"),))
    made = await incidents.create(hub, ANA, wanted)
    assert (made.code, made.state, made.channel) == ("INC-1", "open", "#incidentes")
    await incidents.assign(hub, ANA, 1, Who(name="Luis", email="luis@example.com"))
    await incidents.acknowledge(hub, LUIS, 1)
    await incidents.update(hub, LUIS, 1, priority="critical")
    await incidents.comment(hub, LUIS, 1, "Es el switch", message="C1:1.1")
    await incidents.resolve(hub, LUIS, 1, "Se cambió")
    await incidents.reopen(hub, ANA, 1, "Volvió a caer")

    found = await told(hub)
    assert [each.event.type.removeprefix("incident.") for each in found] == [
        *("created", "assigned", "acknowledged", "updated", "commented", "resolved", "reopened"),
    ]
    assert {(each.event.subject, each.event.severity, each.event.phase) for each in found} == {("incident/1", None, "")}
    assert found[3].event.data["incident"]["changes"] == {"priority": ["high", "critical"]}
    assert found[4].event.data["comment"] == {"text": "Es el switch", "author": "luis@example.com", "message": "C1:1.1"}
    assert [each.event.data["incident"]["status"] for each in found][-2:] == ["resolved", "open"]
    _incident, entries = await incidents.timeline(hub, 1)
    assert [(each.kind, each.who) for each in entries] == [
        ("create", "ana@example.com"),
        ("assign", "ana@example.com"),
        *((kind, "luis@example.com") for kind in ("acknowledge", "change", "comment", "resolve")),
        ("reopen", "ana@example.com"),
    ]
    log = await audit.newest(hub, 50, None, "", "")
    assert [each.entry.action for each in reversed(log)] == [each.event.type for each in found]
    assert "Es el switch" not in str(log)


async def test_it_is_told_in_its_channel_and_to_whom_it_is_given(hub: Hub) -> None:
    await incidents.create(hub, ANA, NewIncident(title="Sin red", priority="critical"))
    await incidents.assign(hub, ANA, 1, Who(email="luis@example.com"))
    await incidents.assign(hub, ANA, 1)
    created, given, taken = await told(hub)
    assert [(each.target, each.action) for each in await effects(hub, created)] == [("#incidentes", "incident.post")]
    assert [each.target for each in await effects(hub, given)] == ["#incidentes", "luis@example.com"]
    assert [each.target for each in await effects(hub, taken)] == ["#incidentes"]


async def test_what_an_event_says_need_not_be_said_again(hub: Hub) -> None:
    affected = [{"id": "SRV-1", "name": "Web"}, {"name": "Base"}]
    event = await alert(hub, "alert/1", data={"description": "No answer", "affected_cis": affected})
    made = await incidents.create(hub, ANA, NewIncident(event=event))
    assert (made.title, made.priority, made.description) == ("alert/1 is down", "high", "No answer")
    assert made.affected == (Item(id="SRV-1", name="Web"), Item(id="Base", name="Base"))
    with pytest.raises(Declined) as second:
        await incidents.create(hub, LUIS, NewIncident(event=event, title="Otro"))
    assert second.value.arguments["incident"] == "INC-1"
    await incidents.resolve(hub, ANA, 1)
    assert (await incidents.create(hub, LUIS, NewIncident(event=event))).code == "INC-2"
    with pytest.raises(LookupError):
        await incidents.create(hub, ANA, NewIncident(event="evt_nothing"))


async def test_what_is_wrong_changes_nothing_and_names_its_field(hub: Hub) -> None:
    with pytest.raises(Declined) as fault:
        await incidents.create(hub, ANA, NewIncident(title="  "))
    assert (fault.value.reason, fault.value.field) == ("incident.title_missing", "title")
    for work in (incidents.acknowledge(hub, ANA, 9), incidents.timeline(hub, 9), incidents.show(hub, 9)):
        with pytest.raises(LookupError):
            await work
    assert await told(hub) == []


async def test_a_reply_is_noted_once_and_follows_its_message(hub: Hub) -> None:
    await incidents.create(hub, ANA, NewIncident(title="Sin red"))
    for _ in range(2):
        await incidents.comment(hub, LUIS, 1, "Es el swich", message="C1:1.1")
    assert await incidents.edit_comment(hub, LUIS, "C1:1.1", "Es el switch")
    assert (await incidents.timeline(hub, 1))[1][1].text == "Es el switch"
    assert await incidents.delete_comment(hub, LUIS, "C1:1.1")
    [_created, gone] = (await incidents.timeline(hub, 1))[1]
    assert gone.text == "" and gone.deleted_at and gone.edited_at
    assert not await incidents.delete_comment(hub, LUIS, "C1:9.9")
    assert len(await told(hub, "incident.commented")) == 1


async def test_events_that_belong_to_it_are_told_once_an_episode(hub: Hub) -> None:
    event = await alert(hub, "alert/1", data=SERVER)
    await incidents.create(hub, ANA, NewIncident(event=event))
    await alert(hub, "alert/1", title="Still")  # goes on: no news
    await alert(hub, "alert/9")  # something else
    assert await told(hub, "incident.related") == []
    await alert(hub, "alert/2", data=SERVER)
    await alert(hub, "alert/3", data={"affected_cis": [{"name": "srv-1"}]})
    await alert(hub, "alert/1", "closed")
    await alert(hub, "alert/1", "closed", title="Again")
    [first] = await told(hub, "incident.related")
    said = {name: first.event.data["incident"]["related"][name] for name in ("subject", "title", "more")}
    assert said == {"subject": "alert/2", "title": "alert/2 is down", "more": 0}
    assert first.event.cause and first.event.depth == 1
    incident, entries = await incidents.timeline(hub, 1)
    assert [each.details["subject"] for each in entries if each.kind == "relate"] == ["alert/2", "alert/3", "alert/1"]
    assert (incident.related, incident.untold) == (3, 2)


async def test_those_that_came_quickly_are_told_together_by_a_timer(hub: Hub) -> None:
    await incidents.create(hub, ANA, NewIncident(title="Sin red", affected=(Item(id="SRV-1"),)))
    for n in range(3):
        await alert(hub, f"alert/{n}", data=SERVER)
    timer = await hub.database.read(lambda tx: timers.find(tx, "incident.related", "1"))
    assert timer is not None
    hub.clock.now = lambda: timer.due_at + 1  # type: ignore[method-assign]  # a minute later
    hub.alarms.begin(hub, timer)
    await hub.alarms._ringing[timer.kind, timer.key]
    _first, rest = await told(hub, "incident.related")
    assert rest.event.data["incident"]["related"] == {"more": 2, "title": ""}
    assert await hub.database.read(lambda tx: timers.find(tx, "incident.related", "1")) is None
    await incidents.resolve(hub, ANA, 1)
    await alert(hub, "alert/7", data=SERVER)
    assert (await incidents.show(hub, 1)).related == 3
