"""Tickets both ways: a webhook that says only an id is filled in, and what people ask for is in InvGate once."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from centralita.cli.calling import LocalSocket
from centralita.sandbox.control import SlackControl
from centralita.sandbox.invgate.control import InvGateControl
from tests.scenarios.conftest import World, invgate_settings, slack_settings
from tests.scenarios.faketime import WallClock
from tests.scenarios.ledger import SECRET
from tests.scenarios.processes import ROOT, HubProcess
from tests.scenarios.waiting import until


@pytest.fixture
def world(usual_world: World) -> World:
    """What the two databases do differently, their own tests show every time."""
    return usual_world


RULES = {
    "rules": [
        {"name": "Mesa", "condition": "type startswith 'ticket.'", "channel": "#mesa-de-ayuda"},
        {"name": "Avisar", "condition": "type == 'ticket.created'", "dm": ["requester"]},
    ]
}
BY_ID = ["request_id"]


async def ask(hub: HubProcess, method: str, path: str, **body: Any) -> Any:
    """What the API answers on the hub's local socket, where commands ask too."""
    socket = LocalSocket(hub.config.parent / "data" / "centralita.sock")
    content, headers = (json.dumps(body).encode(), {"content-type": "application/json"}) if body else (b"", {})
    reply = await asyncio.to_thread(socket.send, method, f"/api/v1{path}", content, headers)
    assert reply.status < 300, reply.body
    return reply.json()


async def command(hub: HubProcess, *words: str) -> tuple[int, Any, str]:
    """A command with ``--json``, as somebody types it beside the running hub: (exit code, answer, stderr)."""
    start = (sys.executable, "-c", "from centralita.cli import main; main()", "--config", str(hub.config))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*start, *words, "--json", cwd=ROOT, stdout=pipe, stderr=pipe)
    out, err = await process.communicate()
    return process.returncode or 0, json.loads(out) if out.strip() else None, err.decode()


async def connect(hub: HubProcess, invgate: InvGateControl, fields: Any = None, event: str = "*") -> None:
    """InvGate sends its webhooks to the hub, with these fields."""
    await invgate.add_rule(f"{hub.url}/in/invgate", event=event, fields=fields, header="X-Secret", secret=SECRET)


async def test_a_webhook_with_an_id_alone_is_filled_in(
    world: World, slack: SlackControl, invgate: InvGateControl
) -> None:
    hub = await world.hub(slack_settings(slack), invgate_settings(invgate), RULES)
    await connect(hub, invgate, BY_ID, "new_ticket")
    number = await invgate.add_ticket(
        "Sin tóner", description="<p>Imprime <b>en blanco</b></p>", requester="ana@example.com"
    )

    [post] = await slack.wait_for(method="chat.postMessage", channel="#mesa-de-ayuda")
    said = json.dumps(post.args, ensure_ascii=False)
    assert "Sin tóner" in said and "Ana Gómez" in said and "en blanco" in said and "<p>" not in said
    [told] = await slack.wait_for(lambda call: call.args["channel"].startswith("D"), method="chat.postMessage")
    assert "Sin tóner" in json.dumps(told.args, ensure_ascii=False)

    shown = await ask(hub, "GET", f"/tickets/{number}")
    assert shown["requester"] == "Ana Gómez" and shown["phase"] == "open"
    assert shown["data"]["requester"]["email"] == "ana@example.com"
    await world.settle()


async def test_a_ticket_that_invgate_does_not_give_goes_on_incomplete(
    sqlite_world: World, slack: SlackControl, invgate: InvGateControl
) -> None:
    world = sqlite_world
    hub = await world.hub(slack_settings(slack), invgate_settings(invgate), RULES)
    sender = await world.sender(hub, "invgate")
    await sender.post(json.dumps({"request_id": 999_999, "title": "No está"}).encode())
    [post] = await slack.wait_for(method="chat.postMessage", channel="#mesa-de-ayuda")
    assert "No está" in json.dumps(post.args, ensure_ascii=False)
    events = await ask(hub, "GET", "/events?source=invgate")
    event = await ask(hub, "GET", f"/events/{events['items'][0]['id']}")
    assert event["event"]["incomplete"] is True


