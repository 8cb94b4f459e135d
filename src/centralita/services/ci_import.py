"""Reads the inventory of InvGate Assets into the configuration items, page by page.

An import is a chain of steps, each of which says how the next one goes on: whoever carries it out (a command, a
schedule) may be killed at any time, and the next import begins anew. What the inventory no longer has is gone here
too, once all of it was read.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass

import msgspec
import structlog

from centralita.core.secrets import SecretError
from centralita.services.asset_plans import inventory_of
from centralita.services.asset_reading import described
from centralita.services.audit import record
from centralita.services.ci_projection import Projected, Told, project, told_of
from centralita.services.cis import CiRefused
from centralita.services.hub import Hub
from centralita.services.invgate import InvGateUnavailable
from centralita.store import cis
from centralita.store.database import Transaction

log = structlog.get_logger(__name__)

SYSTEM = "system"
STEP_S = 5.0
"""How long a step goes on to read pages before it says how far it is."""
_PLACE = "ci_import"
_SWEEP = 500


class State(msgspec.Struct, kw_only=True):
    """How far an import is."""

    began_at: float
    page: str = ""
    dry_run: bool = False
    read: int = 0
    total: int | None = None
    done: Projected = msgspec.field(default_factory=Projected)
    gone: int = 0
    finished: bool = False


@dataclass(frozen=True)
class ImportView:
    """How far an import is, or what it came to."""

    read: int
    total: int | None
    """How many assets there are, or were last time; null while nobody knows."""
    created: int
    updated: int
    unchanged: int
    gone: int
    """CIs that the inventory no longer has."""
    dry_run: bool
    next: str | None
    """Give it back to go on; null when it is finished."""


class _Rehearsed(Exception):
    """Takes back what a dry run wrote; holds what it came to."""

    def __init__(self, found: Projected) -> None:
        super().__init__()
        self.found = found


async def step(hub: Hub, actor: str, cursor: str, dry_run: bool) -> ImportView:
    """Reads some pages; ``cursor`` is "" at the beginning, else what the step before said.

    Raises AssetsRefused (no inventory), InvGateUnavailable, CiRefused (``ci.import_shrunk``), ValueError for a cursor
    that is none.
    """
    state = _opened(hub, cursor) if cursor else State(began_at=hub.clock.now(), dry_run=dry_run)
    if not cursor:
        inventory_of(hub)
        source = hub.settings.assets.source
        state.total = await hub.database.read(lambda tx: cis.counted(tx, source)) or None
    until = hub.clock.now() + STEP_S
    while not state.finished:
        await _page(hub, actor, state)
        if hub.clock.now() >= until:
            break
    sealed = "" if state.finished else hub.vault.seal(msgspec.json.encode(state).decode(), _PLACE)
    counts = state.done
    return ImportView(
        *(state.read, state.total, counts.created, counts.updated, counts.unchanged, state.gone, state.dry_run),
        next=sealed or None,
    )


def _opened(hub: Hub, cursor: str) -> State:
    """Sealed, because the next page is asked for with the hub's own credentials."""
    try:
        return msgspec.json.decode(hub.vault.unseal(cursor, _PLACE), type=State)
    except (SecretError, binascii.Error, msgspec.DecodeError, UnicodeError):
        raise ValueError("cursor") from None


async def _page(hub: Hub, actor: str, state: State) -> None:
    page = await inventory_of(hub).asset_page(state.page)
    source = hub.settings.assets.source
    told = told_of([described(asset, source) for asset in page.items])
    found = await _rehearse(hub, source, told) if state.dry_run else await _project(hub, source, told)
    for name in Projected.__struct_fields__:
        setattr(state.done, name, getattr(state.done, name) + getattr(found, name))
    state.read, state.total = state.read + len(told), page.total or state.total
    state.finished = not page.next or page.next == state.page
    state.page = page.next
    if state.finished:
        await _end(hub, actor, state)


async def _project(hub: Hub, source: str, told: dict[str, Told]) -> Projected:
    now = hub.clock.now()
    return await hub.database.write(lambda tx: project(tx, source, told, now, hub.ids.new))


async def _rehearse(hub: Hub, source: str, told: dict[str, Told]) -> Projected:
    def write(tx: Transaction) -> None:
        raise _Rehearsed(project(tx, source, told, hub.clock.now(), hub.ids.new))

    try:
        await hub.database.write(write)
    except _Rehearsed as rehearsed:
        return rehearsed.found
    raise AssertionError("what is rehearsed is taken back")


async def _end(hub: Hub, actor: str, state: State) -> None:
    """What was not read any more is gone: unless that would be most of it, which says more about the reading."""
    source = hub.settings.assets.source
    known, unread = await hub.database.read(
        lambda tx: (cis.counted(tx, source), cis.count_unread(tx, source, state.began_at))
    )
    if state.dry_run:
        unread = max(0, known - state.done.updated - state.done.unchanged)
    if unread * 2 > known:
        raise CiRefused("ci.import_shrunk", known=str(known), read=str(state.read))
    state.gone = unread
    if state.dry_run:
        return
    left = unread
    while left > 0:
        left = await hub.database.write(lambda tx: _sweep(tx, hub, source, state.began_at))
    details = {**msgspec.structs.asdict(state.done), "gone": state.gone, "read": state.read}
    await hub.database.write(lambda tx: record(tx, hub.clock.now(), actor, "cis.imported", f"source/{source}", details))


def _sweep(tx: Transaction, hub: Hub, source: str, since: float) -> int:
    """Lets go of some that were not read; how many those were."""
    cis.hold(tx)
    unread = cis.unread(tx, source, since, _SWEEP)
    project(tx, source, {ci.external_id: Told(gone=True) for ci in unread}, hub.clock.now(), hub.ids.new)
    return len(unread)


async def _on_schedule(hub: Hub) -> None:
    cursor: str | None = ""
    try:
        while cursor is not None:
            cursor = (await step(hub, SYSTEM, cursor, dry_run=False)).next
    except (CiRefused, InvGateUnavailable) as fault:
        log.warning("ci.not_imported", reason=fault.reason)


def join(hub: Hub) -> None:
    """Takes part in the hub's work."""
    schedule_s = hub.settings.cmdb.schedule_s
    if schedule_s and hub.invgate is not None and hub.invgate.has_assets:
        hub.alarms.every("ci.import", schedule_s, _on_schedule)
