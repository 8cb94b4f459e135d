"""Assets: what the inventory says of them, who was seen on them, and what people decided about their owners."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import structlog

from centralita.core.records import Record
from centralita.services import announcements, asset_changes, asset_plans
from centralita.services.asset_plans import AssetsRefused, RowView, row_view
from centralita.services.asset_reading import TIMER
from centralita.services.asset_sightings import EVENTS, WEBHOOK_TIMER, keys_of, react
from centralita.services.audit import record
from centralita.services.hub import Hub
from centralita.services.times import shown
from centralita.store import asset_plans as plans
from centralita.store import assets, records, timers
from centralita.store.assets import Known, Sighting
from centralita.store.database import Transaction
from centralita.store.records import Filter
from centralita.store.timers import Timer

log = structlog.get_logger(__name__)

SYSTEM = "system"
STOPPED = "asset.plan_stopped"
LONGEST_LOOK_S = 300.0
_SHOWN_SIGHTINGS = 50

Mark = Literal["lock", "unlock", "share", "unshare"]
_MARKS: Mapping[Mark, tuple[str, bool]] = {
    "lock": ("locked", True),
    "unlock": ("locked", False),
    "share": ("shared", True),
    "unshare": ("shared", False),
}


@dataclass(frozen=True)
class AssetView:
    """An asset as its source last described it."""

    id: str
    source: str
    name: str
    serial: str
    type: str
    status: str
    last_user: str
    owner: str
    """Name or e-mail; "" for nobody."""
    updated_at: str | None
    data: Mapping[str, Any]


@dataclass(frozen=True)
class SightingView:
    """Somebody was seen on an asset, once a day."""

    account: str
    written: str
    at: str | None
    source: str


@dataclass(frozen=True)
class AssetDetail:
    """An asset with all that is known about its owner."""

    asset: AssetView
    locked: bool
    """The owner was set by a person: no plan changes it."""
    shared: bool
    """It is nobody's own."""
    conflict: str
    """Why a person has to decide; "" when nobody has to."""
    sightings: list[SightingView]
    plan: str
    """The newest plan that saw it."""
    row: RowView | None
    """What that plan says of it."""


@dataclass(frozen=True)
class Candidate:
    """Somebody who may be an asset's owner."""

    name: str
    email: str


@dataclass(frozen=True)
class ConflictView:
    """An asset about which a person has to decide."""

    asset: str
    name: str
    account: str
    reason: str
    why: Mapping[str, Any]
    since: str | None
    owner: str
    """Who has it now: name or e-mail; "" for nobody."""
    candidates: list[Candidate]
    """Those that the accounts seen on it belong to, as far as that is known."""


def _owner(data: Mapping[str, Any]) -> str:
    owner = data.get("owner")
    who = owner if isinstance(owner, dict) else {}
    return str(who.get("name") or who.get("email") or (owner if isinstance(owner, str) else ""))


def _view(found: Record, updated_at: float | None) -> AssetView:
    data = found.data
    return AssetView(
        id=found.id,
        source=found.source,
        name=found.title,
        serial=str(data.get("serial") or ""),
        type=str(data.get("type") or ""),
        status=found.status,
        last_user=str(data.get("last_user") or ""),
        owner=_owner(data),
        updated_at=shown(updated_at),
        data=data,
    )


async def listing(hub: Hub, source: str, text: str, limit: int, cursor: str) -> tuple[list[AssetView], str | None]:
    """Assets, those that were described last first, and the next page's cursor. Raises ValueError for a wrong one."""
    at, _space, id_ = cursor.partition(" ")
    before = (float(at), id_) if cursor else None
    wanted = Filter(kind="asset", source=source, text=text)
    found = await hub.database.read(lambda tx: records.newest(tx, wanted, limit, before))
    more = f"{found[-1][1]!r} {found[-1][0].id}" if len(found) == limit else None
    return [_view(each, updated_at) for each, updated_at in found], more


async def show(hub: Hub, id_: str) -> AssetDetail:
    """One asset. Raises LookupError."""

    def read(tx: Transaction) -> AssetDetail:
        source = hub.settings.assets.source
        found = records.find(tx, "asset", id_, source) or records.find(tx, "asset", id_)
        if found is None:
            raise LookupError(id_)
        view = _view(found, None)
        known = assets.load(tx, [id_]).get(id_, Known(id=id_)) if found.source == source else Known(id=id_)
        keys = keys_of(id_ if found.source == source else "", view.serial, view.name)
        seen = [one for listed in assets.sightings(tx, keys, 0.0).values() for one in listed]
        seen.sort(key=lambda one: one.at, reverse=True)
        row = plans.newest_row(tx, id_) if found.source == source else None
        return AssetDetail(
            asset=view,
            locked=known.locked,
            shared=known.shared,
            conflict=known.conflict,
            sightings=[_sighting(one) for one in seen[:_SHOWN_SIGHTINGS]],
            plan=row.plan if row is not None else "",
            row=row_view(row) if row is not None else None,
        )

    return await hub.database.read(read)


def _sighting(one: Sighting) -> SightingView:
    return SightingView(one.account, one.written, shown(one.at), one.source)


