"""What GitHub warns of: vulnerable dependencies, leaked secrets, findings in the code, advisories."""

from __future__ import annotations

from collections.abc import Mapping

from centralita.core.attributes import severity_of
from centralita.core.drafts import draft
from centralita.core.events import Event, Phase, Severity
from centralita.core.payload import find, text
from centralita.integrations.github.hook import Hook

_ACTIONS: Mapping[str, tuple[str, Phase]] = {
    **dict.fromkeys(
        "created create reopened reintroduced reopened_by_user auto_reopened appeared_in_branch published "
        "publicly_leaked reported".split(),
        ("alert.fired", "open"),
    ),
    **dict.fromkeys(
        "fixed dismissed dismiss resolve resolved auto_dismissed closed_by_user withdrawn".split(),
        ("alert.resolved", "closed"),
    ),
}
_STATES: Mapping[str, Phase] = {
    **dict.fromkeys(("open", "published", "triage", "draft"), "open"),
    **dict.fromkeys(("fixed", "dismissed", "auto_dismissed", "resolved", "closed", "withdrawn"), "closed"),
}
_OBJECTS = ("alert", "security_advisory", "repository_advisory")
_SEVERITIES = (
    "security_vulnerability.severity",
    "security_advisory.severity",
    "rule.security_severity_level",
    "rule.severity",
    "severity",
)
_TITLES = (
    ("dependency.package.name", "security_advisory.summary"),
    ("affected_package_name", "external_identifier"),
    ("rule.description",),
    ("rule.name",),
    ("rule.id",),
    ("secret_type_display_name",),
    ("secret_type",),
    ("summary",),
)
"""Of an alert: the first whose every part is said."""


def read_alert(hook: Hook) -> Event:
    """Every ``*_alert`` and ``*_advisory``, with a severity of its own; a leaked secret is critical."""
    body = hook.body
    path = next((name for name in _OBJECTS if isinstance(body.get(name), dict)), "alert")
    kind, phase = _ACTIONS.get(hook.action, ("alert.updated", _STATES.get(text(body, f"{path}.state"), "")))
    said = ([text(body, f"{path}.{part}") for part in parts] for parts in _TITLES)
    title = next((": ".join(parts) for parts in said if all(parts)), "")
    number = text(body, f"{path}.number") or text(body, f"{path}.ghsa_id") or text(body, f"{path}.id")
    noun = hook.name.removesuffix("_location").removesuffix("_alert")
    closed = ("fixed_at", "dismissed_at", "resolved_at", "auto_dismissed_at", "withdrawn_at")
    moments = (*(closed if phase == "closed" else ()), "updated_at", "created_at", "published_at")
    advisory = text(body, f"{path}.ghsa_id")
    return draft(
        kind,
        title=hook.title(title or noun, f"#{number}" if number and path == "alert" else number),
        subject=hook.subject("alert", noun, number),
        severity=_severity(hook, path),
        status=text(body, f"{path}.state") or hook.action,
        phase=phase,
        category="security",
        correlation=hook.subject("advisory", text(body, f"{path}.security_advisory.ghsa_id") or advisory),
        urls=(
            *(find(body, f"{path}.{name}") for name in ("html_url", "external_reference")),
            f"https://github.com/advisories/{advisory}" if advisory else "",
            *hook.pages,
        ),
        times=tuple(find(body, f"{path}.{name}") for name in moments),
        data={**body, "description": _description(hook, path)},
    )


def _severity(hook: Hook, path: str) -> Severity:
    if hook.name.startswith("secret_scanning"):
        return "critical"
    known = (severity_of(text(hook.body, f"{path}.{name}"), {"note": "low"}) for name in _SEVERITIES)
    return next((severity for severity in known if severity), "medium")


def _description(hook: Hook, path: str) -> str:
    names = ("security_advisory.description", "rule.full_description", "description")
    return next((said for name in names if (said := text(hook.body, f"{path}.{name}"))), "")
