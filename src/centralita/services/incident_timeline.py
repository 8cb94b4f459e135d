"""The timeline of an incident in a person's words, and as a Markdown document to keep."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from centralita.core.incidents import Incident
from centralita.i18n import gettext as _
from centralita.i18n import ngettext
from centralita.integrations.slack.incidents import (
    KINDS,
    STATES,
    UNASSIGNED,
    changes_in_words,
    priority_in_words,
)
from centralita.services.incident_telling import TYPES
from centralita.store.incidents import Entry

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~])")


def headline(incident: Incident, entry: Entry, locale: str) -> str:
    """What happened, in one line, without when."""
    type_ = TYPES[entry.kind]
    to = str(entry.details.get("assignee", ["", ""])[1])
    msgid = UNASSIGNED if entry.kind == "assign" and not to else KINDS[type_].change
    return _(msgid, locale).format(who=entry.who or _("somebody", locale), to=to, code=incident.code)


def details(entry: Entry, locale: str) -> list[str]:
    """What was said or changed, line by line."""
    if entry.deleted_at is not None:
        return [_("(deleted)", locale)]
    lines = list(changes_in_words(entry.details, locale)) if entry.kind == "change" else []
    if entry.kind == "create":
        return []
    lines += entry.text.splitlines()
    if entry.edited_at is not None:
        lines.append(_("(edited)", locale))
    return lines


def moment(at: float) -> str:
    """A time in UTC to the second, the same in every language."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def as_markdown(incident: Incident, entries: list[Entry], locale: str) -> str:
    """The incident and its timeline as CommonMark. What people wrote is quoted and cannot become markup."""
    facts = [
        (_("Priority", locale), priority_in_words(incident.priority, locale)),
        (_("Status", locale), _(STATES[incident.state], locale)),
        (_("Assigned to", locale), incident.assignee.called),
        (_("Reported by", locale), incident.reporter.called),
        (_("Affected CIs", locale), ", ".join(each.name or each.id for each in incident.affected)),
        (_("Created", locale), moment(incident.created_at)),
        (_("Resolved", locale), moment(incident.resolved_at) if incident.resolved_at else ""),
        (_("Thread", locale), incident.thread),
    ]
    related = ngettext("{n} related event", "{n} related events", incident.related, locale).format(n=incident.related)
    lines = [f"# {incident.code} · {_text(incident.title)}", ""]
    lines += [f"- **{label}:** {_text(value)}" for label, value in facts if value]
    lines += [f"- {related}"] if incident.related else []
    if incident.description:
        lines += ["", *_quoted(incident.description.splitlines())]
    lines += ["", f"## {_('Incident timeline', locale)}", ""]
    for entry in entries:
        lines.append(f"- {moment(entry.at)} · {_text(headline(incident, entry, locale))}")
        if said := details(entry, locale):
            lines += ["", *(f"  {line}" for line in _quoted(said)), ""]
    return "\n".join(lines).rstrip() + "\n"


def _quoted(lines: list[str]) -> list[str]:
    return [f"> {_text(line)}  ".rstrip() if not line.strip() else f"> {_text(line)}  " for line in lines]


def _text(text: str) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
