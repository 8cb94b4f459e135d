"""Approvals with real parts: InvGate asks and somebody answers, here or there; and the hub's own to their end."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from centralita.sandbox.control import SlackControl
from centralita.sandbox.invgate.control import InvGateControl
from centralita.store import approvals, timers
from centralita.store.database import Transaction, open_database
from tests.scenarios.conftest import World, invgate_settings, slack_settings
from tests.scenarios.test_tickets import ask, connect


@pytest.fixture
def world(usual_world: World) -> World:
    """What the two databases do differently, their own tests show every time."""
    return usual_world


RULES: dict[str, Any] = {
    "rules": [
        {"name": "Aprobaciones", "condition": "type startswith 'approval.'", "channel": "#mesa-de-ayuda"},
        {
            "name": "Resultado",
            "condition": "type == 'approval.answered' AND approval.authority == 'invgate'",
            "dm": ["requester"],
        },
    ],
    "ops": {"channel": "#centralita-ops"},
}
ANA, LUIS, MARTA, SAM = (f"{name}@example.com" for name in ("ana", "luis", "marta", "sam"))
PEOPLE = {ANA: "U0ANAGOMEZ", MARTA: "U0MARTARIOS", SAM: "U0SAMCARTER", LUIS: "U0LUISPARED"}


async def told(slack: SlackControl, target: str, *texts: str) -> dict[str, Any]:
    """The newest message in a channel, or with a person, that says all of these. Raises TimeoutError."""
    seen = 0
    while True:
        held = await slack.messages(PEOPLE.get(target, target))
        found = [message for message in held if all(text in _whole(message) for text in texts)]
        if found:
            return found[-1]
        [call] = await slack.wait_for(lambda call: call.method.startswith("chat."), after=seen)
        seen = call.seq


def _whole(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


async def waiting(hub: Any) -> dict[str, Any]:
    """The one approval that waits, once there is one."""
    found: list[dict[str, Any]] = []
    while not found:
        found = (await ask(hub, "GET", "/approvals?state=waiting"))["items"]
    [one] = found
    return one


async def test_invgate_asks_somebody_answers_here_and_everybody_knows(
    world: World, slack: SlackControl, invgate: InvGateControl
) -> None:
    hub = await world.hub(slack_settings(slack), invgate_settings(invgate), RULES)
    await connect(hub, invgate, ["event", "request_id", "approval_id"], "approval_requested")
    await connect(hub, invgate, None, "approval_answered")
    number = await invgate.add_ticket("Notebook nueva", requester=ANA, description="Se rompió la anterior")
    approval = await invgate.add_approval(number, [MARTA])

    asked = await told(slack, MARTA, "Espera aprobación: Notebook nueva", "Se rompió la anterior", "Ana Gómez")
    assert asked
    one = await waiting(hub)
    assert [each["email"] for each in one["waits_for"]] == [MARTA]
    for _ in range(2):  # pressed twice
        answered = await ask(hub, "POST", f"/approvals/{one['id']}/approve", on_behalf_of=MARTA, note="Dale")
        assert answered["state"] in ("answering", "approved")

    await told(slack, "#mesa-de-ayuda", "Lo aprobó Marta Ríos")
    kept = await invgate.approval(approval)
    assert (kept.status, [(vote.user_id, vote.status, vote.note) for vote in kept.votes]) == (1, [(13, 1, "Dale")])
    assert (await invgate.writes()).get("PUT incident.approval.accept") == 1
    assert "Se aprobó: Notebook nueva" in _whole(await told(slack, ANA, "Se aprobó: Notebook nueva"))
    assert "Se aprobó" in _whole(await told(slack, MARTA, "Se aprobó: Notebook nueva"))
    said = [text for text in map(_whole, await slack.messages("#mesa-de-ayuda")) if "aprobó" in text]
    assert len(said) == 1  # InvGate's own word of it is an echo
    assert (await ask(hub, "GET", f"/approvals/{one['id']}"))["outcome"]["by"]["name"] == "Marta Ríos"
    await world.settle()


async def test_who_is_configured_is_added_as_a_voter_and_an_answer_in_invgate_closes_ours(
    sqlite_world: World, slack: SlackControl, invgate: InvGateControl
) -> None:
    rules = {"approvals": {"rules": [{"category": "Hardware", "approvers": ["11", "14"]}]}}  # Ana's id, and Sam's
    hub = await sqlite_world.hub(slack_settings(slack), invgate_settings(invgate), RULES, rules)
    await connect(hub, invgate, ["event", "request_id", "approval_id"], "approval_requested")
    await connect(hub, invgate, None, "approval_answered")
    number = await invgate.add_ticket("Monitor", requester=ANA, category_id=1)
    approval = await invgate.add_approval(number, [MARTA])

    assert await told(slack, SAM, "Monitor waits for approval")
    await invgate.wait_for(lambda call: call.path.endswith("add_voter"))
    one = await waiting(hub)
    assert [each["email"] for each in one["waits_for"]] == [SAM]  # Ana asked for it herself
    assert 14 in [vote.user_id for vote in (await invgate.approval(approval)).votes]

    await invgate.answer_approval(approval, "rejected", user=MARTA, note="Hay uno en depósito")
    assert await told(slack, SAM, "Monitor was rejected", "Marta Ríos")
    closed = await ask(hub, "GET", f"/approvals/{one['id']}")
    assert (closed["state"], closed["outcome"]["by"]["email"]) == ("rejected", MARTA)
    assert "PUT incident.approval.reject" not in await invgate.writes()
    await sqlite_world.settle()


async def test_what_invgate_refuses_is_open_again_and_somebody_hears_why(
    sqlite_world: World, slack: SlackControl, invgate: InvGateControl
) -> None:
    hub = await sqlite_world.hub(slack_settings(slack), invgate_settings(invgate), RULES)
    await connect(hub, invgate, ["event", "request_id", "approval_id"], "approval_requested")
    number = await invgate.add_ticket("Silla", requester=ANA)
    await invgate.add_approval(number, [MARTA])
    await told(slack, MARTA, "Espera aprobación: Silla")
    one = await waiting(hub)
    await invgate.fail_next("PUT incident.approval.accept", 2, status=400)  # by each of the two ids
    await ask(hub, "POST", f"/approvals/{one['id']}/approve", on_behalf_of=MARTA)
    assert await told(slack, "#centralita-ops", "InvGate no aceptó la respuesta sobre Silla")
    assert await told(slack, MARTA, "InvGate no aceptó la respuesta sobre Silla")
    again = await ask(hub, "GET", f"/approvals/{one['id']}")
    assert again["state"] == "open" and again["fault"]
    await ask(hub, "POST", f"/approvals/{one['id']}/approve", on_behalf_of=MARTA)
    await told(slack, "#mesa-de-ayuda", "Lo aprobó Marta Ríos")
    assert (await invgate.writes())["PUT incident.approval.accept"] == 1
    await sqlite_world.settle()


async def test_our_own_from_asking_to_the_answer(sqlite_world: World, slack: SlackControl) -> None:
    hub = await sqlite_world.hub(slack_settings(slack))
    stages = [
        {"approvers": ["nobody@example.com", SAM], "mode": "all", "fallbacks": [LUIS]},
        {"approvers": [MARTA]},
    ]
    body = {"title": "Licencia", "requester": ANA, "amount": 1500.5, "currency": "USD", "stages": stages}
    one = await ask(hub, "POST", "/approvals", **body)
    assert await told(slack, SAM, "Licencia waits for approval", "1,500.50 USD")
    assert await told(slack, LUIS, "Espera aprobación: Licencia", "1.500,50 USD")  # for whom nobody can reach
    path = f"/approvals/{one['id']}"
    await ask(hub, "POST", f"{path}/approve", on_behalf_of=SAM)
    await ask(hub, "POST", f"{path}/approve", on_behalf_of=LUIS)
    assert await told(slack, MARTA, "Espera aprobación: Licencia", "2 de 2")
    await ask(hub, "POST", f"{path}/reject", on_behalf_of=MARTA, note="Este mes no")
    for person in (ANA, MARTA, LUIS):
        assert await told(slack, person, "Se rechazó: Licencia", "Lo rechazó")
    assert await told(slack, ANA, "Este mes no")
    await sqlite_world.settle()


async def test_a_time_that_passed_while_nobody_was_there(sqlite_world: World, slack: SlackControl) -> None:
    hub = await sqlite_world.hub(slack_settings(slack))
    stages = [{"approvers": [MARTA]}]
    one = await ask(hub, "POST", "/approvals", title="Acceso", requester=ANA, stages=stages, expire_s=3600)
    await told(slack, MARTA, "Espera aprobación: Acceso")
    assert await hub.stop() == 0
    await _an_hour_ago(sqlite_world, one["id"])
    later = await sqlite_world.hub(slack_settings(slack), name="later")
    assert await told(slack, ANA, "No se aprobó a tiempo: Acceso")
    assert (await ask(later, "GET", f"/approvals/{one['id']}"))["state"] == "expired"
    await sqlite_world.settle()


async def _an_hour_ago(world: World, id_: str) -> None:
    """Sets an approval's end, and its timer, into the past."""
    database = await open_database(world.database_url)

    def move(tx: Transaction) -> None:
        approval = approvals.lock(tx, id_)
        assert approval is not None
        past = approval.created_at - 3600.0
        approvals.save(tx, msgspec.structs.replace(approval, expire_at=past), approval.version)
        timers.set_timer(tx, "approval.due", id_, past)

    await database.write(move)
    await database.close()


