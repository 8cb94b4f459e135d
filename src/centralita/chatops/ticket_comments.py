"""Comments on tickets from Slack. What people write in a ticket's thread stays there, unless they publish it by a
button of their own; and then it is internal, unless they say that the requester may read it."""

from __future__ import annotations

from centralita.chatops.context import Context
from centralita.chatops.handlers import Handler, Invalid, Said
from centralita.chatops.threads import Reply, Thread
from centralita.chatops.tickets import follow, number_of, say_asked
from centralita.chatops.views import tickets as views
from centralita.chatops.workspaces import UNREACHABLE
from centralita.chatops.written import plain
from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.services import tickets
from centralita.services.announcements import About
from centralita.services.threads import subject_of

TEXT_LIMIT = 60_000


def ticket_of(context: Context, about: About | None) -> str:
    """The number of the ticket that a thread is about, if it is one that can be commented; else ""."""
    hub = context.hub
    desk = hub.settings.invgate.service_desk.source if hub.invgate is not None and hub.invgate.has_desk else ""
    number = about.subject.removeprefix("ticket/") if about is not None and about.source == desk else ""
    return number if number.isdigit() else ""


async def _comment(context: Context, number: str, text: str, *, visible: bool = False, message: str = "") -> None:
    told = follow(context, message=message)
    actor = context.principal.actor
    await tickets.comment(context.hub, actor, number, text, visible=visible, wait_s=0.0, follow=told)
    await context.ack() if context.handler.kind == "view" else None
    said = (
        _("InvGate is asked to take the comment on #{number}; its requester may read it.", context.locale)
        if visible
        else _("InvGate is asked to take the internal comment on #{number}.", context.locale)
    )
    await say_asked(context, said.format(number=number))


# --- By command and button -------------------------------------------------------------------------------------------


async def comment(context: Context) -> None:
    """At once with a text, and internal; else by the modal."""
    words = context.arguments.words
    number = number_of(context, words[0] if words else "")
    _number, _space, rest = context.arguments.text.partition(" ")
    text = await plain(context, rest)
    if not text:
        await context.open_view(views.comment(context.locale, number, "", {"channel": context.channel}))
        return
    await _comment(context, number, text[:TEXT_LIMIT])


async def press_comment(context: Context) -> None:
    """Opens the modal."""
    number, where = number_of(context, context.value), {"channel": context.channel, "thread_ts": context.thread_ts}
    await context.open_view(views.comment(context.locale, number, "", where))


async def submit_comment(context: Context) -> None:
    """Asks InvGate to take it."""
    values, metadata = context.values, context.metadata
    text = str(values.get("text") or "").strip()
    if not text:
        raise Invalid({"text": _("There is nothing to publish.", context.locale)})
    visible = views.VISIBLE in (values.get(views.VISIBLE) or [])
    message = str(metadata.get("message") or "")
    await _comment(context, number_of(context, str(metadata.get("ticket"))), text, visible=visible, message=message)


async def toggle(context: Context) -> None:
    """Whether the requester may read it counts when the modal is submitted."""


# --- What is written in a ticket's thread ----------------------------------------------------------------------------


async def reply(context: Context, said: Reply, about: About) -> None:
    """Its author alone is offered to publish it."""
    number = ticket_of(context, about)
    if said.kind != "new" or not number or not said.text:
        return
    text, blocks = views.offer(number, f"{number} {said.channel}:{said.thread_ts}:{said.ts}", context.locale)
    await context.say(text, blocks)


THREAD = Thread(permission="ticket.comment", run=reply)


async def press_publish(context: Context) -> None:
    """The modal, with the message as it is now: it may have been edited since."""
    number, _space, message = context.value.partition(" ")
    channel, thread_ts, ts = (*message.split(":"), "", "", "")[:3]
    number = number_of(context, number)
    text = await plain(context, await _text_of(context, channel, thread_ts, ts))
    await context.open_view(_filled(context, number, text, message))


def _filled(context: Context, number: str, text: str, message: str) -> views.Block:
    where = {"channel": context.channel, "thread_ts": message.split(":")[1], "message": message}
    return views.comment(context.locale, number, text[: views.LONGEST_INPUT], where)


async def _text_of(context: Context, channel: str, thread_ts: str, ts: str) -> str:
    """A reply's text; "" when Slack does not give it: then its author writes it again."""
    try:
        answer = await context.client.conversations_replies(
            channel=channel,
            ts=thread_ts,
            oldest=ts,
            latest=ts,
            inclusive=True,
            limit=10,  # the parent is always among them
        )
    except UNREACHABLE:
        return ""
    found = [each for each in answer.get("messages") or [] if each.get("ts") == ts]
    return str(found[0].get("text") or "") if found else ""


async def publish_message(context: Context) -> None:
    """The same for any message of a ticket's thread."""
    message = context.message
    channel, thread_ts, ts = context.channel, context.thread_ts, str(message.get("ts") or "")
    about = await context.hub.database.read(lambda tx: subject_of(tx, channel, thread_ts or ts))
    number = ticket_of(context, about)
    if not number:
        raise Said(_("This message is in no ticket's thread.", context.locale))
    text = await plain(context, str(message.get("text") or ""))
    await context.open_view(_filled(context, number, text, f"{channel}:{thread_ts or ts}:{ts}"))


HANDLERS = (
    Handler(
        kind="command",
        name="/ticket comment",
        permission="ticket.comment",
        run=comment,
        help=N_("comments on one, internally; without a text in a window"),
        usage=N_("4521 [text]"),
        aliases=("comentar", "comentario"),
    ),
    Handler(kind="action", name="comment_ticket", permission="ticket.comment", run=press_comment),
    Handler(kind="action", name=views.VISIBLE, permission="ticket.comment", run=toggle),
    Handler(kind="action", name=views.PUBLISH, permission="ticket.comment", run=press_publish),
    Handler(kind="view", name=views.COMMENT, permission="ticket.comment", run=submit_comment),
    Handler(
        kind="message_shortcut",
        name="publish_as_comment",
        permission="ticket.comment",
        run=publish_message,
        help=N_("Publish it as a comment of its ticket"),
    ),
)
