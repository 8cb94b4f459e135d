"""Carries plans out, and puts them back: each change is an event of ours with one delivery, which looks at the owner
that the asset has before it writes. What became of it is noted when the delivery ends, so that nothing is told that did
not happen."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from centralita.core import assets as core
from centralita.core.effects import Effect
from centralita.services import announcements
from centralita.services.alarms import LEASE_S
from centralita.services.announcements import About
from centralita.services.asset_plans import (
    AssetsRefused,
    NoPlan,
    PlanView,
    inventory_of,
    most_changes,
    new_plan,
    plan_view,
)
from centralita.services.audit import record
from centralita.services.hub import Hub
from centralita.services.reactions import Ended
from centralita.store import asset_plans, assets, timers
from centralita.store.asset_plans import Plan, Row
from centralita.store.assets import Known
from centralita.store.database import Transaction
from centralita.store.timers import Timer

TIMER = "asset.ask"
REQUESTED = "asset.owner_change_requested"
CHANGED = "asset.owner_changed"
APPLIED = "asset.plan_applied"
REVERTED = "asset.plan_reverted"
AT_ONCE = 200
"""Changes asked for in one transaction."""
_OPEN = {"applying": ("planned", "asked"), "reverting": ("changed", "asked_back")}


async def apply(hub: Hub, actor: str, plan_id: str, cap_percent: float | None = None) -> PlanView:
    """Asks InvGate for a plan's changes, each with the owner that the plan saw. ``cap_percent`` is a cap for once.

    Raises NoPlan, AssetsRefused: the plan was applied, is too old, or would change more than the cap.
    """
    inventory_of(hub)

    def check(tx: Transaction, plan: Plan) -> None:
        owners, now = hub.settings.assets, hub.clock.now()
        if core.next_plan_state(plan.state, "apply") is None:
            raise AssetsRefused("asset.plan_state", state=plan.state)
        if now - (plan.finished_at or 0.0) > owners.max_age_s:
            raise AssetsRefused("asset.plan_old", hours=round(owners.max_age_s / 3600, 1))
        changes = asset_plans.states(tx, plan.id).get("planned", 0)
        percent = owners.cap_percent if cap_percent is None else cap_percent
        seen = plan.counts.get("assets", 0)
        most = most_changes(tx, hub, plan) if cap_percent is None else core.most_changes(seen, cap_percent)
        if changes > most:
            raise AssetsRefused("asset.plan_capped", changes=changes, most=most, assets=seen, percent=percent)
        plan.applied_by, plan.applied_at = actor, now

    return await _start(hub, actor, plan_id, "apply", check)


async def revert(hub: Hub, actor: str, plan_id: str) -> PlanView:
    """Asks InvGate for the old owners of a plan's changes, where the owner still is who we set. Those assets are
    locked, so that the next plan does not do it again. Raises NoPlan, AssetsRefused."""
    inventory_of(hub)

    def check(tx: Transaction, plan: Plan) -> None:
        if core.next_plan_state(plan.state, "revert") is None:
            raise AssetsRefused("asset.plan_not_applied", state=plan.state)
        plan.ended_at = None
        asset_plans.try_again(tx, plan.id)

    return await _start(hub, actor, plan_id, "revert", check)


async def _start(hub: Hub, actor: str, plan_id: str, step: str, check: Callable[[Transaction, Plan], None]) -> PlanView:
    def start(tx: Transaction) -> tuple[PlanView, bool]:
        plan = asset_plans.lock(tx, plan_id)
        if plan is None:
            raise NoPlan(plan_id)
        before = plan.state
        check(tx, plan)
        plan.state = str(core.next_plan_state(before, step))
        asset_plans.save(tx, plan)
        more = ask(tx, hub, plan)
        details = {"before": before, "changes": dict(asset_plans.states(tx, plan.id))}
        view = plan_view(tx, hub, plan)
        name = "applied" if step == "apply" else "reverted"
        record(tx, hub.clock.now(), actor, f"asset_plan.{name}", f"asset_plan/{plan.id}", details)
        return view, more

    view, more = await hub.database.write(start)
    _go_on(hub, plan_id, more)
    return view


def _go_on(hub: Hub, plan_id: str, more: bool) -> None:
    if more and hub.role == "cli":
        hub.alarms.begin(hub, Timer(kind=TIMER, key=plan_id, due_at=0.0))
    elif more:
        hub.alarms.look()
    hub.router.look()
    hub.database.notify()


async def ask_on(hub: Hub, timer: Timer) -> None:
    """Asks for the changes of a large plan that are still to be asked for."""

    def go_on(tx: Transaction) -> bool:
        plan = asset_plans.lock(tx, timer.key)
        if plan is None or plan.state not in ("applying", "reverting"):
            timers.cancel(tx, TIMER, timer.key)
            return False
        return ask(tx, hub, plan)

    more = True
    while more:
        more = await hub.database.write(go_on)
        hub.router.look()
        hub.database.notify()


def ask(tx: Transaction, hub: Hub, plan: Plan) -> bool:
    """Asks for the next changes of a plan; True when there are more."""
    back = plan.state == "reverting"
    rows = asset_plans.rows(tx, plan.id, AT_ONCE, states=("changed" if back else "planned",))
    for row in rows:
        _request(tx, hub, row, back)
    asset_plans.set_state(tx, plan.id, [row.asset for row in rows], "asked_back" if back else "asked")
    more = len(rows) == AT_ONCE
    if more:
        timers.set_timer(tx, TIMER, plan.id, hub.clock.now() + (LEASE_S if hub.role == "cli" else 0.0))
    else:
        timers.cancel(tx, TIMER, plan.id)
        _end_if_done(tx, hub, plan, hub.clock.now())
    return more


def _request(tx: Transaction, hub: Hub, row: Row, back: bool) -> None:
    owner, expected = (row.old_id, row.new_id) if back else (row.new_id, row.old_id)
    effect = Effect(
        rule="asset",
        destination="invgate",
        target="assets",
        audience="system",
        action="asset.set_owner",
        arguments={"asset": row.asset, "owner": owner, "expected": expected},
    )
    announcements.tell(
        tx,
        hub.ids.new(),
        REQUESTED,
        now=hub.clock.now(),
        subject=f"asset/{row.asset}",
        title=row.name or row.asset,
        data=_said(row, back),
        effects=[effect],
        about=About(hub.settings.assets.source, f"asset/{row.asset}"),
    )


def _said(row: Row, back: bool) -> dict[str, Any]:
    old, new = ({"id": row.old_id, "name": row.old_name, "email": row.old_email},
                {"id": row.new_id, "name": row.new_name, "email": row.new_email})  # fmt: skip
    before, after = (new, old) if back else (old, new)
    return {
        "asset": {"id": row.asset, "name": row.name, "serial": row.serial},
        "owner": after,
        "previous_owner": before,
        "plan": {"id": row.plan, "reverted": back},
        "account": row.account,
    }


def after(hub: Hub, tx: Transaction, ended: Ended) -> bool:
    """Notes what became of a change; called in the transaction that settles its delivery."""
    data = ended.payload.event.data
    plan_id, asset_id = data["plan"]["id"], data["asset"]["id"]
    plan, row = asset_plans.lock(tx, plan_id), asset_plans.row(tx, plan_id, asset_id)
    state = core.next_row_state(row.state, ended.outcome.state) if row is not None else None
    if plan is None or row is None or state is None:
        return False
    detail = f"{ended.outcome.reason} {ended.outcome.detail}".strip() if state not in ("changed", "reverted") else ""
    if ended.outcome.state == "skipped":
        detail = str((ended.outcome.answer or {}).get("owner", ""))
    asset_plans.set_state(tx, plan_id, [asset_id], state, detail[:500])
    told = state in ("changed", "reverted")
    if told:
        _note(tx, row, state == "reverted", ended.now)
        _tell_changed(tx, hub, row, state == "reverted", ended)
    return _end_if_done(tx, hub, plan, ended.now) or told


def _note(tx: Transaction, row: Row, back: bool, now: float) -> None:
    known = assets.lock(tx, row.asset) or Known(id=row.asset, name=row.name)
    known.known_owner, known.set_at = (row.old_id if back else row.new_id), now
    known.locked = known.locked or back
    assets.save(tx, [known])


def _tell_changed(tx: Transaction, hub: Hub, row: Row, back: bool, ended: Ended) -> None:
    announcements.tell(
        tx,
        hub.ids.new(),
        CHANGED,
        now=ended.now,
        subject=f"asset/{row.asset}",
        title=row.name or row.asset,
        data=_said(row, back),
        about=About(hub.settings.assets.source, f"asset/{row.asset}"),
        cause=ended.payload.event.id,
        depth=ended.payload.event.depth + 1,
    )


def _end_if_done(tx: Transaction, hub: Hub, plan: Plan, now: float) -> bool:
    """Ends a plan of which nothing is open any more, and tells so."""
    state, counts = core.next_plan_state(plan.state, "end"), asset_plans.states(tx, plan.id)
    if state is None or any(counts.get(each) for each in _OPEN.get(plan.state, ())):
        return False
    plan.state, plan.ended_at = state, now
    asset_plans.save(tx, plan)
    if plan.mode == "resolve":
        return False  # one change, of which its own event tells
    said = {"id": plan.id, "state": state, "mode": plan.mode}
    announcements.tell(
        tx,
        hub.ids.new(),
        APPLIED if state == "applied" else REVERTED,
        now=now,
        subject=f"asset_plan/{plan.id}",
        title=plan.id,
        severity="medium" if counts.get("failed") or counts.get("not_reverted") else "info",
        data={"plan": said, "counts": dict(counts)},
    )
    return True


async def resolve(hub: Hub, actor: str, asset_id: str, email: str) -> PlanView:
    """A person says who owns an asset: it is changed like a plan of one, without a cap, and locked.

    Raises LookupError for an unknown asset, AssetsRefused for a person whom Assets has not once, InvGateUnavailable.
    """
    invgate = inventory_of(hub)
    person, asset = await invgate.person_by_email(email), await invgate.asset(asset_id)
    if asset is None:
        raise LookupError(asset_id)
    if person is None or person.disabled:
        raise AssetsRefused("asset.owner_unknown", email=email)
    old = asset.owner
    plan = new_plan(hub, actor, "resolve", [asset_id], "applying")
    plan.applied_by, plan.applied_at, plan.finished_at = actor, plan.created_at, plan.created_at
    plan.counts = {"assets": 1, core.CHANGE: 1}
    row = Row(plan=plan.id, asset=asset_id, name=asset.name, serial=asset.serial, account=asset.last_user,
              verdict=core.CHANGE, state="planned", sure="certain", why={"by": actor},
              old_id=old.id if old else "", old_name=old.name if old else "", old_email=old.email if old else "",
              new_id=person.id, new_name=person.name, new_email=person.email)  # fmt: skip

    def write(tx: Transaction) -> PlanView:
        known = assets.lock(tx, asset_id) or Known(id=asset_id, name=asset.name)
        known.locked, known.conflict, known.conflict_at = True, "", None
        assets.save(tx, [known])
        asset_plans.insert(tx, plan)
        asset_plans.add_rows(tx, [row])
        ask(tx, hub, plan)
        details = {"before": row.old_email, "after": row.new_email, "plan": plan.id}
        record(tx, plan.created_at, actor, "asset.resolved", f"asset/{asset_id}", details)
        return plan_view(tx, hub, plan)

    view = await hub.database.write(write)
    _go_on(hub, plan.id, False)
    return view


def join(hub: Hub) -> None:
    """Takes part in the hub's work."""
    hub.reactions.on_end("asset", partial(after, hub))
    hub.alarms.on(TIMER, ask_on)
