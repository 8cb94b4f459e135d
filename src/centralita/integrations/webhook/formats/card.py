"""What a person reads of an event, for Slack, Teams, Discord and mail: one line that says what happened, the fields,
the longer text, and where to see more. Texts are cleaned, not escaped, and not yet cut to anybody's limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from centralita.core import payload
from centralita.core.event_types import SHARED
from centralita.core.events import Event
from centralita.core.lamps import colour_of, emoji_of
from centralita.core.mrkdwn import clean, safe_url
from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.integrations.webhook.formats.material import Material

SEVERITY_WORDS: Mapping[str, str] = {
    "critical": N_("Critical"),
    "high": N_("High"),
    "medium": N_("Medium"),
    "low": N_("Low"),
    "info": N_("Information"),
}
_LONG_TEXT = 100_000
_TEXTS = ("message.text", "description", "ticket.description", "approval.note", "reason", "notes", "feedback_text")


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """See above. ``fields`` and ``links`` are pairs of a label and a value."""

    emoji: str
    title: str
    happened: str
    """A sentence."""
    severity: str
    """In words; "" when the event does not say."""
    fields: tuple[tuple[str, str], ...]
    text: str
    links: tuple[tuple[str, str], ...]
    time: str
    """RFC 3339, in UTC and to the second."""
    colour: str

    @property
    def headline(self) -> str:
        """The title behind its sign."""
        return f"{self.emoji} {self.title}"

    @property
    def written_time(self) -> str:
        """For readers whose program shows no times of its own."""
        return self.time.replace("T", " ").replace("Z", " UTC")


def read_card(material: Material) -> Card:
    """The card in the receiver's language."""
    event, locale = material.event, material.receiver.locale
    severity = event.severity or material.subject.severity
    phase = event.phase or material.subject.phase
    declared = SHARED.get(event.type)
    return Card(
        emoji=emoji_of(severity, phase),
        title=_line(event.title or material.subject.title or event.type),
        happened=_(declared.meaning, locale) if declared else event.type,
        severity=_(SEVERITY_WORDS[severity], locale) if severity else "",
        fields=_fields(material, _(SEVERITY_WORDS[severity], locale) if severity else ""),
        text=_text(event, locale),
        links=_links(material),
        time=_to_the_second(event.time),
        colour=colour_of(severity, phase),
    )


def _fields(material: Material, severity: str) -> tuple[tuple[str, str], ...]:
    event, subject, locale = material.event, material.subject, material.receiver.locale
    known = {**subject.data, **event.data}

    def named(record: str) -> str:
        paths = (f"{record}.name", f"{record}.email", f"{record}.code", f"{record}.id")
        return _line(payload.first_text(known, *paths))

    found = (
        (_("Severity", locale), severity),
        (_("Status", locale), _line(event.status or subject.status)),
        (_("Priority", locale), "" if severity else _line(payload.text(known, "ticket.priority"))),
        (_("Category", locale), _line(event.category)),
        (_("Requester", locale), named("requester")),
        (_("Agent", locale), named("agent")),
        (_("Approver", locale), named("approver")),
        (_("Client", locale), named("client")),
        (_("Asset", locale), named("asset")),
        (_("Source", locale), _line(event.source)),
    )
    return tuple((label, value) for label, value in found if value)


def _text(event: Event, locale: str) -> str:
    comment = clean(payload.text(event.data, "comment.text", _LONG_TEXT))
    if comment:
        author = payload.first_text(event.data, "comment.author", "comment.author.name") or _("somebody", locale)
        return _("Comment by {author}", locale).format(author=_line(author)) + f": {comment}"
    texts = (clean(payload.text(event.data, path, _LONG_TEXT)) for path in _TEXTS)
    # A title may be nothing but the text's beginning, or all of it.
    return next((text for text in texts if text and _line(text) not in _line(event.title)), "")


def _links(material: Material) -> tuple[tuple[str, str], ...]:
    event, receiver, locale = material.event, material.receiver, material.receiver.locale
    page = f"{receiver.public_url.rstrip('/')}/events/{event.id}" if receiver.public_url else ""
    found = (
        (_("View details", locale), page),
        (_("Open at the source", locale), event.url),
        (_("Runbook", locale), payload.text(event.data, "annotations.runbook_url")),
    )
    return tuple((label, safe_url(url)) for label, url in found if safe_url(url))


def _line(value: str) -> str:
    return " ".join(clean(value).split())


def _to_the_second(time: str) -> str:
    try:
        return datetime.fromisoformat(time).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        return "1970-01-01T00:00:00Z"
