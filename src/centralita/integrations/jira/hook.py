"""One webhook of Jira, or web request of an automation rule, as its readers see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from centralita.core.attributes import one_line, phase_of, severity_of, web_url, word
from centralita.core.events import Phase, Severity
from centralita.core.payload import find, items, mapping, text
from centralita.integrations.jira.words import CATEGORIES, PHASES, PRIORITIES

_SELVES = ("issue", "comment", "worklog", "attachment", "user", "project", "version", "sprint", "board")
_CLOUD_API = "https://api.atlassian.com/"


class Hook(msgspec.Struct, frozen=True):
    """The body, its issue ({} without one), where Jira is, and what the settings make of priorities and statuses."""

    body: dict[str, Any]
    issue: dict[str, Any]
    instance: str
    severities: Mapping[str, str]
    phases: Mapping[str, str]

    @property
    def name(self) -> str:
        """Of the event, without ``jira:``; "" when the body doesn't say."""
        names = ("webhookEvent", "event", "issue_event_type_name")
        said = next((found for name in names if (found := word(self.body.get(name)))), "")
        return said.removeprefix("jira_")

    @property
    def key(self) -> str:
        """``SP-53``."""
        return one_line(self.issue.get("key"))

    @property
    def number(self) -> str:
        """Jira's own id of the issue, which is all that some events have."""
        said = (text(self.issue, "id"), text(self.body, "worklog.issueId"), text(self.body, "issueLink.sourceIssueId"))
        page = next((found for name in _SELVES[1:4] if "/issue/" in (found := text(self.body, f"{name}.self"))), "")
        return next((found for found in said if found), "") or page.partition("/issue/")[2].partition("/")[0]

    @property
    def home(self) -> str:
        """Address of the Jira, without a slash at the end: from the settings, else from where the API is."""
        if self.instance:
            return self.instance
        selves = (text(self.issue, "self"), *(text(self.body, f"{name}.self") for name in _SELVES))
        said = (self_.partition("/rest/")[0] for self_ in selves if "/rest/" in self_)
        return next((home for home in said if web_url(home) and not home.startswith(_CLOUD_API)), "")

    @property
    def page(self) -> str:
        """Where a person sees the issue."""
        if not self.home:
            return ""
        if self.key:
            return f"{self.home}/browse/{self.key}"
        return f"{self.home}/issues/?jql=id%3D{self.number}" if self.number.isdigit() else self.home

    @property
    def phase(self) -> Phase:
        """Of the issue's status: by the settings, its category, its name, or because it has a resolution."""
        status = find(self.issue, "fields.status.name") or find(self.issue, "fields.status")
        own = self.phases.get(word(status), "")
        category = CATEGORIES.get(text(self.issue, "fields.status.statusCategory.key"), "")
        said = phase_of(own) or category or phase_of(status, PHASES)
        return said or ("closed" if text(self.issue, "fields.resolution.name") else "")

    @property
    def severity(self) -> Severity | None:
        """Of the issue's priority; ``medium`` for an issue without one, None when the fields are lacking."""
        fields = mapping(self.issue, "fields")
        priority = find(fields, "priority.name") or find(fields, "priority")
        said = severity_of(priority, {**PRIORITIES, **self.severities})
        return said or ("medium" if fields else None)

    def changes(self) -> dict[str, dict[str, Any]]:
        """What changed, by the name of the field in small letters; a field that changed twice counts as it ended."""
        listed = [item for item in items(self.body, "changelog.items") if isinstance(item, dict)]
        return {text(item, "field").lower(): item for item in listed}


def person(value: object) -> dict[str, str]:
    """``{name, email}`` of a user; {} of anything else."""
    if not isinstance(value, dict):
        named = one_line(value)
        return {"name": named} if named else {}
    name = next((said for key in ("displayName", "name", "accountId") if (said := one_line(value.get(key)))), "")
    known = {"name": name, "email": one_line(value.get("emailAddress"))}
    return {key: found for key, found in known.items() if found}
