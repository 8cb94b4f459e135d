"""A page's filters under a name, for whoever saved them."""

from __future__ import annotations

from centralita.services.hub import Hub
from centralita.store import saved_views
from centralita.store.database import Transaction
from centralita.store.saved_views import MOST, SavedView

MOST_NAME, MOST_QUERY = 60, 4_000
"""Characters."""


class ViewRefused(Exception):
    """A view can't be kept: a message id."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def listing(hub: Hub, user_id: int, page: str) -> list[SavedView]:
    """Somebody's views of a page, by name."""
    return await hub.database.read(lambda tx: saved_views.of_page(tx, user_id, page))


async def save(hub: Hub, user_id: int, page: str, name: str, query: str) -> None:
    """Keeps the query string of a page, in place of the view that has its name. Raises ViewRefused."""
    name = " ".join(name.split())
    if not name or len(name) > MOST_NAME or not name.isprintable():
        raise ViewRefused("view.name")
    if not query or len(query) > MOST_QUERY:
        raise ViewRefused("view.empty" if not query else "view.too_long")
    now = hub.clock.now()

    def write(tx: Transaction) -> None:
        if saved_views.count(tx, user_id) >= MOST:
            raise ViewRefused("view.too_many")
        saved_views.save(tx, user_id, page, name, query, now)

    await hub.database.write(write)


async def remove(hub: Hub, user_id: int, view_id: int) -> bool:
    """Forgets a view; False when it is not theirs."""
    return await hub.database.write(lambda tx: saved_views.remove(tx, user_id, view_id))