async def test_who_comes_behind_a_ticket_that_is_filled_in_keeps_its_place(
    world: World, slack: SlackControl, invgate: InvGateControl
) -> None:
    hub = await world.hub(slack_settings(slack), invgate_settings(invgate), RULES)
    number = await invgate.add_ticket("Sin red", requester="ana@example.com")
    await invgate.slow(400, "GET incident", 1)
    sender = await world.sender(hub, "invgate")
    await sender.post(json.dumps({"event": "new_ticket", "request_id": number}).encode())
    whole = {"request_id": number, "title": "Sin red", "requester_email": "ana@example.com"}
    await sender.post(json.dumps({"event": "status_changed", "status": "En curso", **whole}).encode())
    await sender.post(json.dumps({"event": "status_changed", "status": "En espera", **whole}).encode())
    in_thread = {"method": "chat.postMessage", "channel": "#mesa-de-ayuda"}
    await slack.wait_for(lambda call: "thread_ts" in call.args and "En espera" in str(call.args), **in_thread)
    said = [str(call.args) for call in await slack.posted(**in_thread)]
    assert [("thread_ts" in text, "En curso" in text, "En espera" in text) for text in said] == [
        (False, False, False),
        (True, True, False),
        (True, False, True),
    ]
    await world.settle()


async def test_who_waits_goes_on_when_invgate_is_taken_away(
    sqlite_world: World, slack: SlackControl, invgate: InvGateControl
) -> None:
    world = sqlite_world
    hub = await world.hub(slack_settings(slack), invgate_settings(invgate), RULES)
    number = await invgate.add_ticket("Sin red", requester="ana@example.com")
    await invgate.slow(60_000, "GET incident")
    sender = await world.sender(hub, "invgate")
    await sender.post(json.dumps({"event": "new_ticket", "request_id": number, "title": "Espera"}).encode())
    whole = {"request_id": number, "requester_email": "ana@example.com"}
    await sender.post(
        json.dumps({"event": "status_changed", "status": "En curso", "title": "Detrás", **whole}).encode()
    )
    await until(lambda: world.reader.value("select count(*) from parked") == 2)
    await hub.kill()
    await invgate.heal()
    hub = await world.hub(slack_settings(slack), RULES)  # on the same data, without an InvGate
    await slack.wait_for(lambda call: "Espera" in str(call.args), method="chat.postMessage", timeout_s=60)
    await slack.wait_for(lambda call: "En curso" in str(call.args), method="chat.update", timeout_s=60)
    assert world.reader.value("select count(*) from parked") == 0


async def test_what_is_asked_is_in_invgate_once(sqlite_world: World, invgate: InvGateControl) -> None:
    world = sqlite_world
    hub = await world.hub(invgate_settings(invgate))
    words = ("create", "Alta de usuario", "--requester", "ana@example.com", "--priority", "alta")
    code, asked, err = await command(hub, "ticket", *words)
    assert code == 0, err
    assert asked["state"] == "delivered" and asked["url"].endswith(asked["ticket"])
    number = int(asked["ticket"])
    for path, wish in (
        ("comments", {"text": "Hecho a medias"}),
        ("comments", {"text": "Ya puede entrar", "visible": True}),
        ("assignment", {"agent": "luis@example.com"}),  # nobody said at which help desk: at his
        ("assignment", {"agent": "sam@example.com", "group": "infraestructura"}),
        ("status", {"status": "solved", "note": "Listo"}),
    ):
        asked = await ask(hub, "POST", f"/tickets/{number}/{path}", **wish)
        assert asked["state"] == "delivered", (path, asked)
    ticket = await invgate.ticket(number)
    assert ticket["title"] == "Alta de usuario" and ticket["user_id"] == 11 and ticket["creator_id"] == 12
    assert [bool(one["customer_visible"]) for one in ticket["comments"]] == [False, True, True]
    assert ticket["assigned_id"] == 14 and ticket["assigned_group_id"] == 4
    entries = await ask(hub, "GET", "/audit")
    assert {"ticket.create", "ticket.comment", "ticket.assign", "ticket.status"} <= {
        entry["action"] for entry in entries["items"]
    }
    await world.settle()


@pytest.mark.parametrize("action", ["create", "comment"])
async def test_an_answer_that_is_lost_on_the_way_repeats_nothing(
    world: World, invgate: InvGateControl, action: str
) -> None:
    hub = await world.hub(invgate_settings(invgate))
    number = await invgate.add_ticket("De antes", requester="ana@example.com")
    if action == "create":
        await invgate.drop_next("POST incident", applied=True)
        asked = await ask(hub, "POST", "/tickets", title="Una sola vez", requester="ana@example.com")
    else:
        await invgate.drop_next("POST incident.comment", applied=True)
        asked = await ask(hub, "POST", f"/tickets/{number}/comments", text="Una sola vez")
    assert asked["state"] == "delivered", asked
    writes = await invgate.writes()
    assert writes[f"POST incident{'.comment' if action == 'comment' else ''}"] == 1


