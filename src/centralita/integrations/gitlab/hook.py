"""One webhook of GitLab as its readers see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from centralita.core.attributes import reference, severity_of, web_url, word
from centralita.core.drafts import joined
from centralita.core.events import Severity
from centralita.core.payload import find, items, text

_PLACES = (
    *(
        "project.path_with_namespace",
        "project_path_with_namespace",
        "path_with_namespace",
        "object_attributes.target.path_with_namespace",
    ),
    *("group.full_path", "group.group_path", "full_path", "group_path", "path"),
)
_PAGES = (
    *("project.web_url", "project.homepage", "repository.homepage", "object_attributes.target.web_url"),
    *("object_attributes.url", "user_url"),
)
_GRAVEST: tuple[Severity, ...] = ("critical", "high", "medium", "low")


class Hook(msgspec.Struct, frozen=True):
    """The name of the event, the body, the instance's address, and the severities that the settings give to labels."""

    name: str
    body: dict[str, Any]
    instance: str
    severities: Mapping[str, str]

    @property
    def action(self) -> str:
        return word(find(self.body, "object_attributes.action") or self.body.get("action"))

    @property
    def place(self) -> str:
        """Path of the project or the group that it is about."""
        said = (text(self.body, path) for path in _PLACES)
        pages = (_path(text(self.body, path)) for path in _PAGES[:-1])
        return next((place for place in (*said, *pages) if place), "") or text(self.body, "project_name")

    @property
    def page(self) -> str:
        """Where ``place`` is seen, from the payload, else at the instance."""
        said = (web_url(text(self.body, path)) for path in _PAGES[:-2])
        found = next((page for page in said if page), "")
        path = quote(self.place or text(self.body, "username") or text(self.body, "user_username"), safe="/")
        return found or (f"{self.instance}/{path}" if self.instance else "")

    def subject(self, noun: str, *parts: object) -> str:
        """``noun/place/part...``; "" when a part is missing, because then it would join what does not belong."""
        said = [text({"": part}, "") for part in parts]
        return reference(noun, "/".join((self.place, *said)).lstrip("/")) if all(said) else ""

    def title(self, *parts: object) -> str:
        return joined(self.place, *parts)

    def below(self, *parts: object) -> str:
        """A page of the project, such as ``-/pipelines/31``; "" when a part is missing."""
        said = [text({"": part}, "") for part in parts]
        return "/".join((self.page, "-", *said)) if self.page and all(said) else ""

    def severity(self, path: str) -> Severity:
        """The severity of an incident, else the gravest that the settings give to a label, else ``info``."""
        own = severity_of(find(self.body, f"{path}.severity"))
        labels = [*items(self.body, "labels")[:100], *items(self.body, f"{path}.labels")[:100]]
        names = (word(find(label, "title")) for label in labels)
        known = {severity_of(self.severities[name]) for name in names if name in self.severities}
        gravest: Severity = next((severity for severity in _GRAVEST if severity in known), "info")
        return own or gravest


def _path(page: str) -> str:
    """``group/project`` of a page of the project."""
    try:
        return urlsplit(page).path.partition("/-/")[0].strip("/") if web_url(page) else ""
    except ValueError:
        return ""
