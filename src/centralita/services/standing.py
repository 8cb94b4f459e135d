"""How things stand: whether the hub works, what is open, who is at it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from centralita.core.attributes import word
from centralita.core.records import Record
from centralita.services import events, health
from centralita.services.access import policy_of
from centralita.services.events import EventSummary
from centralita.services.health import Trouble
from centralita.services.hub import Hub
from centralita.store import incidents, records, subjects, users
from centralita.store.database import Transaction
from centralita.store.events import Filter

OPEN_SINCE_S = 30 * 86_400.0
"""What nobody said anything of for longer is not counted as open."""
MOST_TICKETS, MOST_INCIDENTS, MOST_ACCOUNTS = 2_000, 500, 1_000
SEARCHED_S, SEARCHED = 30 * 86_400.0, 500


@dataclass(frozen=True)
class Standing:
    """As ``centralita status`` shows it."""

    trouble: Trouble
    response_ms: int
    """How long the hub took to write to its database and to read this."""
    active_agents: int
    """People who have an open ticket or an incident that is not over."""
    agents: int
    """Those, and whoever may be assigned a ticket by their role."""
    open_events: int
    """What sources told of as open in the last 30 days, and the incidents that are not over."""


async def standing(hub: Hub) -> Standing:
    """How things stand now. Raises StoreUnavailable."""
    began = time.monotonic()
    trouble = await health.trouble(hub)
    response_ms = round((time.monotonic() - began) * 1000)
    policy, now = policy_of(hub), hub.clock.now()
    able = {role for role, permissions in policy.roles.items() if "ticket.assign" in permissions}
    mapped = {who.lower() for who, role in policy.user_roles.items() if "@" in who and role in able}

    def read(tx: Transaction) -> tuple[set[str], set[str], int]:
        tickets = records.newest(tx, records.Filter(kind="ticket", phase="open"), MOST_TICKETS)
        unresolved = incidents.listing(tx, incidents.Filter(state="unresolved"), MOST_INCIDENTS)
        assigned = {_agent(each) for each, _at in tickets} | {each.assignee.key for each in unresolved}
        accounts = users.listing(tx, MOST_ACCOUNTS)
        staff = {each.email.lower() or each.name for each in accounts if each.enabled and each.role in able}
        return assigned - {""}, staff, subjects.count_open(tx, now - OPEN_SINCE_S) + len(unresolved)

    active, staff, open_events = await hub.database.read(read)
    return Standing(trouble, response_ms, len(active), len(active | staff | mapped), open_events)


def _agent(ticket: Record) -> str:
    agent = ticket.data.get("agent")
    return str(agent.get("email") or agent.get("name") or "").lower() if isinstance(agent, dict) else ""


async def events_called(hub: Hub, text: str, limit: int) -> list[EventSummary]:
    """The newest events whose title or subject has ``text`` in it, whatever its accents and case: among the 500 newest
    of the last 30 days."""
    wanted = word(text)
    found = await events.find(hub, Filter(since=hub.clock.now() - SEARCHED_S), None, SEARCHED, "")
    hits = [each for each in found.items if wanted in word(each.title) or wanted in word(each.subject)]
    return hits[:limit]
