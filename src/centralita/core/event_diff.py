"""What changed between two events of one subject, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from centralita.core.events import Event

ATTRIBUTES = ("type", "alias", "severity", "title", "category", "status", "phase", "url", "correlation", "incomplete")
"""What is compared beside the data; the id and the time of two events always differ."""
MOST_CHANGES = 500
MOST_CHARACTERS = 2_000
"""Of one value."""


class Change(msgspec.Struct, frozen=True):
    """One field that differs."""

    path: str
    """``severity``, or below the data ``data.ticket.tags.0``."""
    kind: Literal["added", "removed", "changed"]
    before: str
    """As JSON; "" for nothing."""
    after: str


def changes(before: Event, after: Event) -> list[Change]:
    """The fields in which ``after`` differs, attributes first; at most ``MOST_CHANGES``."""
    old, new = dict(_flat_event(before)), dict(_flat_event(after))
    found: list[Change] = []
    for path in dict.fromkeys((*new, *old)):
        if path in old and path in new and old[path] == new[path]:
            continue
        kind: Literal["added", "removed", "changed"] = (
            "added" if path not in old else "removed" if path not in new else "changed"
        )
        found.append(Change(path, kind, old.get(path, ""), new.get(path, "")))
    return found[:MOST_CHANGES]


def _flat_event(event: Event) -> Iterator[tuple[str, str]]:
    for name in ATTRIBUTES:
        value = getattr(event, name)
        if value not in (None, "", False):
            yield name, _json(value)
    yield from _flat("data", event.data)


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Leaves with their paths; an empty object or list is a leaf."""
    parts: Mapping[Any, Any] | None = None
    if isinstance(value, Mapping):
        parts = value
    elif isinstance(value, list):
        parts = dict(enumerate(value))
    if not parts:
        yield path, _json(value)
        return
    for key, part in parts.items():
        yield from _flat(f"{path}.{key}", part)


def _json(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"
