"""What a Slack message says, before it is cut and escaped: one line that says what happened, who must act, the fields,
then at most three links.

``render_root`` is the message of a subject in its newest state; ``render_change`` the line that its thread gets.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from centralita.core import payload
from centralita.i18n import N_, ngettext
from centralita.i18n import gettext as _
from centralita.integrations.slack.facts import LONG_TEXT, Facts
from centralita.integrations.slack.mrkdwn import clean, safe_url

FLOWING, WAITING, HELD, FAILED, OFF = "#1f7a4d", "#22619f", "#a35c00", "#b3261e", "#8a8f98"
"""The lamps, as colour bars."""


class Moment(msgspec.Struct, frozen=True):
    """A time that each reader sees in their own zone. RFC 3339."""

    time: str


class Link(msgspec.Struct, frozen=True):
    label: str
    url: str


Value = str | Moment | Link


class Field(msgspec.Struct, frozen=True):
    label: str
    value: Value


class Paragraph(msgspec.Struct, frozen=True):
    """A longer text; ``lines`` instead of ``text`` for a list that is never continued."""

    label: str
    text: str = ""
    lines: tuple[str | Link, ...] = ()


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Texts are cleaned, not escaped; ``links`` are at most three."""

    emoji: str
    headline: str
    lead: str = ""
    fields: tuple[Field, ...] = ()
    paragraphs: tuple[Paragraph, ...] = ()
    links: tuple[Link, ...] = ()
    notes: tuple[Value, ...] = ()
    colour: str = OFF


class _Kind(msgspec.Struct, frozen=True):
    emoji: str
    headline: str
    """msgid with ``{ticket} {status} {agent} {author} {approver}``."""
    change: str


TICKET_KINDS = {
    "ticket.created": _Kind("🎫", N_("New ticket {ticket}"), N_("Ticket created")),
    "ticket.updated": _Kind("🎫", N_("Ticket {ticket} updated"), N_("Updated")),
    "ticket.status_changed": _Kind("🎫", N_("Ticket {ticket} is now {status}"), N_("Status: {status}")),
    "ticket.assigned": _Kind("👤", N_("Ticket {ticket} assigned to {agent}"), N_("Assigned to {agent}")),
    "ticket.commented": _Kind("💬", N_("New comment on ticket {ticket}"), N_("Comment by {author}")),
    "ticket.sla_breached": _Kind("⏰", N_("Ticket {ticket} missed its deadline"), N_("Deadline missed")),
    "ticket.closed": _Kind("✅", N_("Ticket {ticket} closed"), N_("Closed")),
    "ticket.reopened": _Kind("🔄", N_("Ticket {ticket} reopened"), N_("Reopened")),
    "approval.requested": _Kind(
        "📝", N_("Ticket {ticket} waits for approval"), N_("Approval requested from {approver}")
    ),
    "approval.answered": _Kind("📝", N_("Approval of ticket {ticket} answered"), N_("Approval answered: {status}")),
}

SEVERITY_EMOJI = {"critical": "🚨", "high": "⚠️", "medium": "📊", "low": "ℹ️"}
OTHER_EMOJI = "📌"
SEVERITY_WORDS = {
    "critical": N_("Critical"),
    "high": N_("High"),
    "medium": N_("Medium"),
    "low": N_("Low"),
    "info": N_("Information"),
}
SEVERITY_COLOURS = {"critical": FAILED, "high": HELD, "medium": WAITING, "low": WAITING, "info": OFF}
SHOWN_CIS = 5


def render_root(facts: Facts, in_thread: bool) -> Message:
    """The message of the subject as it is now. ``in_thread``: a comment stands in the thread, not here too."""
    return _ticket_message(facts, in_thread) if is_ticket(facts) else _event_message(facts)


def render_change(facts: Facts) -> Message:
    """What has just changed, for the thread below a message that already tells the rest."""
    if is_ticket(facts):
        kind = TICKET_KINDS.get(facts.type, TICKET_KINDS["ticket.updated"])
        emoji, headline = kind.emoji, _fill(kind.change, facts)
        paragraphs = _comment_paragraphs(facts)
        if facts.type == "ticket.commented":
            paragraphs = tuple(Paragraph("", paragraph.text) for paragraph in paragraphs)
    else:
        emoji, headline = _event_emoji(facts), _event_headline(facts)
        paragraphs = _present([Paragraph("", _description(facts)), *_insights(facts)])
    return Message(emoji=emoji, headline=headline, paragraphs=paragraphs, notes=(Moment(facts.event.time),))


def is_ticket(facts: Facts) -> bool:
    """Whether the message is a ticket's: by the type, or because the sender's unknown event carries a ticket."""
    return facts.type.startswith(("ticket.", "approval."))


