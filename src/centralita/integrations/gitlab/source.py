"""GitLab as a source: ``object_kind`` or ``event_name`` says what it is; a secret token or a signature, who sent it.

Source: https://docs.gitlab.com/user/project/integrations/webhook_events/ and
https://docs.gitlab.com/administration/system_hooks/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from centralita.core import source_settings
from centralita.core.attributes import web_url, word, word_table
from centralita.core.drafts import completed
from centralita.core.event_types import declare
from centralita.core.events import Event, EventType
from centralita.core.payload import decode_trusted, tame_text
from centralita.core.proofs import Proof, proof_of, sign_proof, verify_proof
from centralita.integrations.gitlab.changes import (
    read_member,
    read_project,
    read_push,
    read_release,
    read_token,
    read_unknown,
    read_vulnerability,
    read_wiki,
)
from centralita.integrations.gitlab.hook import Hook
from centralita.integrations.gitlab.runs import read_deployment, read_job, read_pipeline
from centralita.integrations.gitlab.threads import read_emoji, read_issue, read_merge_request, read_note
from centralita.ports import ConfigField, RawRequest, Receipt, Verdict

_READERS: Mapping[Callable[[Hook], Event], str] = {
    read_issue: "issue work_item incident",
    read_merge_request: "merge_request",
    read_note: "note",
    read_emoji: "emoji",
    read_push: "push tag_push",
    read_pipeline: "pipeline",
    read_job: "build job",
    read_deployment: "deployment",
    read_release: "release",
    read_vulnerability: "vulnerability",
    read_token: "access_token",
    read_wiki: "wiki_page",
    read_project: "milestone feature_flag project_create project_destroy project_rename project_transfer "
    "project_update group_create group_destroy group_rename subgroup_create subgroup_destroy repository_update",
    read_member: "user_add_to_team user_remove_from_team user_update_for_team user_access_request_to_project "
    "user_access_request_denied_for_project user_add_to_group user_remove_from_group user_update_for_group "
    "user_access_request_to_group user_access_request_denied_for_group user_create user_destroy user_rename "
    "user_failed_login key_create key_destroy",
}
READERS: Mapping[str, Callable[[Hook], Event]] = {
    name: reader for reader, names in _READERS.items() for name in names.split()
}
"""``object_kind``, or ``event_name`` where there is none, to who reads it."""

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
        *("project.updated", "wiki.updated"),
    ),
    EventType("gitlab.unknown", "GitLab sent something that the source does not know."),
)

AUTH = ("header", "standard")
DEFAULT_HEADER = "X-Gitlab-Token"
DEFAULT_INSTANCE = "https://gitlab.com"
FIELDS = (
    ConfigField(
        name="auth",
        help="How the sender proves itself: the secret token in a header, or a signature (Standard Webhooks).",
        type="choice",
        default="header",
        choices=AUTH,
    ),
    ConfigField(name="header", help="Name of the header that carries the secret.", default=DEFAULT_HEADER),
    ConfigField(
        name="instance",
        help="Address of the GitLab instance, for links, when the request does not say it.",
        type="url",
        default=DEFAULT_INSTANCE,
    ),
    ConfigField(name="severity", help="Label of an issue or merge request to a severity.", type="map"),
)
PATHS = (
    *(f"{role}.{name}" for role in ("requester", "agent") for name in ("name", "email", "username")),
    *("comment.text", "comment.author", "description", "body", "object_kind", "event_name", "event_type", "ref"),
    *("status", "environment", "build_name", "build_stage", "build_status", "build_failure_reason", "tag", "action"),
    *(f"{name}.*" for name in ("object_attributes", "project", "user", "commit", "merge_request", "issue", "group")),
)


class GitlabSource:
    """See ``ports.Source``."""

    kind = "gitlab"
    types: Mapping[str, EventType] = TYPES
    fields = FIELDS
    paths = PATHS

    def check(self, settings: Mapping[str, object], secrets: Sequence[bytes]) -> list[str]:
        found = source_settings.secret_faults(secrets, settings.get("auth"))
        return [*found, *source_settings.faults(settings, _CHECKS)]

    def verify(
        self, request: RawRequest, secrets: Sequence[bytes], now: float, settings: Mapping[str, object]
    ) -> Verdict:
        reason = verify_proof(_proof(settings), request, secrets, now)
        # Not X-Gitlab-Event-UUID: what an event sets off has the same one.
        names = ("idempotency-key", "webhook-id")
        key = next((said for name in names if (said := tame_text(request.header(name), 200))), "")
        return Verdict(ok=not reason, reason=reason, dedupe_key="" if reason else key)

    def parse(self, receipt: Receipt, settings: Mapping[str, object]) -> list[Event]:
        body = decode_trusted(receipt.body, receipt.content_type)
        fields = body if isinstance(body, dict) else {"body": body}
        name = word(fields.get("object_kind")) or word(fields.get("event_name"))
        said = (receipt.headers.get("x-gitlab-instance"), settings.get("instance"), DEFAULT_INSTANCE)
        instance = next(page.rstrip("/") for page in map(web_url, said) if page)
        hook = Hook(name, fields, instance, word_table(settings.get("severity")))
        return [completed(READERS.get(name, read_unknown)(hook), receipt)]


def sign(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[bytes], settings: Mapping[str, object], now: float
) -> dict[str, str]:
    """The headers with which a sender of these settings would post ``body``."""
    return sign_proof(_proof(settings), body, headers, secrets[0], now)


def _proof(settings: Mapping[str, object]) -> Proof:
    proof = proof_of(settings, "header", header=DEFAULT_HEADER)
    return proof if proof.auth in AUTH else Proof(auth="")


def _instance(value: object) -> Iterator[tuple[str, str]]:
    if not web_url(value):
        yield "", "setting.type"


_CHECKS: Mapping[str, source_settings.Check] = {
    "auth": source_settings.one_of(AUTH),
    "header": source_settings.header_name,
    "instance": _instance,
    "severity": source_settings.severities,
}
