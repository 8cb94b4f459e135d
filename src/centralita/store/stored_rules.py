"""The rules that people made, as rows that are never changed but for their end; the file's are in ``rulesets``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import sqlalchemy as sa

from centralita.store import upkeep
from centralita.store.database import Transaction
from centralita.store.rule_tables import stored_rules

_HELD = "rules.held"


class RuleRow(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as it is, or was, from one version of the rules to another."""

    id: int
    """The version by which it was made."""
    since: int
    until: int | None = None
    name: str
    position: float
    enabled: bool = True
    spec: dict[str, Any] = {}
    """Everything else that it says, by the names of ``core.rule_specs.RuleSpec``."""
    created_at: float
    created_by: str
    changed_at: float
    changed_by: str


def _row(row: sa.Row[Any]) -> RuleRow:
    kept = dict(row._mapping)
    spec = msgspec.json.decode(kept["spec"], type=dict[str, Any])
    return RuleRow(**{**kept, "enabled": bool(kept["enabled"]), "spec": spec})


def _rows(tx: Transaction, *conditions: sa.ColumnElement[bool]) -> list[RuleRow]:
    s = stored_rules.c
    query = sa.select(stored_rules).where(*conditions).order_by(s.position, s.id)
    return [_row(row) for row in tx.execute(query)]


def hold(tx: Transaction) -> None:
    """Has whoever else wants to publish rules wait until the transaction ends: versions are made one after another,
    each on top of what the one before it says."""
    upkeep.set_fact(tx, _HELD, "1")


def of_version(tx: Transaction, version: int) -> list[RuleRow]:
    """Those of a version, in their order."""
    s = stored_rules.c
    return _rows(tx, s.since <= version, sa.or_(s.until.is_(None), s.until > version))


def alive(tx: Transaction) -> list[RuleRow]:
    """Those of the newest version, in their order."""
    return _rows(tx, stored_rules.c.until.is_(None))


def changed_since(tx: Transaction, known: int, version: int) -> list[RuleRow]:
    """The rows that have begun or ended after version ``known``, up to ``version``."""
    s = stored_rules.c
    return _rows(tx, sa.or_(s.since > known, s.until > known), s.since <= version)


def find(tx: Transaction, name: str) -> RuleRow | None:
    """The one that has a name now."""
    s = stored_rules.c
    row = tx.execute(sa.select(stored_rules).where(s.name == name, s.until.is_(None))).first()
    return _row(row) if row is not None else None


def removed(tx: Transaction, name: str) -> RuleRow | None:
    """What was removed last of all that had a name; None when nothing was."""
    s, other = stored_rules.c, stored_rules.alias()
    goes_on = sa.exists().where(other.c.id == s.id, other.c.since >= s.until)
    query = sa.select(stored_rules).where(s.name == name, s.until.is_not(None), ~goes_on)
    row = tx.execute(query.order_by(s.until.desc()).limit(1)).first()
    return _row(row) if row is not None else None


def last_position(tx: Transaction) -> float:
    """Where the last one stands; 0 when there is none."""
    s = stored_rules.c
    return float(tx.execute(sa.select(sa.func.max(s.position)).where(s.until.is_(None))).scalar() or 0.0)


def begin(tx: Transaction, rows: Iterable[RuleRow]) -> None:
    """Writes rows as they are from their version on. Their names have to be free."""
    values = [
        {**msgspec.structs.asdict(row), "spec": msgspec.json.encode(row.spec, order="deterministic").decode()}
        for row in rows
    ]
    tx.execute(sa.insert(stored_rules), values)


def end(tx: Transaction, ids: Iterable[int], version: int) -> None:
    """Ends what rules say now: from ``version`` on it is so no more."""
    s = stored_rules.c
    tx.execute(sa.update(stored_rules).where(s.id.in_(list(ids)), s.until.is_(None)).values(until=version))


def forget(tx: Transaction, version: int) -> None:
    """Lets go of what rules said only before a version; none of them can be restored any more."""
    tx.execute(sa.delete(stored_rules).where(stored_rules.c.until <= version))
