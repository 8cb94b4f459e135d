"""The message of a ticket and of its approval, and of the orders and requests of those who maintain things."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from centralita.core.lamps import FLOWING, SEVERITY_COLOURS, WAITING
from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.integrations.slack.facts import Facts
from centralita.integrations.slack.messages import (
    Button,
    Confirm,
    Field,
    Message,
    Moment,
    Paragraph,
    comment_paragraphs,
    description_of,
    insights,
    links_of,
    present,
)


class _Kind(msgspec.Struct, frozen=True):
    emoji: str
    headline: str
    """msgid with ``{ticket} {status} {agent} {author} {approver}``."""
    change: str


KINDS: Mapping[str, _Kind] = {
    "ticket.created": _Kind("🎫", N_("New ticket {ticket}"), N_("Ticket created")),
    "ticket.updated": _Kind("🎫", N_("Ticket {ticket} updated"), N_("Updated")),
    "ticket.status_changed": _Kind("🎫", N_("Ticket {ticket} is now {status}"), N_("Status: {status}")),
    "ticket.assigned": _Kind("👤", N_("Ticket {ticket} assigned to {agent}"), N_("Assigned to {agent}")),
    "ticket.commented": _Kind("💬", N_("New comment on ticket {ticket}"), N_("Comment by {author}")),
    "ticket.sla_breached": _Kind("⏰", N_("Ticket {ticket} missed its deadline"), N_("Deadline missed")),
    "ticket.closed": _Kind("✅", N_("Ticket {ticket} closed"), N_("Closed")),
    "ticket.reopened": _Kind("🔄", N_("Ticket {ticket} reopened"), N_("Reopened")),
    "ticket.deleted": _Kind("🗑️", N_("Ticket {ticket} deleted"), N_("Deleted")),
    "approval.requested": _Kind(
        "📝", N_("Ticket {ticket} waits for approval"), N_("Approval requested from {approver}")
    ),
    "approval.answered": _Kind("📝", N_("Approval of ticket {ticket} answered"), N_("Approval answered: {status}")),
}
_BY_TICKET: Mapping[str, Mapping[str, _Kind]] = {
    "work_order": {
        "ticket.created": _Kind("🛠️", N_("New work order {ticket}"), N_("Work order created")),
        "ticket.updated": _Kind("🛠️", N_("Work order {ticket} updated"), N_("Updated")),
        "ticket.deleted": _Kind("🗑️", N_("Work order {ticket} deleted"), N_("Deleted")),
    },
    "work_request": {
        "ticket.created": _Kind("📋", N_("New work request {ticket}"), N_("Work request created")),
        "ticket.updated": _Kind("📋", N_("Work request {ticket} updated"), N_("Updated")),
        "ticket.deleted": _Kind("🗑️", N_("Work request {ticket} deleted"), N_("Deleted")),
    },
}
"""By ``ticket.type``, what is called otherwise than a ticket."""


def is_ticket(facts: Facts) -> bool:
    """Whether the event is about a ticket or its approval."""
    return facts.type.startswith(("ticket.", "approval."))


def render_ticket(facts: Facts, in_thread: bool, desk: str = "") -> Message:
    """The ticket as it is now. ``in_thread``: a comment stands in the thread, not here too; ``desk``: the source whose
    tickets can be changed from here."""
    kind, locale = _kind(facts), facts.locale
    headline = _fill(kind.headline, facts)
    nobody = "" if _tells_no_agent(facts) else _("nobody yet", locale)
    fields = [
        Field(_("Requester", locale), facts.people["requester"]),
        Field(_("Client", locale), facts.named("client")),
        Field(_("Asset", locale), facts.named("asset")),
        Field(_("Agent", locale), facts.people["agent"] or nobody),
        Field(_("Priority", locale), facts.ticket["priority"]),
        Field(_("Status", locale), facts.status),
        Field(_("Category", locale), facts.ticket["category"]),
        Field(_("Approver", locale), facts.people["approver"] if facts.type.startswith("approval.") else ""),
    ]
    description = Paragraph(_("Description", locale), facts.ticket["description"] or description_of(facts))
    comment = () if in_thread else comment_paragraphs(facts)
    return Message(
        emoji=kind.emoji,
        headline=f"{headline}: {facts.title}" if facts.title else headline,
        lead=_lead(facts),
        fields=tuple(field for field in fields if field.value),
        paragraphs=(*comment, *present([description, *insights(facts)])),
        links=links_of(facts, facts.ticket["url"] or facts.event.url, _("Open ticket", locale)),
        buttons=_buttons(facts) if desk and facts.event.source == desk else (),
        notes=(facts.event.source, Moment(facts.event.time)),
        colour=FLOWING if facts.phase == "closed" else SEVERITY_COLOURS.get(facts.severity or "", WAITING),
    )


def render_ticket_change(facts: Facts) -> Message:
    """What has just changed, for the thread below a message that already tells the rest."""
    kind = _kind(facts)
    paragraphs = comment_paragraphs(facts)
    if facts.type == "ticket.commented":
        paragraphs = tuple(Paragraph("", paragraph.text) for paragraph in paragraphs)
    return Message(
        emoji=kind.emoji,
        headline=_fill(kind.change, facts),
        paragraphs=paragraphs,
        notes=(Moment(facts.event.time),),
    )


def _buttons(facts: Facts) -> tuple[Button, ...]:
    """What those who work on it can do; nothing for its requester, or once it is over."""
    locale, number = facts.locale, facts.ticket["id"] or facts.event.subject.removeprefix("ticket/")
    if facts.audience not in ("channel", "agent") or facts.phase == "closed" or not facts.type.startswith("ticket."):
        return ()
    if not number.isdigit() or facts.type == "ticket.deleted":
        return ()
    sure = Confirm(
        title=_("Resolve ticket #{number}?", locale).format(number=number),
        text=_("Its requester is told that it is solved.", locale),
        yes=_("Resolve", locale),
        no=_("Not yet", locale),
    )
    return (
        Button(label=_("Assign to me", locale), action_id="assign_ticket", value=number),
        Button(label=_("Comment", locale), action_id="comment_ticket", value=number),
        Button(label=_("Resolve", locale), action_id="resolve_ticket", value=number, style="primary", confirm=sure),
    )


def _kind(facts: Facts) -> _Kind:
    other = _BY_TICKET.get(facts.ticket["type"], {}).get(facts.type)
    return other or KINDS.get(facts.type, KINDS["ticket.updated"])


def _tells_no_agent(facts: Facts) -> bool:
    """Whether the sender never says who works on it: then that nobody does would be a guess."""
    return facts.ticket["type"] in _BY_TICKET and not facts.people["agent"]


def _lead(facts: Facts) -> str:
    """Who must act now."""
    if facts.phase == "closed" or facts.audience == "requester" or _tells_no_agent(facts):
        return ""
    agent, approver = facts.people["agent"], facts.people["approver"]
    if facts.type == "approval.requested":
        text = _("{approver} has to approve or reject it.", facts.locale)
        return text.format(approver=approver or _("Somebody", facts.locale))
    if facts.type == "ticket.sla_breached" and agent:
        return _("{agent} has to act now.", facts.locale).format(agent=agent)
    if not agent:
        return _("Nobody is assigned yet.", facts.locale)
    return _("In the hands of {agent}.", facts.locale).format(agent=agent)


def _fill(msgid: str, facts: Facts) -> str:
    locale = facts.locale
    number = facts.ticket["pretty_id"] or facts.ticket["id"] or facts.event.subject.rpartition("/")[2]
    filled = _(msgid, locale).format(
        ticket=f"#{number}" if number[:1].isdigit() else number,
        status=facts.status or _("changed", locale),
        agent=facts.people["agent"] or _("nobody", locale),
        author=facts.comment.get("author") or _("somebody", locale),
        approver=facts.people["approver"] or _("somebody", locale),
    )
    return " ".join(filled.split())
