"""Plans of who is to own which asset. A plan is read first, changes nothing, and can be looked at; whoever applies it
later does so with every old owner checked again (``services.asset_changes``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from centralita.core import assets as core
from centralita.services import announcements
from centralita.services.alarms import LEASE_S
from centralita.services.asset_people import People
from centralita.services.asset_reading import TIMER, Overtaken, Reading
from centralita.services.audit import record
from centralita.services.directory import DirectoryUnavailable
from centralita.services.hub import Hub
from centralita.services.invgate import InvGate, InvGateUnavailable
from centralita.services.source_watch import until
from centralita.services.times import shown
from centralita.store import asset_plans, assets, timers
from centralita.store.asset_plans import Plan, Row
from centralita.store.database import Transaction
from centralita.store.timers import Timer

FINISHED = "asset.plan_finished"
FAILED = "asset.plan_failed"
ABANDONED_S = 15.0
"""Whoever serves takes up what is overdue sooner than that."""
_DAY_S = 86_400.0


class AssetsRefused(Exception):
    """It can't be done; ``reason`` is a message id."""

    def __init__(self, reason: str, **arguments: Any) -> None:
        super().__init__(reason)
        self.reason, self.arguments = reason, arguments


class NoPlan(LookupError):
    """There is no such plan."""


@dataclass(frozen=True)
class PlanView:
    """A plan as people see it."""

    id: str
    state: str
    """``reading, ready, failed, applying, applied, reverting, reverted``."""
    mode: str
    """``plan``, ``apply`` (it is applied as soon as it is ready), ``resolve`` (a person's decision on one asset)."""
    created_by: str
    created_at: str | None
    finished_at: str | None
    done: int
    total: int | None
    """How many assets there are to read, or were last time; null when nobody knows."""
    assets: list[str]
    """Those that it is about; empty for all."""
    counts: Mapping[str, int]
    """Verdict -> assets."""
    states: Mapping[str, int]
    """How far the changes are: ``planned, asked, changed, stale, failed``..."""
    most_changes: int
    """How many changes the cap allows."""
    fault: str
    """Message id, and a detail."""
    applied_by: str
    applied_at: str | None
    ended_at: str | None


@dataclass(frozen=True)
class Owner:
    """A person of InvGate Assets; id "" for nobody."""

    id: str
    name: str
    email: str


@dataclass(frozen=True)
class RowView:
    """What a plan says of one asset."""

    asset: str
    name: str
    serial: str
    account: str
    old: Owner
    new: Owner
    verdict: str
    """``change``, or why not."""
    why: Mapping[str, Any]
    """Arguments of the message id ``asset.<verdict>``."""
    sure: str
    state: str
    detail: str


def inventory_of(hub: Hub) -> InvGate:
    """Raises AssetsRefused when there is no inventory."""
    if hub.invgate is None or not hub.invgate.has_assets:
        raise AssetsRefused("asset.unconfigured")
    return hub.invgate


def most_changes(tx: Transaction, hub: Hub, plan: Plan) -> int:
    """How many owners a plan may change: a share of what it saw. Plans about single assets have one share a day."""
    percent = hub.settings.assets.cap_percent
    if not plan.scope:
        return core.most_changes(plan.counts.get("assets", 0), percent)
    used = asset_plans.changes_since(tx, hub.clock.now() - _DAY_S)
    return max(0, core.most_changes(assets.counted(tx), percent) - used)


def plan_view(tx: Transaction, hub: Hub, plan: Plan) -> PlanView:
    """A plan with how far it is."""
    return PlanView(
        id=plan.id,
        state=plan.state,
        mode=plan.mode,
        created_by=plan.created_by,
        created_at=shown(plan.created_at),
        finished_at=shown(plan.finished_at),
        done=plan.done,
        total=plan.total,
        assets=plan.scope,
        counts=plan.counts,
        states=asset_plans.states(tx, plan.id),
        most_changes=most_changes(tx, hub, plan),
        fault=plan.fault,
        applied_by=plan.applied_by,
        applied_at=shown(plan.applied_at),
        ended_at=shown(plan.ended_at),
    )


