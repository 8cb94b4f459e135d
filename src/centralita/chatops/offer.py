"""What the app offers people, as its manifest says it: made of the handlers that there are."""

from __future__ import annotations

from collections.abc import Sequence

from centralita.chatops.handlers import Handler
from centralita.chatops.registry import HANDLERS, commands
from centralita.integrations.slack.manifest import COMMANDS, SHORTCUTS, Command, Shortcut

_KINDS = {"shortcut": "global", "message_shortcut": "message"}


def offered_commands(handlers: Sequence[Handler] = HANDLERS) -> tuple[Command, ...]:
    """The slash commands, each with its words."""
    described = {one.name: one.description for one in COMMANDS}
    found = []
    for name, words in commands(handlers).items():
        usage = "|".join(handler.word for handler in words if handler.word)
        arguments = next((handler.usage for handler in words if not handler.word), "")
        hint = f"[{usage}] {arguments}".strip() if usage else arguments
        found.append(Command(name, described.get(name) or words[0].help, hint))
    return tuple(found)


def offered_shortcuts(handlers: Sequence[Handler] = HANDLERS) -> tuple[Shortcut, ...]:
    """The shortcuts, by the names that the manifest has for them."""
    described = {one.callback_id: one for one in SHORTCUTS}
    found = []
    for handler in handlers:
        if handler.kind in _KINDS:
            known = described.get(handler.name)
            name = known.name if known is not None else handler.help
            found.append(Shortcut(handler.name, _KINDS[handler.kind], name, handler.help))
    return tuple(found)
