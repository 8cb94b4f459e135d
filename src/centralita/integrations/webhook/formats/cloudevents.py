"""CloudEvents 1.0 over HTTP: the whole event as JSON (structured), or its attributes as headers (binary).

https://github.com/cloudevents/spec: spec.md, formats/json-format.md, bindings/http-protocol-binding.md. Attributes of
ours are extensions under their own names; ``eventtype`` is our name of a type that the receiver knows by another.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import msgspec

from centralita.integrations.webhook.formats.material import Material, Message, type_name

_TEXTS = ("severity", "title", "category", "status", "phase", "url", "correlation", "cause", "alias")
_NOT_ALLOWED = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_IN_HEADER = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')


def render_structured(material: Material) -> Message:
    """One JSON object, content type ``application/cloudevents+json``."""
    body = {**_attributes(material), "datacontenttype": "application/json", "data": material.event.data}
    return Message(
        body=msgspec.json.encode(body), headers=(("content-type", "application/cloudevents+json; charset=utf-8"),)
    )


def render_binary(material: Material) -> Message:
    """The event's data as the body, its attributes as ``ce-`` headers."""
    headers = [(f"ce-{name}", _header(value)) for name, value in _attributes(material).items()]
    return Message(
        body=msgspec.json.encode(material.event.data), headers=(("content-type", "application/json"), *headers)
    )


def _attributes(material: Material) -> dict[str, Any]:
    event, name = material.event, type_name(material.event, material.receiver)
    said: dict[str, Any] = {
        "specversion": "1.0",
        "id": event.id,
        "source": f"{material.receiver.public_url.rstrip('/')}/sources/{quote(event.source, safe='')}",
        "type": name,
        "time": event.time,
        "subject": event.subject,
        "eventtype": event.type if name != event.type else "",
        **{name: getattr(event, name) for name in _TEXTS},
        "depth": event.depth,
        "incomplete": event.incomplete,
    }
    # What is not said is left out: the specification knows no empty attribute.
    told = {name: _NOT_ALLOWED.sub("", value) if isinstance(value, str) else value for name, value in said.items()}
    return {name: value for name, value in told.items() if value}


def _header(value: object) -> str:
    """Section 3.1.3.2: blanks, quotes, percent signs and whatever is not ASCII as percent-encoded UTF-8."""
    return quote(str(value).lower() if isinstance(value, bool) else str(value), safe=_IN_HEADER)
