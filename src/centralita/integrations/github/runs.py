"""What runs at GitHub: workflows, checks, commit statuses, deployments and pages.

A pipeline is one workflow on one branch, a job one check on one branch, a deployment one environment: so the next
success closes what a failure opened.
"""

from __future__ import annotations

from collections.abc import Mapping

from centralita.core.drafts import draft
from centralita.core.events import Event
from centralita.core.payload import find, text
from centralita.core.runs import run_state
from centralita.integrations.github.hook import Hook

_NAMES: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "workflow_run": ("pipeline", "workflow_run", ("workflow.name", "workflow_run.name", "workflow_run.path")),
    "check_suite": ("pipeline", "check_suite", ("check_suite.app.name", "check_suite.app.slug")),
    "workflow_job": ("job", "workflow_job", ("workflow_job.workflow_name", "workflow_job.name")),
    "check_run": ("job", "check_run", ("check_run.name",)),
}
"""Event to what it is for us, where it stands in the body, and what it is called there."""


def read_run(hook: Hook) -> Event:
    """``workflow_run``, ``check_suite``, ``workflow_job``, ``check_run``."""
    noun, path, names = _NAMES[hook.name]
    body = hook.body
    said = [text(body, name) for name in names]
    name = " / ".join(part for part in said if part) if noun == "job" else next((part for part in said if part), "")
    state = text(body, f"{path}.conclusion") or text(body, f"{path}.status") or hook.action
    if hook.action == "rerequested":
        state = hook.action  # The conclusion is still that of the time before.
    branch = text(body, f"{path}.head_branch") or text(body, f"{path}.check_suite.head_branch")
    kind, severity, phase = run_state(noun, state)
    sha = text(body, f"{path}.head_sha")
    commit = f"{text(body, 'repository.html_url')}/commit/{sha}" if sha else ""
    which = (text(body, f"{path}.workflow_id") or name, branch or sha)
    return draft(
        kind,
        title=hook.title(name, branch or sha[:12]),
        subject=hook.subject(noun, *which),
        severity=severity,
        status=state,
        phase=phase,
        category="ci",
        correlation=hook.subject("commit", sha),
        urls=(find(body, f"{path}.html_url"), find(body, f"{path}.details_url"), commit, *hook.pages),
        times=tuple(
            find(body, f"{path}.{at}") for at in ("completed_at", "updated_at", "run_started_at", "started_at")
        ),
        data=body,
    )


def read_status(hook: Hook) -> Event:
    """``status``: what an outside check says of a commit."""
    body = hook.body
    kind, severity, phase = run_state("job", body.get("state"))
    branch = text(body, "branches.0.name")
    sha, context = text(body, "sha"), text(body, "context")
    return draft(
        kind,
        title=hook.title(context, branch or sha[:12], body.get("description")),
        subject=hook.subject("job", context, branch or sha),
        severity=severity,
        status=body.get("state"),
        phase=phase,
        category="ci",
        correlation=hook.subject("commit", sha),
        urls=(body.get("target_url"), find(body, "commit.html_url"), *hook.pages),
        times=(body.get("updated_at"), body.get("created_at")),
        data=body,
    )


def read_deployment(hook: Hook) -> Event:
    """``deployment``, ``deployment_status``, ``deployment_review``, ``deployment_protection_rule``."""
    body = hook.body
    state = text(body, "deployment_status.state") or ("created" if hook.name == "deployment" else hook.action)
    if hook.name in ("deployment_review", "deployment_protection_rule"):
        kind, severity, phase = run_state("deployment", "")
    else:
        kind, severity, phase = run_state("deployment", state)
    paths = ("deployment.environment", "deployment_status.environment", "environment", "workflow_job_run.environment")
    environment = next((said for path in paths if (said := text(body, path))), "")
    status_pages = (f"deployment_status.{name}" for name in ("log_url", "target_url", "environment_url"))
    pages = (*status_pages, "workflow_run.html_url", "workflow_job_run.html_url")
    return draft(
        kind,
        title=hook.title(environment, text(body, "deployment.ref") or text(body, "workflow_run.head_branch")),
        subject=hook.subject("deployment", environment),
        severity=severity,
        status=state,
        phase=phase,
        category="change",
        correlation=hook.subject("commit", text(body, "deployment.sha") or text(body, "workflow_run.head_sha")),
        urls=(*(find(body, path) for path in pages), *hook.pages),
        times=tuple(find(body, f"{path}.updated_at") for path in ("deployment_status", "deployment", "workflow_run")),
        data={**body, "description": text(body, "deployment_status.description")},
    )


def read_page_build(hook: Hook) -> Event:
    """``page_build``: the site of a repository was built."""
    body = hook.body
    kind, severity, phase = run_state("deployment", find(body, "build.status"))
    return draft(
        kind,
        title=hook.title("GitHub Pages", find(body, "build.error.message")),
        subject=hook.subject("deployment", "github-pages"),
        severity=severity,
        status=find(body, "build.status"),
        phase=phase,
        category="change",
        urls=hook.pages,
        times=(find(body, "build.updated_at"), find(body, "build.created_at")),
        data=body,
    )


def read_dispatch(hook: Hook) -> Event:
    """``workflow_dispatch``: somebody started a workflow by hand."""
    body = hook.body
    workflow, branch = text(body, "workflow").rpartition("/")[2], hook.without("refs/heads/", "ref")
    return draft(
        "pipeline.started",
        title=hook.title(workflow, branch),
        subject=hook.subject("pipeline", workflow, branch),
        severity="info",
        status="requested",
        category="ci",
        urls=hook.pages,
        data=body,
    )
