"""Every handler there is: one line a noun."""

from __future__ import annotations

from collections.abc import Iterable

from centralita.chatops import (
    approvals,
    approve,
    cis,
    directory,
    home,
    incidents,
    installations,
    messages,
    overview,
    ticket_comments,
    tickets,
)
from centralita.chatops.handlers import Handler

MODULES = (
    *(approvals, approve, cis, directory, home, incidents, installations, messages, overview),
    *(tickets, ticket_comments),
)

HANDLERS: tuple[Handler, ...] = tuple(handler for module in MODULES for handler in module.HANDLERS)


def commands(handlers: Iterable[Handler] = HANDLERS) -> dict[str, list[Handler]]:
    """The handlers of each slash command, in their order."""
    found: dict[str, list[Handler]] = {}
    for handler in handlers:
        if handler.kind == "command":
            found.setdefault(handler.command, []).append(handler)
    return found
