"""What is kept of an attempt: what was sent and what came back, without secrets; and which failures it adds to.

All of it is on the way of every delivery: what does not change from one attempt to the next is worked out once.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from centralita.core.failures import is_failure, kind
from centralita.core.shown_urls import shown_url
from centralita.integrations.webhook.receiver import Receiver, receiver_of
from centralita.ports import HttpRequest
from centralita.services.attempts import Job
from centralita.services.webhook_masking import Headers, came_headers, hide, hide_bytes, secrets_of, sent_headers
from centralita.store.history import Attempt
from centralita.store.webhook_issues import Failing

KEPT_BYTES = 65_536
"""Of a response's body."""
KEPT_HEADER_BYTES = 16_384
"""Of a response's headers."""


class SentRequest(msgspec.Struct, frozen=True):
    """A request as it is kept, and as people see it."""

    method: str
    url: str
    """``core.shown_urls``"""
    headers: list[tuple[str, str]]
    bytes: int
    """Length of the body."""


def attempt_of(job: Job) -> Attempt:
    """The record of a job's attempt; of a webhook's with what was sent and which headers came back."""
    receiver = _receiver(job)
    response, request, headers, secrets = job.last, "", "", list[str]()
    if receiver is not None:
        secrets = secrets_of(receiver, job.request)
        request = _request(job.request, receiver) if job.request is not None else ""
        headers = _headers(response.headers, secrets)
    return Attempt(
        day=job.row.event_day,
        delivery_id=job.row.id,
        number=job.row.attempts + 1,
        started_at=job.started_at,
        elapsed_ms=job.elapsed_ms,
        outcome=job.outcome.state,
        status=response.status,
        reason=job.outcome.reason,
        detail=hide(job.outcome.detail or response.detail, secrets)[:2000],
        error=response.error,
        timings=msgspec.json.encode(dict(response.timings)).decode(),
        response=hide_bytes(response.body, secrets)[:KEPT_BYTES] or None,
        lane_id=job.row.lane_id,
        request=request,
        response_headers=headers,
        revision=receiver.revision if receiver is not None else 0,
    )


def _receiver(job: Job) -> Receiver | None:
    if job.address is None or job.payload.effect.destination != "webhook":
        return None
    return receiver_of(job.address.config)


def _request(request: HttpRequest, receiver: Receiver) -> str:
    kept = SentRequest(request.method, shown_url(request.url), sent_headers(request, receiver), len(request.body))
    return msgspec.json.encode(kept).decode()


def _headers(headers: Headers, secrets: list[str]) -> str:
    kept, left = [], KEPT_HEADER_BYTES
    for name, value in came_headers(headers, secrets):
        left -= len(name) + len(value)
        if left < 0:
            break
        kept.append((name, value))
    return msgspec.json.encode(kept).decode() if kept else ""


def failures_of(jobs: Iterable[tuple[Job, Attempt]]) -> list[Failing]:
    """The failures of webhooks among attempts, grouped; in an order that is always the same."""
    found: dict[tuple[int, str], Failing] = {}
    for job, attempt in jobs:
        if job.payload.effect.destination != "webhook" or not is_failure(job.outcome):
            continue
        key = kind(attempt.reason, attempt.status)
        before = found.get((attempt.lane_id, key))
        found[attempt.lane_id, key] = Failing(
            lane_id=attempt.lane_id,
            webhook=job.payload.effect.target,
            key=key,
            count=before.count + 1 if before else 1,
            first_at=min(before.first_at, attempt.started_at) if before else attempt.started_at,
            last_at=max(before.last_at, attempt.started_at) if before else attempt.started_at,
            event_id=job.row.event_id,
            delivery_id=job.row.id,
            attempt=attempt.id,
            detail=attempt.detail,
        )
    return [found[place] for place in sorted(found)]
