"""What is GitLab's own; what every source keeps is in ``tests/contracts``."""

from __future__ import annotations

import json
from typing import Any

import pytest

from centralita.core.events import Event
from centralita.integrations.gitlab.source import READERS, GitlabSource
from centralita.ports import RawRequest, Receipt

SOURCE = GitlabSource()
PROJECT = {"path_with_namespace": "support/portal", "web_url": "https://git.example.com/support/portal"}


def event_of(
    body: dict[str, Any], headers: dict[str, str] | None = None, settings: dict[str, object] | None = None
) -> Event:
    receipt = Receipt(
        id="rcp_01KAN7A5YR0000000000000000",
        source="gitlab",
        received_at=1763805991.0,
        content_type="application/json",
        headers=headers or {},
        body=json.dumps(body).encode(),
    )
    (event,) = SOURCE.parse(receipt, settings or {})
    return event


def pipeline(status: str, ref: str = "main", number: int = 1) -> dict[str, Any]:
    attributes = {"id": number, "ref": ref, "status": status}
    return {"object_kind": "pipeline", "project": PROJECT, "object_attributes": attributes}


def test_the_next_success_on_the_branch_closes_what_a_failure_opened() -> None:
    failed, fixed = event_of(pipeline("failed")), event_of(pipeline("success", number=2))
    assert failed.subject == fixed.subject != event_of(pipeline("failed", ref="next")).subject
    assert (failed.severity, failed.phase, fixed.phase) == ("high", "open", "closed")
    assert failed.url == "https://git.example.com/support/portal/-/pipelines/1"


def test_a_link_is_at_the_instance_that_sent_it() -> None:
    body = {"event_name": "project_create", "path_with_namespace": "a/b"}
    assert event_of(body).url == "https://gitlab.com/a/b"
    settings: dict[str, object] = {"instance": "https://git.example.com/"}
    assert event_of(body, settings=settings).url == "https://git.example.com/a/b"
    sent = {"x-gitlab-instance": "https://git.example.org"}
    assert event_of(body, sent, settings).url == "https://git.example.org/a/b"
    assert event_of(body, {"x-gitlab-instance": "javascript:x"}, settings).url == "https://git.example.com/a/b"
    assert SOURCE.check({"instance": "git.example.com"}, [b"s"]) == ["instance: setting.type"]


def test_without_a_number_the_page_tells_which_it_is() -> None:
    attributes = {"title": "x", "action": "merge", "url": "https://git.example.com/support/portal/merge_requests/14"}
    event = event_of({"object_kind": "merge_request", "project": PROJECT, "object_attributes": attributes})
    assert (event.type, event.subject) == ("pull_request.merged", "pull/support/portal/14")


@pytest.mark.parametrize(("severity", "expected"), [("critical", "critical"), ("unknown", "info"), (None, "info")])
def test_an_incident_has_a_severity_of_its_own(severity: str | None, expected: str) -> None:
    attributes = {"iid": 1, "title": "x", "action": "open", "type": "Incident", "severity": severity}
    event = event_of({"object_kind": "issue", "project": PROJECT, "object_attributes": attributes})
    assert (event.severity, event.category) == (expected, "incident")


def test_the_address_that_gitlab_hides_is_none() -> None:
    user = {"name": "Ana", "email": "[REDACTED]"}
    attributes = {"iid": 1, "title": "x", "action": "open"}
    event = event_of({"object_kind": "issue", "project": PROJECT, "user": user, "object_attributes": attributes})
    assert event.data["requester"] == {"name": "Ana"}


@pytest.mark.parametrize("name", READERS)
def test_an_event_without_anything_is_still_one(name: str) -> None:
    event = event_of({"object_kind": name, "project": PROJECT})
    assert event.type in SOURCE.types
    assert event.title.startswith("support/portal")
    assert event.url.startswith("https://git.example.com/support/portal")


def request_of(*headers: tuple[str, str]) -> RawRequest:
    return RawRequest(method="POST", query="", headers=(("x-gitlab-token", "secret"), *headers), body=b"{}")


def test_a_retry_is_known_by_its_key_and_never_by_the_uuid_of_a_chain() -> None:
    for headers, key in (
        ((("idempotency-key", "k1"), ("webhook-id", "w1")), "k1"),
        ((("webhook-id", "w1"),), "w1"),
        ((("x-gitlab-event-uuid", "u1"),), ""),
    ):
        assert SOURCE.verify(request_of(*headers), [b"secret"], 0.0, {}).dedupe_key == key
        assert SOURCE.verify(request_of(*headers), [b"other"], 0.0, {}).dedupe_key == ""


def test_a_token_where_a_signature_is_asked_for_is_not_believed() -> None:
    secret = b"whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
    request = request_of(("webhook-id", "1"), ("webhook-timestamp", "1763805991"))
    assert SOURCE.verify(request, [secret], 1763805991.0, {"auth": "standard"}).reason == "signature.missing"
    assert SOURCE.check({"auth": "standard"}, [b"!"]) == ["secrets: secret.malformed"]
