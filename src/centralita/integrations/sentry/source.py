"""Sentry as a source: ``Sentry-Hook-Resource`` says what it is, ``Sentry-Hook-Signature`` who sent it.

An issue is an alert: what is told of it, of its events and of its comments has one subject. The WebHooks plugin signs
nothing and proves itself by the address.
Source: https://docs.sentry.io/organization/integrations/integration-platform/webhooks/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from centralita.core import signing, source_settings
from centralita.core.attributes import reference, web_url
from centralita.core.drafts import completed, draft, joined
from centralita.core.event_types import declare
from centralita.core.events import Event, EventType, Phase, Severity
from centralita.core.payload import decode_trusted, find, mapping, tame_text, text
from centralita.core.proofs import Proof, proof_of, sign_proof, verify_proof
from centralita.integrations.sentry.hook import (
    Hook,
    issue_subject,
    project_of,
    resource_of,
    severity_of_level,
    title_of,
)
from centralita.ports import ConfigField, RawRequest, Receipt, Verdict

TYPES: Mapping[str, EventType] = declare(
    (
        *("alert.fired", "alert.updated", "alert.acknowledged", "alert.commented", "alert.resolved"),
        "installation.updated",
    ),
    EventType("error.occurred", "An error occurred, whether or not it is told for the first time."),
    EventType("sentry.unknown", "Sentry sent something that the source does not know."),
)
_ISSUE: Mapping[str, tuple[str, Phase]] = {
    "created": ("alert.fired", "open"),
    "unresolved": ("alert.fired", "open"),
    "assigned": ("alert.acknowledged", "open"),
    "resolved": ("alert.resolved", "closed"),
    # Nobody wants to hear of it until it gets worse; then it comes as unresolved.
    "archived": ("alert.updated", "closed"),
    "ignored": ("alert.updated", "closed"),
}
_METRIC: Mapping[str, tuple[str, Phase, Severity]] = {
    "critical": ("alert.fired", "open", "critical"),
    "warning": ("alert.fired", "open", "medium"),
    "open": ("alert.fired", "open", "high"),
    "resolved": ("alert.resolved", "closed", "info"),
}

AUTH = ("hmac", "key")
DEFAULT_INSTANCE = "https://sentry.io"
FIELDS = (
    ConfigField(
        name="auth",
        help="How the sender proves itself: a signature with the integration's client secret, or a secret as the last "
        "part of the address (the WebHooks plugin).",
        type="choice",
        default="hmac",
        choices=AUTH,
    ),
    ConfigField(
        name="instance",
        help="Address of the organization in Sentry, for links that the request lacks: https://acme.sentry.io.",
        type="url",
        default=DEFAULT_INSTANCE,
    ),
)
PATHS = (
    *(f"agent.{name}" for name in ("name", "email")),
    *("comment.text", "comment.author", "description", "action", "triggered_rule", "description_title", "body"),
    *("project_slug", "issue_id", "comment_id", "level", "culprit", "url", "project_name", "triggering_rules", "id"),
    *(f"{name}.*" for name in ("issue", "event", "error", "metric_alert", "installation", "actor", "issue_alert")),
)


class SentrySource:
    """See ``ports.Source``."""

    kind = "sentry"
    types: Mapping[str, EventType] = TYPES
    fields = FIELDS
    paths = PATHS

    def check(self, settings: Mapping[str, object], secrets: Sequence[bytes]) -> list[str]:
        return [*source_settings.secret_faults(secrets), *source_settings.faults(settings, _CHECKS)]

    def verify(
        self, request: RawRequest, secrets: Sequence[bytes], now: float, settings: Mapping[str, object]
    ) -> Verdict:
        reason = verify_proof(_proof(settings), request, secrets, now)
        key = tame_text(request.header("request-id"), 200)
        return Verdict(ok=not reason, reason=reason, dedupe_key="" if reason else key)

    def parse(self, receipt: Receipt, settings: Mapping[str, object]) -> list[Event]:
        body = decode_trusted(receipt.body, receipt.content_type)
        fields = body if isinstance(body, dict) else {"body": body}
        resource = resource_of(receipt.headers.get("sentry-hook-resource"), fields)
        instance = web_url(settings.get("instance")) or DEFAULT_INSTANCE
        hook = Hook(resource, fields, instance.rstrip("/"))
        return [completed(READERS.get(resource, _read_unknown)(hook), receipt)]


def sign(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[bytes], settings: Mapping[str, object], now: float
) -> dict[str, str]:
    """The headers with which a sender of these settings would post ``body``; with ``auth: key`` they stay as they are,
    because the first secret is the last part of the address."""
    return sign_proof(_proof(settings), body, headers, secrets[0], now)


def _proof(settings: Mapping[str, object]) -> Proof:
    proof = proof_of(settings, "hmac", scheme=signing.PRESETS["sentry"])
    return proof if proof.auth in AUTH else Proof(auth="")


# --- What it says ----------------------------------------------------------------------------------------------------


def _read_issue(hook: Hook) -> Event:
    kind, phase = _ISSUE.get(hook.action, ("alert.updated", ""))
    status = text(hook.body, "data.issue.substatus") or text(hook.body, "data.issue.status") or hook.action
    return _issue(hook, "data.issue", kind, status, phase)


def _read_activity(hook: Hook) -> Event:
    return _issue(hook, "data.issue", "alert.updated", text(hook.body, "data.activity.type") or hook.action, "")


def _read_event_alert(hook: Hook) -> Event:
    rule = text(hook.body, "data.triggered_rule") or hook.action
    return _issue(hook, "data.event", "alert.fired", rule, "open")


def _read_error(hook: Hook) -> Event:
    return _issue(hook, "data.error", "error.occurred", hook.action, "")


def _issue(hook: Hook, path: str, kind: str, status: str, phase: Phase) -> Event:
    thing = mapping(hook.body, path)
    # An event's own id is not its issue's; one without an issue stands for itself.
    number = text(thing, "issue_id") or text(thing, "group_id") or text(thing, "groupID")
    number = number or _last(text(thing, "issue_url")) or text(thing, "id") or text(thing, "event_id")
    moments = ("datetime", "timestamp", "lastSeen", "firstSeen")
    changed = ("data.activity.datetime", "data.activity.dateCreated", "data.issue.statusDetails.actionedDate")
    return draft(
        kind,
        title=joined(project_of(thing), title_of(thing)) or joined(hook.resource, hook.action),
        subject=issue_subject(number),
        severity=severity_of_level(thing),
        status=status,
        phase=phase,
        category=text(thing, "issueCategory") or "error",
        urls=(find(thing, "web_url"), find(thing, "permalink"), hook.issue_page(number), hook.instance),
        times=(*(find(hook.body, name) for name in changed), *(find(thing, name) for name in moments)),
        data={**hook.data, **_agent(thing), "description": text(thing, "culprit")},
    )


def _last(address: str) -> str:
    return address.rstrip("/").rpartition("/")[2] if "/issues/" in address else ""


def _agent(thing: Mapping[str, Any]) -> dict[str, Any]:
    person = {name: text(thing, f"assignedTo.{name}") for name in ("name", "email")}
    said = {name: value for name, value in person.items() if value}
    return {"agent": said} if said else {}


def _read_metric_alert(hook: Hook) -> Event:
    kind, phase, severity = _METRIC.get(hook.action, ("alert.updated", "", "medium"))
    alert = mapping(hook.body, "data.metric_alert")
    number = text(alert, "identifier") or text(alert, "id")
    slug = text(alert, "organization_slug") or text(alert, "organization.slug")
    page = f"{hook.instance}/organizations/{slug}/alerts/{number}/" if slug and number else ""
    moments = ("date_closed", "date_started") if phase == "closed" else ("date_started",)
    titles = (text(alert, "title"), text(alert, "alert_rule.name"), text(hook.body, "data.description_title"))
    return draft(
        kind,
        title=joined(find(alert, "projects.0"), next((title for title in titles if title), "")),
        subject=reference("metric_alert", number or text(alert, "alert_rule.id")),
        severity=severity,
        status=hook.action,
        phase=phase,
        category="metric",
        urls=(find(hook.body, "data.web_url"), page, hook.instance),
        times=tuple(find(alert, name) for name in (*moments, "date_detected", "date_created")),
        data={**hook.data, "description": text(hook.body, "data.description_text")},
    )


def _read_comment(hook: Hook) -> Event:
    words, number = text(hook.body, "data.comment"), text(hook.body, "data.issue_id")
    comment = {"text": words, "author": text(hook.body, "actor.name")}
    return draft(
        "alert.commented" if hook.action == "created" else "alert.updated",
        title=joined(text(hook.body, "data.project_slug"), words or f"#{number}"),
        subject=issue_subject(number),
        # The request doesn't say how grave the issue is; a lesser word would make its next event look like news.
        severity=severity_of_level({}),
        status=hook.action,
        category="error",
        urls=(hook.issue_page(number), hook.instance),
        times=(find(hook.body, "data.timestamp"),),
        data={**hook.data, "comment": comment},
    )


def _read_installation(hook: Hook) -> Event:
    installation = mapping(hook.body, "data.installation") or mapping(hook.body, "installation")
    slug = text(installation, "organization.slug")
    return draft(
        "installation.updated",
        title=joined(slug, text(installation, "app.slug"), hook.action),
        subject=reference("installation", text(installation, "uuid")),
        severity="info",
        status=text(installation, "status") or hook.action,
        category="project",
        urls=(f"{hook.instance}/organizations/{slug}/" if slug else "", hook.instance),
        # The code can be changed into a token: nobody needs it here.
        data={**hook.data, "installation": {name: said for name, said in installation.items() if name != "code"}},
    )


def _read_plugin(hook: Hook) -> Event:
    """The WebHooks plugin's: an issue's fields around the event that triggered it."""
    body, event = hook.body, mapping(hook.body, "event")
    number = text(body, "id")
    project = project_of(body) or text(body, "project")
    return draft(
        "alert.fired",
        title=joined(project, text(event, "title") or text(body, "message") or title_of(event) or body.get("culprit")),
        subject=issue_subject(number or text(event, "event_id")),
        severity=severity_of_level(body if "level" in body else event),
        status=find(body, "triggering_rules.0"),
        phase="open",
        category="error",
        urls=(body.get("url"), find(event, "web_url"), hook.issue_page(number), hook.instance),
        times=(find(event, "timestamp"), find(event, "datetime"), find(event, "received")),
        data={**body, "description": text(body, "culprit")},
    )


def _read_unknown(hook: Hook) -> Event:
    """What Sentry may send one day; about an issue when it names one."""
    named = next((said for name in ("group_id", "issue_id") if (said := text(hook.body, f"data.{name}"))), "")
    return draft(
        "alert.updated" if hook.resource == "seer" else "sentry.unknown",
        title=joined(text(hook.body, "data.project_slug"), hook.resource.replace("_", " "), hook.action or "webhook"),
        subject=issue_subject(named) or reference("installation", text(hook.body, "installation.uuid")),
        severity=severity_of_level({}) if named else "info",
        status=hook.action,
        category="error",
        urls=(find(hook.body, "data.web_url"), hook.issue_page(named), hook.instance),
        data=hook.data,
    )


READERS: Mapping[str, Callable[[Hook], Event]] = {
    "issue": _read_issue,
    "event_alert": _read_event_alert,
    "metric_alert": _read_metric_alert,
    "activity_alert": _read_activity,
    "error": _read_error,
    "comment": _read_comment,
    "installation": _read_installation,
    "seer": _read_unknown,
    "plugin": _read_plugin,
}
"""Resource, as ``Sentry-Hook-Resource`` has it, to who reads it."""


def _instance(value: object) -> Iterator[tuple[str, str]]:
    if not web_url(value):
        yield "", "setting.type"


_CHECKS: Mapping[str, source_settings.Check] = {
    "auth": source_settings.one_of(AUTH),
    "instance": _instance,
}
