"""A message for an incoming webhook of Slack: text for notifications, blocks and a colour bar for the channel.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and .../reference/block-kit/blocks: a header
has at most 150 characters, a section 3,000, ten fields of 2,000. Links are text: a button would want an app that
answers when it is pressed.
"""

from __future__ import annotations

from typing import Any

import msgspec

from centralita.core.mrkdwn import cut, escape, length, link, moment, plain
from centralita.integrations.webhook.formats.card import Card, read_card
from centralita.integrations.webhook.formats.material import Material, Message

HEADER_LIMIT = 150
FIELD_LIMIT = 300
TEXT_LIMIT = 2_900
FALLBACK_LIMIT = 600


def render_slack(material: Material) -> Message:
    """``{text, blocks, attachments}``."""
    card = read_card(material)
    top: list[dict[str, Any]] = [{"type": "header", "text": _plain(cut(card.headline, HEADER_LIMIT))}]
    if length(card.headline) > HEADER_LIMIT:
        top.append(_section(escape(cut(card.title, TEXT_LIMIT))))
    top.append(_section(escape(card.happened)))
    below: list[dict[str, Any]] = []
    if card.fields:
        below.append({"type": "section", "fields": [_mrkdwn(_field(*field)) for field in card.fields[:10]]})
    if card.text:
        below.append(_section(escape(cut(card.text, TEXT_LIMIT))))
    if card.links:
        below.append(_section(" · ".join(link(url, label) for label, url in card.links)))
    below.append({"type": "context", "elements": [_mrkdwn(moment(card.time))]})
    body = {"text": _fallback(card), "blocks": top, "attachments": [{"color": card.colour, "blocks": below}]}
    headers = (("content-type", "application/json; charset=utf-8"),)
    return Message(body=msgspec.json.encode(body), headers=headers)


def _fallback(card: Card) -> str:
    return escape(cut(f"{card.headline} · {card.happened}", FALLBACK_LIMIT))


def _field(label: str, value: str) -> str:
    return f"*{escape(label)}:*\n{escape(cut(value, FIELD_LIMIT))}"


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": plain(text), "emoji": True}
