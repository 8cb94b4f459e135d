"""The app's home tab: made anew whenever somebody opens it, and after what they do there."""

from __future__ import annotations

import structlog

from centralita.chatops.context import Context
from centralita.chatops.handlers import ANYBODY, Handler
from centralita.chatops.views.home import REFRESH, Home, render_home
from centralita.chatops.workspaces import UNREACHABLE
from centralita.core.incidents import Incident, Who
from centralita.services import approvals, health, incidents, tickets
from centralita.store.incidents import Filter

log = structlog.get_logger(__name__)

MOST_APPROVALS, MOST_INCIDENTS, MOST_TICKETS = 5, 10, 10


async def publish(context: Context) -> None:
    """Shows the person's home as it is now. May be lost."""
    view = render_home(await look_up(context), context.locale)
    try:
        await context.client.views_publish(user_id=context.person.id, view=view)
    except UNREACHABLE as fault:
        log.warning("chat.home_lost", person=context.person.id, fault=type(fault).__name__)


async def look_up(context: Context) -> Home:
    """What the person may see."""
    hub, principal = context.hub, context.principal
    found, who = None, Who(email=context.person.email, slack=context.person.id)
    if principal.may("approval.decide"):
        found = await approvals.waiting_for(hub, principal, MOST_APPROVALS + 1)
    return Home(
        approvals=found[:MOST_APPROVALS] if found is not None else None,
        more_approvals=found is not None and len(found) > MOST_APPROVALS,
        incidents=await _incidents(context, who) if principal.may("incident.read") else None,
        tickets=(
            await tickets.of_person(hub, context.person.email, MOST_TICKETS) if principal.may("ticket.read") else None
        ),
        trouble=await health.trouble(hub) if principal.may("delivery.read") else None,
        who=who,
        command=hub.settings.slack.command,
        at=hub.clock.now(),
    )


async def _incidents(context: Context, who: Who) -> list[Incident]:
    """Those that are not over: the person's own first."""
    mine = []
    if who.key:
        mine = await incidents.listing(context.hub, Filter(state="unresolved", assignee=who.key), MOST_INCIDENTS)
    every = await incidents.listing(context.hub, Filter(state="unresolved"), MOST_INCIDENTS)
    known = {each.number for each in mine}
    return [*mine, *(each for each in every if each.number not in known)][:MOST_INCIDENTS]


async def opened(context: Context) -> None:
    """Somebody looks at the app: at its home, not at its messages."""
    if context.event.get("tab", "home") == "home":
        await publish(context)


HANDLERS = (
    Handler(kind="event", name="app_home_opened", permission=ANYBODY, run=opened),
    Handler(kind="action", name=REFRESH, permission=ANYBODY, run=publish),
)
