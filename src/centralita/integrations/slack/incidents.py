"""The message of an incident, the line that opens its thread, and what its thread tells.

The data is that of ``services.incident_telling.said``; all of it is optional.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from centralita.core import mrkdwn, payload
from centralita.core.lamps import FLOWING, colour_of, emoji_of
from centralita.core.mrkdwn import clean
from centralita.i18n import N_, ngettext
from centralita.i18n import gettext as _
from centralita.integrations.slack.facts import LONG_TEXT, Facts
from centralita.integrations.slack.messages import (
    SEVERITY_WORDS,
    Button,
    Field,
    Link,
    Message,
    Moment,
    Paragraph,
    affected_cis,
    links_of,
    present,
)


class _Kind(msgspec.Struct, frozen=True):
    emoji: str
    change: str
    """msgid with ``{who} {to} {code}``."""


KINDS: Mapping[str, _Kind] = {
    "incident.created": _Kind("🚨", N_("{who} created {code}.")),
    "incident.acknowledged": _Kind("👀", N_("{who} took charge.")),
    "incident.assigned": _Kind("👤", N_("{who} assigned it to {to}.")),
    "incident.updated": _Kind("✏️", N_("{who} changed it.")),
    "incident.commented": _Kind("💬", N_("{who} wrote:")),
    "incident.related": _Kind("🔗", N_("This belongs to it too:")),
    "incident.resolved": _Kind("✅", N_("{who} resolved it.")),
    "incident.reopened": _Kind("🔄", N_("{who} reopened it.")),
    "centralita.incident.posted": _Kind("🚨", N_("{who} created {code}.")),
}
UNASSIGNED = N_("{who} assigned it to nobody in particular.")
STATES = {
    "open": N_("Nobody has taken charge yet"),
    "acknowledged": N_("Somebody is at it"),
    "resolved": N_("Resolved"),
}
FIELDS = {
    "title": N_("Title"),
    "description": N_("Description"),
    "priority": N_("Priority"),
    "affected": N_("Affected CIs"),
}
"""What ``changes`` may name."""


def is_incident(facts: Facts) -> bool:
    """Whether the hub itself tells of one of its incidents."""
    return facts.type in KINDS and payload.integer(facts.event.data, "incident.number") is not None


def render_incident(facts: Facts) -> Message:
    """The incident as it is now."""
    locale, state, priority = facts.locale, _said(facts, "status"), _said(facts, "priority")
    phase = "closed" if state == "resolved" else "open"
    headline = f"{_said(facts, 'id')} · {facts.title}"
    fields = [
        Field(_("Priority", locale), priority_in_words(priority, locale)),
        Field(_("Status", locale), _(STATES[state], locale) if state in STATES else state),
        Field(_("Assigned to", locale), _said(facts, "assignee") or _("nobody yet", locale)),
        Field(_("Reported by", locale), facts.people["requester"]),
    ]
    return Message(
        emoji=emoji_of(priority, phase),
        headline=_("Resolved: {title}", locale).format(title=headline) if phase == "closed" else headline,
        fields=tuple(field for field in fields if field.value),
        paragraphs=present([
            Paragraph(_("How it was resolved", locale), _said(facts, "note") if phase == "closed" else ""),
            Paragraph(_("Description", locale), _said(facts, "description")),
            Paragraph(_("Affected CIs", locale), lines=affected_cis(facts)),
        ]),
        links=_links(facts),
        buttons=_buttons(facts, state),
        notes=(Moment(_said(facts, "created_at") or facts.event.time),),
        colour=FLOWING if phase == "closed" else colour_of(priority, phase),
    )  # fmt: skip


def render_incident_change(facts: Facts) -> Message:
    """What has just happened, for the thread."""
    if facts.type == "incident.commented":
        author = facts.comment.get("author") or _("somebody", facts.locale)
        return Message(paragraphs=(Paragraph(author, facts.comment.get("text", ""), inline=True),))
    return Message(
        emoji=KINDS[facts.type].emoji,
        headline=_change(facts),
        paragraphs=present(_details(facts)),
        notes=(Moment(facts.event.time),),
    )


def open_thread(facts: Facts) -> str:
    """The first line of the thread in the incident's channel, as Slack's markup."""
    if facts.audience != "channel":
        return ""
    title = mrkdwn.escape(_("Incident timeline", facts.locale))
    what = _("Replies here become part of it; whoever edits or deletes one changes it there too.", facts.locale)
    return f"🧵 *{title}*\n{mrkdwn.escape(_change(facts))} {mrkdwn.escape(what)}"


def priority_in_words(priority: str, locale: str) -> str:
    """Critical, high..."""
    return _(SEVERITY_WORDS[priority], locale) if priority in SEVERITY_WORDS else priority


def _change(facts: Facts) -> str:
    locale = facts.locale
    to = _said(facts, "assignee")
    msgid = UNASSIGNED if facts.type == "incident.assigned" and not to else KINDS[facts.type].change
    who = _said(facts, "by") or facts.people["requester"] or _("somebody", locale)
    filled = _(msgid, locale).format(who=who, to=to, code=_said(facts, "id"))
    return filled[:1].upper() + filled[1:]


def _details(facts: Facts) -> list[Paragraph]:
    locale = facts.locale
    if facts.type == "incident.updated":
        return [Paragraph("", lines=changes_in_words(payload.mapping(facts.event.data, "incident.changes"), locale))]
    if facts.type == "incident.related":
        return [Paragraph("", lines=_related(facts))]
    if facts.type in ("incident.resolved", "incident.reopened"):
        return [Paragraph("", _said(facts, "note"))]
    return []


def changes_in_words(changes: Mapping[str, object], locale: str) -> tuple[str, ...]:
    """A line for each field that changed, ``{name: [before, after]}``; of a description only that it did."""
    lines = []
    for name, change in changes.items():
        if name not in FIELDS or not isinstance(change, list) or len(change) != 2:
            continue
        label, (before, after) = _(FIELDS[name], locale), (clean(payload.tame_text(each, 300)) for each in change)
        if name == "priority":
            before, after = priority_in_words(before, locale), priority_in_words(after, locale)
        lines.append(label if name == "description" else f"{label}: {before or '–'} → {after or '–'}")
    return tuple(lines)


def _related(facts: Facts) -> tuple[str, ...]:
    title = clean(payload.text(facts.event.data, "incident.related.title", 300))
    source = clean(payload.text(facts.event.data, "incident.related.source", 100))
    more = payload.integer(facts.event.data, "incident.related.more") or 0
    lines = [f"{title} ({source})" if source else title] if title else []
    if more:
        lines.append(ngettext("{n} more event", "{n} more events", more, facts.locale).format(n=more))
    return tuple(lines)


def _links(facts: Facts) -> tuple[Link, ...]:
    """Whoever reads of it outside of its channel is led to its thread."""
    if facts.audience == "channel":
        return links_of(facts, "", "")
    return links_of(facts, _said(facts, "url"), _("Go to thread", facts.locale))


def _buttons(facts: Facts, state: str) -> tuple[Button, ...]:
    """What can be done with it in its channel; nothing once it is over."""
    locale, number = facts.locale, _said(facts, "number")
    if facts.audience != "channel" or state == "resolved":
        return ()
    acknowledge = Button(
        label=_("Acknowledge", locale), action_id="incident_acknowledge", value=number, style="primary"
    )
    others = (
        Button(label=_("Assign to me", locale), action_id="incident_assign_to_me", value=number),
        Button(label=_("Resolve", locale), action_id="incident_resolve", value=number),
        Button(label=_("Update", locale), action_id="incident_update", value=number),
    )
    return (acknowledge, *others) if state == "open" else others


def _said(facts: Facts, name: str) -> str:
    return clean(payload.text(facts.event.data, f"incident.{name}", LONG_TEXT))
