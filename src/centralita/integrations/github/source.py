"""GitHub as a source: ``X-GitHub-Event`` says what it is, ``X-GitHub-Delivery`` which request, a signature who sent it.

Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from centralita.core import signing, source_settings
from centralita.core.attributes import word_table
from centralita.core.drafts import completed
from centralita.core.event_types import declare
from centralita.core.events import Event, EventType
from centralita.core.payload import decode_trusted, tame_text
from centralita.core.proofs import Proof, proof_of, sign_proof, verify_proof
from centralita.integrations.github.alerts import read_alert
from centralita.integrations.github.changes import (
    read_commit_comment,
    read_installation,
    read_member,
    read_ping,
    read_project,
    read_push,
    read_ref,
    read_release,
    read_unknown,
    read_wiki,
)
from centralita.integrations.github.hook import Hook, event_name
from centralita.integrations.github.runs import (
    read_deployment,
    read_dispatch,
    read_page_build,
    read_run,
    read_status,
)
from centralita.integrations.github.threads import (
    read_comment,
    read_discussion,
    read_issue,
    read_pull_request,
    read_review,
)
from centralita.ports import ConfigField, RawRequest, Receipt, Verdict

_READERS: Mapping[Callable[[Hook], Event], str] = {
    read_issue: "issues",
    read_pull_request: "pull_request",
    read_discussion: "discussion",
    read_comment: "issue_comment pull_request_review_comment discussion_comment",
    read_review: "pull_request_review pull_request_review_thread",
    read_push: "push",
    read_ref: "create delete",
    read_commit_comment: "commit_comment",
    read_run: "workflow_run check_suite workflow_job check_run",
    read_status: "status",
    read_dispatch: "workflow_dispatch",
    read_deployment: "deployment deployment_status deployment_review deployment_protection_rule",
    read_page_build: "page_build",
    read_alert: "dependabot_alert secret_scanning_alert secret_scanning_alert_location code_scanning_alert "
    "repository_vulnerability_alert security_advisory repository_advisory",
    read_release: "release",
    read_member: "member membership organization team team_add",
    read_wiki: "gollum",
    read_ping: "ping",
    read_installation: "installation installation_repositories installation_target github_app_authorization",
    read_project: "repository public branch_protection_rule branch_protection_configuration repository_ruleset "
    "repository_import repository_dispatch label milestone deploy_key meta star watch fork package registry_package "
    "project project_card project_column projects_v2 projects_v2_item projects_v2_status_update merge_group "
    "custom_property custom_property_values security_and_analysis sub_issues issue_dependencies org_block "
    "personal_access_token_request marketplace_purchase sponsorship",
}
READERS: Mapping[str, Callable[[Hook], Event]] = {
    name: reader for reader, names in _READERS.items() for name in names.split()
}
"""Name of an event, as ``X-GitHub-Event`` has it, to who reads it."""

_DONE = {
    "issue": "opened updated assigned commented closed reopened",
    "pull_request": "opened updated assigned reviewed commented merged closed reopened",
    "code": "pushed commented",
    "pipeline": "started succeeded failed canceled updated",
    "job": "started succeeded failed canceled updated",
    "deployment": "started succeeded failed canceled updated",
    "alert": "fired updated resolved",
    "release": "published updated",
    "member": "added updated removed",
}
TYPES: Mapping[str, EventType] = declare(
    (
        *(f"{noun}.{done}" for noun, all_done in _DONE.items() for done in all_done.split()),
        *("project.updated", "wiki.updated", "installation.updated", "connection.tested"),
    ),
    EventType("discussion.opened", "A discussion was opened."),
    EventType("discussion.updated", "Something about a discussion changed."),
    EventType("discussion.commented", "Somebody commented on a discussion."),
    EventType("discussion.closed", "A discussion was closed or deleted."),
    EventType("discussion.reopened", "A closed discussion was opened again."),
    EventType("github.unknown", "GitHub sent something that the source does not know."),
)

FIELDS = (
    ConfigField(
        name="auth",
        help="How the sender proves itself: a signature of the body with the webhook's secret.",
        type="choice",
        default="hmac",
        choices=("hmac",),
    ),
    ConfigField(name="severity", help="Label of an issue or pull request to a severity.", type="map"),
)
PATHS = (
    *(f"{role}.name" for role in ("requester", "agent")),
    *("comment.text", "comment.author", "action", "description", "body", "ref", "ref_type", "state", "context"),
    *(
        f"{name}.*"
        for name in (
            "repository organization sender installation issue pull_request review discussion workflow_run "
            "workflow_job check_run check_suite deployment deployment_status release alert comment commit head_commit "
            "pusher changes label milestone member team hook"
        ).split()
    ),
)


class GithubSource:
    """See ``ports.Source``."""

    kind = "github"
    types: Mapping[str, EventType] = TYPES
    fields = FIELDS
    paths = PATHS

    def check(self, settings: Mapping[str, object], secrets: Sequence[bytes]) -> list[str]:
        return [*source_settings.secret_faults(secrets), *source_settings.faults(settings, _CHECKS)]

    def verify(
        self, request: RawRequest, secrets: Sequence[bytes], now: float, settings: Mapping[str, object]
    ) -> Verdict:
        reason = verify_proof(_proof(settings), request, secrets, now)
        delivery = tame_text(request.header("x-github-delivery"), 200)
        return Verdict(ok=not reason, reason=reason, dedupe_key="" if reason else delivery)

    def parse(self, receipt: Receipt, settings: Mapping[str, object]) -> list[Event]:
        body = decode_trusted(receipt.body, receipt.content_type)
        fields = body if isinstance(body, dict) else {"body": body}
        name = event_name(receipt.headers.get("x-github-event"), fields)
        hook = Hook(name, fields, word_table(settings.get("severity")))
        return [completed(READERS.get(name, read_unknown)(hook), receipt)]


def sign(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[bytes], settings: Mapping[str, object], now: float
) -> dict[str, str]:
    """The headers with which a sender of these settings would post ``body``."""
    return sign_proof(_proof(settings), body, headers, secrets[0], now)


def _proof(settings: Mapping[str, object]) -> Proof:
    auth = proof_of(settings, "hmac", scheme=signing.PRESETS["github"])
    # Nothing but the signature: another word in the settings opens no other door.
    return auth if auth.auth == "hmac" else Proof(auth="")


_CHECKS: Mapping[str, source_settings.Check] = {
    "auth": source_settings.one_of(("hmac",)),
    "severity": source_settings.severities,
}
