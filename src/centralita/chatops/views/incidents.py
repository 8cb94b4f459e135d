"""The modals about incidents, and what their commands answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from centralita.chatops.blocks import entry, modal
from centralita.chatops.views.notices import plain_text, section
from centralita.core import mrkdwn
from centralita.core.incidents import PRIORITIES, Incident, Item
from centralita.core.incidents import TITLE_LIMIT as LONGEST_TITLE
from centralita.i18n import gettext as _
from centralita.i18n import ngettext
from centralita.integrations.slack.incidents import STATES, priority_in_words
from centralita.services.announcements import rfc3339
from centralita.services.incident_timeline import details, headline
from centralita.services.incidents import Entry

CREATE, UPDATE, RESOLVE = "incident_modal", "incident_update_modal", "incident_resolve_modal"
AFFECTED = "affected_select"
"""The select of the CIs that are affected."""
MOST_LINES = 40
MOST_AFFECTED = 20
OPTION_LIMIT = 150
"""Slack's limit of an option's value."""
LONGEST_INPUT = 3000
"""Slack's limit of a text input's initial value."""
_EMOJI = {"open": "🚨", "acknowledged": "👀", "resolved": "✅"}


def creation(
    locale: str, values: Mapping[str, str], metadata: Mapping[str, Any], affected: Sequence[Item] = ()
) -> dict[str, Any]:
    """The modal that creates one, filled with ``values``: title, description, priority."""
    blocks = [
        *_what(locale, values, affected),
        entry("assignee", _("Assign To", locale), {
            "type": "users_select",
            "action_id": "assignee_select",
            "placeholder": plain_text(_("Nobody in particular", locale)),
        }, optional=True),
    ]  # fmt: skip
    return modal(CREATE, _("Create Incident", locale), _("Create", locale), blocks, locale, metadata)


def change(locale: str, incident: Incident) -> dict[str, Any]:
    """The modal that changes one."""
    values = {"title": incident.title, "description": incident.description, "priority": incident.priority}
    title = _("Update {code}", locale).format(code=incident.code)
    metadata = {"number": incident.number}
    return modal(UPDATE, title, _("Save", locale), _what(locale, values, incident.affected), locale, metadata)


def resolution(locale: str, incident: Incident, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The modal that asks how it was resolved."""
    title = _("Resolve {code}", locale).format(code=incident.code)
    how = _text("note", _("How it was resolved", locale), "", optional=True, multiline=True)
    blocks = [section(f"*{mrkdwn.escape(mrkdwn.cut(incident.title, 300))}*"), how]
    facts = {**metadata, "number": incident.number}
    return modal(RESOLVE, title, _("Resolve", locale), blocks, locale, facts)


def _what(locale: str, values: Mapping[str, str], affected: Sequence[Item]) -> list[dict[str, Any]]:
    options = [{"text": plain_text(priority_in_words(each, locale)), "value": each} for each in PRIORITIES]
    chosen = next((option for option in options if option["value"] == values.get("priority")), options[1])
    return [
        _text("title", _("Incident Title", locale), values.get("title", "")[:LONGEST_TITLE], action="title_input"),
        entry("priority", _("Priority", locale), {
            "type": "static_select",
            "action_id": "priority_select",
            "initial_option": chosen,
            "options": options,
        }),
        _text(
            "description",
            _("Description", locale),
            values.get("description", "")[:LONGEST_INPUT],
            optional=True,
            multiline=True,
        ),
        entry("affected", _("Affected CIs", locale), _several(affected, locale), optional=True),
    ]  # fmt: skip


def _several(affected: Sequence[Item], locale: str) -> dict[str, Any]:
    """The select of CIs, whose options the CMDB gives as somebody types."""
    chosen = [option(each.name or each.id, each.id) for each in affected[:MOST_AFFECTED] if fits(each.id)]
    return {
        "type": "multi_external_select",
        "action_id": AFFECTED,
        "min_query_length": 1,
        "max_selected_items": MOST_AFFECTED,
        "placeholder": plain_text(_("Part of a name", locale)),
        **({"initial_options": chosen} if chosen else {}),
    }


def fits(value: str) -> bool:
    """Whether an option can stand for it."""
    return 0 < len(value) <= OPTION_LIMIT


def option(text: str, value: str) -> dict[str, Any]:
    """A choice of a select."""
    return {"text": plain_text(text), "value": value}


def _text(
    block_id: str,
    label: str,
    value: str,
    *,
    action: str = "",
    optional: bool = False,
    multiline: bool = False,
) -> dict[str, Any]:
    element: dict[str, Any] = {"type": "plain_text_input", "action_id": action or f"{block_id}_input"}
    if value:
        element["initial_value"] = value
    if multiline:
        element["multiline"] = True
    return entry(block_id, label, element, optional=optional)


# --- Answers to one person -------------------------------------------------------------------------------------------


def line(incident: Incident, locale: str) -> str:
    """An incident in one line of Slack's markup."""
    code = mrkdwn.link(incident.thread, incident.code) if incident.thread else f"*{incident.code}*"
    who = incident.assignee.called or _("nobody yet", locale)
    parts = [priority_in_words(incident.priority, locale), who, mrkdwn.moment(rfc3339(incident.created_at))]
    said = " · ".join(mrkdwn.escape(part) if part is not parts[2] else part for part in parts)
    return f"{_EMOJI[incident.state]} {code} {mrkdwn.escape(mrkdwn.cut(incident.title, 150))}\n{said}"


def listing(found: Sequence[Incident], more: bool, locale: str) -> list[dict[str, Any]]:
    """Blocks of a list; at least one incident."""
    blocks = [section(line(each, locale)) for each in found]
    return [*blocks, section(f"_{_('There are more.', locale)}_")] if more else blocks


def timeline(incident: Incident, entries: Sequence[Entry], locale: str) -> list[dict[str, Any]]:
    """Blocks of a timeline: its newest lines, the oldest of them first."""
    heading = f"*{_('Incident timeline', locale)}*\n{line(incident, locale)} · {_(STATES[incident.state], locale)}"
    shown, left_out = entries[-MOST_LINES:], max(0, len(entries) - MOST_LINES)
    blocks = [section(heading)]
    if left_out:
        text = ngettext("{n} earlier line is left out.", "{n} earlier lines are left out.", left_out, locale)
        blocks.append(section(f"_{mrkdwn.escape(text.format(n=left_out))}_"))
    return [*blocks, *(section(_entry(incident, each, locale)) for each in shown)]


def _entry(incident: Incident, entry: Entry, locale: str) -> str:
    said = "\n".join(f"> {mrkdwn.escape(text)}" for text in details(entry, locale))
    first = f"{mrkdwn.moment(rfc3339(entry.at))} {mrkdwn.escape(headline(incident, entry, locale))}"
    return mrkdwn.cut(f"{first}\n{said}", 2900) if said else first
