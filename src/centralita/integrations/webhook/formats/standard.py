"""``{"type", "timestamp", "data"}``, the payload that Standard Webhooks recommends.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import msgspec

from centralita.integrations.webhook.formats.material import Material, Message, type_name


def render_standard(material: Material) -> Message:
    """``data`` is the event with CloudEvents' attribute names, without what it does not say. An alias replaces the
    outer type only, so that the event can be recognised."""
    event = material.event
    said = {name: value for name, value in msgspec.to_builtins(event).items() if value}
    body = {"type": type_name(event, material.receiver), "timestamp": event.time, "data": said}
    return Message(body=msgspec.json.encode(body))
