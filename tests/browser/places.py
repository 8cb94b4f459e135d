"""Every page of the dashboard, with something on it: what each walk through it has to see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from centralita.sandbox.control import SinkControl
from centralita.sandbox.sink.answers import AnswerPlan
from centralita.services import ci_changes, incidents, rule_changes, webhook_changes
from centralita.services.incidents import NewIncident
from centralita.services.webhook_history import AttemptFilter, attempts
from tests.dashboard.office import ADMINISTRATOR, Office
from tests.dashboard.test_dead_letters import give_up, printed

LONG = "La impresora del segundo piso, la que está junto a la sala de reuniones, no tiene tóner desde ayer a la tarde"
TABS = (
    *("", "/deliveries", "/deliveries?view=deliveries", "/errors", "/settings", "/secrets", "/test", "/preview"),
    "/replay",
)
"""Of a webhook, after its own address."""
WHAT_HAPPENED = "what happened"
"""The kind of pages that are there once something has; ``pages_of`` lets it."""
PAGES: Mapping[str, Sequence[str]] = {
    "places": (
        *("/", "/events", "/webhooks", "/approvals", "/sources", "/rules", "/audit", "/users", "/tokens", "/profile"),
        *("/dead-letters", "/setup", "/test-event", "/users/the-admin", "/approvals/delegates"),
    ),
    "webhooks": ("/webhooks/new", "/webhooks?text=nothing", *(f"/webhooks/erp{tab}" for tab in TABS)),
    "lists": (
        *("/events?severity=critical&until=2999-01-01", "/events?text=nowhere", "/events?condition=(", "/search?q=zzz"),
        *("/rules/new", "/rules?text=nothing", "/rules/Grave", "/sources/new", "/sources/new?kind=generic"),
        *("/sources/desk", "/approvals?view=all", "/approvals?view=mine", "/dead-letters?lane=webhook%3Anone"),
        *("/audit?since=nonsense", "/audit?actor=nobody", "/audit?actor=user%3Aana", "/assets/conflicts"),
        *(f"/setup?step={step}" for step in ("slack", "source", "rule", "message")),
    ),
    WHAT_HAPPENED: (),
}
ALONE = ("/sign-in", "/sign-in?next=%2Frules", "/invitation/none")
"""Pages of whoever is not signed in."""


async def pages_of(office: Office, kind: str, name: str) -> Sequence[str]:
    """The pages of a kind; ``name`` is one that nothing in this office has."""
    return await _happened(office, name) if kind == WHAT_HAPPENED else PAGES[kind]


def kinds(*quick: str) -> pytest.MarkDecorator:
    """Has a test walk through the pages of each kind; in the short run through those that are ``quick`` only."""
    cases = [pytest.param(kind, marks=() if kind in quick else pytest.mark.long) for kind in PAGES]
    return pytest.mark.parametrize("kind", cases)


async def _happened(office: Office, name: str) -> list[str]:
    """Lets something of each kind happen; the pages that show it."""
    hub = office.hub
    about: dict[str, Any] = {"type": "printer.jammed", "subject": f"printer/{name}", "severity": "critical"}
    await office.receive(**about, title="Atasco", data={"n": 1})
    event = await office.receive(**about, title=LONG, data={"n": 2}, url="https://example.com/t/1")
    attempt = await _failed_attempt(office, name)
    incident = await incidents.create(hub, ADMINISTRATOR, NewIncident(title=LONG, priority="high", description=LONG))
    item = await ci_changes.create(hub, "user:ana", {"name": f"db {name}", "attributes": {"rto": "4h"}})
    rule = {"name": f"Rule {name}", "condition": "severity == 'low'", "dm": ["agent"]}
    await rule_changes.add(hub, "user:ana", rule)
    await give_up(office, await printed(office, f"Sin tóner {name}"))
    return [
        *(f"/events/{event}?part={part}" for part in ("story", "payload", "rules", "attempts", "changes")),
        *(f"/webhooks/{name}", f"/webhooks/{name}/errors", f"/webhooks/{name}/attempts/{attempt}"),
        *(f"/incidents/{incident.number}", f"/cis/{item.ci.id}", f"/approvals/{await office.approval(LONG)}"),
        f"/rules/{rule['name']}",
    ]


async def _failed_attempt(office: Office, webhook: str) -> str:
    """A webhook that its receiver has left, and its attempt."""
    fields = {"url": f"{office.sink}/gone", "types": ["printer.gone"], "description": LONG}
    async with SinkControl(office.sink) as sink:
        await sink.answer(AnswerPlan(path="/gone", status=410, body="<h1>gone</h1>"))
        await webhook_changes.add(office.hub, "user:ana", {"name": webhook, **fields}, "v1")
        event = await office.receive(type="printer.gone", title=LONG, subject=f"printer/{webhook}")
        with office.hub.bell.listening([event.removeprefix("evt_"), "desk"]) as ear:
            while not (found := await attempts(office.hub, webhook, AttemptFilter(), None, 1, "", "en")).items:
                await ear.wait()
                ear.clear()
    return found.items[0].id
