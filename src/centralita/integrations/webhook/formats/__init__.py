"""What a receiver gets: one function a format, from an event to the body and the headers that go with it.

All of them are pure and give the same bytes on every attempt: a receiver knows a repetition by its id and its body.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from centralita.integrations.webhook.formats import mail, standard
from centralita.integrations.webhook.formats.material import Material, Message, Unrenderable, type_name

__all__ = ["FORMATS", "Material", "Message", "Render", "Unrenderable", "render", "type_name"]

Render = Callable[[Material], Message]

FORMATS: Mapping[str, Render] = {
    "standard": standard.render_standard,
    "mail": mail.render_as_message,
}


def render(material: Material) -> Message:
    """The message in the receiver's format. Raises Unrenderable."""
    return FORMATS[material.receiver.format](material)
