"""What the operator's own Liquid template writes (``core.templates``): limited, and each value escaped where it stands.

A name is an attribute of the event, else a key of its data, as in conditions: ``{{ title }}``, ``{{ ticket.id }}``;
``data`` holds all of the latter.
"""

from __future__ import annotations

from typing import Any

import msgspec

from centralita.core import templates
from centralita.core.events import Event
from centralita.integrations.webhook.formats.material import Material, Message, Unrenderable


def render_template(material: Material) -> Message:
    """The template filled in. Raises Unrenderable when that fails, or gives no JSON where it is to be JSON."""
    receiver = material.receiver
    target = target_of(receiver.content_type)
    try:
        text = templates.render(receiver.template, variables(material.event), target)
    except templates.TemplateError as fault:
        raise Unrenderable("webhook.template", str(fault)) from None
    body = text.encode("utf-8", "replace")
    if target == "json":
        try:
            msgspec.json.decode(body)
        except ValueError as fault:
            # Its own words: what is wrong and at which byte, never the text.
            raise Unrenderable("webhook.template_json", str(fault)[:200]) from None
    return Message(body=body, headers=(("content-type", receiver.content_type),))


def variables(event: Event) -> dict[str, Any]:
    """What a template can name."""
    attributes = msgspec.to_builtins(event)
    return {**event.data, **attributes}


def check_template(template: str, content_type: str) -> list[templates.TemplateError]:
    """What is wrong with a template before any event is filled in; [] when nothing is."""
    if not template.strip():
        return [templates.TemplateError("webhook.template_missing")]
    try:
        templates.check(template, target_of(content_type))
    except templates.TemplateError as fault:
        return [fault]
    return []


def target_of(content_type: str) -> templates.Target:
    """How values are escaped in a body of that type."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "application/json" or media_type.endswith("+json"):
        return "json"
    return "html" if media_type.endswith(("html", "xml")) else "text"
