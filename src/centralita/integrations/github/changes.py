"""What changes at GitHub: code, releases, who has access, and everything else that a repository has."""

from __future__ import annotations

from collections.abc import Mapping

from centralita.core.attributes import one_line
from centralita.core.drafts import draft
from centralita.core.events import Event
from centralita.core.payload import find, flag, items, text
from centralita.integrations.github.hook import Hook

_RELEASED: Mapping[str, str] = {"published": "release.published"}
_MEMBERS: Mapping[str, str] = {
    **dict.fromkeys("added member_added added_to_repository created".split(), "member.added"),
    **dict.fromkeys("removed member_removed removed_from_repository deleted".split(), "member.removed"),
}
_NAMES = ("title", "name", "full_name", "login", "tag_name", "label", "note", "slug", "ref", "key", "id")


def read_push(hook: Hook) -> Event:
    """``push``."""
    body, ref = hook.body, text(hook.body, "ref")
    branch = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    done = next((name for name in ("deleted", "created", "forced") if flag(body, name)), "pushed")
    last = find(body, "head_commit.message") or find(items(body, "commits")[-1:], "0.message")
    # The words of a commit are many lines; the first one is its title.
    first = text({"": last}, "").partition("\n")[0]
    return draft(
        "code.pushed",
        title=hook.title(branch, first),
        subject=hook.subject("branch", branch),
        severity="info",
        status=done,
        category="code",
        correlation=hook.subject("commit", find(body, "after")),
        urls=("" if done == "deleted" else body.get("compare"), find(body, "head_commit.url"), *hook.pages),
        times=(find(body, "head_commit.timestamp"), find(body, "repository.pushed_at")),
        data=body,
    )


def read_ref(hook: Hook) -> Event:
    """``create`` and ``delete`` of a branch or tag; in ``push`` they have another form."""
    body, ref = hook.body, text(hook.body, "ref")
    page = text(body, "repository.html_url")
    return draft(
        "code.pushed",
        title=hook.title(ref or text(body, "ref_type")),
        subject=hook.subject("branch", ref),
        severity="info",
        status={"create": "created", "delete": "deleted"}.get(hook.name, hook.action),
        category="code",
        urls=(f"{page}/tree/{ref}" if page and ref and hook.name == "create" else "", *hook.pages),
        times=(find(body, "repository.pushed_at"),),
        data=body,
    )


def read_commit_comment(hook: Hook) -> Event:
    """``commit_comment``."""
    body = hook.body
    words, sha = text(body, "comment.body"), text(body, "comment.commit_id")
    comment = {**_object(hook, "comment"), "text": words, "author": text(body, "comment.user.login")}
    return draft(
        "code.commented",
        title=hook.title(sha[:12], words),
        subject=hook.subject("commit", sha),
        severity="info",
        status=hook.action,
        category="code",
        correlation=hook.subject("commit", sha),
        urls=(find(body, "comment.html_url"), *hook.pages),
        times=(find(body, "comment.updated_at"), find(body, "comment.created_at")),
        data={**body, "comment": comment},
    )


def read_release(hook: Hook) -> Event:
    """``release``; of the three actions with which GitHub tells one publication, only ``published`` counts as it."""
    body = hook.body
    tag, name = text(body, "release.tag_name"), text(body, "release.name")
    return draft(
        _RELEASED.get(hook.action, "release.updated"),
        title=hook.title(tag, name if name != tag else ""),
        subject=hook.subject("release", tag),
        severity="info",
        status=hook.action,
        category="change",
        urls=(find(body, "release.html_url"), *hook.pages),
        times=(find(body, "release.published_at"), find(body, "release.created_at")),
        data={**body, "description": text(body, "release.body")},
    )


def read_member(hook: Hook) -> Event:
    """``member``, ``membership``, ``organization``, ``team``, ``team_add``."""
    body, action = hook.body, "added" if hook.name == "team_add" else hook.action
    paths = ("member.login", "membership.user.login", "invitation.login", "invitation.email")
    who, team = next((said for path in paths if (said := text(body, path))), ""), text(body, "team.name")
    return draft(
        _MEMBERS.get(action, "member.updated"),
        title=hook.title(team, who, action),
        subject=hook.subject("member", who or team or hook.place),
        severity="info",
        status=action,
        category="access",
        urls=(find(body, "team.html_url"), find(body, "member.html_url"), *hook.pages),
        data=body,
    )


def read_wiki(hook: Hook) -> Event:
    """``gollum``."""
    body = hook.body
    return draft(
        "wiki.updated",
        title=hook.title("wiki", find(body, "pages.0.title")),
        subject=hook.subject("wiki", find(body, "pages.0.page_name")),
        severity="info",
        status=find(body, "pages.0.action"),
        category="code",
        urls=(find(body, "pages.0.html_url"), *hook.pages),
        data=body,
    )


def read_ping(hook: Hook) -> Event:
    """``ping``: the webhook was made, or somebody tried it."""
    return _other(hook, "connection.tested", "hook", hook.body.get("zen"))


def read_installation(hook: Hook) -> Event:
    """``installation`` and its like: an app of the account."""
    return _other(hook, "installation.updated", "installation", "installation")


def read_project(hook: Hook) -> Event:
    """Everything that a repository or an organisation has, and that is told of in no other way."""
    return _other(hook, "project.updated", *_about(hook))


def read_unknown(hook: Hook) -> Event:
    """What GitHub may send one day."""
    return _other(hook, "github.unknown", *_about(hook))


def _about(hook: Hook) -> tuple[str, str]:
    """Name in the body of what the event is about (``milestone``), and what it is called."""
    around = ("repository", "organization", "sender", "installation", "enterprise", "changes")
    names = (hook.name, hook.name.partition("_")[0], "rule", "key", "forkee", "package", "registry_package", "team")
    about = next((name for name in (*names, *hook.body) if name not in around and _object(hook, name)), "")
    called = (one_line(find(hook.body, f"{about}.{name}")) for name in _NAMES) if about else iter(())
    return about or hook.name, next((name for name in called if name), "")


def _other(hook: Hook, kind: str, about: str, called: object) -> Event:
    body = hook.body
    number = next((said for name in ("number", "id", "node_id") if (said := text(body, f"{about}.{name}"))), "")
    moments = ("updated_at", "closed_at", "created_at", "starred_at")
    return draft(
        kind,
        title=hook.title(hook.name.replace("_", " ") if kind != "connection.tested" else "", called, hook.action),
        subject=hook.subject(about or hook.name, number or hook.place),
        severity="info",
        status=hook.action or hook.name,
        category="project",
        urls=(find(body, f"{about}.html_url"), *hook.pages),
        times=(*(find(body, f"{about}.{name}") for name in moments), body.get("starred_at")),
        data=body,
    )


def _object(hook: Hook, name: str) -> dict[str, object]:
    value = hook.body.get(name)
    return value if isinstance(value, dict) else {}
