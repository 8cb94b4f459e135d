"""From a sender's document to values by our names: dotted paths, fall-backs, Liquid, and the repairs that senders need.

A mapping says for each of our names where it is found: a dotted path (``alerts[0].labels.host``), Liquid (anything with
``{{`` or ``{%``), or a list of either, of which the first that gives something that can be understood counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from centralita.core.payload import PayloadError, decode, find
from centralita.core.plain_text import plain_text
from centralita.core.templates import TemplateError, render

ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "id": ("id",),
    "type": ("type",),
    "subject": ("subject",),
    "severity": ("severity", "data.severity"),
    "title": ("title", "data.title"),
    "url": ("url", "data.url"),
    "time": ("time", "timestamp"),
    "status": ("status", "data.status"),
    "phase": ("phase", "data.phase"),
    "category": ("category", "data.category"),
}
"""Our names for what becomes an attribute of the event, and where it is found without a mapping. Any other name in a
mapping is a path inside ``data``."""

_MAX_DEPTH = 64

T = TypeVar("T")


def is_liquid(text: str) -> bool:
    """Whether an entry of a mapping is a template, not a path."""
    return "{{" in text or "{%" in text


def sources_of(value: object) -> tuple[str, ...]:
    """An entry of a mapping as the paths and templates to try; () for null and for what is neither text nor a list."""
    listed = value if isinstance(value, list | tuple) else [value]
    return tuple(item for item in listed if isinstance(item, str) and item.strip())


def is_blank(value: object) -> bool:
    """Whether a sender's value says nothing."""
    return value is None or value == "" or value == [] or value == {}


def read(fields: Mapping[str, Any], sources: Sequence[str]) -> object:
    """The first value that one of ``sources`` gives; None when none does."""
    return next(_given(fields, sources), None)


def understood(fields: Mapping[str, Any], sources: Sequence[str], meaning: Callable[[object], T]) -> T:
    """``meaning`` of the first value that has one; what it says of None when none has."""
    for value in _given(fields, sources):
        if found := meaning(value):
            return found
    return meaning(None)


def _given(fields: Mapping[str, Any], sources: Sequence[str]) -> Iterator[object]:
    for source in sources:
        value = _rendered(source, fields) if is_liquid(source) else find(fields, source)
        if not is_blank(value):
            yield value


def _rendered(template: str, fields: Mapping[str, Any]) -> str:
    try:
        return render(template, fields, "text").strip()
    except TemplateError:
        # What it says of itself is found by ``check``; what a document does to it must not lose the event.
        return ""


# --- Repairs. None of them changes its argument: a document may be read again.


def unwrapped(fields: dict[str, Any], path: str) -> dict[str, Any]:
    """``fields`` with what the object at ``path`` holds at the top, in its place; unchanged when there is none."""
    inside = find(fields, path)
    return {**omitted(fields, path), **inside} if isinstance(inside, dict) else fields


def without_absent(value: Any, is_absent: Callable[[str], bool], depth: int = 0) -> Any:
    """``value`` with null for every text that says nothing, such as a macro that was never replaced."""
    if isinstance(value, str):
        return None if is_absent(value.strip()) else value
    if depth > _MAX_DEPTH:
        return value
    if isinstance(value, dict):
        return {key: without_absent(item, is_absent, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [without_absent(item, is_absent, depth + 1) for item in value]
    return value


def with_embedded(fields: dict[str, Any], path: str) -> dict[str, Any]:
    """``fields`` with the JSON inside the text at ``path`` decoded; unchanged when there is none."""
    text = find(fields, path)
    if not isinstance(text, str):
        return fields
    try:
        return placed(fields, path, decode(text.encode("utf-8", "surrogatepass"), "application/json"))
    except PayloadError:
        return fields


def without_markup(fields: dict[str, Any], path: str) -> dict[str, Any]:
    """``fields`` with the rich text (HTML) at ``path`` as plain text; unchanged when there is none."""
    text = find(fields, path)
    if not isinstance(text, str):
        return fields
    plain = plain_text(text)
    # Without one bracket before and with them after, the markup itself had been written as entities.
    return placed(fields, path, plain if "<" in text else plain_text(plain))


def placed(fields: Mapping[str, Any], path: str, value: object) -> dict[str, Any]:
    """``fields`` with ``value`` at a dotted path; objects are made on the way, and replace what is none."""
    name, _, below = path.partition(".")
    if not below:
        return {**fields, name: value}
    inside = fields.get(name)
    return {**fields, name: placed(inside if isinstance(inside, Mapping) else {}, below, value)}


def omitted(fields: Mapping[str, Any], path: str) -> dict[str, Any]:
    """``fields`` without what stands at a dotted path."""
    name, _, below = path.partition(".")
    if not below:
        return {key: value for key, value in fields.items() if key != name}
    inside = fields.get(name)
    return {**fields, name: omitted(inside, below)} if isinstance(inside, Mapping) else dict(fields)
