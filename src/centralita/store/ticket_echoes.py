"""What service desks are expected to tell back of what we wrote there. A row goes once both were: what was asked has
ended, and its echo was heard; in either order."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from centralita.core.ticket_echoes import Said, is_echo
from centralita.store import bulk
from centralita.store.database import Transaction
from centralita.store.ticket_tables import ticket_echoes as table


def expect(tx: Transaction, event_id: str, source: str, ticket: str, asked: Iterable[Said], now: float) -> None:
    """Notes what will be told back of what an event asks for."""
    about = {"event_id": event_id, "source": source, "ticket": ticket, "heard": False, "ended": False, "at": now}
    bulk.insert(tx, table, [{**about, "kind": said.kind, "content": said.content} for said in asked])


def hear(tx: Transaction, source: str, ticket: str, told: Said, since: float) -> bool:
    """Whether that is the echo of what was asked after ``since``; each is one once."""
    ours = sa.and_(table.c.source == source, table.c.ticket == ticket, table.c.kind == told.kind)
    open_ = sa.and_(ours, table.c.heard.is_(False), table.c.at > since)
    # Locked: what was asked may end at this moment.
    query = sa.select(table).where(open_).order_by(table.c.at, table.c.event_id).with_for_update()
    for row in tx.execute(query).all():
        if not is_echo(told, Said(row.kind, row.content)):
            continue
        this = sa.and_(table.c.event_id == row.event_id, table.c.kind == row.kind)
        tx.execute(sa.delete(table).where(this) if row.ended else sa.update(table).where(this).values(heard=True))
        return True
    return False


def end(tx: Transaction, event_id: str, done: bool) -> bool:
    """What an event asked for has ended; True when something was written: it is ``done``, or was told back."""
    this = table.c.event_id == event_id
    rows = tx.execute(sa.select(table.c.heard).where(this).with_for_update()).all()
    heard = any(row.heard for row in rows)
    tx.execute(sa.delete(table).where(this, *([table.c.heard.is_(True)] if done or heard else [])))
    tx.execute(sa.update(table).where(this).values(ended=True))
    return bool(rows) and (done or heard)


def forget(tx: Transaction, before: float) -> None:
    """Lets go of what was asked before that time and never told back."""
    tx.execute(sa.delete(table).where(table.c.at < before))
