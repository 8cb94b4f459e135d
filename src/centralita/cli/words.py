"""The commands' language: that of the terminal, else the hub's own setting, else English."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping

from centralita.i18n import N_, best_locale, gettext

LOCALE = best_locale(os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG", "CENTRALITA_LOCALE"))


_WHY: Mapping[int, str] = {
    errno.EADDRINUSE: N_("something else listens there already"),
    errno.EADDRNOTAVAIL: N_("this machine does not have that address"),
    errno.EACCES: N_("this account may not"),
    errno.EPERM: N_("this account may not"),
    errno.ENOENT: N_("there is no such place"),
    errno.ENOTDIR: N_("a part of the path is a file"),
    errno.EEXIST: N_("there is a file of that name"),
    errno.EROFS: N_("it can only be read"),
    errno.ENOSPC: N_("the disk is full"),
}


def why(fault: OSError) -> str:
    """What the system says is wrong, in the terminal's language."""
    known = _WHY.get(fault.errno or 0)
    return _(known) if known else str(fault.strerror or fault)


def _(msgid: str) -> str:
    """The text in the terminal's language."""
    return gettext(msgid, LOCALE)
