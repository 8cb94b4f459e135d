"""The commands' language: that of the terminal, else the hub's own setting, else English."""

from __future__ import annotations

import os

from centralita.i18n import best_locale, gettext

LOCALE = best_locale(os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG", "CENTRALITA_LOCALE"))


def _(msgid: str) -> str:
    """The text in the terminal's language."""
    return gettext(msgid, LOCALE)
