"""Which configuration items an event is about: those that it names exactly, by id or by name.

An event names them in ``data.affected_cis`` (``[{id, name}]``), or one in a bare ``ci``, ``host`` or ``instance``.
Nothing is guessed: a wrong owner would be called out of bed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from centralita.core.attributes import one_line
from centralita.core.ci_search import fold
from centralita.core.cis import NAME_LIMIT, Ci
from centralita.core.events import Event
from centralita.core.payload import items

AFFECTED = "affected_cis"
BARE = ("ci", "host", "instance")
MOST = 50
"""Of the CIs that one event names, so many are looked up."""


class Names(msgspec.Struct, frozen=True):
    """What an event calls a CI."""

    id: str = ""
    name: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """Folded; an id may be a name, too."""
        return tuple(key for key in (fold(self.name), fold(self.id)) if key)


def names_of(event: Event) -> list[Names]:
    """What the event calls the CIs that it is about; [] when it names none."""
    listed = items(event.data, AFFECTED)[:MOST]
    if listed:
        return [_names(item) for item in listed]
    bare = (_names(event.data[field]) for field in BARE if field in event.data)
    return [names for names in bare if names.keys]


def _names(said: object) -> Names:
    if isinstance(said, dict):
        return Names(one_line(said.get("id"), NAME_LIMIT), one_line(said.get("name"), NAME_LIMIT))
    text = one_line(said, NAME_LIMIT)
    return Names(text, text)


class Known:
    """The CIs that a batch of events of one source may mean."""

    def __init__(self, source: str, found: Iterable[Ci]) -> None:
        self._ids: dict[str, Ci] = {}
        self._names: dict[str, Ci] = {}
        for ci in sorted(found, key=lambda ci: (ci.source != source, ci.id)):  # the sender's own, then the oldest
            self._ids.setdefault(ci.id, ci)
            if ci.source == source:
                self._ids.setdefault(ci.external_id, ci)
            self._names.setdefault(fold(ci.name), ci)

    def meant(self, names: Names) -> Ci | None:
        """The CI that is called so: by id (ours, or the sender's own), else by its folded name."""
        by_name = (self._names.get(key) for key in names.keys)
        return self._ids.get(names.id) or next((ci for ci in by_name if ci is not None), None)


def link(event: Event, known: Known, public_url: str) -> Event:
    """The event with what is known of the CIs that it names.

    Each entry of ``affected_cis`` gets ``id`` (ours; what the sender called it stays as ``sender_id``), ``type``,
    ``owner`` and ``url``, and ``ci_type`` is that of the first known one. What the sender said itself stays as it is.
    """
    names = names_of(event)
    found = [known.meant(each) for each in names]
    first = next((ci for ci in found if ci is not None), None)
    if first is None:
        return event
    listed: list[Any] = items(event.data, AFFECTED)
    if listed:
        entries = [_entry(*each, public_url) for each in zip(listed, names, found, strict=False)]
        entries += listed[MOST:]
    else:
        entries = [_entry({}, Names(), first, public_url)]
    more = {"ci_type": first.type} if first.type and not event.data.get("ci_type") else {}
    return msgspec.structs.replace(event, data={**event.data, AFFECTED: entries, **more})


def _entry(said: object, names: Names, ci: Ci | None, public_url: str) -> Any:
    if ci is None:
        return said
    own = {key: value for key, value in said.items() if value not in (None, "")} if isinstance(said, dict) else {}
    owner = {key: value for key, value in (("name", ci.owner.name), ("email", ci.owner.email)) if value}
    url = f"{public_url.rstrip('/')}/cis/{ci.id}" if public_url else ""
    ours = {"name": ci.name, "type": ci.type, "owner": owner, "url": url}
    entry = {**{key: value for key, value in ours.items() if value}, **own, "id": ci.id}
    if names.id not in ("", ci.id, entry["name"]):
        entry["sender_id"] = names.id
    return entry
