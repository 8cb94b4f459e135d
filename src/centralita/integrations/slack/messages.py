"""What a Slack message says, before it is cut and escaped: one line that says what happened, who must act, the fields,
then at most three links; and the message of an event that has none of its own.

Beside it: ``tickets``, ``conversations``, ``sessions``, ``registers`` (clients, contacts, assets) and ``system``;
``story`` chooses.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from babel.numbers import format_decimal

from centralita.core import payload
from centralita.core.lamps import OFF, colour_of, emoji_of
from centralita.core.mrkdwn import clean, safe_url
from centralita.core.series import draw, read_series
from centralita.i18n import N_, ngettext
from centralita.i18n import gettext as _
from centralita.integrations.slack.facts import LONG_TEXT, Facts


class Moment(msgspec.Struct, frozen=True):
    """A time that each reader sees in their own zone. RFC 3339."""

    time: str


class Link(msgspec.Struct, frozen=True):
    label: str
    url: str


class Confirm(msgspec.Struct, frozen=True):
    """What is asked before a button does its work."""

    title: str
    text: str
    yes: str
    no: str


class Button(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a reader can do by pressing; shown where the app is connected."""

    label: str
    action_id: str
    value: str = ""
    style: str = ""
    """``primary``, ``danger``, or "" for neither."""
    confirm: Confirm | None = None


Value = str | Moment | Link


class Field(msgspec.Struct, frozen=True):
    label: str
    value: Value


class Paragraph(msgspec.Struct, frozen=True):
    """A longer text; ``lines`` instead of ``text`` for a list that is never continued. ``inline``: the label and the
    text are one line, as who said what."""

    label: str
    text: str = ""
    lines: tuple[str | Link, ...] = ()
    inline: bool = False


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Texts are cleaned, not escaped; ``links`` are at most three. A reply in a thread may do without a headline."""

    emoji: str = ""
    headline: str = ""
    lead: str = ""
    fields: tuple[Field, ...] = ()
    paragraphs: tuple[Paragraph, ...] = ()
    links: tuple[Link, ...] = ()
    buttons: tuple[Button, ...] = ()
    """After the links, at most ten; none on what is over."""
    notes: tuple[Value, ...] = ()
    colour: str = OFF


SEVERITY_WORDS = {
    "critical": N_("Critical"),
    "high": N_("High"),
    "medium": N_("Medium"),
    "low": N_("Low"),
    "info": N_("Information"),
}
_STATUS_WORDS = {
    **dict.fromkeys(("firing", "alerting", "active", "triggered", "problem", "down"), N_("Firing")),
    **dict.fromkeys(("resolved", "ok", "recovered", "up"), N_("Resolved")),
    **dict.fromkeys(("open", "opened", "new"), N_("Open")),
    **dict.fromkeys(("closed", "done"), N_("Closed")),
    **dict.fromkeys(("acknowledged", "ack"), N_("Acknowledged")),
    **dict.fromkeys(("pending", "waiting"), N_("Pending")),
    **dict.fromkeys(("suppressed", "silenced", "muted"), N_("Silenced")),
}
"""What monitoring systems call how a thing stands, in lower case; what people named themselves stays as it is."""
SHOWN_CIS = 5


def status_in_words(status: str, locale: str) -> str:
    """A sender's word for how an alert stands, in the reader's language where it is one that everybody uses."""
    known = _STATUS_WORDS.get(status.casefold())
    return _(known, locale) if known is not None else status


def comment_paragraphs(facts: Facts) -> tuple[Paragraph, ...]:
    """The comment that the event carries, if this audience may read it."""
    if not facts.comment.get("text"):
        return ()
    author = facts.comment["author"] or _("somebody", facts.locale)
    return (Paragraph(_("Comment by {author}", facts.locale).format(author=author), facts.comment["text"]),)


def render_event(facts: Facts) -> Message:
    """The message of an event that is of no kind with a message of its own, and of an alert."""
    locale = facts.locale
    severity = _(SEVERITY_WORDS[facts.severity], locale).upper() if facts.severity else ""
    fields = [
        Field(_("Severity", locale), severity),
        Field(_("Source", locale), facts.event.source),
        Field(_("Time", locale), Moment(facts.event.time)),
        Field(_("Status", locale), status_in_words(facts.status, locale)),
        Field(_("Type", locale), "" if facts.severity else facts.type),
        Field(_("Requester", locale), facts.people["requester"]),
        Field(_("Agent", locale), facts.people["agent"]),
    ]
    return Message(
        emoji=emoji_of(facts.severity, facts.phase),
        headline=_headline(facts),
        lead=_("In the hands of {agent}.", locale).format(agent=facts.acknowledged) if facts.acknowledged else "",
        fields=tuple(field for field in fields if field.value),
        paragraphs=(*comment_paragraphs(facts), *present([
            Paragraph("", description_of(facts)),
            *course_of(facts),
            Paragraph(_("Affected CIs", locale), lines=affected_cis(facts)),
            *insights(facts),
        ])),
        links=links_of(facts, facts.event.url, _("Open at the source", locale)),
        buttons=_buttons(facts),
        colour=colour_of(facts.severity, facts.phase),
    )  # fmt: skip


def render_event_change(facts: Facts) -> Message:
    """What has just changed, for the thread."""
    if facts.type == "alert.acknowledged" and facts.acknowledged:
        headline = _("{who} took charge.", facts.locale).format(who=facts.acknowledged)
        return Message(emoji="👀", headline=headline, notes=(Moment(facts.event.time),))
    if facts.type == "centralita.incident.raised":
        return _raised(facts)
    return Message(
        emoji=emoji_of(facts.severity, facts.phase),
        headline=_headline(facts),
        paragraphs=present([Paragraph("", description_of(facts)), *course_of(facts), *insights(facts)]),
        notes=(Moment(facts.event.time),),
    )


def _raised(facts: Facts) -> Message:
    """An incident was created of what the thread is about."""
    code, url = (clean(payload.text(facts.event.data, f"incident.{name}", 300)) for name in ("id", "url"))
    headline = _("{incident} was created from this.", facts.locale).format(incident=code)
    links = (Link(_("Go to thread", facts.locale), url),) if safe_url(url) else ()
    return Message(emoji="🚨", headline=headline, links=links, notes=(Moment(facts.event.time),))


def _buttons(facts: Facts) -> tuple[Button, ...]:
    """What can be done about something that goes wrong: somebody takes charge of it, or makes an incident of it."""
    locale, event = facts.locale, facts.event
    if facts.audience != "channel" or facts.phase != "open" or not (facts.severity and event.subject):
        return ()
    take = Button(label=_("Acknowledge", locale), action_id="acknowledge_event", value=event.id, style="primary")
    make = Button(label=_("Create incident", locale), action_id="create_incident", value=event.id)
    return (make,) if facts.acknowledged else (take, make)


def _headline(facts: Facts) -> str:
    title = facts.title or facts.type
    return _("Resolved: {title}", facts.locale).format(title=title) if facts.phase == "closed" else title


def description_of(facts: Facts) -> str:
    """The longer text of a monitoring event."""
    return clean(payload.text(facts.event.data, "description", LONG_TEXT))


def course_of(facts: Facts) -> list[Paragraph]:
    """The event's series, drawn small."""
    course = draw(read_series(facts.event.data)) if facts.charts else None
    if course is None:
        return []
    ends = (course.least, course.most, course.last)
    least, most, last = (format_decimal(value, format="#,##0.###", locale=facts.locale) for value in ends)
    words = _("from {least} to {most}, now {last}", facts.locale).format(least=least, most=most, last=last)
    return [Paragraph(_("Course", facts.locale), f"{course.bars} {words}", inline=True)]


