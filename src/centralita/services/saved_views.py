"""A page's filters under a name, for whoever saved them."""

from __future__ import annotations

from centralita.services.audit import record, recording
from centralita.services.hub import Hub
from centralita.store import saved_views, users
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
    name = _named(name)
    if not query or len(query) > MOST_QUERY:
        raise ViewRefused("view.empty" if not query else "view.too_long")
    now = hub.clock.now()

    def write(tx: Transaction) -> None:
        saved_views.save(tx, user_id, page, name, query, now)
        if saved_views.count(tx, user_id) > MOST:  # the one that was replaced does not count twice
            raise ViewRefused("view.too_many")

    await hub.database.write(write)


async def rename(hub: Hub, user_id: int, view_id: int, name: str) -> SavedView | None:
    """Gives a view another name, in place of the view that has it; None when it is not theirs. Raises ViewRefused."""
    name = _named(name)
    return await hub.database.write(lambda tx: saved_views.rename(tx, user_id, view_id, name))


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > MOST_NAME or not name.isprintable():
        raise ViewRefused("view.name")
    return name


async def remove(hub: Hub, user_id: int, view_id: int) -> bool:
    """Forgets a view; False when it is not theirs."""
    return await hub.database.write(lambda tx: saved_views.remove(tx, user_id, view_id))


# ---- for whoever looks after people


async def of_user(hub: Hub, name: str, page: str) -> list[SavedView]:
    """A person's views of a page, by name. Raises LookupError for nobody of that name."""

    def read(tx: Transaction) -> list[SavedView]:
        return saved_views.of_page(tx, _user(tx, name), page)

    return await hub.database.read(read)


async def give(hub: Hub, actor: str, name: str, page: str, view: str, query: str) -> None:
    """Keeps a view for a person. Raises ViewRefused, LookupError."""
    user_id = await hub.database.read(lambda tx: _user(tx, name))
    audited = recording(hub, actor, "view.saved", f"user/{name}", lambda _: {"view": view, "query": query})
    await save(audited, user_id, page, view, query)


async def take(hub: Hub, actor: str, name: str, page: str, view: str) -> None:
    """Forgets a person's view. Raises LookupError."""
    now = hub.clock.now()

    def write(tx: Transaction) -> None:
        user_id = _user(tx, name)
        found = next((each for each in saved_views.of_page(tx, user_id, page) if each.name == view), None)
        if found is None:
            raise LookupError(view)
        saved_views.remove(tx, user_id, found.id)
        record(tx, now, actor, "view.removed", f"user/{name}", {"view": view})

    await hub.database.write(write)


def _user(tx: Transaction, name: str) -> int:
    user = users.by_name(tx, name)
    if user is None:
        raise LookupError(name)
    return user.id
