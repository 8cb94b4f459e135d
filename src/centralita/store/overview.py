"""What the overview asks: small reads by index, whatever the size of the log. Nothing here takes a lock."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
import sqlalchemy as sa

from centralita.core.approvals import WAITING
from centralita.store.database import Transaction
from centralita.store.glances import LaneName
from centralita.store.rejections import NOWHERE
from centralita.store.rollup_tables import lane_minutes
from centralita.store.schema import (
    approvals,
    assets,
    dead_letters,
    deliveries,
    lanes,
    rejections,
    source_counts,
    webhook_issues,
)


class Queue(LaneName, frozen=True, kw_only=True):
    """A lane, as far as it says how it is."""

    failing_since: float | None
    warned: int
    last_success_at: float | None
    last_failure_at: float | None


def queues(tx: Transaction) -> list[Queue]:
    """Every lane."""
    columns = [lanes.c[name] for name in Queue.__struct_fields__]
    rows = tx.execute(sa.select(*columns))
    return [Queue(**{**row._mapping, "paused": bool(row.paused)}) for row in rows]  # SQLite has no booleans


def depths(tx: Transaction) -> dict[int, tuple[int, int]]:
    """By lane: how many deliveries are not finished, and the number of the oldest. Read from an index alone."""
    d = deliveries.c
    query = sa.select(d.lane_id, sa.func.count(), sa.func.min(d.id)).group_by(d.lane_id)
    return {row[0]: (int(row[1]), int(row[2])) for row in tx.execute(query)}


def created_at(tx: Transaction, numbers: Collection[int]) -> dict[int, float]:
    """When unfinished deliveries were made, by number."""
    d = deliveries.c
    return {row[0]: row[1] for row in tx.execute(sa.select(d.id, d.created_at).where(d.id.in_(sorted(numbers))))}


def tries_by_minute(tx: Transaction, since: int) -> dict[int, tuple[int, int]]:
    """In each minute from the one that begins at ``since``: how many tries succeeded, and how many failed."""
    c = lane_minutes.c
    query = sa.select(c.start, sa.func.sum(c.successful), sa.func.sum(c.error)).where(c.start >= since)
    return {row[0]: (int(row[1]), int(row[2])) for row in tx.execute(query.group_by(c.start))}


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for a person."""

    dead: int
    dead_lately: int
    approvals: int
    conflicts: int


def waiting(tx: Transaction, lately: float) -> Waiting:
    """Counts; ``dead_lately`` those since the time ``lately``."""

    def count(table: sa.Table, *conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
        return sa.select(sa.func.count()).select_from(table).where(*conditions).scalar_subquery()

    # One statement: on PostgreSQL each is a round trip.
    row = tx.execute(
        sa.select(
            count(dead_letters),
            count(dead_letters, dead_letters.c.finished_at >= lately),
            count(approvals, approvals.c.state.in_(sorted(WAITING))),
            count(assets, assets.c.conflict > ""),
        )
    ).one()
    return Waiting(dead=row[0], dead_lately=row[1], approvals=row[2], conflicts=row[3])


def open_issues(tx: Transaction) -> dict[str, tuple[int, float]]:
    """How many open groups of failures each webhook has, also one that is gone; second, when the newest was."""
    w = webhook_issues.c
    query = sa.select(w.webhook, sa.func.count(), sa.func.max(w.last_at)).where(w.state == "open").group_by(w.webhook)
    return {row[0]: (int(row[1]), float(row[2])) for row in tx.execute(query)}


def rejected(tx: Transaction, since: float) -> dict[str, int]:
    """How many requests of each source were refused since a time, as far as they are kept (the last 100 of each)."""
    lately = sa.select(source_counts.c.source).where(
        source_counts.c.last_rejected_at >= since, source_counts.c.source != NOWHERE
    )
    r = rejections.c
    query = sa.select(r.source, sa.func.count()).where(r.source.in_(lately), r.at >= since).group_by(r.source)
    return {row[0]: int(row[1]) for row in tx.execute(query)}