def affected_cis(facts: Facts) -> tuple[str | Link, ...]:
    """The configuration items that the event names, the first few of them."""
    found: list[str | Link] = []
    affected = [item for item in payload.items(facts.event.data, "affected_cis") if item]
    for item in affected[:SHOWN_CIS]:
        name = clean(payload.text(item, "name", 150) or payload.text(item, "id", 150) or payload.tame_text(item, 150))
        url = safe_url(payload.text(item, "url"))
        found.append(Link(name, url) if url else name)
    if (more := len(affected) - SHOWN_CIS) > 0:
        found.append(ngettext("and {n} more", "and {n} more", more, facts.locale).format(n=more))
    return tuple(found)


def insights(facts: Facts) -> list[Paragraph]:
    """The analysis that the sender's own tool made."""
    summary = clean(payload.text(facts.event.data, "ai_analysis.summary", LONG_TEXT))
    action = clean(payload.text(facts.event.data, "ai_analysis.recommended_action", LONG_TEXT))
    return [
        Paragraph(_("AI analysis", facts.locale), summary),
        Paragraph(_("Recommended action", facts.locale), action),
    ]


def present(paragraphs: Sequence[Paragraph]) -> tuple[Paragraph, ...]:
    """Those of ``paragraphs`` that say something."""
    return tuple(paragraph for paragraph in paragraphs if paragraph.text or paragraph.lines)


def links_of(facts: Facts, at_source: str, label: str) -> tuple[Link, ...]:
    """The event's page in the hub, its page at the sender under ``label``, and the runbook."""
    runbook = payload.text(facts.event.data, "annotations.runbook_url")
    links = [
        Link(_("View details", facts.locale), facts.page),
        Link(label, at_source),
        Link(_("Runbook", facts.locale), runbook),
    ]
    return tuple(link for link in links if safe_url(link.url))[:3]
