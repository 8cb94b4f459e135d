"""What people talk about at GitLab: issues and other work items, merge requests, and the comments on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from centralita.core.drafts import draft
from centralita.core.events import Event, Phase
from centralita.core.payload import find, mapping, text
from centralita.integrations.gitlab.hook import Hook

_ACTIONS: Mapping[str, str] = {
    **{"open": "opened", "close": "closed", "reopen": "reopened", "merge": "merged"},
    **dict.fromkeys(("approved", "unapproved", "approval", "unapproval"), "reviewed"),
}
_PHASES: Mapping[str, Phase] = {"opened": "open", "reopened": "open", "closed": "closed", "merged": "closed"}
_NOTED: Mapping[str, tuple[str, str]] = {
    "issue": ("issue", "issue"),
    "workitem": ("issue", "issue"),
    "mergerequest": ("merge_request", "pull_request"),
    "epic": ("epic", "issue"),
}
"""What a comment is on, as GitLab writes it, to where it stands in the body and what it is for us."""
_CODE_PAGES = ("object_attributes.url", "object_attributes.awarded_on_url", "commit.url")


def read_issue(hook: Hook) -> Event:
    """``issue``, and ``work_item``: epic, task, incident, test case, requirement, objective."""
    done = _done(hook)
    return _thread(hook, "object_attributes", "issue", "updated" if done in ("reviewed", "merged") else done)


def read_merge_request(hook: Hook) -> Event:
    """``merge_request``."""
    return _thread(hook, "object_attributes", "pull_request", _done(hook))


def read_note(hook: Hook) -> Event:
    """``note``: a comment."""
    target = text(hook.body, "object_attributes.noteable_type").lower()
    path, noun = _NOTED.get(target, ("", ""))
    if not path:
        return _code_note(hook)
    return _thread(hook, path, noun, "updated" if hook.action == "update" else "commented", is_note=True)


def read_emoji(hook: Hook) -> Event:
    """``emoji``: a reaction to any of these, or to a comment on it."""
    path = next((name for name in ("merge_request", "issue") if mapping(hook.body, name)), "")
    if path:
        return _thread(hook, path, "pull_request" if path == "merge_request" else path, "updated")
    return _code_note(hook)


def _done(hook: Hook) -> str:
    changed = mapping(hook.body, "changes")
    if hook.action == "update" and {"assignees", "assignee_id", "reviewers"} & set(changed):
        return "assigned"
    # Without an action it is a test that somebody sent from the settings.
    return _ACTIONS.get(hook.action, "updated")


def _thread(hook: Hook, path: str, noun: str, done: str, *, is_note: bool = False) -> Event:
    body = hook.body
    tail = text(body, f"{path}.url").rpartition("/")[2]
    number = text(body, f"{path}.iid") or (tail if tail.isdigit() else "")
    sign = "!" if noun == "pull_request" else "#"
    title = text(body, f"{path}.title")
    moment = {"opened": ("created_at",), "closed": ("closed_at",), "merged": ("merged_at",)}.get(done, ())
    page = hook.below("merge_requests" if noun == "pull_request" else "issues", number)
    pages = ("object_attributes.url", "object_attributes.awarded_on_url", f"{path}.url")
    state = text(body, f"{path}.state") or text(body, f"{path}.action")
    moments = (*moment, "updated_at", "created_at")
    return draft(
        f"{noun}.{done}",
        title=f"{hook.place}{sign}{number}: {title}" if number else hook.title(title),
        subject=hook.subject("pull" if noun == "pull_request" else noun, number),
        severity=hook.severity(path),
        status=hook.action if done == "reviewed" else state,
        phase=_PHASES.get(done) or _PHASES.get(state, ""),
        category=text(body, f"{path}.type").lower() or noun if noun == "issue" else "code",
        urls=(*(find(body, page) for page in pages), page, hook.page),
        times=tuple(
            find(body, f"{place}.{name}")
            for place in (("object_attributes", path) if is_note else (path, "object_attributes"))
            for name in moments
        ),
        data={
            **body,
            **_people(hook, path, done, is_note),
            "description": text(body, f"{path}.description"),
            **(_comment(hook) if is_note else {}),
        },
    )


def _people(hook: Hook, path: str, done: str, is_note: bool) -> dict[str, Any]:
    # Who opened it is told only by the event of the opening: ``user`` is whoever did what is told.
    requester = _person(hook.body, "user") if done == "opened" and not is_note else {}
    agent = (
        _person(hook.body, "assignees.0") or _person(hook.body, "assignee") or _person(hook.body, f"{path}.assignee")
    )
    return {role: person for role, person in (("requester", requester), ("agent", agent)) if person}


def _person(body: Mapping[str, Any], path: str) -> dict[str, str]:
    name = text(body, f"{path}.name") or text(body, f"{path}.username")
    email = text(body, f"{path}.email")
    # GitLab writes [REDACTED] for an address that is not public.
    person = {"name": name, "email": email if "@" in email else "", "username": text(body, f"{path}.username")}
    return {key: value for key, value in person.items() if value}


def _comment(hook: Hook) -> dict[str, Any]:
    author = text(hook.body, "user.name") or text(hook.body, "user.username")
    words = text(hook.body, "object_attributes.note")
    return {"comment": {"text": words, "author": author}} if words else {}


def _code_note(hook: Hook) -> Event:
    body = hook.body
    sha, snippet = text(body, "commit.id"), text(body, "snippet.id")
    about = f"commit {sha[:12]}" if sha else text(body, "snippet.title")
    return draft(
        "code.commented",
        title=hook.title(about, text(body, "object_attributes.note") or text(body, "object_attributes.name")),
        subject=hook.subject("commit", sha) or hook.subject("snippet", snippet),
        severity="info",
        status=hook.action or "create",
        category="code",
        correlation=hook.subject("commit", sha),
        urls=(*(find(body, path) for path in _CODE_PAGES), hook.page),
        times=(find(body, "object_attributes.updated_at"), find(body, "object_attributes.created_at")),
        data={**body, **_comment(hook)},
    )
