"""SIGKILL between a decision and InvGate's answer: each decision is in InvGate once, a creation once or given up as
``invgate.outcome_unknown``. A few on each database here; ``make crash`` makes it fifty."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from typing import Any

import pytest

from centralita.sandbox.invgate.control import InvGateControl
from tests.scenarios.conftest import World, invgate_settings
from tests.scenarios.processes import HubProcess
from tests.scenarios.test_tickets import ask, connect
from tests.scenarios.waiting import until, until_answered


@pytest.fixture
def world(usual_world: World) -> World:
    """On PostgreSQL in the long run, and fifty times in ``make crash``."""
    return usual_world


KILLS = int(os.environ.get("CENTRALITA_TEST_DECISION_KILLS", "2"))
SEED = int(os.environ.get("CENTRALITA_TEST_SEED", "20260101"))
MARTA = "marta@example.com"
ACCEPT, CREATE = "incident.approval.accept", "incident"


async def _asked(hub: HubProcess, ticket: int) -> dict[str, Any]:
    """The approval that waits for an answer about a ticket, once the hub knows of it."""

    async def look() -> Any:
        listed = (await ask(hub, "GET", f"/approvals?state=waiting&subject=ticket/{ticket}"))["items"]
        return next((one for one in listed if one["ticket"] == str(ticket)), None)

    found: dict[str, Any] = await until_answered(look)
    return found


async def _round(hub: HubProcess, invgate: InvGateControl, number: int, chance: random.Random) -> int:
    """One decision and one wish for a ticket, and a kill while InvGate is about to answer, or at any moment. The id of
    InvGate's approval."""
    ticket = await invgate.add_ticket(f"Compra {number}", requester="ana@example.com")
    approval = await invgate.add_approval(ticket, [MARTA])
    asked = await _asked(hub, ticket)
    held = chance.choice([f"PUT {ACCEPT}", f"POST {CREATE}", ""])
    if held:
        await invgate.slow(60_000, held, 1, after_apply=True)
    before = max((call.seq for call in await invgate.calls()), default=0)
    await ask(hub, "POST", f"/approvals/{asked['id']}/approve", on_behalf_of=MARTA, note=f"Sí {number}")
    await ask(hub, "POST", "/tickets?wait_s=0", title=f"Creado {number}", requester="ana@example.com")
    if held:
        method, endpoint = held.split()
        await invgate.wait_for(after=before, method=method, endpoint=endpoint)
    else:
        await asyncio.sleep(chance.random() * 0.1)  # any moment is as good as another
    await hub.kill()
    await invgate.heal()
    await hub.start()
    return approval


@pytest.mark.timeout(300 if KILLS <= 10 else 3600)
async def test_a_kill_between_a_decision_and_its_answer(world: World, invgate: InvGateControl) -> None:
    chance = random.Random(SEED)
    # InvGate sends a webhook once: a busy machine must not make it a 503.
    patient = {"deliver": {"lease_s": 3}, "receive": {"max_wait_s": 60}}
    hub = await world.hub(invgate_settings(invgate), patient)
    approvals = []
    for number in range(KILLS):
        await invgate.clear_rules()  # the hub listens elsewhere after each start
        await connect(hub, invgate, event="approval_requested")
        approvals.append(await _round(hub, invgate, number, chance))

    rest = "select (select count(*) from inbox) + (select count(*) from deliveries)"
    await until(lambda: world.reader.value(rest) == 0, timeout_s=120)
    for approval in approvals:
        kept = await invgate.approval(approval)
        assert kept.status == 1 and [vote.status for vote in kept.votes] == [1], kept
    accepted = [call for call in await invgate.calls(endpoint=ACCEPT) if call.wrote]
    assert len(accepted) == KILLS, "each decision took effect once"

    made = Counter(call.form["title"] for call in await invgate.calls(method="POST", endpoint=CREATE) if call.wrote)
    letters = (await ask(hub, "GET", "/dead-letters?limit=500"))["items"]
    given_up = Counter(letter["detail"] for letter in letters if letter["reason"] == "invgate.outcome_unknown")
    assert len(letters) == given_up.total()
    for number in range(KILLS):
        title = f"Creado {number}"
        assert made[title] <= 1, made
        assert made[title] == 1 or given_up[title] == 1, (title, made, given_up)
    await world.settle()
