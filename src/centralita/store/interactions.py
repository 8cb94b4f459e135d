"""What somebody did in Slack and the hub has carried out: each is there once, by Slack's own id of it."""

from __future__ import annotations

import sqlalchemy as sa

from centralita.store.chat_tables import interactions
from centralita.store.database import Transaction


def claim(tx: Transaction, key: str, now: float) -> bool:
    """Marks an interaction as carried out, in the transaction that does so; False when it is already."""
    insert = sa.text("insert into interactions (key, at) values (:key, :at) on conflict (key) do nothing")
    return tx.execute(insert, {"key": key, "at": now}).rowcount == 1


def forget(tx: Transaction, before: float) -> None:
    """Lets go of those that were carried out before that time."""
    tx.execute(sa.delete(interactions).where(interactions.c.at < before))
