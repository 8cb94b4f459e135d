"""An embed for a webhook of Discord; nobody is called by it.

https://discord.com/developers/docs/resources/webhook#execute-webhook and .../message#embed-object-embed-limits
(title 256, description 4,096, a field's name 256 and value 1,024, 25 fields, 6,000 characters in all).
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from centralita.core.mrkdwn import cut
from centralita.integrations.webhook.formats.card import Card, read_card
from centralita.integrations.webhook.formats.material import Material, Message

TITLE_LIMIT = 256
FIELD_LIMIT = 200
TEXT_LIMIT = 2_400
LINK_LIMIT = 500
_MARKS = re.compile(r"([\\`*_~|\[\]()<>#@]|^-)", re.MULTILINE)


def render_discord(material: Material) -> Message:
    """``{embeds: [...], allowed_mentions}``."""
    card = read_card(material)
    embed: dict[str, Any] = {
        "title": _fit(card.headline, TITLE_LIMIT),
        "description": _description(card),
        "color": int(card.colour[1:], 16),
        "timestamp": card.time,
        "fields": [
            {"name": _fit(label, FIELD_LIMIT), "value": _fit(value, FIELD_LIMIT), "inline": True}
            for label, value in card.fields
        ],
    }
    if card.links:
        embed["url"] = card.links[0][1]
    return Message(body=msgspec.json.encode({"embeds": [embed], "allowed_mentions": {"parse": []}}))


def _description(card: Card) -> str:
    # A parenthesis would end the address.
    addresses = [(label, url.replace("(", "%28").replace(")", "%29")) for label, url in card.links]
    links = " · ".join(f"[{_escape(label)}]({url})" for label, url in addresses if len(url) <= LINK_LIMIT)
    parts = (_escape(card.happened), _fit(card.text, TEXT_LIMIT) if card.text else "", links)
    return "\n\n".join(part for part in parts if part)


def _escape(text: str) -> str:
    return _MARKS.sub(r"\\\1", text)


def _fit(text: str, limit: int) -> str:
    """``text`` escaped, cut so that it is at most ``limit`` long then."""
    room = limit
    while len(escaped := _escape(cut(text, room))) > limit:
        room -= len(escaped) - limit
        if room < 2:
            return "…"
    return escaped
