"""What is kept of an attempt: what was sent and what came back, without secrets; and which failures it adds to.

All of it is on the way of every delivery: what does not change from one attempt to the next is worked out once.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from centralita.core.failures import is_failure, kind
from centralita.core.shown_urls import shown_url
from centralita.integrations.webhook.receiver import Receiver, receiver_of
from centralita.logs import MASK
from centralita.ports import HttpRequest, HttpResponse
from centralita.services.attempts import Job
from centralita.store.history import Attempt
from centralita.store.webhook_issues import Failing

KEPT_BYTES = 65_536
"""Of a response's body."""
KEPT_HEADER_BYTES = 16_384
"""Of a response's headers."""
_SECRET = re.compile(r"secret|token|passw|pwd|auth|credential|cookie|session|key", re.IGNORECASE)
"""Headers whose values are nobody's business. A signature is no secret: it is there to be compared."""


_SHORTEST_SECRET = 6
"""What is shorter is in many a text by chance."""


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
    response = job.last if receiver is None else _without_secrets(job.last, job.request, receiver)
    request = _request(job.request, receiver) if job.request is not None and receiver is not None else ""
    return Attempt(
        day=job.row.event_day,
        delivery_id=job.row.id,
        number=job.row.attempts + 1,
        started_at=job.started_at,
        elapsed_ms=job.elapsed_ms,
        outcome=job.outcome.state,
        status=response.status,
        reason=job.outcome.reason,
        detail=(job.outcome.detail or response.detail)[:2000],
        error=response.error,
        timings=msgspec.json.encode(dict(response.timings)).decode(),
        response=response.body[:KEPT_BYTES] or None,
        lane_id=job.row.lane_id,
        request=request,
        response_headers=_headers(response.headers) if receiver is not None else "",
        revision=receiver.revision if receiver is not None else 0,
    )


def _receiver(job: Job) -> Receiver | None:
    if job.address is None or job.payload.effect.destination != "webhook":
        return None
    return receiver_of(job.address.config)


def _request(request: HttpRequest, receiver: Receiver) -> str:
    # Whoever may see a webhook sees the names of its own headers only: so here.
    own = {name.lower() for name, _ in receiver.headers}
    headers = [
        (name, MASK if name.lower() in own or _is_secret(name) else value)
        for name, value in request.headers
    ]  # fmt: skip
    kept = SentRequest(request.method, shown_url(request.url), headers, len(request.body))
    return msgspec.json.encode(kept).decode()


def _without_secrets(response: HttpResponse, request: HttpRequest | None, receiver: Receiver) -> HttpResponse:
    """A receiver may echo what it was sent."""
    body, headers = response.body, response.headers
    for secret in _secrets(receiver, request):
        body = body.replace(secret.encode(), MASK.encode())
        headers = tuple([(name, value.replace(secret, MASK)) for name, value in headers])
    return msgspec.structs.replace(response, body=body, headers=headers)


def _secrets(receiver: Receiver, request: HttpRequest | None) -> list[str]:
    auth = receiver.auth
    said = [value for _, value in receiver.headers] + [key.secret for key in receiver.keys]
    if auth is not None:
        said += [auth.password, auth.token, auth.client_secret]
        if auth.password:
            said.append(base64.b64encode(f"{auth.username}:{auth.password}".encode()).decode())
    for name, value in request.headers if request is not None else ():
        if name == "authorization":
            said.append(value.partition(" ")[2])
    return sorted({value for value in said if len(value) >= _SHORTEST_SECRET}, key=len, reverse=True)


def _headers(headers: Sequence[tuple[str, str]]) -> str:
    kept, left = [], KEPT_HEADER_BYTES
    for name, value in headers:
        left -= len(name) + len(value)
        if left < 0:
            break
        kept.append((name, MASK if _is_secret(name) else value))
    return msgspec.json.encode(kept).decode() if kept else ""


@lru_cache(1024)
def _is_secret(name: str) -> bool:
    return _SECRET.search(name) is not None


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
