"""What people change about configuration items. Each change is audited and told as an event, in its transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import msgspec

from centralita.core.cis import (
    MOST_ATTRIBUTES,
    RELATION_WORDS,
    Ci,
    Facts,
    edit,
    edited_fields,
    is_changed,
    relation,
    without_echoes,
)
from centralita.services import announcements, ci_import, ci_projection
from centralita.services.audit import record
from centralita.services.cis import CiDetail, CiRefused, NoCi, ci_detail, one_called
from centralita.services.hub import Hub
from centralita.store import cis
from centralita.store.database import Transaction

T = TypeVar("T")

CREATED, UPDATED, DELETED = "ci.created", "ci.updated", "ci.deleted"
Change = Mapping[str, Any]
"""``name, type, status`` (text), ``owner`` (``{name, email}``; both "": nobody), ``attributes`` (key to text, ""
hides what the source says). None takes back what people said."""


async def create(hub: Hub, actor: str, given: Change) -> CiDetail:
    """A CI that no source tells of. Raises CiRefused when it has no name, or something is called so already."""
    id_ = "ci_" + hub.ids.new().removeprefix("rcp_")

    def write(tx: Transaction) -> CiDetail:
        now, edited = hub.clock.now(), edit(Facts(), given)
        _judge(edited, name_needed=True)
        if cis.called(tx, str(edited.name), 1):
            raise CiRefused("ci.name_taken", name=str(edited.name))
        ci = Ci(id=id_, external_id=id_, edited=edited, created_at=now, updated_at=now)
        cis.save(tx, [(None, ci)])
        _tell(hub, tx, actor, CREATED, ci, {"after": _facts(ci)})
        return ci_detail(hub, tx, ci)

    return await _written(hub, write)


async def update(hub: Hub, actor: str, text: str, change: Change, version: int | None = None) -> CiDetail:
    """Changes what people say of the CI that ``text`` names; with ``version``, only if it still is that one.

    Raises NoCi, CiRefused (``ci.stale``, ``ci.ambiguous``, ``ci.name_missing``, ``ci.too_many_attributes``).
    """

    def write(tx: Transaction) -> CiDetail:
        before = _locked(tx, text)
        if version is not None and version != before.version:
            raise CiRefused("ci.stale", name=before.name)
        edited = edit(before.edited, without_echoes(before.said, before.edited, change))
        _judge(edited, name_needed=before.by_hand)
        now = hub.clock.now()
        after = msgspec.structs.replace(before, edited=edited, version=before.version + 1, updated_at=now)
        if not is_changed(before, after):
            return ci_detail(hub, tx, before)
        cis.save(tx, [(before, after)])
        old, new = _facts(before), _facts(after)
        fields = sorted(name for name in {**old, **new} if old.get(name) != new.get(name))
        changed = {
            "before": {name: old.get(name) for name in fields},
            "after": {name: new.get(name) for name in fields},
        }
        _tell(hub, tx, actor, UPDATED, after, changed)
        return ci_detail(hub, tx, after)

    return await _written(hub, write)


async def delete(hub: Hub, actor: str, text: str) -> None:
    """Takes away a CI that a person made; what a source tells of is gone when the source says so.

    Raises NoCi, CiRefused.
    """

    def write(tx: Transaction) -> None:
        before = _locked(tx, text)
        if not before.by_hand:
            raise CiRefused("ci.of_source", name=before.name, source=before.source)
        now = hub.clock.now()
        cis.save(tx, [(before, msgspec.structs.replace(before, deleted_at=now, updated_at=now))])
        _tell(hub, tx, actor, DELETED, before, {"before": _facts(before)})

    await _written(hub, write)


async def relate(hub: Hub, actor: str, text: str, word: str, other: str, *, take_away: bool = False) -> CiDetail:
    """Says that a CI ``depends_on`` (``runs_on``, ``part_of``, ``required_by``...) another, or takes that back.

    Raises NoCi, CiRefused (``ci.relation_unknown``, ``ci.relation_itself``, ``ci.relation_missing``).
    """

    def write(tx: Transaction) -> CiDetail:
        ci, end, now = one_called(tx, text), one_called(tx, other), hub.clock.now()
        found = relation(ci.id, word, end.id)
        if found is None:
            raise CiRefused("ci.relation_unknown", word=word, known=", ".join(RELATION_WORDS))
        if ci.id == end.id:
            raise CiRefused("ci.relation_itself")
        if not (cis.unrelate(tx, found) if take_away else cis.relate(tx, found, now, actor)):
            if take_away:
                raise CiRefused("ci.relation_missing", name=ci.name, other=end.name)
            return ci_detail(hub, tx, ci)
        said = {"kind": word, "ci": {"id": end.id, "name": end.name}}
        _tell(hub, tx, actor, UPDATED, ci, {"unrelated" if take_away else "related": said})
        return ci_detail(hub, tx, ci)

    return await _written(hub, write)


def _locked(tx: Transaction, text: str) -> Ci:
    ci = cis.lock(tx, one_called(tx, text).id)
    if ci is None:
        raise NoCi(text)
    return ci


def _judge(edited: Facts, *, name_needed: bool) -> None:
    if name_needed and not edited.name:
        raise CiRefused("ci.name_missing")
    if len(edited.attributes) > MOST_ATTRIBUTES:
        raise CiRefused("ci.too_many_attributes", most=str(MOST_ATTRIBUTES))


def _facts(ci: Ci) -> dict[str, Any]:
    owner = ci.owner
    said = {"name": ci.name, "type": ci.type, "status": ci.status, "owner": owner.email or owner.name}
    return {**said, **{f"attributes.{key}": value for key, value in ci.attributes.items()}}


def _tell(hub: Hub, tx: Transaction, actor: str, type_: str, ci: Ci, details: Mapping[str, Any]) -> None:
    now = hub.clock.now()
    record(tx, now, actor, type_, f"ci/{ci.id}", {**details, "version": ci.version, "edited": edited_fields(ci)})
    said: dict[str, Any] = {"id": ci.id, "name": ci.name, "type": ci.type, "status": ci.status, "version": ci.version}
    if ci.owner.name or ci.owner.email:
        said["owner"] = {"name": ci.owner.name, "email": ci.owner.email}
    announcements.tell(
        tx,
        hub.ids.new(),
        type_,
        now=now,
        subject=f"ci/{ci.id}",
        title=ci.name,
        severity="info",
        data={"ci": said, "actor": actor, "changes": dict(details)},
    )


async def _written(hub: Hub, write: Callable[[Transaction], T]) -> T:
    done = await hub.database.write(write)
    hub.router.look()
    hub.database.notify()
    return done


def join(hub: Hub) -> None:
    """Takes part in the hub's work."""
    hub.reactions.on_routing(partial(ci_projection.prepare, hub))
    ci_import.join(hub)
