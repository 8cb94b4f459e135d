"""Short answers: what may not be done, what is not understood, that it takes a while."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from centralita.chatops.handlers import Handler
from centralita.core import mrkdwn
from centralita.i18n import gettext as _
from centralita.services.access import Principal

TITLE_LIMIT = 24


def section(text: str) -> dict[str, Any]:
    """A paragraph of Slack markup; ``text`` is escaped already."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:3000]}}


def plain_text(text: str, limit: int = 75) -> dict[str, Any]:
    """A text object without markup."""
    return {"type": "plain_text", "text": mrkdwn.plain(mrkdwn.cut(text, limit)), "emoji": True}


def denied(handler: Handler, principal: Principal, locale: str) -> str:
    """Why somebody may not, and who can change that."""
    text = _(
        "You may not do that here: it takes the permission {permission}. Whoever runs Centralita can give you a role "
        "with it: permissions.user_mappings, {who}.",
        locale,
    )
    return text.format(permission=f"`{handler.permission}`", who=f"`{mrkdwn.escape(principal.name)}`")


def no_such_word(command: str, word: str, nearest: str, words: Sequence[Handler], locale: str) -> dict[str, Any]:
    """What a command understands, beginning with what may have been meant: ``{text, blocks}``."""
    if not word:
        text = _("This is what {command} can do:", locale).format(command=f"`{command}`")
    elif nearest:
        text = _("There is no {word}. Did you mean {nearest}?", locale).format(
            word=f"`{mrkdwn.escape(mrkdwn.cut(mrkdwn.clean(word), 40))}`", nearest=f"`{command} {nearest}`"
        )
    else:
        text = _("There is no {word}. This is what {command} can do:", locale).format(
            word=f"`{mrkdwn.escape(mrkdwn.cut(mrkdwn.clean(word), 40))}`", command=f"`{command}`"
        )
    return {"text": text, "blocks": [section(text), section(usage(command, words, locale))]}


def usage(command: str, words: Sequence[Handler], locale: str) -> str:
    """One line for each thing that a command can do."""
    lines = []
    for handler in words:
        if handler.help:
            given = mrkdwn.escape(_(handler.usage, locale)) if handler.usage else ""
            typed = " ".join(part for part in (command, handler.word, given) if part)
            lines.append(f"• `{typed}` {_(handler.help, locale)}")
    return "\n".join(lines)


def notice(text: str, locale: str) -> dict[str, Any]:
    """A modal that only says something; ``text`` is escaped already."""
    return {
        "type": "modal",
        "callback_id": "notice",
        "title": plain_text("Centralita", TITLE_LIMIT),
        "close": plain_text(_("Close", locale), TITLE_LIMIT),
        "blocks": [section(text)],
    }
