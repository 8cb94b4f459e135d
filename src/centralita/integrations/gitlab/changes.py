"""What changes at GitLab: code, releases, vulnerabilities, who has access, and the rest of a project or group."""

from __future__ import annotations

from collections.abc import Mapping

from centralita.core.attributes import reference, severity_of
from centralita.core.drafts import draft
from centralita.core.events import Event, Phase
from centralita.core.payload import find, items, text
from centralita.integrations.gitlab.hook import Hook

_ZERO = "0" * 40
_VULNERABLE: Mapping[str, tuple[str, Phase]] = {
    "detected": ("alert.fired", "open"),
    "confirmed": ("alert.fired", "open"),
    "resolved": ("alert.resolved", "closed"),
    "dismissed": ("alert.resolved", "closed"),
}
_RELEASED: Mapping[str, str] = {"create": "release.published"}


def read_push(hook: Hook) -> Event:
    """``push`` and ``tag_push``."""
    body, ref = hook.body, text(hook.body, "ref")
    branch = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    is_gone, is_new = text(body, "after") == _ZERO, text(body, "before") == _ZERO
    commits = items(body, "commits")
    last = commits[-1] if commits else {}
    words = text(last, "title") or text(last, "message").partition("\n")[0]
    tree = "tags" if ref.startswith("refs/tags/") else "tree"
    return draft(
        "code.pushed",
        title=hook.title(branch, words or text(body, "message").partition("\n")[0]),
        subject=hook.subject("branch", branch),
        severity="info",
        status="deleted" if is_gone else "created" if is_new else "pushed",
        category="code",
        correlation=hook.subject("commit", body.get("checkout_sha")),
        urls=("" if is_gone else find(last, "url"), "" if is_gone else hook.below(tree, branch), hook.page),
        times=(find(last, "timestamp"),),
        data=body,
    )


def read_release(hook: Hook) -> Event:
    """``release``."""
    body = hook.body
    tag, name = text(body, "tag"), text(body, "name")
    return draft(
        _RELEASED.get(hook.action, "release.updated"),
        title=hook.title(tag, name if name != tag else ""),
        subject=hook.subject("release", tag),
        severity="info",
        status=hook.action,
        category="change",
        urls=(body.get("url"), hook.below("releases", tag), hook.page),
        times=(body.get("released_at"), body.get("created_at")),
        data=body,
    )


def read_vulnerability(hook: Hook) -> Event:
    """``vulnerability``, with a severity of its own; it is told apart by its page."""
    body = hook.body
    state = text(body, "object_attributes.state")
    kind, phase = _VULNERABLE.get(state, ("alert.updated", ""))
    moments = ("resolved_at", "dismissed_at") if phase == "closed" else ()
    page = text(body, "object_attributes.url")
    number = page.rstrip("/").rpartition("/vulnerabilities/")[2] if "/vulnerabilities/" in page else ""
    return draft(
        kind,
        title=hook.title(find(body, "object_attributes.title")),
        subject=hook.subject("alert", "vulnerability", number or page),
        severity=severity_of(find(body, "object_attributes.severity")) or "medium",
        status=state,
        phase=phase,
        category="security",
        urls=(page, hook.page),
        times=tuple(find(body, f"object_attributes.{name}") for name in (*moments, "updated_at", "created_at")),
        data=body,
    )


def read_token(hook: Hook) -> Event:
    """``access_token``: one is about to expire."""
    body = hook.body
    group = text(body, "group.full_path") or text(body, "group.group_path")
    settings = "/-/settings/access_tokens"
    return draft(
        "alert.fired",
        title=hook.title(
            "access token", find(body, "object_attributes.name"), find(body, "object_attributes.expires_at")
        ),
        subject=hook.subject("alert", "token", find(body, "object_attributes.id")),
        severity="medium",
        status=body.get("event_name") or hook.name,
        category="security",
        urls=(f"{hook.instance}/groups/{group}{settings}" if group else f"{hook.page}{settings}", hook.page),
        data=body,
    )


def read_member(hook: Hook) -> Event:
    """``user_add_to_group`` and its like, of a project, a group or the instance."""
    body, name = hook.body, hook.name
    done = "updated"
    if "_add_" in name or name in ("user_create", "key_create"):
        done = "added"
    elif "_remove_" in name or name in ("user_destroy", "key_destroy"):
        done = "removed"
    who = text(body, "user_username") or text(body, "username") or text(body, "user_name") or text(body, "name")
    return draft(
        f"member.{done}",
        title=hook.title(who, body.get("group_access") or body.get("access_level"), name.replace("_", " ")),
        subject=hook.subject("member", who),
        severity="medium" if name == "user_failed_login" else "info",
        status=name,
        category="access",
        urls=(hook.page,),
        times=(body.get("updated_at"), body.get("created_at")),
        data=body,
    )


def read_wiki(hook: Hook) -> Event:
    """``wiki_page``."""
    return _other(hook, "wiki.updated", "wiki")


def read_project(hook: Hook) -> Event:
    """Milestones, feature flags, and the life of projects and groups."""
    return _other(hook, "project.updated", hook.name)


def read_unknown(hook: Hook) -> Event:
    """What GitLab may send one day."""
    return _other(hook, "gitlab.unknown", hook.name or "hook")


def _other(hook: Hook, kind: str, noun: str) -> Event:
    body = hook.body
    names = ("slug", "iid", "id")
    number = next((said for name in names if (said := text(body, f"object_attributes.{name}"))), "")
    called = text(body, "object_attributes.title") or text(body, "object_attributes.name")
    return draft(
        kind,
        title=hook.title(noun.replace("_", " "), called, hook.action),
        # What was made, moved or removed is one project or group, whichever of these is told.
        subject=hook.subject(noun, number) or reference(hook.name.partition("_")[0] or "hook", hook.place),
        severity="info",
        status=hook.action or text(body, "object_attributes.state") or hook.name,
        phase="closed" if hook.action == "close" else "",
        category="project",
        urls=(find(body, "object_attributes.url"), hook.page),
        times=(find(body, "object_attributes.updated_at"), body.get("updated_at"), body.get("created_at")),
        data=body,
    )
