"""Incidents in Slack, with the hub and the local workspace: from the modal to the end, in both languages."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from centralita.core.cis import Ci, Facts, Owner
from centralita.ports import RawRequest
from centralita.sandbox.control import SlackControl, SlackPerson
from centralita.services import incidents
from centralita.services.hub import Hub
from centralita.services.incidents import Entry, Filter, Incident
from centralita.store import cis
from tests.chatops.conftest import Start
from tests.scenarios.waiting import until_answered

CHANNEL, ROOM, ALERTS = "#incidents", "C0INCIDENTS", "C0ALERTS"
LAYER: dict[str, Any] = {
    "slack": {
        "incidents_channel": CHANNEL,
        "channel_mappings": {"high": "#alerts"},
        "formatting": {"emoji_reactions": True},
    },
    "sources": [
        {"slug": "watch", "kind": "generic", "secrets": ["only-for-tests-0123"], "settings": {
            "auth": "bearer", "types": ["alert.*"],
        }},
    ],
}  # fmt: skip
ENGLISH = {**LAYER, "locale": "en"}


def whole(message: Any) -> str:
    return json.dumps(message, ensure_ascii=False)


def buttons(message: dict[str, Any]) -> list[str]:
    blocks = [block for part in (message, *message.get("attachments", ())) for block in part.get("blocks", ())]
    found = [
        element["action_id"] for block in blocks for element in block.get("elements", ()) if "action_id" in element
    ]
    return [each for each in found if not each.startswith("open_")]


async def look(
    slack: SlackControl, channel: str, wanted: Callable[[dict[str, Any]], bool], thread: str = ""
) -> dict[str, Any]:
    """The newest message that is wanted, once there is one; raises TimeoutError."""
    seen = 0
    while True:
        held = await (slack.thread(channel, thread) if thread else slack.messages(channel))
        if found := [message for message in held if wanted(message)]:
            return found[-1]
        [call] = await slack.wait_for(after=seen)
        seen = call.seq


async def told(slack: SlackControl, channel: str, *texts: str, thread: str = "") -> dict[str, Any]:
    return await look(slack, channel, lambda message: all(text in whole(message) for text in texts), thread)


async def entries(hub: Hub, wanted: Callable[[list[Entry]], bool]) -> list[Entry]:
    """The timeline of the first incident, once it is as wanted; raises TimeoutError."""

    async def look() -> list[Entry]:
        found = (await incidents.timeline(hub, 1))[1]
        return found if wanted(found) else []

    return await until_answered(look)


async def test_whose_what_is_affected_is_gets_the_way_to_the_thread(
    app: Start, slack: SlackControl, sam: SlackPerson, ana: SlackPerson
) -> None:
    async with app(ENGLISH) as hub:
        facts = Facts(name="SW-02", type="switch", owner=Owner(name="Ana", email="ana@example.com"))
        ci = Ci(id="ci_01M82C4V74CCK6S59591X8D0EA", external_id="SW-02", edited=facts)
        await hub.database.write(lambda tx: cis.save(tx, [(None, ci)]))
        await sam.command("#alerts", "/incident", 'create "No network" ci:sw-02')
        root = await told(slack, CHANNEL, "INC-1 · No network", "SW-02")
        led = await told(slack, ana.user, "INC-1 · No network")
        assert root["ts"].replace(".", "") in whole(led)


async def test_what_is_affected_is_chosen_from_what_is_known(app: Start, slack: SlackControl, sam: SlackPerson) -> None:
    async with app(ENGLISH) as hub:
        facts = Facts(name="Core switch", type="switch", owner=Owner(name="Ana", email="ana@example.com"))
        ci = Ci(id="ci_01M82C4V74CCK6S59591X8D0EA", source="invgate", external_id="77", said=facts)
        await hub.database.write(lambda tx: cis.save(tx, [(None, ci)]))
        await sam.command("#alerts", "/incident", "create")
        view = (await opened(sam))["id"]
        offered = (await sam.suggest("affected_select", "core swich", view=view))["payload"]["options"]
        assert [each["value"] for each in offered] == [ci.id, "core swich"], "the nearest, and what was typed"
        assert offered[0]["text"]["text"] == "Core switch · switch"
        [exact] = (await sam.suggest("affected_select", "CORE SWITCH", view=view))["payload"]["options"]
        assert exact["value"] == ci.id
        title = {"title": {"title_input": "No network"}, "affected": {"affected_select": offered}}
        assert (await sam.submit(view, title))["ok"]
        await told(slack, CHANNEL, "No network", "Core switch", "core swich")
        made = await the_incident(hub)
        assert [(each.id, each.name) for each in made.affected] == [("77", "Core switch"), ("core swich", "")]
        # Its change begins with both, and leaves what it does not touch.
        root = await told(slack, CHANNEL, "INC-1 · No network")
        await sam.press(ROOM, root["ts"], "incident_update")
        view = (await opened(sam))["id"]
        assert (await sam.submit(view, {"title": {"title_input": "No network at all"}}))["ok"]
        assert [each.id for each in (await the_incident(hub)).affected] == ["77", "core swich"]


async def the_incident(hub: Hub) -> Incident:
    [found] = await incidents.listing(hub, Filter())
    return found


async def opened(person: SlackPerson) -> dict[str, Any]:
    return (await person.modals())[-1]


async def filled(person: SlackPerson, title: str, **more: str) -> dict[str, Any]:
    """Submits the modal that creates an incident."""
    view = await opened(person)
    values = {"title": {"title_input": title}, "priority": {"priority_select": more.get("priority", "high")}}
    if "assignee" in more:
        values["assignee"] = {"assignee_select": more["assignee"]}
    return await person.submit(view["id"], values)


async def test_from_the_modal_to_the_end(
    app: Start, slack: SlackControl, luis: SlackPerson, marta: SlackPerson
) -> None:
    async with app(LAYER) as hub:
        await luis.command("#alerts", "/incident", "create")
        assert whole(await opened(luis)).count("Crear incidente") == 1
        assert "Falta un título" in whole(await filled(luis, "   "))
        assert "200" in whole(await filled(luis, "x" * 201))
        assert (await filled(luis, "Sin red en el 2º piso", assignee=marta.user))["ok"]
        root = await told(slack, CHANNEL, "INC-1 · Sin red en el 2º piso", "Asignado a", "Marta Ríos")
        assert buttons(root) == [f"incident_{name}" for name in ("acknowledge", "assign_to_me", "resolve", "update")]
        await told(slack, CHANNEL, "Cronología del incidente", "Luis Paredes creó INC-1.", thread=root["ts"])
        led = await told(slack, marta.user, "INC-1", "Ir al hilo")
        assert root["ts"].replace(".", "") in whole(led) and buttons(led) == []

        await marta.press(ROOM, root["ts"], "incident_acknowledge")
        await told(slack, CHANNEL, "Marta Ríos se hizo cargo.", thread=root["ts"])
        marked = await look(slack, CHANNEL, lambda message: "eyes" in whole(message.get("reactions")))
        assert "incident_acknowledge" not in buttons(marked)
        assert "Marta Ríos se hizo cargo" in whole(await luis.command("#alerts", "/incident", "tomar 1"))

        ts = await luis.say(ROOM, "Es el swich <del 2º> & listo", thread_ts=root["ts"])
        await entries(hub, lambda found: "Es el swich <del 2º> & listo" in [each.text for each in found])
        await luis.edit(ROOM, ts, "Es el switch")
        await entries(hub, lambda found: "Es el switch" in [each.text for each in found])
        await luis.delete(ROOM, ts)
        await entries(hub, lambda found: any(each.deleted_at for each in found))

        await luis.press(ROOM, root["ts"], "incident_resolve")
        await luis.submit((await opened(luis))["id"], {"note": {"note_input": "Se cambió el switch"}})
        done = await told(slack, CHANNEL, "Resuelto: INC-1", "Se cambió el switch")
        assert buttons(done) == []
        await told(slack, marta.user, "Resuelto: INC-1")
        found = (await incidents.timeline(hub, 1))[1]
        assert [each.kind for each in found] == ["create", "acknowledge", "comment", "resolve"]
        # What was said in the thread is not said there again.
        thread = await slack.thread(CHANNEL, root["ts"])
        assert "swi" not in whole([message for message in thread[1:] if message.get("bot_id")][:-1])


async def test_commands_answer_in_english(app: Start, slack: SlackControl, sam: SlackPerson, ana: SlackPerson) -> None:
    async with app(ENGLISH) as hub:
        created = await sam.command(
            "#alerts", "/incident", 'create "No network" priority:critical assign:<@U0ANAGOMEZ>'
        )
        assert "INC-1 was created. No network" in whole(created)
        root = await told(slack, CHANNEL, "INC-1 · No network", "Critical", "Ana Gómez")
        assert "Go to thread" in whole(await told(slack, ana.user, "INC-1")) or "Ir al hilo" in whole(
            await told(slack, ana.user, "INC-1")
        )
        for text, answer in (
            ("list critical", "No network"),
            ("list mine", "No incident fits."),
            ("ack INC-1", "INC-1 is in your hands."),
            ("assign INC-1 sam@example.com", "INC-1 is assigned."),
            ("update INC-1 priority:low", "INC-1 was changed."),
            ("update INC-1 priority:urgent", "There is no priority urgent"),
            ("resolve INC-1 The switch was replaced", "INC-1 is resolved."),
            ("resolve INC-9", "INC-9"),
            ("ack nothing", "Which incident?"),
            ("timeline INC-1", "Sam Carter took charge."),
            ("reopen INC-1 It is back", "INC-1 is open again."),
        ):
            assert answer in whole(await sam.command("#alerts", "/incident", text)), text
        await told(slack, CHANNEL, "It is back", thread=root["ts"])
        await look(slack, CHANNEL, lambda message: "INC-1" in whole(message) and not message.get("reactions"))
        denied = await ana.command("#alerts", "/incident", "create Nada")
        assert "incident.manage" in whole(denied)
        assert (await the_incident(hub)).state == "open"


async def fire(hub: Hub, title: str, phase: str = "open") -> None:
    kind = "alert.resolved" if phase == "closed" else "alert.fired"
    body = {"type": kind, "subject": "alert/1", "phase": phase, "title": title, "severity": "high"}
    headers = (("authorization", "Bearer only-for-tests-0123"), ("content-type", "application/json"))
    request = RawRequest(method="POST", query="", headers=headers, body=msgspec.json.encode(body))
    assert (await hub.ingest.receive("watch", request)).status == 202


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (
            LAYER,
            ("Luis Paredes se hizo cargo.", "En manos de Luis Paredes.", "SRV-1 no responde", "Se creó INC-1"),
        ),
        (
            ENGLISH,
            ("Luis Paredes took charge.", "In the hands of Luis Paredes.", "SRV-1 is down", "INC-1 was created"),
        ),
    ],
)
async def test_somebody_takes_charge_of_an_alert_and_makes_an_incident_of_it(
    app: Start, slack: SlackControl, luis: SlackPerson, sam: SlackPerson, layer: dict[str, Any], words: tuple[str, ...]
) -> None:
    async with app(layer) as hub:
        taken, held, title, raised = words
        await fire(hub, title)
        alert = await told(slack, "#alerts", title)
        assert buttons(alert) == ["acknowledge_event", "create_incident"]
        await luis.press(ALERTS, alert["ts"], "acknowledge_event")
        await told(slack, "#alerts", taken, thread=alert["ts"])
        now = await told(slack, "#alerts", title, held)
        assert buttons(now) == ["create_incident"] and "eyes" in whole(
            await look(slack, "#alerts", lambda message: bool(message.get("reactions")))
        )
        await fire(hub, f"{title} (5 min)")
        assert buttons(await told(slack, "#alerts", "(5 min)", held)) == ["create_incident"]

        await sam.press(ALERTS, alert["ts"], "create_incident")
        assert title in whole(await opened(sam))
        await sam.submit((await opened(sam))["id"], {})
        root = await told(slack, CHANNEL, "INC-1", title)
        # The alert's thread is told, with the way there; whose hands it is in stays said.
        await told(slack, "#alerts", raised, root["ts"].replace(".", ""), thread=alert["ts"])
        assert held in whole(await told(slack, "#alerts", "(5 min)", held))
        await sam.press(ALERTS, alert["ts"], "create_incident")
        assert "INC-1" in whole(await sam.submit((await opened(sam))["id"], {}))  # there is one already
        await fire(hub, f"{title} (fin)", "closed")
        await told(slack, CHANNEL, "(fin)", thread=root["ts"])
        over = await look(slack, "#alerts", lambda message: "(fin)" in whole(message) and not buttons(message))
        assert "white_check_mark" in whole(over.get("reactions")) or over


async def test_a_message_becomes_an_incident(app: Start, slack: SlackControl, sam: SlackPerson) -> None:
    async with app(ENGLISH) as hub:
        ts = await sam.say(ALERTS, "The VPN drops\nevery five minutes")
        await sam.shortcut("create_incident_from_message", ALERTS, ts)
        view = await opened(sam)
        assert "The VPN drops" in whole(view) and "every five minutes" in whole(view)
        await sam.submit(view["id"], {})
        await told(slack, CHANNEL, "INC-1 · The VPN drops", "every five minutes")
        made = await the_incident(hub)
        assert ts.replace(".", "") in made.origin.message
