"""What is GitHub's own; what every source keeps is in ``tests/contracts``."""

from __future__ import annotations

import json
from typing import Any

import pytest

from centralita.core.events import Event
from centralita.integrations.github.source import READERS, GithubSource
from centralita.ports import Receipt

SOURCE = GithubSource()
REPOSITORY = {"full_name": "acme/shop", "html_url": "https://github.com/acme/shop"}


def event_of(name: str, settings: dict[str, object] | None = None, **body: Any) -> Event:
    receipt = Receipt(
        id="rcp_01KAN7A5YR0000000000000000",
        source="github",
        received_at=1763805991.0,
        content_type="application/json",
        headers={"x-github-event": name} if name else {},
        body=json.dumps({"repository": REPOSITORY, **body}).encode(),
    )
    (event,) = SOURCE.parse(receipt, settings or {})
    return event


def run(conclusion: str, branch: str = "main", number: int = 1) -> dict[str, Any]:
    return {"id": number, "workflow_id": 9, "name": "CI", "head_branch": branch, "conclusion": conclusion}


def test_the_next_success_on_the_branch_closes_what_a_failure_opened() -> None:
    failed = event_of("workflow_run", action="completed", workflow_run=run("timed_out"))
    fixed = event_of("workflow_run", action="completed", workflow_run=run("success", number=2))
    other = event_of("workflow_run", action="completed", workflow_run=run("failure", branch="next"))
    assert failed.subject == fixed.subject != other.subject
    assert (failed.type, failed.severity, failed.phase) == ("pipeline.failed", "high", "open")
    assert (fixed.type, fixed.phase) == ("pipeline.succeeded", "closed")


@pytest.mark.parametrize("state", ["stale", "skipped", "something_new", "", None, {"a": 1}])
def test_a_state_that_is_unknown_is_neither_good_nor_bad(state: Any) -> None:
    event = event_of("status", sha="abc", context="ci", state=state)
    assert (event.type, event.phase, event.severity) == ("job.updated", "", "info")


@pytest.mark.parametrize(
    ("alert", "severity"),
    [
        ({"security_vulnerability": {"severity": "critical"}}, "critical"),
        ({"security_advisory": {"severity": "moderate"}}, "medium"),
        ({"rule": {"severity": "error", "security_severity_level": "low"}}, "low"),
        ({"rule": {"severity": "note"}}, "low"),
        ({"rule": {"severity": "warning"}}, "medium"),
        ({}, "medium"),
    ],
)
def test_a_security_alert_has_a_severity_of_its_own(alert: dict[str, Any], severity: str) -> None:
    assert event_of("code_scanning_alert", action="created", alert={"number": 1, **alert}).severity == severity


@pytest.mark.parametrize("action", ["fixed", "dismissed", "auto_dismissed", "resolved", "closed_by_user"])
def test_an_alert_that_is_done_with_closes_its_subject(action: str) -> None:
    fired = event_of("dependabot_alert", action="created", alert={"number": 3, "dependency": {}})
    done = event_of("dependabot_alert", action=action, alert={"number": 3, "dependency": {}})
    assert (fired.subject, fired.phase) == (done.subject, "open")
    assert (done.type, done.phase) == ("alert.resolved", "closed")


def test_the_gravest_label_counts() -> None:
    labels = [{"name": "P3"}, {"name": "p1"}, {"name": None}, "P2", {}]
    settings: dict[str, object] = {"severity": {"P1": "high", "P3": "low"}}
    issue = {"number": 1, "title": "x", "labels": labels}
    assert event_of("issues", settings, action="opened", issue=issue).severity == "high"
    assert event_of("issues", action="opened", issue=issue).severity == "info"


def test_a_comment_on_a_pull_request_is_no_comment_on_an_issue() -> None:
    issue = {"number": 2, "title": "x", "state": "open", "pull_request": {"url": "https://api.github.com/x"}}
    event = event_of("issue_comment", action="created", issue=issue, comment={"id": 1, "body": "y"})
    assert (event.type, event.subject) == ("pull_request.commented", "pull/acme/shop/2")
    assert event.data["comment"]["visible_to_customer"] is False


@pytest.mark.parametrize("name", [name for name in READERS if name not in ("repository_import", "public")])
def test_an_event_without_anything_is_still_one(name: str) -> None:
    event = event_of(name)
    assert event.type in SOURCE.types
    assert (event.title[:9], event.url) == ("acme/shop", "https://github.com/acme/shop")
