"""The modals about tickets, and what their commands answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from centralita.chatops.blocks import entry, modal
from centralita.chatops.views.notices import plain_text, section
from centralita.core import mrkdwn
from centralita.i18n import gettext as _
from centralita.services.tickets import TicketView

CREATE, COMMENT = "ticket_modal", "ticket_comment_modal"
PUBLISH = "publish_ticket_comment"
"""The button below what somebody wrote in a ticket's thread."""
PRIORITY, CATEGORY = "ticket_priority", "ticket_category"
"""Selects whose options InvGate gives."""
LONGEST_INPUT = 3000
"""Slack's limit of a text input's initial value."""
OPTIONS = 100
VISIBLE = "visible_for_requester"
Block = dict[str, Any]


def creation(locale: str, values: Mapping[str, str], metadata: Mapping[str, Any]) -> Block:
    """The modal that creates a ticket, filled with ``values``: title, description."""
    blocks = [
        _text("title", _("Title", locale), values.get("title", "")[:300], 300),
        _text("description", _("Description", locale), values.get("description", ""), multiline=True, optional=True),
        entry("requester", _("Requester", locale), {
            "type": "users_select",
            "action_id": "requester_select",
            "placeholder": plain_text(_("Who needs help; else you", locale)),
        }, optional=True),
        _choice("priority", PRIORITY, _("Priority", locale), locale),
        _choice("category", CATEGORY, _("Category", locale), locale),
    ]  # fmt: skip
    return modal(CREATE, _("New ticket", locale), _("Create", locale), blocks, locale, metadata)


def comment(locale: str, number: str, text: str, metadata: Mapping[str, Any]) -> Block:
    """The modal that comments on a ticket: internal, unless somebody says otherwise."""
    shown = _("Visible for the requester", locale)
    why = _("Without this, only those who work on the ticket read it.", locale)
    sure = {
        "title": plain_text(_("Visible for the requester?", locale), 100),
        "text": plain_text(_("The customer reads the comment in InvGate, and may get it by mail.", locale), 300),
        "confirm": plain_text(_("Yes, visible", locale), 30),
        "deny": plain_text(_("No, internal", locale), 30),
    }
    checkbox = {
        "type": "actions",
        "block_id": VISIBLE,
        "elements": [
            {
                "type": "checkboxes",
                "action_id": VISIBLE,
                "options": [{"text": plain_text(shown), "description": plain_text(why), "value": VISIBLE}],
                "confirm": sure,
            }
        ],
    }
    blocks = [_text("text", _("Your comment", locale), text, multiline=True), checkbox]
    title = _("Ticket #{number}", locale).format(number=number)
    return modal(COMMENT, title, _("Comment", locale), blocks, locale, {**metadata, "ticket": number})


def offer(number: str, value: str, locale: str) -> tuple[str, list[Block]]:
    """What whoever wrote in a ticket's thread is offered: the text, and its blocks."""
    text = _("InvGate does not know this. It can become a comment on ticket #{number}.", locale).format(number=number)
    button = {
        "type": "button",
        "action_id": PUBLISH,
        "text": plain_text(_("Publish as comment…", locale)),
        "value": value,
    }
    return text, [section(mrkdwn.escape(text)), {"type": "actions", "elements": [button]}]


def shown(ticket: TicketView, locale: str) -> list[Block]:
    """A ticket, whole."""
    facts = (
        (_("Status", locale), ticket.status),
        (_("Priority", locale), str(ticket.data.get("priority") or "")),
        (_("Category", locale), str(ticket.data.get("category") or "")),
        (_("Requester", locale), ticket.requester),
        (_("Agent", locale), ticket.agent or _("nobody yet", locale)),
    )
    fields = [f"*{mrkdwn.escape(name)}:*\n{_said(value, 300)}" for name, value in facts if value]
    blocks = [section(f"🎫 *{line(ticket)}*")]
    blocks.append({"type": "section", "fields": [{"type": "mrkdwn", "text": text} for text in fields]})
    description = str(ticket.data.get("description") or "")
    return [*blocks, section(_said(description, 2500))] if description else blocks


def listed(tickets: Sequence[TicketView], locale: str) -> list[Block]:
    """Tickets, one a line."""
    lines = [
        f"• *{line(each)}* · {_said(each.status, 60)}" + (f" · {_said(each.agent, 60)}" if each.agent else "")
        for each in tickets
    ]
    return [section("\n".join(lines[start : start + 5])) for start in range(0, len(lines), 5)]


def line(ticket: TicketView) -> str:
    """A ticket's number and title, as a link where there is one."""
    title = mrkdwn.cut(mrkdwn.clean(f"#{ticket.id} {ticket.title}").replace("\n", " "), 200)
    return mrkdwn.link(ticket.url, title)


def options(names: Mapping[str, str]) -> list[Block]:
    """What an external select offers: id to name."""
    return [{"text": plain_text(name), "value": id_} for id_, name in list(names.items())[:OPTIONS]]


def _said(value: str, limit: int) -> str:
    return mrkdwn.escape(mrkdwn.cut(mrkdwn.clean(value), limit))


def _text(
    block: str, label: str, value: str, most: int = LONGEST_INPUT, *, multiline: bool = False, optional: bool = False
) -> Block:
    element: Block = {"type": "plain_text_input", "action_id": f"{block}_input", "multiline": multiline}
    element["max_length"] = most
    if value:
        element["initial_value"] = value[:most]
    return entry(block, label, element, optional=optional)


def _choice(block: str, action_id: str, label: str, locale: str) -> Block:
    placeholder = plain_text(_("As InvGate has it by default", locale))
    element = {"type": "external_select", "action_id": action_id, "min_query_length": 0, "placeholder": placeholder}
    return entry(block, label, element, optional=True)