async def mark(hub: Hub, actor: str, id_: str, how: Mark) -> AssetDetail:
    """Locks an asset's owner, says that an asset is nobody's own, or takes that back. Raises LookupError."""
    name, value = _MARKS[how]

    def write(tx: Transaction) -> None:
        known = assets.lock(tx, id_)
        if known is None:
            raise LookupError(id_)
        before = getattr(known, name)
        setattr(known, name, value)
        if value:
            known.conflict, known.conflict_at = "", None
        assets.save(tx, [known])
        details = {"before": {name: before}, "after": {name: value}}
        record(tx, hub.clock.now(), actor, f"asset.{name if value else 'un' + name}", f"asset/{id_}", details)

    await hub.database.write(write)
    return await show(hub, id_)


async def conflicts(hub: Hub, limit: int, after: str) -> list[ConflictView]:
    """The assets about which a person has to decide, by id."""

    def read(tx: Transaction) -> list[ConflictView]:
        found = assets.conflicts(tx, limit, after)
        described = records.load(tx, "asset", hub.settings.assets.source, [one.id for one in found])
        return [_conflict(one, described.get(one.id)) for one in found]

    return await hub.database.read(read)


def _conflict(one: Known, described: Record | None) -> ConflictView:
    owner, since = _owner(described.data) if described is not None else "", shown(one.conflict_at)
    people = list(_candidates(one.why.get("candidates")))
    return ConflictView(one.id, one.name, one.account, one.conflict, one.why, since, owner, people)


def _candidates(written: object) -> Iterator[Candidate]:
    """As ``asset_people.written`` writes them."""
    for each in written if isinstance(written, list) else ():
        name, _bracket, email = str(each).rpartition(" <")
        if name and email.endswith(">"):
            yield Candidate(name, email.removesuffix(">"))


async def ignore(hub: Hub, actor: str, id_: str) -> None:
    """Leaves an asset as it is for as long as it is the same account that can't be told. Raises LookupError."""

    def write(tx: Transaction) -> None:
        known = assets.lock(tx, id_)
        if known is None or not known.conflict:
            raise LookupError(id_)
        reason, known.ignored, known.conflict, known.conflict_at = known.conflict, known.account, "", None
        assets.save(tx, [known])
        details = {"reason": reason, "account": known.account}
        record(tx, hub.clock.now(), actor, "asset.conflict_ignored", f"asset/{id_}", details)

    await hub.database.write(write)


# ---- what happens by itself ------------------------------------------------------------------------------------------


async def _plan(hub: Hub, timer: Timer) -> None:
    plan = await asset_plans.carry_out(hub, timer)
    if plan is None or plan.mode != "apply":
        return
    try:
        await asset_changes.apply(hub, plan.created_by, plan.id)
    except AssetsRefused as fault:
        await _tell_stopped(hub, plan.id, fault)


async def _tell_stopped(hub: Hub, plan_id: str, fault: AssetsRefused) -> None:
    """Nobody waits for the answer of a plan that applies itself: whoever reads events has to hear of it."""
    data = {"plan": {"id": plan_id, "state": "ready"}, "reason": fault.reason, **fault.arguments}

    def write(tx: Transaction) -> None:
        announcements.tell(
            tx,
            hub.ids.new(),
            STOPPED,
            now=hub.clock.now(),
            subject=f"asset_plan/{plan_id}",
            title=plan_id,
            severity="medium",
            data=data,
        )

    await hub.database.write(write)
    hub.router.look()
    hub.database.notify()


async def _look_into(hub: Hub, timer: Timer) -> None:
    """Plans the assets of which webhooks told."""
    if not await hub.database.write(lambda tx: timers.take(tx, timer)):
        return
    scope = [str(id_) for id_ in timer.body.get("assets", ())]
    if scope:
        await _begin(hub, scope)


async def _on_schedule(hub: Hub) -> None:
    """Plans everything, when the last such plan is long enough ago: a restart is no reason for another."""
    due_after = hub.clock.now() - hub.settings.assets.schedule_s

    def read(tx: Transaction) -> bool:
        return any(
            not one.scope and one.created_at > due_after for one in plans.newest(tx, 50) if one.created_by == SYSTEM
        )

    if not await hub.database.read(read):
        await _begin(hub, [])


async def _begin(hub: Hub, scope: list[str]) -> None:
    try:
        await asset_plans.begin(hub, SYSTEM, mode=hub.settings.assets.mode, scope=scope)
    except AssetsRefused as fault:
        log.warning("asset.plan_not_begun", reason=fault.reason)


def join(hub: Hub) -> None:
    """Takes part in the hub's work."""
    asset_changes.join(hub)
    hub.reactions.on_events(EVENTS, partial(react, hub.settings))
    hub.alarms.on(TIMER, _plan)
    hub.alarms.on(WEBHOOK_TIMER, _look_into)
    schedule_s = hub.settings.assets.schedule_s
    if schedule_s and hub.invgate is not None and hub.invgate.has_assets:
        hub.alarms.every("asset.schedule", min(schedule_s, LONGEST_LOOK_S), _on_schedule)
