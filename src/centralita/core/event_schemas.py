"""The JSON Schema of an event type as a receiver gets it in the format ``standard``.

https://json-schema.org/draft/2020-12/json-schema-core. What a schema does not name may be there too: senders say more
than anybody declares, and later versions add to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from centralita.core.events import PEOPLE, RECORDS, SEVERITIES

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Mapping[str, Any] = {"type": "string"}
_TIME: Mapping[str, Any] = {"type": "string", "format": "date-time"}
_ATTRIBUTES: Mapping[str, Any] = {
    "id": {"type": "string", "pattern": "^evt_", "description": "The same in every attempt and every replay."},
    "source": {"type": "string", "description": "Slug of the source."},
    "alias": {"type": "string", "description": "The sender's own name for the type."},
    "time": {**_TIME, "description": "When it happened."},
    "subject": {"type": "string", "description": "What it is about, unique within the source."},
    "severity": {"enum": list(SEVERITIES)},
    "title": _TEXT,
    "category": _TEXT,
    "status": {"type": "string", "description": "The sender's own word for the subject's state."},
    "phase": {"enum": ["open", "closed"]},
    "url": {"type": "string", "format": "uri", "description": "Where a person sees the subject."},
    "correlation": _TEXT,
    "cause": {"type": "string", "description": "Id of the event that led to this one."},
    "depth": {"type": "integer", "minimum": 1},
    "needs": {"type": "array", "items": _TEXT},
    "incomplete": {"type": "boolean"},
}
_PERSON = {"name": _TEXT, "email": _TEXT}
_SHAPES: Mapping[str, Mapping[str, Any]] = {
    "ticket": dict.fromkeys(("id", "title", "description", "status", "priority", "category", "url"), _TEXT),
    **dict.fromkeys(RECORDS, dict.fromkeys(("id", "name", "code"), _TEXT)),
    **dict.fromkeys(PEOPLE, _PERSON),
    "message": {
        **dict.fromkeys(("id", "text", "author", "channel", "platform", "url"), _TEXT),
        "from": {"enum": ["user", "bot", "operator"]},
        "attachments": {"type": "array", "items": {"type": "object"}},
    },
    "comment": {"text": _TEXT, "author": _TEXT, "visible_to_customer": {"type": "boolean"}},
}
"""What ``core.events`` promises of the shapes inside ``data``, whoever the sender is."""


def schema_of(name: str, meaning: str, names: Iterable[str], paths: Iterable[str]) -> dict[str, Any]:
    """The schema of the type ``name``, which may arrive as one of ``names``; ``paths`` are those that its senders
    declare inside ``data`` (with dots; ``*`` for anything)."""
    event = {"type": "object", "required": ["id", "source", "type", "time"], "properties": _attributes(name, paths)}
    return {
        "$schema": DIALECT,
        "$id": f"urn:centralita:event-type:{name}",
        "title": name,
        "description": meaning,
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {"type": {"enum": sorted({*names})}, "timestamp": dict(_TIME), "data": event},
    }


def _attributes(name: str, paths: Iterable[str]) -> dict[str, Any]:
    data: dict[str, Any] = {"type": "object", "properties": {}}
    for path in paths:
        _put(data, path.split("."))
    for shape, fields in _SHAPES.items():
        found = data["properties"].get(shape)
        if found is not None:
            found |= {"type": "object", "properties": {**found.get("properties", {}), **fields}}
    return {"type": {"const": name}, **_ATTRIBUTES, "data": data}


def _put(schema: dict[str, Any], keys: list[str]) -> None:
    """Names a path. A number stands for an entry of a list, ``*`` for any key: both end it."""
    key = keys[0]
    if key == "*" or key.isdigit():
        return
    properties = schema.setdefault("properties", {})
    inner = properties.setdefault(key, {})
    if len(keys) > 1:
        _put(inner, keys[1:])
