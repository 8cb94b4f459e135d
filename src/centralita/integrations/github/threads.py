"""What people talk about at GitHub: issues, pull requests, discussions and the comments on them.

Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from centralita.core.drafts import draft
from centralita.core.events import Event, Phase
from centralita.core.payload import find, flag, mapping, text
from centralita.integrations.github.hook import Hook

_ACTIONS: Mapping[str, str] = {
    **{"opened": "opened", "created": "opened", "closed": "closed", "deleted": "closed", "reopened": "reopened"},
    **dict.fromkeys(("assigned", "unassigned", "review_requested", "review_request_removed"), "assigned"),
}
_PHASES: Mapping[str, Phase] = {"opened": "open", "reopened": "open", "closed": "closed", "merged": "closed"}
_STATES: Mapping[str, Phase] = {"open": "open", "closed": "closed", "merged": "closed"}
_VERDICTS = ("approved", "changes_requested")


def read_issue(hook: Hook) -> Event:
    """``issues``."""
    return _thread(hook, "issue", "issue", _ACTIONS.get(hook.action, "updated"))


def read_pull_request(hook: Hook) -> Event:
    """``pull_request``."""
    done = _ACTIONS.get(hook.action, "updated")
    if done == "closed" and flag(hook.body, "pull_request.merged"):
        done = "merged"
    return _thread(hook, "pull_request", "pull_request", done)


def read_discussion(hook: Hook) -> Event:
    """``discussion``; one that is answered is not closed."""
    done = _ACTIONS.get(hook.action, "updated")
    return _thread(hook, "discussion", "discussion", "updated" if done == "assigned" else done)


def read_comment(hook: Hook) -> Event:
    """``issue_comment``, ``pull_request_review_comment``, ``discussion_comment``."""
    done = "commented" if hook.action in ("created", "") else "updated"
    path = {"issue_comment": "issue", "discussion_comment": "discussion"}.get(hook.name, "pull_request")
    is_pull_request = path == "pull_request" or bool(mapping(hook.body, "issue.pull_request"))
    return _thread(hook, path, "pull_request" if is_pull_request else path, done, "comment")


def read_review(hook: Hook) -> Event:
    """``pull_request_review`` and ``pull_request_review_thread``."""
    state = text(hook.body, "review.state").lower()
    done = "updated"
    if hook.action == "submitted":
        done = "reviewed" if state in _VERDICTS else "commented"
    return _thread(hook, "pull_request", "pull_request", done, "review", state if done == "reviewed" else "")


def _thread(hook: Hook, path: str, noun: str, done: str, said: str = "", status: str = "") -> Event:
    body, number = hook.body, text(hook.body, f"{path}.number")
    name = f"{hook.place}#{number}: {text(body, f'{path}.title')}" if number else text(body, f"{path}.title")
    moment = ("closed_at", "updated_at") if done in ("closed", "merged") else ("created_at",) * (done == "opened")
    # Not the page of a comment that is gone.
    page = find(body, f"{said}.html_url") if said and hook.action != "deleted" else None
    comment = (find(body, f"{said}.{name}") for name in ("submitted_at", "updated_at", "created_at"))
    return draft(
        f"{noun}.{done}",
        title=name or hook.title(),
        subject=hook.subject("pull" if noun == "pull_request" else noun, number),
        severity=hook.severity(f"{path}.labels"),
        status=status or ("merged" if done == "merged" else text(body, f"{path}.state")) or hook.action,
        phase=_PHASES.get(done) or _state(body, path),
        category="code" if noun == "pull_request" else noun,
        urls=(page, find(body, f"{path}.html_url"), *hook.pages),
        times=(*comment, *(find(body, f"{path}.{name}") for name in (*moment, "updated_at", "created_at"))),
        data={**body, **_people(body, path), **_comment(body, said)},
    )


def _state(body: Mapping[str, Any], path: str) -> Phase:
    return _STATES.get(text(body, f"{path}.state"), "")


def _people(body: Mapping[str, Any], path: str) -> dict[str, Any]:
    people = {"requester": text(body, f"{path}.user.login"), "agent": text(body, f"{path}.assignee.login")}
    return {role: {"name": login} for role, login in people.items() if login}


def _comment(body: Mapping[str, Any], said: str) -> dict[str, Any]:
    words = text(body, f"{said}.body") if said else ""
    comment = {**mapping(body, "comment"), "text": words, "author": text(body, f"{said}.user.login")}
    return {"comment": comment} if words else {}
