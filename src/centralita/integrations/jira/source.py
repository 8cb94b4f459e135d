"""Jira as a source: ``webhookEvent`` and what changed say what it is. Its issues are tickets.

Source: https://developer.atlassian.com/cloud/jira/platform/webhooks/ and, for Data Center,
https://developer.atlassian.com/server/jira/platform/webhooks/; automation rules:
https://support.atlassian.com/cloud-automation/docs/jira-automation-actions/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from centralita.core import signing, source_settings
from centralita.core.attributes import phase_of, reference, web_url, word_table
from centralita.core.drafts import completed, draft, joined
from centralita.core.events import Event, EventType, Phase
from centralita.core.payload import decode_trusted, find, mapping, tame_text, text
from centralita.core.proofs import Proof, proof_of, sign_proof, verify_proof
from centralita.integrations.jira.documents import plain
from centralita.integrations.jira.hook import Hook, person
from centralita.integrations.jira.words import CHANGED, EVENTS, PHASES, PROJECTS, TYPES
from centralita.ports import ConfigField, RawRequest, Receipt, Verdict

AUTH = ("hmac", "header", "key")
DEFAULT_HEADER = "X-Webhook-Secret"
FIELDS = (
    ConfigField(
        name="auth",
        help="How the sender proves itself: a signature of the body, a secret in a header (automation rules), or as "
        "the last part of the address.",
        type="choice",
        default="hmac",
        choices=AUTH,
    ),
    ConfigField(name="header", help="Name of the header that carries the secret.", default=DEFAULT_HEADER),
    ConfigField(name="instance", help="Address of the Jira, for links, when it is not the one of its API.", type="url"),
    ConfigField(name="severity", help="The sender's priority to a severity.", type="map"),
    ConfigField(name="phases", help="The sender's status to open or closed.", type="map"),
)
PATHS = (
    *(f"ticket.{name}" for name in ("id", "title", "description", "status", "priority", "category", "url")),
    *(f"{role}.{name}" for role in ("requester", "agent") for name in ("name", "email")),
    *("comment.text", "comment.author", "comment.visible_to_customer", "webhookEvent", "issue_event_type_name"),
    *("timestamp", "event", "body", "key", "id", "self"),
    *(f"{name}.*" for name in ("issue", "user", "changelog", "worklog", "project", "version", "sprint", "fields")),
)
_PHASES: Mapping[str, Phase] = {
    **{"ticket.created": "open", "ticket.reopened": "open", "ticket.closed": "closed", "ticket.deleted": "closed"},
    **{"release.published": "closed"},
}
_OBJECTS = ("version", "sprint", "board", "project", "user", "filter", "issuetype", "property")


class JiraSource:
    """See ``ports.Source``."""

    kind = "jira"
    types: Mapping[str, EventType] = TYPES
    fields = FIELDS
    paths = PATHS

    def check(self, settings: Mapping[str, object], secrets: Sequence[bytes]) -> list[str]:
        return [*source_settings.secret_faults(secrets), *source_settings.faults(settings, _CHECKS)]

    def verify(
        self, request: RawRequest, secrets: Sequence[bytes], now: float, settings: Mapping[str, object]
    ) -> Verdict:
        reason = verify_proof(_proof(settings), request, secrets, now)
        key = tame_text(request.header("x-atlassian-webhook-identifier"), 200)
        return Verdict(ok=not reason, reason=reason, dedupe_key="" if reason else key)

    def parse(self, receipt: Receipt, settings: Mapping[str, object]) -> list[Event]:
        body = decode_trusted(receipt.body, receipt.content_type)
        fields = body if isinstance(body, dict) else {"body": body}
        issue = mapping(fields, "issue")
        if not issue and "key" in fields and ("fields" in fields or "self" in fields):
            issue = fields  # The automation format: the issue is the whole body.
        hook = Hook(
            body=fields,
            issue=issue,
            instance=web_url(settings.get("instance")).rstrip("/"),
            severities=word_table(settings.get("severity")),
            phases=word_table(settings.get("phases")),
        )
        return [completed(_read(hook), receipt)]


def sign(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[bytes], settings: Mapping[str, object], now: float
) -> dict[str, str]:
    """The headers with which a sender of these settings would post ``body``; with ``auth: key`` they stay as they are,
    because the first secret is the last part of the address."""
    return sign_proof(_proof(settings), body, headers, secrets[0], now)


def _proof(settings: Mapping[str, object]) -> Proof:
    proof = proof_of(settings, "hmac", header=DEFAULT_HEADER, scheme=signing.PRESETS["jira"])
    return proof if proof.auth in AUTH else Proof(auth="")


# --- What it says ----------------------------------------------------------------------------------------------------


def _read(hook: Hook) -> Event:
    kind = _type(hook)
    return _ticket(hook, kind) if kind.startswith("ticket.") else _other(hook, kind)


def _type(hook: Hook) -> str:
    name = hook.name
    if name in EVENTS:
        found = EVENTS[name]
        # A transition is told as one, whatever it led to.
        return _changed(hook) if found in ("ticket.status_changed", "ticket.closed") and hook.changes() else found
    if name in CHANGED or (not name and hook.issue):
        return _changed(hook)
    if name.startswith("issue_") and hook.issue:
        return _changed(hook)
    return "project.updated" if name.startswith(PROJECTS) else "jira.unknown"


def _changed(hook: Hook) -> str:
    """The type that tells the most of what changed: the status, else who is in charge, else that somebody wrote."""
    changes = hook.changes()
    if "status" in changes or "resolution" in changes:
        was, now = _was(hook, changes), hook.phase
        if now == "closed" and was != "closed":
            return "ticket.closed"
        if now == "open" and was == "closed":
            return "ticket.reopened"
        if "status" in changes:
            return "ticket.status_changed"
    if "assignee" in changes:
        return "ticket.assigned"
    if mapping(hook.body, "comment") and hook.name in CHANGED:
        return "ticket.commented"
    named = EVENTS.get(text(hook.body, "issue_event_type_name"), "ticket.updated")
    times = (text(hook.issue, "fields.created"), text(hook.issue, "fields.updated"))
    # A rule that runs when an issue is made sends it as it is then.
    is_new = not hook.name and not changes and times[0] and times[0] == times[1]
    return "ticket.created" if is_new else named if named.startswith("ticket.") else "ticket.updated"


def _was(hook: Hook, changes: Mapping[str, Mapping[str, Any]]) -> Phase:
    """Whether the issue was open or closed before the change."""
    resolution = changes.get("resolution")
    if resolution is not None:
        return "closed" if text(resolution, "fromString") or text(resolution, "from") else "open"
    before = find(changes.get("status"), "fromString")
    return phase_of(before, {**PHASES, **hook.phases})


def _ticket(hook: Hook, kind: str) -> Event:
    body, issue = hook.body, hook.issue
    ticket, comment = _ticket_data(hook), _comment(hook)
    number = text(body, "comment.id")
    page = f"{hook.page}?focusedCommentId={number}" if number and hook.key and hook.page else ""
    title = ticket.get("title") or comment.get("text") or text(body, "attachment.filename")
    moments = ("comment.updated", "comment.created", "worklog.updated", "attachment.created")
    return draft(
        kind,
        title=title or joined(hook.name.replace("_", " "), hook.key or hook.number),
        # Without its key an issue can't be joined to what is told of it by key.
        subject=reference("ticket", hook.key) or reference("issue", hook.number),
        severity=hook.severity if hook.key else hook.severity or "info",
        status=ticket.get("status", ""),
        phase=_PHASES.get(kind) or hook.phase,
        category=ticket.get("category", ""),
        urls=(page if kind == "ticket.commented" else "", hook.page),
        times=(
            body.get("timestamp"),
            *(find(body, path) for path in moments),
            find(issue, "fields.created" if kind == "ticket.created" else "fields.updated"),
        ),
        data={
            **body,
            "ticket": ticket,
            "requester": person(find(issue, "fields.reporter") or find(issue, "fields.creator")),
            "agent": person(find(issue, "fields.assignee")),
            "comment": comment,
        },
    )


def _ticket_data(hook: Hook) -> dict[str, str]:
    issue = hook.issue
    ticket = {
        "id": hook.key or hook.number,
        "title": text(issue, "fields.summary") or text(issue, "summary"),
        "description": plain(find(issue, "fields.description")),
        "status": text(issue, "fields.status.name") or text(issue, "fields.status"),
        "priority": text(issue, "fields.priority.name") or text(issue, "fields.priority"),
        "category": text(issue, "fields.issuetype.name") or text(issue, "fields.issuetype"),
        "url": hook.page,
    }
    return {name: value for name, value in ticket.items() if value}


def _comment(hook: Hook) -> dict[str, Any]:
    said = hook.body.get("comment")
    if not isinstance(said, dict):
        words = plain(said)
        return {"text": words, "author": person(hook.body.get("user")).get("name", "")} if words else {}
    author = person(said.get("author") or said.get("updateAuthor"))
    words = plain(said.get("body"))
    # Only of a service project's comment, and never of one that only a role may read.
    is_public = said.get("jsdPublic") is True and not said.get("visibility")
    own = {name: value for name, value in said.items() if name not in ("body", "author")}
    comment = {**own, "text": words, "author": author.get("name", ""), "visible_to_customer": is_public}
    return comment if words else {}


def _other(hook: Hook, kind: str) -> Event:
    body = hook.body
    about = next((name for name in _OBJECTS if mapping(body, name)), "")
    thing = mapping(body, about) if about else {}
    names = ("name", "displayName", "key", "id")
    called = next((said for name in names if (said := text(thing, name))), "")
    number = text(thing, "id") or text(thing, "accountId") or text(thing, "key") or called
    board, key = text(thing, "originBoardId"), text(thing, "key") if about == "project" else ""
    pages = (
        f"{hook.home}/secure/RapidBoard.jspa?rapidView={board}" if hook.home and board.isdigit() else "",
        f"{hook.home}/browse/{key}" if hook.home and key else "",
    )
    return draft(
        kind,
        title=joined(hook.name.replace("_", " ") or "webhook", called),
        subject=reference(about or "jira", number or hook.name),
        severity="info",
        status=text(thing, "state") or hook.name,
        phase=_PHASES.get(kind, ""),
        category="project",
        urls=(*pages, hook.page, hook.home),
        times=(body.get("timestamp"),),
        data=body,
    )


def _instance(value: object) -> Iterator[tuple[str, str]]:
    if not web_url(value):
        yield "", "setting.type"


_CHECKS: Mapping[str, source_settings.Check] = {
    "auth": source_settings.one_of(AUTH),
    "header": source_settings.header_name,
    "instance": _instance,
    "severity": source_settings.severities,
    "phases": source_settings.phases,
}