def row_view(row: Row) -> RowView:
    """A row as people see it."""
    old = Owner(row.old_id, row.old_name, row.old_email)
    new = Owner(row.new_id, row.new_name, row.new_email)
    said = (row.verdict, row.why, row.sure, row.state, row.detail)
    return RowView(row.asset, row.name, row.serial, row.account, old, new, *said)


def new_plan(hub: Hub, actor: str, mode: str, scope: Sequence[str], state: str = "reading") -> Plan:
    """A plan that is not written yet."""
    id_ = "pln_" + hub.ids.new().removeprefix("rcp_")
    return Plan(id=id_, state=state, mode=mode, scope=list(scope), created_by=actor, created_at=hub.clock.now())


async def begin(hub: Hub, actor: str, *, mode: str = "plan", scope: Sequence[str] = ()) -> PlanView:
    """Has a plan read: of the whole inventory, or of the assets ``scope``. Nothing but our own database is written.

    Raises AssetsRefused.
    """
    inventory_of(hub)
    plan = new_plan(hub, actor, mode, scope)
    runs_here = hub.running and hub.role in ("all", "worker")

    def create(tx: Transaction) -> PlanView:
        for other in asset_plans.newest(tx, 20, states=("reading",)) if not scope else ():
            if not other.scope and not _give_up(tx, other, plan.created_at):
                raise AssetsRefused("asset.plan_under_way", plan=other.id)
        asset_plans.forget(tx, plan.created_at - hub.settings.assets.keep_days * _DAY_S)
        asset_plans.insert(tx, plan)
        # In a command nobody else is to begin it; should the command be killed, whoever serves next goes on.
        timers.set_timer(tx, TIMER, plan.id, plan.created_at + (LEASE_S if hub.role == "cli" else 0.0))
        record(tx, plan.created_at, actor, "asset_plan.begun", f"asset_plan/{plan.id}", {"assets": list(scope)})
        return plan_view(tx, hub, plan)

    view = await hub.database.write(create)
    if hub.role == "cli":
        hub.alarms.begin(hub, Timer(kind=TIMER, key=plan.id, due_at=0.0))
    elif runs_here:
        hub.alarms.look()
    return view


def _give_up(tx: Transaction, plan: Plan, now: float) -> bool:
    """Ends a plan whose command was killed and that no server took over; False when somebody is at it."""
    timer = timers.find(tx, TIMER, plan.id)
    if timer is not None and timer.due_at > now - ABANDONED_S:
        return False
    plan.state, plan.fault, plan.finished_at = (
        str(core.next_plan_state(plan.state, "fail")),
        "asset.plan_abandoned",
        now,
    )
    asset_plans.save(tx, plan)
    timers.cancel(tx, TIMER, plan.id)
    return True


async def carry_out(hub: Hub, timer: Timer) -> Plan | None:
    """Reads a plan that was begun; from the start, if somebody was killed over it. Returns it when it is ready."""
    plan = await hub.database.write(lambda tx: _take(tx, hub, timer.key))
    if plan is None:
        return None
    owners = hub.settings.assets
    try:
        people = People(inventory_of(hub), hub.directory, owners.accounts, owners.domains)
        await Reading(hub, inventory_of(hub), plan, people).read()
    except Overtaken:
        return None
    except AssetsRefused as fault:
        await _end(hub, plan, fault.reason)
    except (InvGateUnavailable, DirectoryUnavailable) as fault:
        await _end(hub, plan, f"{fault.reason} {fault.detail}".strip())
    else:
        return plan if await _end(hub, plan, "") else None
    return None


def _take(tx: Transaction, hub: Hub, id_: str) -> Plan | None:
    plan = asset_plans.lock(tx, id_)
    if plan is None or plan.state != "reading":
        timers.cancel(tx, TIMER, id_)
        return None
    plan.run, plan.done = hub.ids.new(), 0
    plan.total = len(plan.scope) or assets.counted(tx) or None
    asset_plans.clear_rows(tx, id_)
    asset_plans.save(tx, plan)
    timers.set_timer(tx, TIMER, id_, hub.clock.now() + LEASE_S)
    return plan


