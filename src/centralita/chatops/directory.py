"""What Slack tells of people: that somebody changed their name, address or language."""

from __future__ import annotations

from centralita.chatops.context import Context
from centralita.chatops.handlers import ANYBODY, Handler


async def changed(context: Context) -> None:
    """https://docs.slack.dev/reference/events/user_change"""
    user = context.event.get("user")
    if isinstance(user, dict):
        context.people.learn(str(context.body.get("team_id") or ""), user)


HANDLERS = (Handler(kind="event", name="user_change", permission=ANYBODY, run=changed),)
