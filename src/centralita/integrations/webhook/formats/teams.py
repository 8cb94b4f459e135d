"""An Adaptive Card for a workflow of Microsoft Teams that posts what it gets at its address.

https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using: the envelope, and
28 KB for a message; https://adaptivecards.io/explorer/AdaptiveCard.html, version 1.4. What strangers wrote stands in
text runs, which know no Markdown, and in facts with its marks escaped.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from centralita.core.mrkdwn import cut
from centralita.integrations.webhook.formats.card import read_card
from centralita.integrations.webhook.formats.material import Material, Message

TITLE_LIMIT = 300
FIELD_LIMIT = 200
TEXT_LIMIT = 3_000
_MARKS = re.compile(r"([\\`*_\[\]<>#~|])")
_STYLES = {"#b3261e": "attention", "#a35c00": "warning", "#1f7a4d": "good", "#22619f": "accent", "#8a8f98": "default"}


def render_teams(material: Material) -> Message:
    """``{type: message, attachments: [card]}``."""
    card = read_card(material)
    title = _runs(cut(card.headline, TITLE_LIMIT), size="Large", weight="Bolder")
    heading = {"type": "Container", "style": _STYLES.get(card.colour, "default"), "bleed": True, "items": [title]}
    # The programs write the time in each reader's own zone and language.
    when = f"{{{{DATE({card.time}, SHORT)}}}} {{{{TIME({card.time})}}}}"
    facts = [{"title": _escape(label), "value": _escape(cut(value, FIELD_LIMIT))} for label, value in card.fields]
    body: list[dict[str, Any]] = [heading, _runs(card.happened)]
    body += [{"type": "FactSet", "facts": facts}] if facts else []
    body += [_runs(cut(card.text, TEXT_LIMIT))] if card.text else []
    body.append({"type": "TextBlock", "text": when, "isSubtle": True, "size": "Small", "wrap": True})
    content: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "fallbackText": cut(card.headline, TITLE_LIMIT),
        "body": body,
    }
    if card.links:
        content["actions"] = [{"type": "Action.OpenUrl", "title": label, "url": url} for label, url in card.links]
    kind = "application/vnd.microsoft.card.adaptive"
    attachment = {"contentType": kind, "contentUrl": None, "content": content}
    return Message(body=msgspec.json.encode({"type": "message", "attachments": [attachment]}))


def _runs(text: str, **style: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **style}]}


def _escape(text: str) -> str:
    return _MARKS.sub(r"\\\1", text)