async def test_what_invgate_wants_of_two_is_over_when_both_have_answered(
    sqlite_world: World, slack: SlackControl, invgate: InvGateControl
) -> None:
    hub = await sqlite_world.hub(slack_settings(slack), invgate_settings(invgate), RULES)
    await connect(hub, invgate, None, "approval_requested")
    await connect(hub, invgate, None, "approval_answered")
    number = await invgate.add_ticket("Servidor nuevo", requester=ANA)
    approval = await invgate.add_approval(number, [MARTA, "diego@example.com"], needs="all")
    one = await waiting(hub)
    await ask(hub, "POST", f"/approvals/{one['id']}/approve", on_behalf_of=MARTA)
    await invgate.wait_for_sent(2)
    await told(slack, "#mesa-de-ayuda", "Servidor nuevo", "1")
    assert (await invgate.approval(approval)).status == -1
    assert (await ask(hub, "GET", f"/approvals/{one['id']}"))["state"] in ("answering", "open")

    await invgate.answer_approval(approval, "approved", user="diego@example.com")
    await told(slack, MARTA, "Se aprobó: Servidor nuevo")
    assert (await ask(hub, "GET", f"/approvals/{one['id']}"))["state"] == "approved"
    assert (await invgate.approval(approval)).status == 1


async def test_a_large_amount_goes_to_whom_the_rules_name(
    sqlite_world: World, slack: SlackControl, invgate: InvGateControl
) -> None:
    rules = {"approvals": {"rules": [{"amount_above": 1000, "approvers": [SAM]}]}}
    hub = await sqlite_world.hub(slack_settings(slack), invgate_settings(invgate, amount_field="77"), RULES, rules)
    await connect(hub, invgate, ["event", "request_id", "approval_id"], "approval_requested")
    number = await invgate.add_ticket("Servidor", requester=ANA, custom_fields={"77": "1500.50"})
    await invgate.add_approval(number, [MARTA])
    one = await waiting(hub)
    assert one["amount"] == 1500.5
    assert [each["email"] for each in one["waits_for"]] == [SAM]
    await invgate.wait_for(endpoint="incident.approval.add_voter")
    assert await told(slack, SAM, "Servidor")
