"""The message of a conversation with a customer: who wrote first, through which channel, and the rest in its thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from centralita.core import payload
from centralita.core.lamps import HELD, OFF, WAITING
from centralita.core.mrkdwn import clean, safe_url
from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.integrations.slack.facts import LONG_TEXT, Facts
from centralita.integrations.slack.messages import (
    Field,
    Link,
    Message,
    Moment,
    Paragraph,
    links_of,
    present,
)

_WRITTEN = ("message.received", "message.sent")
_HAPPENED: Mapping[str, tuple[str, str]] = {
    "message.delivered": ("✔️", N_("Message delivered")),
    "message.read": ("👀", N_("Message read")),
    "message.failed": ("⚠️", N_("Message not delivered")),
    "variables.changed": ("🧾", N_("Variables changed")),
}
_ATTACHMENTS = {
    "image": N_("Image"),
    "video": N_("Video"),
    "audio": N_("Audio"),
    "file": N_("File"),
    "document": N_("Document"),
    "sticker": N_("Sticker"),
}
_PLATFORMS = {
    "whatsapp": "WhatsApp",
    "webchat": "Webchat",
    "messenger": "Messenger",
    "telegram": "Telegram",
    "twitter": "Twitter",
    "instagram": "Instagram",
}
MOST_LINES = 10


def is_conversation(facts: Facts) -> bool:
    """Whether the event is a message, what became of one, or a change of a conversation's variables."""
    return facts.type in (*_WRITTEN, *_HAPPENED)


def render_conversation(facts: Facts, in_thread: bool) -> Message:
    """The conversation as it is now: with the customer's first message when the later ones are ``in_thread``."""
    locale, data = facts.locale, facts.event.data
    message = (facts.opening if in_thread else {}) or payload.mapping(data, "message")
    newest = payload.mapping(data, "message") or message
    contact, agent = facts.records["contact"], facts.people["agent"]
    who = contact.get("name") or contact.get("phone") or contact.get("id") or _text(message, "author")
    fields = [
        Field(_("Channel", locale), _channel(newest)),
        Field(_("Contact", locale), contact.get("phone", "") or contact.get("email", "")),
        Field(_("Queue", locale), _text(newest, "queue")),
        Field(_("Agent", locale), agent),
        Field(_("Status", locale), facts.event.status),
    ]
    return Message(
        emoji=_HAPPENED["message.failed"][0] if facts.type == "message.failed" else "💬",
        headline=_("Conversation with {name}", locale).format(name=who) if who else facts.title or facts.type,
        lead=_("In the hands of {agent}.", locale).format(agent=agent) if agent else "",
        fields=tuple(field for field in fields if field.value),
        paragraphs=_said(message, locale) or _variables(facts),
        links=links_of(facts, _text(newest, "url") or facts.event.url, _("Open conversation", locale)),
        notes=(facts.event.source, Moment(facts.event.time)),
        colour={"message.received": WAITING, "message.failed": HELD}.get(facts.type, OFF),
    )


def render_conversation_change(facts: Facts) -> Message:
    """What was written or has just happened, for the thread."""
    if facts.type in _WRITTEN:
        paragraphs = _said(payload.mapping(facts.event.data, "message"), facts.locale, inline=True)
        if paragraphs:
            return Message(paragraphs=paragraphs)
    emoji, headline = _HAPPENED.get(facts.type, ("💬", ""))
    return Message(
        emoji=emoji,
        headline=_(headline, facts.locale) if headline else facts.title or facts.type,
        paragraphs=_variables(facts),
        notes=(Moment(facts.event.time),),
    )


def _said(message: Mapping[str, Any], locale: str, *, inline: bool = False) -> tuple[Paragraph, ...]:
    """Who said what, and what came with it. The text alone is continued in the thread if it is long."""
    author = clean(_text(message, "author")) or (_("somebody", locale) if message else "")
    text = clean(payload.text(dict(message), "text", LONG_TEXT)) or _button(message, locale)
    brought = _brought(message, locale)
    if not text and brought:
        return (Paragraph(author, lines=brought),)
    return present([
        Paragraph(author, text, inline=inline),
        Paragraph("" if inline else _("Attachments", locale), lines=brought),
    ])  # fmt: skip


def _button(message: Mapping[str, Any], locale: str) -> str:
    label = clean(_text(message, "button"))
    return _("Button: {label}", locale).format(label=label) if label else ""


def _brought(message: Mapping[str, Any], locale: str) -> tuple[str | Link, ...]:
    """Attachments and the place, as links."""
    found: list[str | Link] = []
    for item in payload.items(dict(message), "attachments")[:MOST_LINES]:
        kind = payload.text(item, "kind", 50)
        if url := safe_url(payload.text(item, "url")):
            found.append(Link(_(_ATTACHMENTS[kind], locale) if kind in _ATTACHMENTS else clean(kind) or url, url))
    if place := clean(_text(message, "location")):
        label = _("Location: {place}", locale).format(place=place)
        url = _map(place)
        found.append(Link(label, url) if url else label)
    return tuple(found)


def _map(place: str) -> str:
    numbers = [payload.tame_number(part.strip()) for part in place.split(",")]
    if len(numbers) != 2 or None in numbers:
        return ""
    return f"https://www.openstreetmap.org/?mlat={numbers[0]}&mlon={numbers[1]}"


def _variables(facts: Facts) -> tuple[Paragraph, ...]:
    variables = payload.mapping(facts.event.data, "variables") if facts.type == "variables.changed" else {}
    lines = [f"{clean(name)[:100]}: {clean(payload.tame_text(value, 200))}" for name, value in variables.items()]
    return (Paragraph("", lines=tuple(lines[:MOST_LINES])),) if lines else ()


def _channel(message: Mapping[str, Any]) -> str:
    platform, channel = _text(message, "platform"), _text(message, "channel")
    return " · ".join(part for part in (_PLATFORMS.get(platform.lower(), platform), channel) if part)


def _text(message: Mapping[str, Any], name: str) -> str:
    return payload.text(dict(message), name, 200)
