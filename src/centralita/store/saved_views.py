"""A page's filters that somebody gave a name."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from centralita.store.database import Transaction
from centralita.store.session_tables import saved_views

MOST = 100
"""Of one person."""


class SavedView(msgspec.Struct, frozen=True, kw_only=True):
    """One of a person's own."""

    id: int
    page: str
    name: str
    query: str
    """The query string that the page is opened with, without the ``?``."""
    created_at: float


def of_page(tx: Transaction, user_id: int, page: str) -> list[SavedView]:
    """A person's views of a page, by name."""
    v = saved_views.c
    query = sa.select(saved_views).where(v.user_id == user_id, v.page == page).order_by(v.name)
    return [_view(row) for row in tx.execute(query)]


def _view(row: sa.Row[Any]) -> SavedView:
    return SavedView(**{name: getattr(row, name) for name in SavedView.__struct_fields__})


def count(tx: Transaction, user_id: int) -> int:
    """How many somebody has."""
    query = sa.select(sa.func.count()).select_from(saved_views).where(saved_views.c.user_id == user_id)
    return int(tx.execute(query).scalar_one())


_SAVE = sa.text(
    "insert into saved_views (user_id, page, name, query, created_at) values (:user_id, :page, :name, :query, :now)"
    " on conflict (user_id, page, name) do update set query = excluded.query"
)


def save(tx: Transaction, user_id: int, page: str, name: str, query: str, now: float) -> None:
    """Keeps a view, in place of the one that has its name."""
    tx.execute(_SAVE, {"user_id": user_id, "page": page, "name": name, "query": query, "now": now})


def rename(tx: Transaction, user_id: int, view_id: int, name: str) -> SavedView | None:
    """Gives one of a person's own another name, in place of the one that has it; None when it is not theirs."""
    v = saved_views.c
    row = tx.execute(sa.select(saved_views).where(v.id == view_id, v.user_id == user_id)).first()
    if row is None:
        return None
    taken = sa.and_(v.user_id == user_id, v.page == row.page, v.name == name, v.id != view_id)
    tx.execute(sa.delete(saved_views).where(taken))
    tx.execute(sa.update(saved_views).where(v.id == view_id).values(name=name))
    return msgspec.structs.replace(_view(row), name=name)


def remove(tx: Transaction, user_id: int, view_id: int) -> bool:
    """Forgets one of a person's own; False when it is not theirs."""
    v = saved_views.c
    return tx.execute(sa.delete(saved_views).where(v.id == view_id, v.user_id == user_id)).rowcount == 1
