"""The messages of changes to assets' owners: one asset's, and a plan's as a whole.

The data is that of ``services.asset_changes`` and ``services.asset_plans``; all of it is optional.
"""

from __future__ import annotations

from collections.abc import Mapping

from centralita.core import payload
from centralita.core.lamps import FAILED, FLOWING, HELD, WAITING
from centralita.core.mrkdwn import clean
from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.integrations.slack.facts import Facts
from centralita.integrations.slack.messages import (
    Field,
    Message,
    Moment,
    Paragraph,
    links_of,
    present,
)
from centralita.integrations.slack.system import explain_reason

_HEADLINES: Mapping[str, tuple[str, str, str]] = {
    "asset.owner_change_requested": ("📦", N_("Asset {name}: InvGate is asked to change the owner"), WAITING),
    "asset.owner_changed": ("📦", N_("Asset {name} belongs to {owner} now"), FLOWING),
    "asset.plan_finished": ("📋", N_("Owners of assets: {changes} of {assets} would change"), WAITING),
    "asset.plan_failed": ("⚠️", N_("Owners of assets: the inventory could not be read"), FAILED),
    "asset.plan_stopped": ("⚠️", N_("Owners of assets: the plan was not applied by itself"), HELD),
    "asset.plan_applied": ("📋", N_("Owners of assets: the plan was applied"), FLOWING),
    "asset.plan_reverted": ("📋", N_("Owners of assets: the plan was put back"), FLOWING),
}
"""Event type to emoji, headline (msgid) and colour."""
_COUNTS: Mapping[str, str] = {
    "changed": N_("Owners changed"),
    "stale": N_("Overtaken by somebody else"),
    "failed": N_("Failed"),
    "reverted": N_("Put back"),
    "overtaken": N_("Overtaken by somebody else"),
    "not_reverted": N_("Not put back"),
}


def is_asset_owner(facts: Facts) -> bool:
    """Whether the event tells of owners of assets."""
    return facts.type in _HEADLINES


def render_asset_owner(facts: Facts) -> Message:
    """What became of an asset's owner, or of a plan."""
    emoji, headline, colour = _HEADLINES[facts.type]
    said = {
        "name": _text(facts, "asset.name") or _text(facts, "asset.id"),
        "owner": _who(facts, "owner"),
        "changes": _text(facts, "plan.changes") or "0",
        "assets": _text(facts, "plan.assets") or "0",
    }
    return Message(
        emoji=emoji,
        headline=_(headline, facts.locale).format(**said),
        fields=tuple(field for field in _fields(facts) if field.value),
        paragraphs=present([Paragraph("", _reason(facts))]),
        links=links_of(facts, facts.event.url, _("Open at the source", facts.locale)),
        notes=(Moment(facts.event.time),),
        colour=colour,
    )


def _fields(facts: Facts) -> list[Field]:
    locale, about_one = facts.locale, facts.type.startswith("asset.owner")
    counts = payload.mapping(facts.event.data, "counts")
    if about_one:
        return [
            Field(_("Owner before", locale), _who(facts, "previous_owner")),
            Field(_("Owner", locale), _who(facts, "owner")),
            Field(_("User", locale), _text(facts, "account")),
            Field(_("Serial number", locale), _text(facts, "asset.serial")),
        ]
    conflicts = _text(facts, "plan.conflicts")
    return [
        Field(_("Plan", locale), _text(facts, "plan.id")),
        Field(_("To decide", locale), conflicts if conflicts != "0" else ""),
        *(Field(_(label, locale), payload.tame_text(counts.get(name))) for name, label in _COUNTS.items()),
    ]


def _reason(facts: Facts) -> str:
    reason, _space, detail = _text(facts, "reason").partition(" ")
    if reason == "asset.plan_capped":
        text = _("It would change {changes} of {assets} assets; the cap allows {most}.", facts.locale)
        return text.format(**{name: _text(facts, name) for name in ("changes", "assets", "most")})
    return f"{explain_reason(reason, facts.locale)} {detail}".strip() if reason else ""


def _who(facts: Facts, role: str) -> str:
    if not payload.mapping(facts.event.data, role):
        return ""
    return _text(facts, f"{role}.name") or _text(facts, f"{role}.email") or _("nobody", facts.locale)


def _text(facts: Facts, path: str) -> str:
    return clean(payload.text(facts.event.data, path, 500))
