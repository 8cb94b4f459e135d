"""What the sender sent, byte for byte.

One request may bring several events; each is sent with the whole body and its own id (``evt_..._1``).
"""

from __future__ import annotations

from centralita.core.headers import judge_header
from centralita.integrations.webhook.formats.material import Material, Message, Unrenderable

UNKNOWN_TYPE = "application/octet-stream"


def render_raw(material: Material) -> Message:
    """The original under its own content type. Raises Unrenderable when it is not kept any more."""
    if material.original is None:
        raise Unrenderable("webhook.original_gone", material.event.id)
    said = material.original_type
    content_type = UNKNOWN_TYPE if not said or judge_header("content-type", said) else said
    return Message(body=material.original, headers=(("content-type", content_type),))
