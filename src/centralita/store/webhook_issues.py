"""Failures of webhooks in groups: counted as they happen, seen to by people."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from centralita.core.failures import STATES, next_state
from centralita.store.database import Transaction
from centralita.store.schema import webhook_issues


class Failing(msgspec.Struct, frozen=True, kw_only=True):
    """Failures of one kind at one webhook, within one batch of results."""

    lane_id: int
    webhook: str
    key: str
    """``core.failures.kind``"""
    count: int = 1
    first_at: float
    last_at: float
    event_id: str
    """Of the newest of them, as what follows."""
    delivery_id: int
    attempt: str
    detail: str = ""


class Issue(msgspec.Struct, frozen=True, kw_only=True):
    """Failures of one kind at one webhook."""

    id: int
    lane_id: int
    webhook: str
    key: str
    state: str
    count: int
    first_at: float
    last_at: float
    event_id: str
    delivery_id: int
    attempt: str
    detail: str
    changed_by: str
    """Who gave it its state; "" while nobody has, and when it opened by itself."""
    changed_at: float | None


_OPENED = [(state, next_state(state, "fail")) for state in STATES if next_state(state, "fail") != state]
_STATE = "case webhook_issues.state " + " ".join(f"when '{old}' then '{new}'" for old, new in _OPENED)
_CHANGED = "webhook_issues.state in (" + ", ".join(f"'{old}'" for old, _ in _OPENED) + ")"
_COUNT = sa.text(
    "insert into webhook_issues (lane_id, webhook, key, state, count, first_at, last_at, event_id, delivery_id,"
    " attempt, detail) values (:lane_id, :webhook, :key, 'open', :count, :first_at, :last_at, :event_id, :delivery_id,"
    " :attempt, :detail) on conflict (lane_id, key) do update set count = webhook_issues.count + excluded.count,"
    " last_at = excluded.last_at, event_id = excluded.event_id, delivery_id = excluded.delivery_id,"
    " attempt = excluded.attempt, detail = excluded.detail,"
    f" state = {_STATE} else webhook_issues.state end,"
    f" changed_by = case when {_CHANGED} then '' else webhook_issues.changed_by end,"
    f" changed_at = case when {_CHANGED} then excluded.last_at else webhook_issues.changed_at end"
)


def count(tx: Transaction, rows: Sequence[Failing]) -> None:
    """Adds failures to their issues; one that was resolved is open again. The caller holds the lanes' locks."""
    if rows:
        tx.execute(_COUNT, [msgspec.structs.asdict(row) for row in rows])


def listing(
    tx: Transaction, limit: int, state: str = "", webhook: str = "", behind: tuple[int, int] | None = None
) -> list[Issue]:
    """The most common first; ``behind`` is (count, id) of the last one of the page before."""
    w = webhook_issues.c
    query = sa.select(webhook_issues).order_by(w.count.desc(), w.id.desc()).limit(limit)
    if state:
        query = query.where(w.state == state)
    if webhook:
        query = query.where(w.webhook == webhook)
    if behind is not None:
        query = query.where(sa.tuple_(w.count, w.id) < sa.tuple_(*map(sa.literal, behind)))
    return [Issue(**dict(row._mapping)) for row in tx.execute(query)]


def get(tx: Transaction, number: int, *, held: bool = False) -> Issue | None:
    """One; ``held`` until the transaction ends."""
    query = sa.select(webhook_issues).where(webhook_issues.c.id == number)
    if held:
        query = query.with_for_update()
    row = tx.execute(query).first()
    return Issue(**dict(row._mapping)) if row is not None else None


def set_state(tx: Transaction, number: int, state: str, actor: str, now: float) -> None:
    """Somebody has seen to it."""
    values = {"state": state, "changed_by": actor, "changed_at": now}
    tx.execute(sa.update(webhook_issues).where(webhook_issues.c.id == number).values(values))
