"""The hub's own command: how it is, what happened, what can be done."""

from __future__ import annotations

from centralita.chatops.context import Context
from centralita.chatops.handlers import ANYBODY, Handler
from centralita.chatops.views.notices import section, usage
from centralita.i18n import N_
from centralita.i18n import gettext as _


async def help_(context: Context) -> None:
    """Every command, each with what it does."""
    from centralita.chatops.registry import commands

    main, blocks = context.hub.settings.slack.command, []
    for name, words in commands().items():
        blocks.append(section(usage(main if name == "/centralita" else name, words, context.locale)))
    text = _("What can be done here:", context.locale)
    await context.say(text, [section(f"*{text}*"), *blocks])


HANDLERS = (
    Handler(
        kind="command",
        name="/centralita help",
        permission=ANYBODY,
        run=help_,
        help=N_("shows what can be done here"),
        aliases=("ayuda", "?"),
    ),
)
