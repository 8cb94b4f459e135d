"""The Slack workspaces that people connected, as rows, and the rights to connect one."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from centralita.store import upkeep
from centralita.store.database import Conflict, Transaction
from centralita.store.slack_tables import slack_grants, slack_installations

_VERSION = "slack.version"


class InstallationRow(msgspec.Struct, frozen=True, kw_only=True):
    """A workspace as it is kept."""

    team_id: str
    name: str = ""
    domain: str = ""
    enterprise: str = ""
    """Id of the organisation that the workspace belongs to; "" for none."""
    app_id: str = ""
    bot_user: str = ""
    scopes: str = ""
    """Names apart by blanks."""
    sealed: bytes | None = None
    installed_by: str = ""
    installed_at: float
    revoked_at: float | None = None

    def __repr__(self) -> str:
        return f"InstallationRow({self.team_id})"


def _row(row: sa.Row[Any]) -> InstallationRow:
    kept = dict(row._mapping)
    sealed = kept["sealed"]
    return InstallationRow(**{**kept, "sealed": None if sealed is None else bytes(sealed)})


def listing(tx: Transaction) -> list[InstallationRow]:
    """All of them in the order of their making, those that have ended included."""
    s = slack_installations.c
    return [_row(row) for row in tx.execute(sa.select(slack_installations).order_by(s.installed_at, s.team_id))]


def find(tx: Transaction, team_id: str) -> InstallationRow | None:
    """One of them, held until the transaction ends; None when there never was one."""
    query = sa.select(slack_installations).where(slack_installations.c.team_id == team_id)
    row = tx.execute(query.with_for_update()).first()
    return _row(row) if row is not None else None


def put(tx: Transaction, row: InstallationRow) -> None:
    """Writes a workspace, in place of what was known of it. Raises Conflict when somebody else has just added it."""
    values = msgspec.structs.asdict(row)
    changed = tx.execute(
        sa.update(slack_installations).where(slack_installations.c.team_id == row.team_id).values(values)
    )
    if changed.rowcount:
        return
    try:
        tx.execute(sa.insert(slack_installations).values(values))
    except sa.exc.IntegrityError:
        raise Conflict(row.team_id) from None


def remove(tx: Transaction, team_id: str) -> None:
    """Forgets a workspace, and what was sealed of it."""
    tx.execute(sa.delete(slack_installations).where(slack_installations.c.team_id == team_id))


def version(tx: Transaction) -> str:
    """Changes whenever a workspace does; "" before the first."""
    return upkeep.fact(tx, _VERSION) or ""


def set_version(tx: Transaction, name: str) -> None:
    """``name``: one that was never used."""
    upkeep.set_fact(tx, _VERSION, name)


# ---- rights to install


def add_grant(tx: Transaction, hash: str, kind: str, made_by: str, expires_at: float, now: float) -> None:
    """Keeps a right until ``expires_at``; those that have expired by ``now`` go."""
    tx.execute(sa.delete(slack_grants).where(slack_grants.c.expires_at <= now))
    values = {"hash": hash, "kind": kind, "made_by": made_by, "expires_at": expires_at}
    tx.execute(sa.insert(slack_grants).values(values))


def grant_of(tx: Transaction, hash: str, kind: str, now: float) -> str | None:
    """Who gave the right; None for one that does not exist or has expired."""
    g = slack_grants.c
    query = sa.select(g.made_by).where(g.hash == hash, g.kind == kind, g.expires_at > now)
    found: str | None = tx.execute(query).scalar_one_or_none()
    return found


def take_grant(tx: Transaction, hash: str, kind: str, now: float) -> str | None:
    """As ``grant_of``, and the right is used up: of several who show it, one gets it."""
    g = slack_grants.c
    query = sa.delete(slack_grants).where(g.hash == hash, g.kind == kind).returning(g.made_by, g.expires_at)
    row = tx.execute(query).first()
    return row.made_by if row is not None and row.expires_at > now else None
