"""What destinations asked to have remembered: message references, people, channels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import sqlalchemy as sa

from centralita.store.database import Transaction
from centralita.store.schema import remembered


def load(tx: Transaction, keys: Iterable[str]) -> dict[str, Any]:
    """The values under these keys; unknown keys are left out."""
    query = sa.select(remembered.c.key, remembered.c.value).where(remembered.c.key.in_(list(keys)))
    return {key: msgspec.json.decode(value) for key, value in tx.execute(query)}


def below(tx: Transaction, prefix: str) -> dict[str, Any]:
    """Everything under keys that start with ``prefix``, oldest first."""
    condition = sa.and_(remembered.c.key >= prefix, remembered.c.key < prefix + "\U0010ffff")
    query = sa.select(remembered.c.key, remembered.c.value).where(condition).order_by(remembered.c.at)
    return {key: msgspec.json.decode(value) for key, value in tx.execute(query)}


_SAVE = sa.text(
    "insert into remembered (key, value, at) values (:key, :value, :at)"
    " on conflict (key) do update set value = excluded.value, at = excluded.at"
)


def save(tx: Transaction, key: str, value: Any, now: float) -> None:
    """Remembers a value, or forgets the key when it is None."""
    if value is None:
        tx.execute(sa.delete(remembered).where(remembered.c.key == key))
        return
    tx.execute(_SAVE, {"key": key, "value": msgspec.json.encode(value).decode(), "at": now})
