"""The message to whoever asked for something in another system: it was done, or refused and why.

The data is that of ``services.ticket_endings``; all of it is optional.
"""

from __future__ import annotations

from collections.abc import Mapping

from centralita.core import payload
from centralita.core.lamps import FAILED, FLOWING
from centralita.core.mrkdwn import clean
from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.integrations.slack.facts import Facts
from centralita.integrations.slack.messages import Message, Moment, Paragraph, links_of, present
from centralita.integrations.slack.system import explain_reason

_REFUSED: Mapping[str, str] = {
    "ticket.create": N_("The ticket could not be created"),
    "ticket.comment": N_("The comment on ticket {ticket} was not taken"),
    "ticket.assign": N_("Ticket {ticket} could not be assigned to {agent}"),
    "ticket.status": N_("The status of ticket {ticket} was not changed"),
}


def is_answer(facts: Facts) -> bool:
    """Whether the event tells how something that was asked for ended."""
    return facts.type == "centralita.write.ended"


def render_answer(facts: Facts) -> Message:
    """How it ended, with the ticket that was created, or why nothing was done."""
    locale = facts.locale
    said = {"ticket": f"#{facts.ticket['id']}", "agent": _said(facts, "wish.agent")}
    if _said(facts, "state") == "delivered":
        return Message(
            emoji="✅",
            headline=_("Ticket {ticket} created", locale).format(**said),
            lead=facts.title,
            links=links_of(facts, facts.event.url, _("Open ticket", locale)),
            notes=(Moment(facts.event.time),),
            colour=FLOWING,
        )
    reason, _space, detail = _said(facts, "reason").partition(" ")
    why = f"{explain_reason(reason, locale)}\n{detail}".strip()
    refused = _REFUSED.get(_said(facts, "action"), _REFUSED["ticket.create"])
    return Message(
        emoji="⛔",
        headline=_(refused, locale).format(**said),
        lead=facts.title,
        paragraphs=present([Paragraph(_("Reason", locale), why), Paragraph("", _said(facts, "wish.text"))]),
        links=links_of(facts, "", ""),
        notes=(Moment(facts.event.time),),
        colour=FAILED,
    )


def _said(facts: Facts, path: str) -> str:
    return clean(payload.text(facts.event.data, path, 4000))
