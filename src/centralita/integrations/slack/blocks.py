"""A message as Slack's JSON: Block Kit or plain text, cut to Slack's limits, escaped last.

Limits: https://docs.slack.dev/reference/block-kit/blocks (header 150, section 3,000, 10 fields of 2,000, 50 blocks) and
https://docs.slack.dev/changelog/2018-truncating-really-long-messages (text 4,000). What does not fit is ``overflow``,
for the thread.
"""

from __future__ import annotations

from typing import Any

import msgspec

from centralita.core import mrkdwn
from centralita.i18n import gettext as _
from centralita.integrations.slack.messages import Button, Field, Link, Message, Moment, Paragraph, Value

HEADER_LIMIT = 150
SECTION_LIMIT = 2900
MESSAGE_LIMIT = 8000
"""All paragraphs together. Slack refuses a message somewhere above 13,000 characters, fields and header included."""
TEXT_LIMIT = 3800
FIELD_LIMIT = 300
FALLBACK_LIMIT = 600
PART_LIMIT = 2800
MAX_PARTS = 10
LEAST_ROOM = 200
"""A paragraph that has less room than this goes to the thread whole."""


class Overflow(msgspec.Struct, frozen=True):
    """What of a paragraph did not fit; its text is not escaped yet."""

    label: str
    text: str


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of ``chat.postMessage`` that hold the content, and what is left for the thread."""

    text: str
    blocks: list[dict[str, Any]] = msgspec.field(default_factory=list)
    attachments: list[dict[str, Any]] = msgspec.field(default_factory=list)
    overflow: tuple[Overflow, ...] = ()

    def content(self) -> dict[str, Any]:
        """Empty lists are sent too: in an update they take away what the message had."""
        return {"text": self.text, "blocks": self.blocks, "attachments": self.attachments}


def render(message: Message, mentions: str, locale: str, *, use_blocks: bool, threads: bool) -> Rendered:
    """``message`` as Slack's JSON. ``mentions`` is Slack markup already; without ``threads`` there is no place for the
    rest, and the message says that it was cut."""
    return _blocks(message, mentions, locale, threads) if use_blocks else _text(message, mentions, locale, threads)


def _blocks(message: Message, mentions: str, locale: str, threads: bool) -> Rendered:
    headline = f"{message.emoji} {message.headline}"
    paragraphs = list(message.paragraphs)
    if mrkdwn.length(headline) > HEADER_LIMIT:
        paragraphs.insert(0, Paragraph("", message.headline))
    top = [{"type": "header", "text": _plain_text(mrkdwn.plain(mrkdwn.cut(headline, HEADER_LIMIT)))}]
    lead = " ".join(part for part in (mentions, mrkdwn.escape(mrkdwn.cut(message.lead, FIELD_LIMIT))) if part)
    if lead:
        top.append(_section(lead))
    below: list[dict[str, Any]] = []
    if message.fields:
        below.append({"type": "section", "fields": [_mrkdwn_text(_field(field)) for field in message.fields[:10]]})
    shown, overflow = _allot(paragraphs, SECTION_LIMIT, MESSAGE_LIMIT)
    below += [_section(text) for text in shown]
    elements = [_button(number, link) for number, link in enumerate(message.links[:3], 1)]
    elements += map(press, message.buttons[:10])
    if elements:
        below.append({"type": "actions", "elements": elements})
    notes = [_value(note) for note in message.notes] + ([_rest_note(locale, threads)] if overflow else [])
    if notes:
        below.append({"type": "context", "elements": [_mrkdwn_text(" · ".join(notes))]})
    fallback = " ".join(part for part in (mrkdwn.escape(mrkdwn.cut(headline, FALLBACK_LIMIT)), lead) if part)
    return Rendered(
        text=fallback,
        blocks=top,
        attachments=[{"color": message.colour, "blocks": below}] if below else [],
        overflow=overflow,
    )


def _text(message: Message, mentions: str, locale: str, threads: bool) -> Rendered:
    headline = mrkdwn.cut(f"{message.emoji} {message.headline}".strip(), FALLBACK_LIMIT)
    lines = [
        f"*{mrkdwn.escape(headline)}*" if headline else "",
        mentions,
        mrkdwn.escape(mrkdwn.cut(message.lead, FIELD_LIMIT)),
    ]
    lines += [_field(field, " ", FIELD_LIMIT // 2) for field in message.fields[:10]]
    links = " · ".join(mrkdwn.link(link.url, link.label) for link in message.links[:3])
    notes = " · ".join(_value(note) for note in message.notes)
    used = sum(len(line) + 1 for line in (*lines, links, notes)) + FIELD_LIMIT
    shown, overflow = _allot(message.paragraphs, SECTION_LIMIT, TEXT_LIMIT - used)
    rest = _rest_note(locale, threads) if overflow else ""
    return Rendered(text="\n".join(line for line in (*lines, *shown, rest, links, notes) if line), overflow=overflow)


def render_parts(overflow: tuple[Overflow, ...], link: Link | None, locale: str) -> list[str]:
    """The texts of the replies that continue a message: at most ``MAX_PARTS``, then a note where the rest is."""
    parts: list[str] = []
    left_out = False
    for item in overflow:
        pieces, rest = mrkdwn.split(item.text, PART_LIMIT, MAX_PARTS - len(parts))
        left_out = left_out or bool(rest)
        for number, piece in enumerate(pieces, 2):
            label = f"*{mrkdwn.escape(item.label)}* ({number})\n" if item.label else ""
            parts.append(label + mrkdwn.escape(piece))
    if left_out:
        note = _("The rest is too long for Slack.", locale)
        parts.append(" ".join([mrkdwn.escape(note), *([mrkdwn.link(link.url, link.label)] if link else [])]))
    return parts


def _allot(paragraphs: tuple[Paragraph, ...] | list[Paragraph], each: int, total: int) -> tuple[
    list[str], tuple[Overflow, ...]
]:  # fmt: skip
    """What is shown of each paragraph, as markup, and what is left of them, when all have ``total`` together."""
    shown, overflow = list[str](), list[Overflow]()
    for paragraph in paragraphs:
        title = _label(paragraph)
        room = min(each, total) - len(title)
        if paragraph.lines:
            text = title + "\n".join(f"• {_value(line)}" for line in paragraph.lines)
            shown.append(text)
            total -= len(text)
            continue
        pieces, rest = mrkdwn.split(paragraph.text, room, 1) if room >= LEAST_ROOM else ([], paragraph.text)
        if pieces:
            text = title + mrkdwn.escape(pieces[0])
            shown.append(text)
            total -= len(text)
        if rest:
            overflow.append(Overflow(paragraph.label, rest))
    return shown, tuple(overflow)


def _label(paragraph: Paragraph) -> str:
    if not paragraph.label:
        return ""
    label = mrkdwn.escape(mrkdwn.cut(paragraph.label, FIELD_LIMIT))
    return f"*{label}:* " if paragraph.inline else f"*{label}*\n"


def _rest_note(locale: str, threads: bool) -> str:
    note = _("It goes on in the thread.", locale) if threads else _("The rest is too long for Slack.", locale)
    return f"_{mrkdwn.escape(note)}_"


def _field(field: Field, separator: str = "\n", limit: int = FIELD_LIMIT) -> str:
    return f"*{mrkdwn.escape(field.label)}:*{separator}{_value(field.value, limit)}"


def _value(value: Value, limit: int = FIELD_LIMIT) -> str:
    if isinstance(value, Moment):
        return mrkdwn.moment(value.time)
    if isinstance(value, Link):
        return mrkdwn.link(value.url, mrkdwn.cut(value.label, limit))
    return mrkdwn.escape(mrkdwn.cut(mrkdwn.clean(value).replace("\n", " "), limit))


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn_text(text)}


def _button(number: int, link: Link) -> dict[str, Any]:
    text = mrkdwn.plain(mrkdwn.cut(link.label, 75))
    return {
        "type": "button",
        "text": _plain_text(text),
        "url": mrkdwn.safe_url(link.url),
        "action_id": f"open_{number}",
    }


def press(button: Button) -> dict[str, Any]:
    """A button as an element of an actions block."""
    shown = {"type": "button", "text": _plain_text(mrkdwn.plain(mrkdwn.cut(button.label, 75)))}
    shown |= {"action_id": button.action_id, "value": button.value}
    if button.style:
        shown["style"] = button.style
    if (asked := button.confirm) is not None:
        shown["confirm"] = {
            "title": _plain_text(mrkdwn.plain(mrkdwn.cut(asked.title, 100))),
            "text": _plain_text(mrkdwn.plain(mrkdwn.cut(asked.text, 290))),
            "confirm": _plain_text(mrkdwn.cut(asked.yes, 30)),
            "deny": _plain_text(mrkdwn.cut(asked.no, 30)),
        }
    return shown


def _mrkdwn_text(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def _plain_text(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": True}
