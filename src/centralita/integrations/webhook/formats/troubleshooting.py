"""``{event, timestamp, data, signature}`` as the troubleshooting assistant's receivers know and verify it.

The signature is ``core.inner_signatures``'s by the newest secret: the bytes behind ``whsec_``, else the secret's own
text. The body is written as it is signed: a receiver in any language takes the signature out of the text, and need not
write JSON as Python does. While a secret is being replaced a receiver that knows only the old one has the headers,
which all secrets sign.
"""

from __future__ import annotations

import json
from typing import Any

from centralita.core.inner_signatures import NAME, inner_signature
from centralita.core.signing import parse_key
from centralita.integrations.webhook.formats.material import Material, Message, Unrenderable, type_name
from centralita.integrations.webhook.receiver import Receiver

_NAMES = {"step.retried": "retry_attempt"}
_OF_THE_ENVELOPE = ("event", "webhook_id")
_ATTRIBUTES = ("id", "source", "subject", "severity", "title", "category", "status", "url")


def render_troubleshooting(material: Material) -> Message:
    """``data`` is what the sender said, with the event's attributes where it says nothing under their names."""
    event = material.event
    name = type_name(event, material.receiver)
    payload: dict[str, Any] = {
        "event": _NAMES.get(name) or name.replace(".", "_"),
        "timestamp": event.time,
        "data": _data(material),
    }
    if material.receiver.secrets(material.now):
        payload[NAME] = inner_signature(payload, _key(material.receiver, material.now))
    return Message(body=json.dumps(payload, sort_keys=True).encode())


def _data(material: Material) -> dict[str, Any]:
    event = material.event
    kind, _, number = event.subject.partition("/")
    ticket = event.correlation.removeprefix("ticket/") if event.correlation.startswith("ticket/") else ""
    attributes = {name: getattr(event, name) for name in _ATTRIBUTES}
    known = {
        "session_id": number if kind == "session" else "",
        "ticket_id": number if kind == "ticket" else ticket,
        **attributes,
    }
    said = {name: value for name, value in event.data.items() if name not in _OF_THE_ENVELOPE}
    return {**{name: value for name, value in known.items() if value}, **said}


def _key(receiver: Receiver, now: float) -> bytes:
    secret = receiver.secrets(now)[0]
    if secret and not secret.startswith(("whsec_", "whsk_", "whpk_")):
        return secret.encode()
    key = parse_key(secret.encode())
    if key is None or key.kind != "hmac":  # nobody could verify by a key of which only we have that half
        raise Unrenderable("webhook.secret", receiver.name)
    return key.material
