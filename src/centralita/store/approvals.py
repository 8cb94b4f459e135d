"""Approvals as they stand, and who stands in for whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from centralita.core.approvals import FINAL, WAITING, Approval
from centralita.core.approvers import Delegation, read_approver
from centralita.store.database import Conflict, Transaction
from centralita.store.schema import approvals, delegations


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which approvals; "" for any."""

    state: str = ""
    """One of the states, ``waiting`` for all that are not over, ``answerable`` for those that take an answer."""
    approver: str = ""
    """Address of somebody who may answer now."""
    approvers: tuple[str, ...] = ()
    """Instead, keys of several: what waits for any of them."""
    subject: str = ""


class StoredDelegation(msgspec.Struct, frozen=True, kw_only=True):
    """A delegation that somebody made."""

    id: int
    delegation: Delegation
    created_by: str


def add(tx: Transaction, approval: Approval) -> None:
    """Keeps a new approval."""
    tx.execute(sa.insert(approvals).values(_values(approval)))


def save(tx: Transaction, approval: Approval, before: int) -> None:
    """Writes back one that was decided on when its version was ``before``. Raises Conflict when it is not any more."""
    where = (approvals.c.id == approval.id, approvals.c.version == before)
    if tx.execute(sa.update(approvals).where(*where).values(_values(approval))).rowcount != 1:
        raise Conflict(approval.id)


def find(tx: Transaction, id_: str) -> Approval | None:
    """One approval."""
    return _one(tx, sa.select(approvals.c.body).where(approvals.c.id == id_))


def lock(tx: Transaction, id_: str) -> Approval | None:
    """One approval, held until the transaction ends: two who answer at once are counted one after the other."""
    query = sa.select(approvals.c.body).where(approvals.c.id == id_)
    return _one(tx, query.with_for_update() if tx.dialect.name == "postgresql" else query)


def newest_of(tx: Transaction, topic: str) -> Approval | None:
    """The newest approval of a topic."""
    query = sa.select(approvals.c.body).where(approvals.c.topic == topic).order_by(approvals.c.id.desc()).limit(1)
    return _one(tx, query)


def listing(tx: Transaction, wanted: Filter, limit: int, before: str = "") -> list[Approval]:
    """Approvals, the newest first; ``before`` is the id of the last one of the page before."""
    query = sa.select(approvals.c.body).order_by(approvals.c.id.desc()).limit(limit)
    if wanted.state == "waiting":
        query = query.where(approvals.c.state.in_(sorted(WAITING)))  # as a list of states: an index has the few
    elif wanted.state == "answerable":
        query = query.where(approvals.c.state.in_(("open", "asked")))
    elif wanted.state:
        query = query.where(approvals.c.state == wanted.state)
    if keys := wanted.approvers or ((wanted.approver,) if wanted.approver else ()):
        names = (approvals.c.waits_for.contains(f" {key.lower()} ", autoescape=True) for key in keys)
        query = query.where(sa.or_(*names))
    if wanted.subject:
        query = query.where(approvals.c.subject == wanted.subject)
    if before:
        query = query.where(approvals.c.id < before)
    return [_read(row.body) for row in tx.execute(query)]


def _one(tx: Transaction, query: Any) -> Approval | None:
    body = tx.execute(query).scalar()
    return None if body is None else _read(body)


def _read(body: bytes) -> Approval:
    return _decoder.decode(body)


_decoder = msgspec.json.Decoder(Approval)


def _values(approval: Approval) -> dict[str, Any]:
    waits = approval.current.waits_for() if approval.state not in FINAL else ()
    return {
        "id": approval.id,
        "topic": approval.topic,
        "state": approval.state,
        "version": approval.version,
        "source": approval.source,
        "subject": approval.subject,
        "waits_for": f" {' '.join(person.key for person in waits)} ",
        "updated_at": approval.updated_at,
        "body": msgspec.json.encode(approval),
    }


# --- delegations


def delegate(tx: Transaction, person: str, to: str, begins_at: float, ends_at: float, created_by: str) -> int:
    """Keeps a delegation (addresses or InvGate ids); its number."""
    values = {"person": person, "delegate": to, "begins_at": begins_at, "ends_at": ends_at, "created_by": created_by}
    return int(tx.execute(sa.insert(delegations).values(values).returning(delegations.c.id)).scalar_one())


def standing(tx: Transaction, now: float) -> list[StoredDelegation]:
    """The delegations that hold or will, the oldest first."""
    query = sa.select(delegations).where(delegations.c.ends_at > now).order_by(delegations.c.id)
    return [_delegation(row) for row in tx.execute(query)]


def find_delegation(tx: Transaction, number: int) -> StoredDelegation | None:
    """One delegation."""
    row = tx.execute(sa.select(delegations).where(delegations.c.id == number)).first()
    return None if row is None else _delegation(row)


def end_delegation(tx: Transaction, number: int, now: float) -> None:
    """It holds no longer."""
    tx.execute(sa.update(delegations).where(delegations.c.id == number).values(ends_at=now))


def _delegation(row: Any) -> StoredDelegation:
    who = Delegation(
        person=read_approver(row.person),
        delegate=read_approver(row.delegate),
        begins_at=row.begins_at,
        ends_at=row.ends_at,
    )
    return StoredDelegation(id=row.id, delegation=who, created_by=row.created_by)


def delegations_at(tx: Transaction, now: float, configured: Sequence[Delegation] = ()) -> list[Delegation]:
    """All that hold now: those that people made before those that are configured."""
    made = [each.delegation for each in standing(tx, now)]
    return [each for each in (*made, *configured) if each.holds(now)]
