"""Assets that sources tell of become configuration items; and events are linked to the CIs that they name. Both before
anything is decided about an event, once for all the events of a routing transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from centralita.core.ci_links import Known, link, names_of
from centralita.core.cis import DELETED, NAME_LIMIT, Ci, Facts, completed, facts_of, is_changed
from centralita.core.events import Event
from centralita.core.payload import mapping, tame_text
from centralita.core.records import Record
from centralita.services import announcements
from centralita.services.hub import Hub
from centralita.store import cis
from centralita.store.database import Transaction

TELLING = frozenset({"asset.created", "asset.updated", "asset.deleted"})


class Told(msgspec.Struct, frozen=True):
    """What a source says of one CI."""

    facts: Facts = Facts()
    gone: bool = False


class Projected(msgspec.Struct, kw_only=True):
    """What became of what was told."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0


def prepare(hub: Hub, tx: Transaction, events: Sequence[Event], now: float) -> Sequence[Event]:
    """See ``reactions.Prepare``."""
    source = events[0].source if events else ""
    told = {} if source == announcements.SLUG else _told(events)
    if told:
        project(tx, source, told, now, hub.ids.new)
    names = [each for event in events for each in names_of(event)]
    ids, keys = {each.id for each in names if each.id}, {key for each in names for key in each.keys}
    if not ids and not keys:
        return events
    known = Known(source, cis.named(tx, source, ids, keys))
    return [link(event, known, hub.settings.server.public_url or "") for event in events]


def _told(events: Sequence[Event]) -> dict[str, Told]:
    """What asset events add up to, by the asset's id."""
    found: dict[str, Told] = {}
    for event in events:
        asset = mapping(event.data, "asset")
        id_ = tame_text(asset.get("id"), NAME_LIMIT)
        if event.type not in TELLING or not id_:
            continue
        facts = facts_of({"status": event.status, **asset})
        before = found[id_].facts if id_ in found else Facts()
        found[id_] = Told(completed(before, facts), gone=event.type == "asset.deleted")
    return found


def told_of(records: Sequence[Record]) -> dict[str, Told]:
    """What the records of an inventory's assets say of their CIs."""
    return {record.id: Told(facts_of(record.data)) for record in records}


def project(tx: Transaction, source: str, told: Mapping[str, Told], now: float, new_id: Callable[[], str]) -> Projected:
    """Brings the CIs of a source up to date with what it says, by its ids. What people said stays."""
    cis.hold(tx)
    known = cis.of_source(tx, source, told)
    done, changed, same = Projected(), list[tuple[Ci | None, Ci]](), list[str]()
    for external_id, each in sorted(told.items()):
        before = known.get(external_id)
        after = _after(before, source, external_id, each, now, new_id)
        if after is None or (before is not None and not is_changed(before, after)):
            done.unchanged += 1
            same += [before.id] if before is not None else []
            continue
        done.created += before is None
        done.updated += before is not None
        changed.append((before, after))
    cis.save(tx, changed)
    cis.touch(tx, same, now)
    return done


def _after(
    before: Ci | None, source: str, external_id: str, told: Told, now: float, new_id: Callable[[], str]
) -> Ci | None:
    """The CI by now; None for one that is gone before anybody knew it."""
    if before is None:
        if told.gone:
            return None
        id_ = "ci_" + new_id().removeprefix("rcp_")
        new = Ci(id=id_, source=source, external_id=external_id, said=told.facts)
        return msgspec.structs.replace(new, created_at=now, updated_at=now, read_at=now)
    said = completed(before.said, told.facts)
    if told.gone:
        said = msgspec.structs.replace(said, status=DELETED)
    elif said.status == DELETED and not told.facts.status:
        said = msgspec.structs.replace(said, status="")
    return msgspec.structs.replace(
        before,
        said=said,
        version=before.version + 1,
        updated_at=now,
        read_at=now,
        deleted_at=(before.deleted_at or now) if told.gone else None,
    )
