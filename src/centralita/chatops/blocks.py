"""Block Kit's parts, kept within Slack's limits. Pure.

Texts of sections and contexts are Slack markup, escaped already; labels are plain text.
https://docs.slack.dev/reference/block-kit
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from centralita.chatops.views.notices import TITLE_LIMIT, plain_text
from centralita.i18n import gettext as _
from centralita.integrations.slack.blocks import press
from centralita.integrations.slack.messages import Button

FIELD_LIMIT = 2000
HEADER_LIMIT = 150
BLOCKS_IN_VIEW = 100
INPUT = "value"
"""The action_id of an input: a block has one."""

Block = dict[str, Any]


def header(text: str) -> Block:
    """A headline, plain."""
    return {"type": "header", "text": plain_text(text, HEADER_LIMIT)}


def context(*texts: str) -> Block:
    """Small print."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text[:FIELD_LIMIT]} for text in texts[:10]]}


def divider() -> Block:
    return {"type": "divider"}


def actions(buttons: Sequence[Button], block_id: str = "") -> Block:
    """Buttons in a row, at most 25."""
    found: Block = {"type": "actions", "elements": [press(button) for button in buttons[:25]]}
    return {**found, "block_id": block_id} if block_id else found


def entry(block_id: str, label: str, element: Mapping[str, Any], hint: str = "", *, optional: bool = False) -> Block:
    """Any input; without an ``action_id`` of its own the element has ``INPUT``."""
    found: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain_text(label, 2000),
        "element": {"action_id": INPUT, **element},
        "optional": optional,
    }
    return {**found, "hint": plain_text(hint, 2000)} if hint else found


def text_input(
    block_id: str,
    label: str,
    *,
    value: str = "",
    multiline: bool = False,
    most: int = 3000,
    hint: str = "",
    optional: bool = False,
) -> Block:
    """A text of at most ``most`` characters."""
    element: Block = {"type": "plain_text_input", "multiline": multiline, "max_length": most}
    if value:
        element["initial_value"] = value[:most]
    return entry(block_id, label, element, hint, optional=optional)


def person_input(block_id: str, label: str, *, hint: str = "", optional: bool = False, several: bool = False) -> Block:
    """Somebody of the workspace, or several."""
    element = {"type": "multi_users_select" if several else "users_select"}
    return entry(block_id, label, element, hint, optional=optional)


def choice_input(block_id: str, label: str, options: Mapping[str, str], chosen: str, *, hint: str = "") -> Block:
    """One of a few: value to text."""
    shown = [{"text": plain_text(text), "value": value} for value, text in options.items()]
    initial = next(option for option in shown if option["value"] == chosen)
    element = {"type": "radio_buttons", "options": shown, "initial_option": initial}
    return entry(block_id, label, element, hint)


def moment_input(block_id: str, label: str, *, hint: str = "", optional: bool = False) -> Block:
    """A day and a time, in the zone of whoever enters them; its value is seconds since 1970."""
    return entry(block_id, label, {"type": "datetimepicker"}, hint, optional=optional)


def modal(
    callback_id: str, title: str, submit: str, blocks: Sequence[Block], locale: str, metadata: Mapping[str, Any]
) -> Block:
    """A modal to fill in; ``metadata`` comes back with it (at most 3,000 characters as JSON)."""
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain_text(title, TITLE_LIMIT),
        "submit": plain_text(submit, TITLE_LIMIT),
        "close": plain_text(_("Cancel", locale), TITLE_LIMIT),
        "private_metadata": json.dumps(dict(metadata), ensure_ascii=False),
        "blocks": list(blocks),
    }


def home(blocks: Sequence[Block]) -> Block:
    """A home tab."""
    return {"type": "home", "blocks": list(blocks[:BLOCKS_IN_VIEW])}
