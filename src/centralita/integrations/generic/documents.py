"""What a request is about: a plain body, or the events inside it when it speaks CloudEvents.

CloudEvents 1.0, HTTP binding (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md):
structured (``application/cloudevents+json``), batched (``application/cloudevents-batch+json``) and binary (``ce-*``
headers beside the data).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from centralita.core.payload import PayloadError, decode_trusted

MAX_EVENTS = 10_000
"""In one batch, so that a sender's fault can't make a million rows of one request."""

# What CloudEvents itself defines; all else beside ``data`` is an extension.
_DEFINED = frozenset(("specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"))
_STRUCTURED, _BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"


class Document(msgspec.Struct, frozen=True):
    """One thing that happened, as its sender wrote it."""

    fields: dict[str, Any]
    """What the paths of a mapping start from: the body, or a CloudEvent with its attributes and ``data``."""
    kind: str
    """``plain`` or ``cloudevent``; for what is no object ``value``, or ``broken`` where a CloudEvent should be: then
    ``fields`` is ``{"body": value}``."""


def documents(body: bytes, content_type: str, headers: Mapping[str, str]) -> list[Document]:
    """The documents of a request, in order. Raises PayloadError."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in (_STRUCTURED, _BATCH) and headers.get("ce-specversion"):
        value = decode_trusted(body, content_type) if body else None
        return [Document({**_attributes(headers), "data": value}, "cloudevent")]
    value = decode_trusted(body, content_type)
    if media_type == _BATCH and isinstance(value, list):
        if len(value) > MAX_EVENTS:
            raise PayloadError("body.too_many", f"more than {MAX_EVENTS} events")
        return [_document(item, "cloudevent") for item in value]
    return [_document(value, "cloudevent" if media_type == _STRUCTURED else "plain")]


def _document(value: object, kind: str) -> Document:
    if isinstance(value, dict):
        return Document(value, kind)
    return Document({"body": value}, "value" if kind == "plain" else "broken")


def _attributes(headers: Mapping[str, str]) -> dict[str, Any]:
    # Header values are percent-encoded UTF-8.
    return {name[3:]: unquote(value) for name, value in headers.items() if name.startswith("ce-")}


def extensions(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The CloudEvent's source and whatever attributes it has beyond those that become an event's own."""
    return {name: value for name, value in fields.items() if name == "source" or name not in _DEFINED}