async def _end(hub: Hub, reading: Plan, fault: str) -> bool:
    """A plan that could not be read whole is no plan: nobody can apply it. False when it is not ours to end."""

    def end(tx: Transaction) -> bool:
        plan = asset_plans.lock(tx, reading.id)
        if plan is None or plan.run != reading.run or plan.state != "reading":
            return False
        now = hub.clock.now()
        if not fault:
            _sum_up(tx, hub, plan, now)
        plan.state = str(core.next_plan_state(plan.state, "fail" if fault else "finish"))
        plan.fault, plan.finished_at = fault, now
        asset_plans.save(tx, plan)
        timers.cancel(tx, TIMER, plan.id)
        if not plan.scope or fault:
            _tell(tx, hub, plan, now)
        return True

    if not await hub.database.write(end):
        return False
    hub.bell.ring([reading.id])
    hub.router.look()
    hub.database.notify()
    return True


def _sum_up(tx: Transaction, hub: Hub, plan: Plan, now: float) -> None:
    if not plan.scope:
        assets.forget_absent(tx, plan.id)
        assets.forget_sightings(tx, now - max(hub.settings.assets.keep_days, hub.settings.assets.days) * _DAY_S)
    asset_plans.refuse_duplicates(tx, plan.id)
    verdicts = dict(asset_plans.verdicts(tx, plan.id))
    plan.counts = {"assets": sum(verdicts.values()), **verdicts}
    plan.done = plan.counts["assets"]


def _tell(tx: Transaction, hub: Hub, plan: Plan, now: float) -> None:
    conflicts = sum(plan.counts.get(reason, 0) for reason in core.CONFLICTS)
    said = {
        "id": plan.id,
        "state": plan.state,
        "mode": plan.mode,
        "assets": plan.counts.get("assets", 0),
        "changes": plan.counts.get(core.CHANGE, 0),
        "conflicts": conflicts,
        "most_changes": most_changes(tx, hub, plan),
    }
    announcements.tell(
        tx,
        hub.ids.new(),
        FAILED if plan.fault else FINISHED,
        now=now,
        subject=f"asset_plan/{plan.id}",
        title=plan.id,
        severity="medium" if plan.fault else "info",
        data={"plan": said, "reason": plan.fault},
    )


async def show(hub: Hub, id_: str, wait_s: float = 0.0, seen: int = -1) -> PlanView:
    """A plan; ``newest`` names the newest. While it is read, waits until more than ``seen`` assets are.

    Raises NoPlan.
    """

    def find(tx: Transaction) -> PlanView | None:
        plan = asset_plans.find(tx, id_) if id_ != "newest" else next(iter(asset_plans.newest(tx, 1)), None)
        return plan_view(tx, hub, plan) if plan is not None else None

    async def look() -> PlanView | None:
        view = await hub.database.read(find)
        return view if view is None or view.state != "reading" or view.done > seen else None

    if wait_s and (found := await until(hub, [id_], wait_s, look)) is not None:
        return found
    view = await hub.database.read(find)
    if view is None:
        raise NoPlan(id_)
    return view


async def listing(hub: Hub, limit: int, before: str) -> list[PlanView]:
    """Plans, newest first."""

    def read(tx: Transaction) -> list[PlanView]:
        return [plan_view(tx, hub, plan) for plan in asset_plans.newest(tx, limit, before)]

    return await hub.database.read(read)


async def rows(hub: Hub, id_: str, limit: int, after: str, verdict: str, state: str) -> list[RowView]:
    """What a plan says, by asset id; of one verdict or state, if named. Raises NoPlan."""
    states = (state,) if state else ()

    def read(tx: Transaction) -> list[RowView] | None:
        if asset_plans.find(tx, id_) is None:
            return None
        found = asset_plans.rows(tx, id_, limit, after=after, verdict=verdict, states=states)
        return [row_view(row) for row in found]

    found = await hub.database.read(read)
    if found is None:
        raise NoPlan(id_)
    return found
