"""What went wrong, in a person's words: what the services raise becomes an answer that helps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from slack_sdk.errors import SlackApiError

from centralita.chatops.handlers import Said
from centralita.core import mrkdwn
from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.services.access import Refused
from centralita.services.approvals import Declined
from centralita.services.cis import CiRefused
from centralita.services.invgate import InvGateUnavailable
from centralita.services.tickets import NoInvGate, NoTicket
from centralita.services.times import shown
from centralita.services.wording import explained, in_words
from centralita.store.database import StoreUnavailable

_WORDS: dict[type[Exception], Callable[[Any, str], str]] = {
    Said: lambda fault, locale: fault.text,
    Declined: lambda fault, locale: in_words(fault.reason, _shown(fault.arguments, locale), locale),
    CiRefused: lambda fault, locale: in_words(fault.reason, _shown(fault.arguments, locale), locale),
    Refused: lambda fault, locale: in_words(fault.reason, _shown(fault.arguments, locale), locale),
    NoTicket: lambda fault, locale: _(N_("There is no ticket {id}."), locale).format(id=_escaped(str(fault.args[0]))),
    NoInvGate: lambda fault, locale: _(N_("InvGate Service Desk is not configured here."), locale),
    InvGateUnavailable: lambda fault, locale: explained(fault.reason, fault.detail, locale),
    LookupError: lambda fault, locale: _(N_("There is nothing called {name}."), locale).format(
        name=_escaped(str(fault.args[0]))
    ),
    SlackApiError: lambda fault, locale: _refused(fault, locale),
    StoreUnavailable: lambda fault, locale: _unwritten(fault, locale),
}


def _unwritten(fault: StoreUnavailable, locale: str) -> str:
    if fault.outcome_unknown:
        return _(
            "The hub's disk or database failed while this was being written: nobody knows whether it was done. Look "
            "before you do it again; a form that is still open can be sent again, and takes effect once.",
            locale,
        )
    return _("The hub can't write to its disk just now: nothing was done. Try again in a minute.", locale)


def _refused(fault: SlackApiError, locale: str) -> str:
    """What passes by itself; the rest is ours: "".

    https://docs.slack.dev/reference/methods/views.open#errors
    """
    said = str(fault.response.get("error"))
    if "trigger" in said:
        return _("That took too long for Slack to open a window. Please press again.", locale)
    return _("Slack has no time for this just now. Try again in a minute.", locale) if said == "ratelimited" else ""


def _shown(arguments: Mapping[str, Any], locale: str) -> dict[str, Any]:
    """A reason's arguments as Slack markup: texts escaped, ``at`` (seconds since 1970) in the reader's own zone."""
    found: dict[str, Any] = {name: _escaped(value) for name, value in arguments.items()}
    if isinstance(at := arguments.get("at"), float | int):
        found["at"] = mrkdwn.moment(shown(at) or "")
    if answer := arguments.get("answer"):
        found["answer"] = in_words(f"approval.{answer}", {}, locale)
    return found


def _escaped(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_escaped(each) for each in value]
    return mrkdwn.escape(mrkdwn.cut(mrkdwn.clean(value), 500)) if isinstance(value, str) else value


def in_a_persons_words(fault: Exception, locale: str) -> str:
    """What to tell whoever asked; "" for a fault that is ours alone."""
    for kind in type(fault).__mro__:
        if kind in _WORDS:
            return _WORDS[kind](fault, locale)
    return ""
