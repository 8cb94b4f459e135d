"""Plans of changes to assets' owners, row by row, so that a plan can be looked at, applied later and put back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from centralita.store import bulk
from centralita.store.asset_tables import asset_plan_rows, asset_plans, asset_sightings, assets
from centralita.store.database import Transaction

_BOUND = 400  # ids in one statement


class Plan(msgspec.Struct, kw_only=True):
    """A plan; see the table."""

    id: str
    state: str = "reading"
    run: str = ""
    mode: str = "plan"
    scope: list[str] = msgspec.field(default_factory=list)
    created_by: str = ""
    created_at: float = 0.0
    finished_at: float | None = None
    done: int = 0
    total: int | None = None
    counts: dict[str, int] = msgspec.field(default_factory=dict)
    """Verdict -> how many assets; ``assets`` for all of them."""
    fault: str = ""
    applied_by: str = ""
    applied_at: float | None = None
    ended_at: float | None = None


class Row(msgspec.Struct, kw_only=True):
    """What a plan says of one asset; see the table."""

    plan: str
    asset: str
    name: str = ""
    serial: str = ""
    account: str = ""
    verdict: str = ""
    state: str = ""
    sure: str = ""
    why: dict[str, Any] = msgspec.field(default_factory=dict)
    old_id: str = ""
    old_name: str = ""
    old_email: str = ""
    new_id: str = ""
    new_name: str = ""
    new_email: str = ""
    detail: str = ""


def _encoded(struct: Plan | Row, names: Iterable[str]) -> dict[str, Any]:
    row = msgspec.structs.asdict(struct)
    return {**row, **{name: msgspec.json.encode(row[name]).decode() for name in names}}


def insert(tx: Transaction, plan: Plan) -> None:
    """A new plan."""
    tx.execute(sa.insert(asset_plans).values(**_encoded(plan, ("scope", "counts"))))


def save(tx: Transaction, plan: Plan) -> None:
    """Writes a plan that was changed."""
    tx.execute(sa.update(asset_plans).where(asset_plans.c.id == plan.id).values(**_encoded(plan, ("scope", "counts"))))


def find(tx: Transaction, id_: str) -> Plan | None:
    """A plan, or None."""
    row = tx.execute(sa.select(asset_plans).where(asset_plans.c.id == id_)).first()
    return _plan(row) if row is not None else None


def lock(tx: Transaction, id_: str) -> Plan | None:
    """A plan, kept from others until the transaction ends."""
    row = tx.execute(sa.select(asset_plans).where(asset_plans.c.id == id_).with_for_update()).first()
    return _plan(row) if row is not None else None


def newest(tx: Transaction, limit: int, before: str = "", states: Sequence[str] = ()) -> list[Plan]:
    """Plans, newest first; in any state when none is named."""
    query = sa.select(asset_plans)
    if before:
        query = query.where(asset_plans.c.id < before)
    if states:
        query = query.where(asset_plans.c.state.in_(states))
    return [_plan(row) for row in tx.execute(query.order_by(asset_plans.c.id.desc()).limit(limit))]


def advance(tx: Transaction, id_: str, run: str, done: int, total: int | None) -> bool:
    """Notes how far a reading is; False when another process reads it now, or nobody is to any more."""
    where = (asset_plans.c.id == id_, asset_plans.c.run == run, asset_plans.c.state == "reading")
    return tx.execute(sa.update(asset_plans).where(*where).values(done=done, total=total)).rowcount == 1


def forget(tx: Transaction, before: float) -> None:
    """Drops plans that ended, or were never applied, before a time."""
    where = (asset_plans.c.created_at < before, asset_plans.c.state.not_in(("applying", "reverting")))
    for id_ in tx.execute(sa.select(asset_plans.c.id).where(*where).limit(10)).scalars().all():
        tx.execute(sa.delete(asset_plan_rows).where(asset_plan_rows.c.plan == id_))
        tx.execute(sa.delete(asset_plans).where(asset_plans.c.id == id_))


def clear_rows(tx: Transaction, plan: str) -> None:
    """Takes away what an earlier try to read a plan left."""
    tx.execute(sa.delete(asset_plan_rows).where(asset_plan_rows.c.plan == plan))


def add_rows(tx: Transaction, rows: Sequence[Row]) -> None:
    """Appends rows; an asset that the inventory lists on two pages has one."""
    bulk.insert(tx, asset_plan_rows, [_encoded(row, ("why",)) for row in rows], ignore=True)


def rows(
    tx: Transaction, plan: str, limit: int, *, after: str = "", verdict: str = "", states: Sequence[str] = ()
) -> list[Row]:
    """Rows of a plan, by asset id."""
    query = sa.select(asset_plan_rows).where(asset_plan_rows.c.plan == plan, asset_plan_rows.c.asset > after)
    if verdict:
        query = query.where(asset_plan_rows.c.verdict == verdict)
    if states:
        query = query.where(asset_plan_rows.c.state.in_(states))
    return [_row(row) for row in tx.execute(query.order_by(asset_plan_rows.c.asset).limit(limit))]


def row(tx: Transaction, plan: str, asset: str) -> Row | None:
    """One row, or None."""
    where = (asset_plan_rows.c.plan == plan, asset_plan_rows.c.asset == asset)
    found = tx.execute(sa.select(asset_plan_rows).where(*where)).first()
    return _row(found) if found is not None else None


def newest_row(tx: Transaction, asset: str) -> Row | None:
    """What the newest plan that saw an asset says of it."""
    query = sa.select(asset_plan_rows).where(asset_plan_rows.c.asset == asset)
    found = tx.execute(query.order_by(asset_plan_rows.c.plan.desc()).limit(1)).first()
    return _row(found) if found is not None else None


def pending(tx: Transaction, listed: Sequence[str]) -> set[str]:
    """Those of the assets for which a change is under way."""
    at_work = sa.select(asset_plans.c.id).where(asset_plans.c.state.in_(("applying", "reverting")))
    plans = tx.execute(at_work).scalars().all()
    found: set[str] = set()
    for start in range(0, len(listed) if plans else 0, _BOUND):
        query = sa.select(asset_plan_rows.c.asset).where(
            asset_plan_rows.c.plan.in_(plans),
            asset_plan_rows.c.state.in_(("planned", "asked", "asked_back")),
            asset_plan_rows.c.asset.in_(listed[start : start + _BOUND]),
        )
        found.update(tx.execute(query).scalars())
    return found


def set_state(tx: Transaction, plan: str, listed: Sequence[str], state: str, detail: str = "") -> None:
    """Moves rows on."""
    for start in range(0, len(listed), _BOUND):
        chunk = asset_plan_rows.c.asset.in_(listed[start : start + _BOUND])
        where = (asset_plan_rows.c.plan == plan, chunk)
        tx.execute(sa.update(asset_plan_rows).where(*where).values(state=state, detail=detail))


def try_again(tx: Transaction, plan: str) -> None:
    """What could not be put back is to be put back."""
    where = (asset_plan_rows.c.plan == plan, asset_plan_rows.c.state == "not_reverted")
    tx.execute(sa.update(asset_plan_rows).where(*where).values(state="changed"))


def states(tx: Transaction, plan: str) -> Mapping[str, int]:
    """State -> how many rows that are changes."""
    query = sa.select(asset_plan_rows.c.state, sa.func.count()).where(
        asset_plan_rows.c.plan == plan, asset_plan_rows.c.state != ""
    )
    return {state: count for state, count in tx.execute(query.group_by(asset_plan_rows.c.state))}


def verdicts(tx: Transaction, plan: str) -> Mapping[str, int]:
    """Verdict -> how many rows."""
    query = sa.select(asset_plan_rows.c.verdict, sa.func.count()).where(asset_plan_rows.c.plan == plan)
    return {verdict: count for verdict, count in tx.execute(query.group_by(asset_plan_rows.c.verdict))}


def refuse_duplicates(tx: Transaction, plan: str) -> None:
    """Of assets that share a serial none changes; nor those that share a name by which somebody was seen."""
    for reason, key, seen in (("duplicate_serial", "serial_key", False), ("duplicate_name", "name_key", True)):
        shared = sa.select(assets.c[key]).where(assets.c[key] != "").group_by(assets.c[key]).having(sa.func.count() > 1)
        doubled = sa.select(assets.c.id).where(assets.c[key].in_(shared))
        if seen:
            by_name = sa.select(asset_sightings.c.asset).where(asset_sightings.c.asset == "name:" + assets.c.name_key)
            doubled = doubled.where(by_name.exists())
        table = asset_plan_rows
        where = (table.c.plan == plan, table.c.verdict == "change", table.c.asset.in_(doubled))
        tx.execute(sa.update(table).where(*where).values(verdict=reason, state=""))


def changes_since(tx: Transaction, at: float) -> int:
    """How many changes were asked for by applied plans about single assets since a time."""
    query = (
        sa.select(sa.func.count())
        .select_from(asset_plan_rows.join(asset_plans, asset_plans.c.id == asset_plan_rows.c.plan))
        .where(
            asset_plans.c.applied_at > at,
            asset_plans.c.mode == "apply",
            asset_plans.c.scope != "[]",
            asset_plan_rows.c.state != "",
        )
    )
    found: int = tx.execute(query).scalar_one()
    return found


def _plan(row: Any) -> Plan:
    read = {"scope": msgspec.json.decode(row.scope), "counts": msgspec.json.decode(row.counts)}
    return Plan(**{**row._mapping, **read})


def _row(row: Any) -> Row:
    return Row(**{**row._mapping, "why": msgspec.json.decode(row.why)})
