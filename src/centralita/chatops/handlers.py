"""What the app answers to: each handler says what it is called by, who may, and what it does.

Nothing reaches Bolt but through such a declaration, so that there is none without a permission.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from centralita.chatops.context import Context

Kind = Literal["command", "action", "view", "view_closed", "shortcut", "message_shortcut", "options", "event"]
ANYBODY = "anybody"
"""Instead of a permission: what gives nothing away and changes nothing, such as help."""
MAIN_COMMAND = "/centralita"
"""Stands for the configured name of the hub's own command."""
Run = Callable[["Context"], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Handler:
    """One thing that somebody can do in Slack."""

    kind: Kind
    name: str
    """A command with its word (``/incident create``; a bare ``/approve`` takes whatever no word of its own fits), an
    action_id, a callback_id, or an event's type."""
    permission: str
    """Of ``core.access.PERMISSIONS``, or ``ANYBODY``."""
    run: Run
    help: str = ""
    """msgid: what a command or shortcut does, in one line."""
    usage: str = ""
    """msgid: what follows a command's word: ``[priority] title``."""
    aliases: tuple[str, ...] = ()
    """Further words for a command, such as its Spanish one."""

    @property
    def command(self) -> str:
        """The slash command that a command's handler belongs to."""
        return self.name.partition(" ")[0]

    @property
    def word(self) -> str:
        """Its word; "" for what no word fits."""
        return self.name.partition(" ")[2]


class Said(Exception):
    """What somebody asked for can't be done, in words for them."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Invalid(Exception):
    """A modal's values that can't be taken: ``{block_id: text}``, shown in place."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(", ".join(errors))
        self.errors = dict(errors)
