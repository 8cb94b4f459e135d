"""The app's home: what waits for a person, and how the hub is, for whoever may see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from centralita.chatops.blocks import Block, actions, context, divider, header, home
from centralita.chatops.views.approvals import card, moment, safe
from centralita.chatops.views.notices import section
from centralita.core import mrkdwn
from centralita.core.approvals import Approval
from centralita.core.incidents import Incident, Who
from centralita.core.lamps import emoji_of
from centralita.i18n import gettext as _
from centralita.i18n import ngettext
from centralita.integrations.slack.messages import Button
from centralita.services.health import Trouble
from centralita.services.tickets import TicketView
from centralita.services.wording import in_words

REFRESH = "refresh_home"
SHOWN_LANES = 5


@dataclass(frozen=True, kw_only=True)
class Home:
    """What there is to see; None for what the person may not see."""

    approvals: Sequence[Approval] | None = None
    more_approvals: bool = False
    incidents: Sequence[Incident] | None = None
    tickets: Sequence[TicketView] | None = None
    trouble: Trouble | None = None
    who: Who | None = None
    command: str = "/centralita"
    at: float = 0.0
    """When it was looked up, in seconds since 1970."""


def render_home(found: Home, locale: str) -> Block:
    """The home tab."""
    parts = [
        _approvals(found, locale),
        _incidents(found, locale),
        _tickets(found, locale),
        _health(found, locale),
    ]
    shown = [part for part in parts if part]
    blocks: list[Block] = []
    for part in shown or [[section(_("There is nothing here that you may see yet.", locale))]]:
        blocks += [*part, divider()]
    refresh = Button(label=_("Refresh", locale), action_id=REFRESH)
    hint = _("{command} shows what can be done here. As of {time}.", locale)
    as_of = hint.format(command=f"`{mrkdwn.escape(found.command)} help`", time=moment(found.at))
    return home([*blocks, actions([refresh]), context(as_of)])


def _approvals(found: Home, locale: str) -> list[Block]:
    if found.approvals is None:
        return []
    blocks = [header(_("Waits for your approval", locale))]
    for approval in found.approvals:
        blocks += card(approval, locale)
    if found.more_approvals:
        blocks.append(context(_("There are more: {command}", locale).format(command="`/approve`")))
    if not found.approvals:
        text = _("Nothing waits for you. To ask for an approval: {command}", locale)
        blocks.append(section(text.format(command="`/approve request`")))
    return blocks


def _incidents(found: Home, locale: str) -> list[Block]:
    if found.incidents is None:
        return []
    lines = [_incident(incident, found.who, locale) for incident in found.incidents]
    empty = _("No incident is open. To report one: {command}", locale).format(command="`/incident create`")
    return [header(_("Open incidents", locale)), section("\n".join(lines) or empty)]


def _incident(incident: Incident, who: Who | None, locale: str) -> str:
    name = mrkdwn.link(incident.thread, incident.code) if incident.thread else mrkdwn.escape(incident.code)
    mine = who is not None and incident.assignee.is_same(who)
    holder = _("yours", locale) if mine else safe(incident.assignee.called, 60) or _("nobody has it", locale)
    return f"{emoji_of(incident.priority, 'open')} {name} · {safe(incident.title, 150)} · {holder}"


def _tickets(found: Home, locale: str) -> list[Block]:
    if found.tickets is None:
        return []
    lines = [_ticket(ticket) for ticket in found.tickets]
    empty = _("You have no open ticket. To create one: {command}", locale).format(command="`/ticket create`")
    return [header(_("Your tickets", locale)), section("\n".join(lines) or empty)]


def _ticket(ticket: TicketView) -> str:
    parts = [mrkdwn.link(ticket.url, f"#{mrkdwn.clean(ticket.id)}"), safe(ticket.title, 150), safe(ticket.status, 60)]
    return "• " + " · ".join(part for part in parts if part)


def _health(found: Home, locale: str) -> list[Block]:
    trouble = found.trouble
    if trouble is None:
        return []
    lines = [f"🔴 {mrkdwn.escape(in_words(fault, {}, locale))}" for fault in trouble.faults]
    if trouble.held:
        lines.append("🔴 " + _("Does not answer: {lanes}", locale).format(lanes=_lanes(trouble.held, locale)))
    if trouble.paused:
        lines.append("⏸️ " + _("Paused: {lanes}", locale).format(lanes=_lanes(trouble.paused, locale)))
    if n := trouble.dead:
        lines.append("✉️ " + ngettext("{n} dead letter", "{n} dead letters", n, locale).format(n=n))
    if not lines:
        lines.append("🟢 " + _("Everything flows.", locale))
    if n := trouble.waiting:
        lines.append(
            "⏳ " + ngettext("{n} delivery is under way", "{n} deliveries are under way", n, locale).format(n=n)
        )
    return [header(_("The hub", locale)), section("\n".join(lines))]


def _lanes(keys: Sequence[str], locale: str) -> str:
    names = [f"`{safe(key, 80)}`" for key in keys[:SHOWN_LANES]]
    if (more := len(keys) - SHOWN_LANES) > 0:
        names.append(ngettext("and {n} more", "and {n} more", more, locale).format(n=more))
    return ", ".join(names)
