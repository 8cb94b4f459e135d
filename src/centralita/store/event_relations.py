"""What an event has to do with others: its cause, what it caused, its subject's story, what belongs together."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from centralita.core import ids
from centralita.core.approvals import Approval
from centralita.core.audit import Link
from centralita.core.incidents import Incident
from centralita.store import approvals, audit, events, incidents
from centralita.store.database import Transaction
from centralita.store.events import Filter, StoredEvent
from centralita.store.schema import audit as audit_table
from centralita.store.schema import events as table
from centralita.store.schema import incident_tables


def caused(tx: Transaction, event_ids: Sequence[str], limit: int) -> list[StoredEvent]:
    """Events that any of these led to, the oldest first."""
    if not event_ids:
        return []
    first = min(ids.day(event_id) for event_id in event_ids)
    # Said as the partial index says it.
    query = sa.select(table).where(table.c.cause != sa.literal_column("''"), table.c.cause.in_(sorted(event_ids)))
    return _of(tx, query.where(table.c.day >= first), limit)


def correlated(tx: Transaction, event: StoredEvent, days: int, limit: int) -> list[StoredEvent]:
    """Events of other subjects that its sender says belong together with it, of the days around it."""
    correlation = event.event.correlation
    if not correlation:
        return []
    day = ids.day(event.event.id)
    query = sa.select(table).where(
        table.c.correlation != sa.literal_column("''"),
        table.c.correlation == correlation,
        table.c.day.between(day - days, day + days),
        sa.or_(table.c.source != event.event.source, table.c.subject != event.event.subject),
    )
    return _of(tx, query, limit)


def following(tx: Transaction, event: StoredEvent, limit: int) -> list[StoredEvent]:
    """The next events of its subject, the oldest first."""
    day, subject = ids.day(event.event.id), event.event.subject
    if not subject:
        return []
    query = sa.select(table).where(
        table.c.source == event.event.source,
        table.c.subject == subject,
        table.c.day >= day,
        table.c.id > event.event.id,
    )
    return _of(tx, query, limit)


def before(tx: Transaction, event: StoredEvent) -> StoredEvent | None:
    """The event of its subject before it."""
    if not event.event.subject:
        return None
    wanted = Filter(source=event.event.source, subject=event.event.subject)
    found = events.newest(tx, wanted, 1, event.event.id)
    return found[0] if found else None


def _of(tx: Transaction, query: sa.Select[tuple[object, ...]], limit: int) -> list[StoredEvent]:
    ordered = query.order_by(table.c.day, table.c.id).limit(sa.literal_column(str(int(limit))))
    return [events.stored_of(row) for row in tx.execute(ordered)]


def approvals_of(tx: Transaction, source: str, subject: str, limit: int) -> list[Approval]:
    """Approvals of a subject, the newest first."""
    found = approvals.listing(tx, approvals.Filter(subject=subject), limit) if subject else []
    return [each for each in found if each.source == source]


def incidents_of(tx: Transaction, source: str, subject: str, limit: int) -> list[Incident]:
    """Incidents that events of a subject belong to, the newest first."""
    if not subject:
        return []
    related = incident_tables.incident_events.c
    query = sa.select(related.number).distinct().where(related.source == source, related.subject == subject)
    numbers = tx.execute(query.order_by(related.number.desc()).limit(limit)).scalars()
    found = (incidents.find(tx, number) for number in numbers)
    return [each for each in found if each is not None]


def audited(tx: Transaction, subjects: Sequence[str], limit: int) -> list[Link]:
    """What people did to these (``event/evt_...``, ``delivery/dlv_7``), the newest first."""
    query = sa.select(audit_table.c.seq).where(audit_table.c.object.in_(subjects))
    numbers = list(tx.execute(query.order_by(audit_table.c.seq.desc()).limit(limit)).scalars())
    return audit.load(tx, numbers)
