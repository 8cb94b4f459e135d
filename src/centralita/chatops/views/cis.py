"""Configuration items in Slack: lists, details, the modal in which one is changed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from centralita.chatops.blocks import entry, modal
from centralita.chatops.views.notices import plain_text, section
from centralita.core import mrkdwn
from centralita.core.cis import NAME_LIMIT, write_attributes
from centralita.i18n import gettext as _
from centralita.services.cis import CiDetail, CiView, OwnerView
from centralita.services.wording import in_words

MOST_ROWS = 10
LINES_LIMIT = 3000
"""Of a text field (https://docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element)."""
_SHOWN_RELATIONS = 15
_SHOWN_ATTRIBUTES = 30

Blocks = list[dict[str, Any]]


def _text(value: str, limit: int = 200) -> str:
    return mrkdwn.escape(mrkdwn.cut(mrkdwn.clean(value), limit))


def whose(owner: OwnerView | None) -> str:
    """An owner in one word; "" for nobody."""
    return (owner.name or owner.email) if owner is not None else ""


def rows(title: str, cis: Sequence[CiView], locale: str) -> Blocks:
    """A list of CIs, each with a button to its details; ``title`` is escaped already."""
    blocks = [section(title)]
    for ci in cis[:MOST_ROWS]:
        beside = " · ".join(_text(part) for part in (ci.type, ci.status, whose(ci.owner)) if part)
        button = {
            "type": "button",
            "text": plain_text(_("Details", locale)),
            "action_id": "ci_details",
            "value": ci.id,
        }
        blocks.append({**section(f"*{_text(ci.name)}*\n{beside}".strip()), "accessory": button})
    return blocks


def details(found: CiDetail, may_change: bool, locale: str) -> Blocks:
    """All that is known of a CI, and a button to change it for whoever may."""
    ci = found.ci
    name = mrkdwn.link(ci.url, mrkdwn.cut(mrkdwn.clean(ci.name), 200)) if ci.url else _text(ci.name)
    owner = f"{ci.owner.name} ({ci.owner.email})" if ci.owner and ci.owner.name and ci.owner.email else whose(ci.owner)
    fields = [
        (_("Type", locale), ci.type),
        (_("Status", locale), ci.status),
        (_("Owner", locale), owner or _("nobody", locale)),
        (_("Source", locale), ci.source or _("by hand", locale)),
    ]
    shown = [{"type": "mrkdwn", "text": f"*{label}*\n{_text(value)}"} for label, value in fields if value]
    blocks = [section(f"*{name}*"), {"type": "section", "fields": shown}]
    listed = sorted(ci.attributes.items())[:_SHOWN_ATTRIBUTES]
    if listed:
        blocks.append(section("\n".join(f"{_text(key, 60)}: {_text(value, 120)}" for key, value in listed)))
    if found.relations:
        blocks.append(section("\n".join(_relations(found, locale))))
    if may_change:
        button = {
            "type": "button",
            "text": plain_text(_("Change", locale)),
            "action_id": "update_ci",
            "value": ci.id,
        }
        blocks.append({"type": "actions", "elements": [button]})
    return blocks


def _relations(found: CiDetail, locale: str) -> list[str]:
    lines = [
        f"{mrkdwn.escape(in_words(f'ci.relation.{one.kind}', {}, locale))} *{_text(one.name, 100)}*"
        for one in found.relations[:_SHOWN_RELATIONS]
    ]
    more = len(found.relations) - len(lines)
    return [*lines, *([_("and {count} more", locale).format(count=more)] if more else [])]


def fitting(attributes: Mapping[str, str]) -> dict[str, str]:
    """The attributes that fit into the modal's field, by name; the others are left alone."""
    shown: dict[str, str] = {}
    for key, value in sorted(attributes.items()):
        shown[key] = value
        if len(write_attributes(shown)) > LINES_LIMIT:
            del shown[key]
            break
    return shown


def change(ci: CiView, owner: str, place: Mapping[str, str], locale: str) -> dict[str, Any]:
    """The modal in which a CI is changed. ``owner`` is their Slack id, "" when nobody knows it; ``place`` where it was
    asked for (``channel``, ``thread_ts``)."""
    select: dict[str, Any] = {"type": "users_select", "action_id": "owner"}
    if owner:
        select["initial_user"] = owner
    lines = write_attributes(fitting(ci.attributes))
    unknown = whose(ci.owner) if not owner else ""
    now = _("Now: {owner}. Leave it empty to keep that.", locale).format(owner=unknown) if unknown else ""
    metadata = {**place, "ci": ci.id, "version": ci.version, "owner": owner}
    blocks = [
        entry("name", _("Name", locale), _line("name", ci.name)),
        entry("type", _("Type", locale), _line("type", ci.type),
              _("server, laptop, printer, service... or a word of yours.", locale), optional=True),
        entry("status", _("Status", locale), _line("status", ci.status), optional=True),
        entry("owner", _("Owner", locale), select, now, optional=True),
        entry("attributes", _("Attributes", locale), _lines(lines),
              _("One a line, as name: value. A line that you take out is gone.", locale), optional=True),
    ]  # fmt: skip
    return modal("ci_modal", _("Change a CI", locale), _("Save", locale), blocks, locale, metadata)


def _line(action: str, value: str) -> dict[str, Any]:
    element = {"type": "plain_text_input", "action_id": action, "max_length": NAME_LIMIT}
    return {**element, **({"initial_value": value[:NAME_LIMIT]} if value else {})}


def _lines(value: str) -> dict[str, Any]:
    element = {"type": "plain_text_input", "action_id": "attributes", "multiline": True, "max_length": LINES_LIMIT}
    return {**element, **({"initial_value": value} if value else {})}
