"""The people who use the hub, and their roles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from centralita.store.database import Transaction
from centralita.store.schema import users


class UserRow(msgspec.Struct, frozen=True, kw_only=True):
    """A person."""

    id: int
    name: str
    email: str = ""
    slack_id: str = ""
    role: str
    locale: str = ""
    enabled: bool = True
    timezone: str = ""
    """Of the IANA database; "" for none chosen."""
    theme: str = ""
    """``light``, ``dark``, or "" for none chosen."""
    oidc_subject: str = ""
    """``issuer|sub`` at the identity provider; "" for nobody there."""
    has_password: bool = False
    created_at: float


class NameTaken(Exception):
    """Somebody else has that name."""


CHANGEABLE = ("email", "slack_id", "role", "locale", "enabled", "timezone", "theme", "oidc_subject", "password_hash")

# One at a time asks whether there is anybody yet, and is the first.
_FIRST = sa.text("select pg_advisory_xact_lock(7310586)")


def read(row: sa.Row[*tuple[Any, ...]]) -> UserRow:
    """A person, of a row with the columns of ``users`` and perhaps others."""
    said = row._mapping
    fields = {name: said[users.c[name]] for name in UserRow.__struct_fields__ if name != "has_password"}
    fields["enabled"] = bool(fields["enabled"])  # SQLite has no booleans
    return UserRow(**fields, has_password=bool(said[users.c.password_hash]))


def add(tx: Transaction, values: Mapping[str, Any]) -> UserRow:
    """Adds a person: ``name``, ``role``, ``created_at`` and what is known of the rest. Raises NameTaken."""
    if by_name(tx, values["name"]) is not None:
        raise NameTaken(values["name"])
    try:
        number = tx.execute(sa.insert(users).values(dict(values)).returning(users.c.id)).scalar_one()
    except sa.exc.IntegrityError:  # somebody added them at this moment
        raise NameTaken(values["name"]) from None
    row = tx.execute(sa.select(users).where(users.c.id == number)).one()
    return read(row)


def by_name(tx: Transaction, name: str) -> UserRow | None:
    """One person."""
    row = tx.execute(sa.select(users).where(users.c.name == name)).first()
    return read(row) if row is not None else None


def get(tx: Transaction, user_id: int) -> UserRow | None:
    """One person, by number."""
    row = tx.execute(sa.select(users).where(users.c.id == user_id)).first()
    return read(row) if row is not None else None


def of_identity(tx: Transaction, oidc_subject: str) -> UserRow | None:
    """The person whom the identity provider calls that."""
    row = tx.execute(sa.select(users).where(users.c.oidc_subject == oidc_subject, users.c.oidc_subject != "")).first()
    return read(row) if row is not None else None


def password_hash(tx: Transaction, user_id: int) -> str:
    """What is kept of a person's password; "" for none."""
    return str(tx.execute(sa.select(users.c.password_hash).where(users.c.id == user_id)).scalar_one())


def anybody_signs_in(tx: Transaction, *, held: bool = False) -> bool:
    """Whether some account has a password or an identity. ``held``: nobody else who holds it finds out before this
    transaction ends."""
    if held and tx.dialect.name == "postgresql":
        tx.execute(_FIRST)
    usable = sa.or_(users.c.password_hash != "", users.c.oidc_subject != "")
    return tx.execute(sa.select(users.c.id).where(usable).limit(1)).first() is not None


def by_emails(tx: Transaction, emails: Iterable[str]) -> list[UserRow]:
    """The people with one of these addresses, in any case."""
    wanted = sorted({email.lower() for email in emails if email})
    query = sa.select(users).where(sa.func.lower(users.c.email).in_(wanted)).order_by(users.c.id)
    return [read(row) for row in tx.execute(query)] if wanted else []


def of_slack(tx: Transaction, slack_id: str, email: str) -> UserRow | None:
    """The person with that Slack id, else with that address."""
    same_id = sa.and_(users.c.slack_id == slack_id, users.c.slack_id != "")
    same_email = sa.and_(sa.func.lower(users.c.email) == email.lower(), users.c.email != "")
    query = sa.select(users).where(sa.or_(same_id, same_email)).order_by(sa.desc(same_id), users.c.id).limit(1)
    row = tx.execute(query).first()
    return read(row) if row is not None else None


def listing(tx: Transaction, limit: int, after: int = 0) -> list[UserRow]:
    """In the order in which they were added, from the one behind ``after``."""
    query = sa.select(users).where(users.c.id > after).order_by(users.c.id).limit(limit)
    return [read(row) for row in tx.execute(query)]


def change(tx: Transaction, user_id: int, values: Mapping[str, Any]) -> UserRow:
    """Sets some of ``CHANGEABLE``; the person as they are then."""
    tx.execute(sa.update(users).where(users.c.id == user_id).values({name: values[name] for name in values}))
    return read(tx.execute(sa.select(users).where(users.c.id == user_id)).one())