async def test_what_invgate_refuses_says_why_and_holds_up_nobody_else(
    sqlite_world: World, invgate: InvGateControl
) -> None:
    world = sqlite_world
    hub = await world.hub(invgate_settings(invgate))
    number = await invgate.add_ticket("Otro", requester="ana@example.com")
    code, asked, err = await command(hub, "ticket", "comment", "424242", "Nadie")
    assert code == 1 and asked["state"] == "dead" and asked["delivery"] in err
    asked = await ask(hub, "POST", "/tickets", title="X", priority="altísima")
    assert asked["state"] == "dead" and "altísima" in asked["detail"]
    asked = await ask(hub, "POST", f"/tickets/{number}/comments", text="Sigue")
    assert asked["state"] == "delivered"


async def test_what_happened_while_we_were_off_is_found(
    sqlite_world: World, slack: SlackControl, invgate: InvGateControl, tmp_path: Path
) -> None:
    world, clock = sqlite_world, WallClock(tmp_path)
    layers = (slack_settings(slack), invgate_settings(invgate, poll_s=3600), RULES)
    hub = await world.hub(*layers, environ=clock.environ)
    await until(lambda: world.reader.value("select count(*) from facts where key = 'invgate.caught_up_to'") == 1)
    sender = await world.sender(hub, "invgate")
    number = await invgate.add_ticket("Conocido", requester="ana@example.com")
    await sender.post(json.dumps({"event": "new_ticket", "request_id": number}).encode())
    in_channel = {"method": "chat.postMessage", "channel": "#mesa-de-ayuda"}
    await slack.wait_for(lambda call: "Conocido" in str(call.args), **in_channel)
    await hub.stop()

    await invgate.act(number, "solve")
    other = await invgate.add_ticket("Nadie avisó", requester="ana@example.com")
    await invgate.add_approval(other, ["marta@example.com"])
    clock.shift(300)  # what is younger than a minute may still be told by a webhook
    await hub.start()
    await slack.wait_for(lambda call: "Nadie avisó" in str(call.args), **in_channel)
    await slack.wait_for(lambda call: "Conocido" in str(call.args), method="chat.update", channel="#mesa-de-ayuda")
    shown = await ask(hub, "GET", f"/tickets/{number}")
    assert shown["phase"] == "closed"
    asked = "Espera aprobación: Nadie avisó"
    await slack.wait_for(lambda call: asked in str(call.args), method="chat.postMessage")
    await world.settle()


async def test_what_failed_for_good_holds_its_ticket_until_somebody_has_seen_to_it(
    sqlite_world: World, invgate: InvGateControl
) -> None:
    world = sqlite_world
    hub = await world.hub(invgate_settings(invgate))
    number = await invgate.add_ticket("En orden", requester="ana@example.com")
    refused = await ask(hub, "POST", f"/tickets/{number}/assignment", agent="nadie@example.com")
    assert refused["state"] == "dead" and refused["reason"] == "invgate.person_unknown"
    asked = await ask(hub, "POST", f"/tickets/{number}/comments", text="La negativa no retiene a nadie")
    assert asked["state"] == "delivered"

    await invgate.drop_next("POST incident", applied=True)
    await invgate.fail_next("GET incidents.by.customer", None, status=404)
    unknown = await ask(hub, "POST", "/tickets", title="Quién sabe", requester="ana@example.com")
    assert (unknown["state"], unknown["reason"]) == ("dead", "invgate.outcome_unknown")
    await invgate.heal()
    again = await ask(hub, "POST", "/dead-letters/replay", all=True)
    assert again["deliveries"] == 1, "what may have been done is not done again with the others"
    letters = (await ask(hub, "GET", "/dead-letters"))["items"]
    [letter] = [one for one in letters if one["reason"] == "invgate.outcome_unknown"]
    await ask(hub, "POST", f"/deliveries/{letter['id']}/dismiss")
    left = (await ask(hub, "GET", "/dead-letters"))["items"]
    assert [one for one in left if one["id"] == letter["id"]] == []
    assert (await invgate.writes())["POST incident"] == 1