def _ticket_message(facts: Facts, in_thread: bool) -> Message:
    kind = TICKET_KINDS.get(facts.type, TICKET_KINDS["ticket.updated"])
    headline = _fill(kind.headline, facts)
    locale = facts.locale
    approver = facts.people["approver"] if facts.type.startswith("approval.") else ""
    fields = [
        Field(_("Requester", locale), facts.people["requester"]),
        Field(_("Agent", locale), facts.people["agent"] or _("nobody yet", locale)),
        Field(_("Priority", locale), facts.ticket["priority"]),
        Field(_("Status", locale), facts.status),
        Field(_("Category", locale), facts.ticket["category"]),
        Field(_("Approver", locale), approver),
    ]
    description = Paragraph(_("Description", locale), facts.ticket["description"] or _description(facts))
    comment = () if in_thread else _comment_paragraphs(facts)
    return Message(
        emoji=kind.emoji,
        headline=f"{headline}: {facts.title}" if facts.title else headline,
        lead=_lead(facts),
        fields=tuple(field for field in fields if field.value),
        paragraphs=(*comment, *_present([description, *_insights(facts)])),
        links=_links(facts, facts.ticket["url"] or facts.event.url, _("Open ticket", locale)),
        notes=(facts.event.source, Moment(facts.event.time)),
        colour=FLOWING if facts.phase == "closed" else SEVERITY_COLOURS.get(facts.severity or "", WAITING),
    )


def _lead(facts: Facts) -> str:
    """Who must act now."""
    if facts.phase == "closed" or facts.audience == "requester":
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
    locale, number = facts.locale, facts.ticket["id"] or facts.event.subject.rpartition("/")[2]
    filled = _(msgid, locale).format(
        ticket=f"#{number}" if number[:1].isdigit() else number,
        status=facts.status or _("changed", locale),
        agent=facts.people["agent"] or _("nobody", locale),
        author=facts.comment.get("author") or _("somebody", locale),
        approver=facts.people["approver"] or _("somebody", locale),
    )
    return " ".join(filled.split())


def _comment_paragraphs(facts: Facts) -> tuple[Paragraph, ...]:
    if not facts.comment.get("text"):
        return ()
    author = facts.comment["author"] or _("somebody", facts.locale)
    return (Paragraph(_("Comment by {author}", facts.locale).format(author=author), facts.comment["text"]),)


def _event_message(facts: Facts) -> Message:
    locale = facts.locale
    severity = _(SEVERITY_WORDS[facts.severity], locale).upper() if facts.severity else ""
    fields = [
        Field(_("Severity", locale), severity),
        Field(_("Source", locale), facts.event.source),
        Field(_("Time", locale), Moment(facts.event.time)),
        Field(_("Status", locale), facts.status),
        Field(_("Type", locale), "" if facts.severity else facts.type),
        Field(_("Requester", locale), facts.people["requester"]),
        Field(_("Agent", locale), facts.people["agent"]),
    ]
    return Message(
        emoji=_event_emoji(facts),
        headline=_event_headline(facts),
        fields=tuple(field for field in fields if field.value),
        paragraphs=(*_comment_paragraphs(facts), *_present([
            Paragraph("", _description(facts)),
            Paragraph(_("Affected CIs", locale), lines=_affected(facts)),
            *_insights(facts),
        ])),
        links=_links(facts, facts.event.url, _("Open at the source", locale)),
        colour=FLOWING if facts.phase == "closed" else SEVERITY_COLOURS.get(facts.severity or "", OFF),
    )  # fmt: skip


def _event_emoji(facts: Facts) -> str:
    return "✅" if facts.phase == "closed" else SEVERITY_EMOJI.get(facts.severity or "", OTHER_EMOJI)


def _event_headline(facts: Facts) -> str:
    title = facts.title or facts.type
    return _("Resolved: {title}", facts.locale).format(title=title) if facts.phase == "closed" else title


def _description(facts: Facts) -> str:
    return clean(payload.text(facts.event.data, "description", LONG_TEXT))


def _affected(facts: Facts) -> tuple[str | Link, ...]:
    found: list[str | Link] = []
    affected = [item for item in payload.items(facts.event.data, "affected_cis") if item]
    for item in affected[:SHOWN_CIS]:
        name = clean(payload.text(item, "name", 150) or payload.text(item, "id", 150) or payload.tame_text(item, 150))
        url = safe_url(payload.text(item, "url"))
        found.append(Link(name, url) if url else name)
    if (more := len(affected) - SHOWN_CIS) > 0:
        found.append(ngettext("and {n} more", "and {n} more", more, facts.locale).format(n=more))
    return tuple(found)


def _insights(facts: Facts) -> list[Paragraph]:
    """The analysis that the sender's own tool made."""
    summary = clean(payload.text(facts.event.data, "ai_analysis.summary", LONG_TEXT))
    action = clean(payload.text(facts.event.data, "ai_analysis.recommended_action", LONG_TEXT))
    return [
        Paragraph(_("AI analysis", facts.locale), summary),
        Paragraph(_("Recommended action", facts.locale), action),
    ]


def _present(paragraphs: Sequence[Paragraph]) -> tuple[Paragraph, ...]:
    return tuple(paragraph for paragraph in paragraphs if paragraph.text or paragraph.lines)


def _links(facts: Facts, at_source: str, label: str) -> tuple[Link, ...]:
    runbook = payload.text(facts.event.data, "annotations.runbook_url")
    links = [
        Link(_("View details", facts.locale), facts.page),
        Link(label, at_source),
        Link(_("Runbook", facts.locale), runbook),
    ]
    return tuple(link for link in links if safe_url(link.url))[:3]
