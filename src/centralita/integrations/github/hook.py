"""One webhook of GitHub as its readers see it, and the name of an event that came without its header."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from centralita.core.attributes import reference, severity_of, word
from centralita.core.drafts import joined
from centralita.core.events import Severity
from centralita.core.payload import find, items, mapping, text

_PLACES = (
    *("repository.full_name", "repository.name", "organization.login", "enterprise.slug"),
    *("installation.account.login", "marketplace_purchase.account.login", "sponsorship.sponsorable.login"),
    "sender.login",
)
_PAGES = (
    *("enterprise.html_url", "installation.html_url", "installation.account.html_url"),
    "sponsorship.sponsorable.html_url",
)


class Hook(msgspec.Struct, frozen=True):
    """The name of the event, the body, and the severities that the settings give to labels."""

    name: str
    body: dict[str, Any]
    severities: Mapping[str, str]

    @property
    def action(self) -> str:
        return word(self.body.get("action"))

    @property
    def place(self) -> str:
        """The repository, else the organisation, the account or the person that it is about."""
        return next((said for path in _PLACES if (said := text(self.body, path))), "")

    @property
    def pages(self) -> tuple[object, ...]:
        """Where ``place`` is seen, the nearest first."""
        repository = text(self.body, "repository.html_url") or text(self.body, "repository.url")
        profile = text(self.body, "sender.html_url")
        login, organization = text(self.body, "sender.login"), text(self.body, "organization.login")
        # An organisation comes without its page: it stands where the sender's profile stands.
        host = profile.removesuffix(f"/{login}") if login and profile.endswith(f"/{login}") else ""
        around = tuple(text(self.body, path) for path in _PAGES)
        return (repository, f"{host}/{organization}" if host and organization else "", *around, profile)

    def subject(self, noun: str, *parts: object) -> str:
        """``noun/place/part...``; "" when a part is missing, because then it would join what does not belong."""
        said = [text({"": part}, "") for part in parts]
        return reference(noun, "/".join((self.place, *said)).lstrip("/")) if all(said) else ""

    def title(self, *parts: object) -> str:
        return joined(self.place, *parts)

    def severity(self, labels: str) -> Severity:
        """The gravest that the settings give to one of the labels at that path, else ``info``."""
        names = (word(find(label, "name")) for label in items(self.body, labels)[:100])
        known = {severity_of(self.severities[name]) for name in names if name in self.severities}
        grave: tuple[Severity, ...] = ("critical", "high", "medium", "low")
        return next((severity for severity in grave if severity in known), "info")

    def without(self, prefix: str, path: str) -> str:
        """The text at ``path`` without ``refs/heads/`` or whatever stands in front."""
        return text(self.body, path).removeprefix(prefix)


_TELLING: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("pull_request_review_thread", ("pull_request", "thread")),
    ("pull_request_review", ("pull_request", "review")),
    ("pull_request_review_comment", ("pull_request", "comment")),
    ("pull_request", ("pull_request", "number")),
    ("issue_comment", ("issue", "comment")),
    ("issues", ("issue",)),
    ("discussion_comment", ("discussion", "comment")),
    ("discussion", ("discussion",)),
    ("deployment_status", ("deployment_status",)),
    ("deployment", ("deployment",)),
    ("workflow_job", ("workflow_job",)),
    ("deployment_review", ("workflow_run", "environment")),
    ("workflow_run", ("workflow_run",)),
    ("check_run", ("check_run",)),
    ("check_suite", ("check_suite",)),
    ("workflow_dispatch", ("workflow", "inputs")),
    ("status", ("sha", "context", "state")),
    ("commit_comment", ("comment",)),
    ("push", ("ref", "after")),
    ("create", ("ref", "ref_type", "master_branch")),
    ("delete", ("ref", "ref_type")),
    ("release", ("release",)),
    ("repository_advisory", ("repository_advisory",)),
    ("dependabot_alert", ("alert",)),
    ("security_advisory", ("security_advisory",)),
    ("ping", ("zen",)),
    ("gollum", ("pages",)),
    ("page_build", ("build",)),
    ("fork", ("forkee",)),
    ("membership", ("member", "team")),
    ("member", ("member",)),
    ("organization", ("membership",)),
    ("team", ("team",)),
    ("installation_repositories", ("installation", "repositories_added")),
    ("star", ("starred_at",)),
    ("repository_dispatch", ("client_payload",)),
)
"""Event to the names in its body that give it away, the more telling ones first."""


def event_name(header: str | None, body: Mapping[str, Any]) -> str:
    """The name of the event from ``X-GitHub-Event``, else by what is in the body; "" when nothing tells."""
    if header:
        return word(header)
    found = next((name for name, names in _TELLING if all(each in body for each in names)), "")
    if found != "dependabot_alert":
        return found
    alert = mapping(body, "alert")
    if "secret_type" in alert:
        return "secret_scanning_alert"
    if "rule" in alert:
        return "code_scanning_alert"
    return found if "dependency" in alert else "repository_vulnerability_alert"
