"""What Slack itself tells of the app: that it was uninstalled, or that its token is void."""

from __future__ import annotations

import structlog

from centralita.chatops.context import Context
from centralita.chatops.handlers import ANYBODY, Handler
from centralita.services import slack_setup

log = structlog.get_logger(__name__)


async def uninstalled(context: Context) -> None:
    """https://docs.slack.dev/reference/events/app_uninstalled"""
    await _end(context, "app_uninstalled")


async def revoked(context: Context) -> None:
    """https://docs.slack.dev/reference/events/tokens_revoked; the hub keeps no token of a person."""
    tokens = context.event.get("tokens")
    if isinstance(tokens, dict) and tokens.get("bot"):
        await _end(context, "tokens_revoked")


async def _end(context: Context, reason: str) -> None:
    team = str(context.body.get("team_id") or "")
    if not await slack_setup.end(context.hub, team, reason):
        log.warning("chat.ended", team=team, reason=reason)  # the file's workspace, or one that had ended before


HANDLERS = (
    Handler(kind="event", name="app_uninstalled", permission=ANYBODY, run=uninstalled),
    Handler(kind="event", name="tokens_revoked", permission=ANYBODY, run=revoked),
)
