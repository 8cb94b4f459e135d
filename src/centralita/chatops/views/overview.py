"""What the hub's own command answers: how it is, what was found, what happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from centralita.chatops.blocks import context, divider, header
from centralita.chatops.views.notices import section
from centralita.core import mrkdwn
from centralita.i18n import gettext as _
from centralita.integrations.slack.facts import page_of
from centralita.integrations.slack.messages import SEVERITY_WORDS
from centralita.services.announcements import rfc3339
from centralita.services.cis import CiView
from centralita.services.events import EventSummary
from centralita.services.standing import Standing
from centralita.services.tickets import TicketView

Block = dict[str, Any]


def standing(found: Standing, at: float, locale: str) -> list[Block]:
    """How things stand, with the fields of the guide."""
    trouble = found.trouble
    light = "🔴" if trouble.faults else "🟡" if trouble.held or trouble.paused or trouble.dead else "🟢"
    status = _("not ready", locale) if trouble.faults else _("operational", locale)
    facts = (
        (_("API Status", locale), status),
        (_("Response Time", locale), f"{found.response_ms} ms"),
        (_("Active Agents", locale), f"{found.active_agents}/{found.agents}"),
        (_("Open Events", locale), str(found.open_events)),
        (_("Deliveries waiting", locale), str(trouble.waiting)),
        (_("Dead letters", locale), str(trouble.dead)),
    )
    fields = [{"type": "mrkdwn", "text": f"*{mrkdwn.escape(name)}:* {value}"} for name, value in facts]
    blocks = [header(f"{light} {_('Centralita System Status', locale)}"), {"type": "section", "fields": fields}]
    held = [mrkdwn.escape(mrkdwn.cut(key, 60)) for key in (*trouble.held, *trouble.paused)[:10]]
    if held:
        blocks.append(section(f"*{mrkdwn.escape(_('Held', locale))}:* {', '.join(held)}"))
    updated = f"{_('Last updated', locale)}: {mrkdwn.moment(rfc3339(at))}"
    return [*blocks, divider(), context(updated)]


def hits(
    events: Sequence[EventSummary],
    tickets: Sequence[TicketView],
    cis: Sequence[CiView],
    public_url: str,
    locale: str,
) -> list[Block]:
    """What was found, by kind; [] for nothing."""
    found = (
        (_("CIs", locale), [_line(each.name, each.url, each.type) for each in cis]),
        (_("Tickets", locale), [_line(f"#{each.id} {each.title}", each.url, each.status) for each in tickets]),
        (_("Events", locale), [_line(each.title, page_of(public_url, each.id), each.type) for each in events]),
    )
    return [section(f"*{mrkdwn.escape(name)}*\n" + "\n".join(lines)) for name, lines in found if lines]


def _line(title: str, url: str, more: str) -> str:
    shown = mrkdwn.link(url, mrkdwn.cut(mrkdwn.clean(title).replace("\n", " "), 150))
    return f"• {shown}" + (f" · {mrkdwn.escape(mrkdwn.cut(mrkdwn.clean(more), 60))}" if more else "")


def report(events: Sequence[EventSummary], locale: str) -> Block:
    """Events as a table, the newest first. https://docs.slack.dev/reference/block-kit/blocks/table-block"""
    heads = (_("Time", locale), _("Severity", locale), _("Type", locale), _("Title", locale))
    rows = [
        (
            each.time[:16].replace("T", " "),
            _(SEVERITY_WORDS[each.severity], locale) if each.severity in SEVERITY_WORDS else "–",
            each.type,
            mrkdwn.cut(mrkdwn.clean(each.title).replace("\n", " "), 120),
        )
        for each in events
    ]
    return {"type": "table", "rows": [[_cell(value) for value in row] for row in (heads, *rows)]}


def _cell(value: str) -> Block:
    return {"type": "raw_text", "text": value or "–"}
