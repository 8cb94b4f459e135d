"""What went wrong, in a person's words: what the services raise becomes an answer that helps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from centralita.chatops.handlers import Said
from centralita.core.mrkdwn import escape, moment
from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.services.access import Refused
from centralita.services.announcements import rfc3339
from centralita.services.approvals import Declined
from centralita.services.cis import CiRefused
from centralita.services.invgate import InvGateUnavailable
from centralita.services.tickets import NoInvGate, NoTicket
from centralita.services.wording import explained, in_words
from centralita.store.database import StoreUnavailable


def _shown(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """As Slack's markup: times in the reader's zone, and what people wrote without a meaning of its own."""
    found = {name: escape(value) if isinstance(value, str) else value for name, value in arguments.items()}
    at = arguments.get("at")
    return {**found, "at": moment(rfc3339(at))} if isinstance(at, float) else found


_WORDS: dict[type[Exception], Callable[[Any, str], str]] = {
    Said: lambda fault, locale: fault.text,
    Declined: lambda fault, locale: in_words(fault.reason, _shown(fault.arguments), locale),
    CiRefused: lambda fault, locale: in_words(fault.reason, fault.arguments, locale),
    Refused: lambda fault, locale: in_words(fault.reason, fault.arguments, locale),
    NoTicket: lambda fault, locale: _(N_("There is no ticket {id}."), locale).format(id=fault.args[0]),
    NoInvGate: lambda fault, locale: _(N_("InvGate Service Desk is not configured here."), locale),
    InvGateUnavailable: lambda fault, locale: explained(fault.reason, fault.detail, locale),
    LookupError: lambda fault, locale: _(N_("There is nothing called {name}."), locale).format(name=fault.args[0]),
    StoreUnavailable: lambda fault, locale: _(
        N_("The hub can't write to its disk just now: nothing was done. Try again in a minute."), locale
    ),
}


def in_a_persons_words(fault: Exception, locale: str) -> str:
    """What to tell whoever asked; "" for a fault that is ours alone."""
    for kind in type(fault).__mro__:
        if kind in _WORDS:
            return _WORDS[kind](fault, locale)
    return ""
