"""What runs at GitLab: pipelines, jobs, deployments. The next success on a branch closes what a failure opened."""

from __future__ import annotations

from centralita.core.drafts import draft
from centralita.core.events import Event
from centralita.core.payload import find, flag, text
from centralita.core.runs import run_state
from centralita.integrations.gitlab.hook import Hook


def read_pipeline(hook: Hook) -> Event:
    """``pipeline``."""
    body = hook.body
    state, ref = text(body, "object_attributes.status"), text(body, "object_attributes.ref")
    kind, severity, phase = run_state("pipeline", state)
    name, sha = text(body, "object_attributes.name"), text(body, "object_attributes.sha")
    return draft(
        kind,
        title=hook.title(name, ref, _first_line(body, "commit")),
        subject=hook.subject("pipeline", ref),
        severity=severity,
        status=state,
        phase=phase,
        category="ci",
        correlation=hook.subject("commit", sha),
        urls=(
            find(body, "object_attributes.url"),
            hook.below("pipelines", find(body, "object_attributes.id")),
            find(body, "commit.url"),
            hook.page,
        ),
        times=(find(body, "object_attributes.finished_at"), find(body, "object_attributes.created_at")),
        data=body,
    )


def read_job(hook: Hook) -> Event:
    """``build``: a job; one that may fail is no reason for alarm when it does."""
    body = hook.body
    state, ref, name = text(body, "build_status"), text(body, "ref"), text(body, "build_name")
    kind, severity, phase = run_state("job", state)
    if kind == "job.failed" and flag(body, "build_allow_failure"):
        severity = "low"
    return draft(
        kind,
        title=hook.title(name, ref, body.get("build_failure_reason") if kind == "job.failed" else ""),
        subject=hook.subject("job", name, ref),
        severity=severity,
        status=state,
        phase=phase,
        category="ci",
        correlation=hook.subject("commit", body.get("sha")),
        urls=(hook.below("jobs", body.get("build_id")), hook.page),
        times=tuple(
            body.get(f"build_{name}_at{ending}")
            for name in ("finished", "started", "created")
            for ending in ("_iso", "")
        ),
        data=body,
    )


def read_deployment(hook: Hook) -> Event:
    """``deployment``."""
    body = hook.body
    state, environment = text(body, "status"), text(body, "environment") or text(body, "environment.name")
    kind, severity, phase = run_state("deployment", state)
    return draft(
        kind,
        title=hook.title(environment, body.get("ref"), body.get("commit_title")),
        subject=hook.subject("deployment", environment),
        severity=severity,
        status=state,
        phase=phase,
        category="change",
        urls=(body.get("deployable_url"), body.get("environment_external_url"), body.get("commit_url"), hook.page),
        times=(body.get("status_changed_at"),),
        data=body,
    )


def _first_line(body: object, path: str) -> str:
    return text(body, f"{path}.title") or text(body, f"{path}.message").partition("\n")[0]
