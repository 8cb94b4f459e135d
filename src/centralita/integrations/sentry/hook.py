"""One webhook of Sentry as its readers see it, and which resource it is when no header says so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from centralita.core.attributes import reference, severity_of, word
from centralita.core.events import Severity
from centralita.core.payload import find, text

_LEVELS = {"sample": "info"}
_PROJECT = re.compile(r"/projects/[^/?#]{1,200}/([^/?#]{1,200})/")
_TELLING: tuple[tuple[str, str], ...] = (
    ("data.metric_alert", "metric_alert"),
    ("data.error", "error"),
    ("data.event", "event_alert"),
    ("data.activity", "activity_alert"),
    ("data.comment_id", "comment"),
    ("data.issue", "issue"),
    ("data.installation", "installation"),
    ("data.group_id", "seer"),
    ("culprit", "plugin"),
    ("project_slug", "plugin"),
    ("triggering_rules", "plugin"),
    ("event", "plugin"),
    ("project", "plugin"),
)
"""Path in the body to the resource that it gives away, the more telling ones first."""


class Hook(msgspec.Struct, frozen=True):
    """The resource, the body, and where Sentry is, without a slash at the end."""

    resource: str
    body: dict[str, Any]
    instance: str

    @property
    def action(self) -> str:
        return word(self.body.get("action"))

    @property
    def data(self) -> dict[str, Any]:
        """What the sender said, with the names inside its ``data`` one level up."""
        inner = self.body.get("data")
        if not isinstance(inner, dict):
            return self.body
        return {**{name: value for name, value in self.body.items() if name != "data"}, **inner}

    def issue_page(self, number: str) -> str:
        return f"{self.instance}/issues/{number}/" if number.isdigit() else ""


def resource_of(header: str | None, body: Mapping[str, Any]) -> str:
    """The resource from ``Sentry-Hook-Resource``, else by what is in the body; "" when nothing tells."""
    if header:
        return word(header)
    return next((resource for path, resource in _TELLING if find(body, path) is not None), "")


def project_of(thing: Mapping[str, Any]) -> str:
    """The project's name in its address (slug), of an issue or an event."""
    for path in ("project.slug", "project_slug", "project_name"):
        if slug := text(thing, path):
            return slug
    found = _PROJECT.search(text(thing, "url", 2_000))
    return found[1] if found else ""


def title_of(thing: Mapping[str, Any]) -> str:
    """What an issue or an event is called."""
    kind, value = text(thing, "metadata.type"), text(thing, "metadata.value")
    said = (
        *(text(thing, path) for path in ("title", "metadata.title")),
        f"{kind}: {value}" if kind and value else kind,
        *(text(thing, path) for path in ("logentry.formatted", "message", "culprit")),
    )
    return next((title for title in said if title), "")


def severity_of_level(thing: Mapping[str, Any]) -> Severity:
    """``fatal`` is critical, ``error`` high, ``warning`` medium; ``error`` is what Sentry takes when none is given."""
    found = severity_of(find(thing, "level"), _LEVELS)
    if found is None:
        tags = find(thing, "tags")
        pairs = tags[:100] if isinstance(tags, list) else []
        found = next((severity_of(find(pair, "1"), _LEVELS) for pair in pairs if find(pair, "0") == "level"), None)
    return found or "high"


def issue_subject(number: object) -> str:
    return reference("issue", number)
