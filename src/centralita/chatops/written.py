"""What somebody wrote in Slack, for the forms and records that it goes into."""

from __future__ import annotations

from centralita.chatops.context import Context
from centralita.chatops.workspaces import UNREACHABLE
from centralita.core import mrkdwn


async def plain(context: Context, text: str) -> str:
    """Slack's markup as people read it, with the names of whom it mentions."""
    people = await context.people.find_all(context.client, context.person.team, mrkdwn.mentioned_people(text))
    return mrkdwn.read(text, {id_: person.called for id_, person in people.items()}).strip()


async def permalink(context: Context, ts: str) -> str:
    """The address of a message of the channel that it was done in; "" if Slack does not say."""
    if not ts:
        return ""
    try:
        answer = await context.client.chat_getPermalink(channel=context.channel, message_ts=ts)
    except UNREACHABLE:
        return ""
    return str(answer.get("permalink") or "")
