"""Every event type that there is: what it means, who sends it, how it looks, and an example of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from centralita.core import ids
from centralita.core.event_schemas import schema_of
from centralita.core.events import Event, EventType
from centralita.core.subjects import project
from centralita.i18n import gettext as _
from centralita.integrations import registry
from centralita.integrations.webhook.formats import Material, render
from centralita.integrations.webhook.receiver import Receiver
from centralita.services import announcements
from centralita.services.own_examples import EXAMPLES
from centralita.services.webhook_keys import DESCRIBED

TIME = "2026-03-02T14:05:00Z"
"""Of an example whose sender does not say when it happened."""
_FIRST = ("invgate", "cmmshere", "botmaker", "nopesight", "troubleshooting", "alertmanager", "github")
"""Kinds whose examples are taken before others'."""


@dataclass(frozen=True)
class TypeSummary:
    """An event type in a list."""

    __pydantic_config__ = DESCRIBED
    name: str
    """Past tense with dots."""
    meaning: str
    """In the reader's language."""
    aliases: list[str]
    """Other names by which a webhook may subscribe to it, and then gets it."""
    kinds: list[str]
    """Kinds of source that send it; ``centralita`` is the hub itself."""


@dataclass(frozen=True)
class TypeDetail:
    """An event type whole."""

    __pydantic_config__ = DESCRIBED
    type: TypeSummary
    """As in a list."""
    schema: dict[str, Any]
    """JSON Schema (2020-12) of a message in the format ``standard``."""
    example: dict[str, Any]
    """A message in the format ``standard``."""


@lru_cache(1)
def declared() -> Mapping[str, EventType]:
    """All by name."""
    own = announcements.TYPES
    known = registry.event_types()
    return {**{name: each for name, each in own.items() if name not in known}, **known}


@lru_cache(1)
def _kinds() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for kind in sorted(registry.SOURCES):
        for name in registry.SOURCES[kind].types:
            found.setdefault(name, []).append(kind)
    for name in announcements.TYPES:
        found.setdefault(name, []).append(announcements.SLUG)
    return {name: tuple(kinds) for name, kinds in found.items()}


def listing(locale: str, text: str = "") -> list[TypeSummary]:
    """All by name; ``text`` is looked for in names, aliases and meanings."""
    wanted = text.casefold()
    every = (_summary(declared()[name], locale) for name in sorted(declared()))
    return [each for each in every if wanted in f"{each.name} {' '.join(each.aliases)} {each.meaning}".casefold()]


def _summary(each: EventType, locale: str) -> TypeSummary:
    return TypeSummary(each.name, _(each.meaning, locale), list(each.aliases), list(_kinds()[each.name]))


def detail(name: str, locale: str) -> TypeDetail:
    """A type, by its name or another name of it. Raises LookupError."""
    real = _real_name(name)
    event = example_event(name)
    receiver = Receiver(name="example", aliases={real: name} if name != real else {}, names=frozenset({name}))
    message = render(Material(event=event, subject=project(None, event), receiver=receiver))
    return TypeDetail(
        type=_summary(declared()[real], locale),
        schema=schema(name),
        example=msgspec.json.decode(message.body),
    )


def schema(name: str) -> dict[str, Any]:
    """JSON Schema (2020-12) of a type's message in the format ``standard``. Raises LookupError."""
    real = _real_name(name)
    each = declared()[real]
    paths: dict[str, None] = {}
    for kind in _kinds()[real]:
        source = announcements.OwnEvents() if kind == announcements.SLUG else registry.SOURCES[kind]
        said = {key for event in _examples().get(real, ()) if event.source == kind for key in event.data}
        paths |= dict.fromkeys(path for path in source.paths if path.partition(".")[0] in said)
    return schema_of(real, each.meaning, (real, *each.aliases), paths)


def example_event(name: str) -> Event:
    """An example of a type, by its name or another name of it: one that a sender really sends. Raises LookupError."""
    real = _real_name(name)
    known = _examples()[real]
    return next((event for event in known if name != real and event.alias == name), known[0])


def _real_name(name: str) -> str:
    if name in declared():
        return name
    for each in declared().values():
        if name in each.aliases:
            return each.name
    raise LookupError(name)


@lru_cache(1)
def _examples() -> Mapping[str, tuple[Event, ...]]:
    """The examples of each type, the most telling first."""
    found: dict[str, list[Event]] = {}
    ranked = (*_FIRST, *sorted({*registry.SOURCES} - {*_FIRST}))
    for kind in ranked:
        for fixture in registry.fixtures(kind).values():
            for said in fixture.expected:
                event = _whole(kind, said)
                found.setdefault(event.type, []).append(event)
    for name, ((subject, title), data) in EXAMPLES.items():
        said = {"type": name, "subject": subject, "title": title, "data": dict(data)}
        found.setdefault(name, []).append(_whole(announcements.SLUG, said))
    return {name: tuple(sorted(events, key=_tells)) for name, events in found.items()}


def _tells(event: Event) -> tuple[bool, bool]:
    """Least for what says most: an event that has to be filled in first is no good example."""
    return bool(event.needs), not event.title


def _whole(kind: str, said: Mapping[str, Any]) -> Event:
    """An event of a fixture, which leaves out its id, its source and perhaps its time."""
    time = str(said.get("time") or TIME)
    digest = hashlib.sha256(msgspec.json.encode([kind, said], order="sorted")).digest()
    at_ms = int(datetime.fromisoformat(time).timestamp() * 1000)
    identifier = f"evt_{ids.ulid(at_ms, int.from_bytes(digest[:10], 'big'))}"
    return msgspec.convert({"source": kind, **said, "time": time, "id": identifier}, Event)


def examples(name: str) -> Iterable[Event]:
    """All that are known of a type. Raises LookupError."""
    return _examples()[_real_name(name)]
