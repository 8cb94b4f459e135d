"""Receive: verify, append, and answer only once the receipt is on the disk.

The batcher commits whatever queued while the last commit ran. There is no timer: a lone request waits for nobody, a
burst shares one sync.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

import msgspec

from centralita.core import payload
from centralita.ports import RawRequest, Receipt, Source
from centralita.services.clock import ReceiptIds, SystemClock
from centralita.settings.checks import SLUG
from centralita.store import receipts
from centralita.store import rejections as rejected
from centralita.store.database import Database, StoreUnavailable, Transaction
from centralita.store.receipts import Appended, Incoming
from centralita.store.rejections import NOWHERE, Rejection

CONTENT_WINDOW_S = 300.0
"""A sender without ids of its own: the same bytes are a duplicate for this long."""
KEPT_BODY_BYTES = 16 * 1024
"""Of a rejected body, for whoever asks why nothing arrives."""
# Headers that carry a secret, or that identify nobody but the last hop; anything with these words is not stored.
_SECRET_WORDS = ("authorization", "cookie", "token", "secret", "signature", "password", "api-key", "apikey", "key")


class ConfiguredSource(msgspec.Struct, frozen=True, kw_only=True):
    """A source as it is configured."""

    slug: str
    kind: str
    integration: Source
    secrets: tuple[bytes, ...] = ()
    settings: Mapping[str, object] = msgspec.field(default_factory=dict)
    enabled: bool = True
    name: str = ""
    origin: str = "file"
    """``file``, ``database``; ``hub`` for the hub's own."""
    place: str = ""
    """Where the file says it: ``centralita.yaml:12:5``."""
    retiring: tuple[tuple[float, bytes], ...] = ()
    """Secrets that were replaced, each with the time (seconds since 1970) until which it is still good."""

    def secrets_at(self, now: float) -> tuple[bytes, ...]:
        """The secrets that are good at ``now``."""
        if not self.retiring:
            return self.secrets
        return (*self.secrets, *(secret for until, secret in self.retiring if now < until))


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the sender is told."""

    status: int
    body: bytes
    content_type: bytes = b"application/json"
    retry_after_s: int = 0


class ReceiveLimits(Protocol):
    """The ``receive`` section of the settings."""

    max_body_bytes: int
    max_wait_s: float
    max_queue_bytes: int
    max_queue_rows: int
    dedupe_days: float


class Metrics(Protocol):
    """What receiving counts."""

    def received(self, source: str, result: str) -> None: ...


def _problem(status: int, title: str, *, retry_after_s: int = 0) -> Answer:
    body = msgspec.json.encode({"type": "about:blank", "title": title, "status": status})
    return Answer(status=status, body=body, content_type=b"application/problem+json", retry_after_s=retry_after_s)


UNKNOWN_SOURCE = _problem(404, "There is no such source.")
UNAUTHORIZED = _problem(401, "The signature or secret is missing or wrong.")
BUSY = _problem(503, "Not stored. Send it again.", retry_after_s=2)


class Ingest:
    """Takes requests in. ``run`` must be running."""

    def __init__(
        self,
        database: Database,
        clock: SystemClock,
        ids: ReceiptIds,
        limits: ReceiveLimits,
        metrics: Metrics,
        on_accepted: Callable[[Sequence[Receipt]], None],
    ) -> None:
        self._database, self._clock, self._ids, self._limits = database, clock, ids, limits
        self._metrics, self._on_accepted = metrics, on_accepted
        self.sources: Mapping[str, ConfiguredSource] = {}
        self.on_rejected: Callable[[Iterable[str]], None] = lambda slugs: None
        """Called when requests of these sources were refused and that is on the disk."""
        self._queue: deque[tuple[Incoming, asyncio.Future[Appended]]] = deque()
        self._queued_bytes = 0
        self._waiting: deque[tuple[float, asyncio.Future[Appended]]] = deque()
        self._patience: asyncio.TimerHandle | None = None
        self._rejections: deque[Rejection] = deque(maxlen=2000)
        self._rejected_counts: dict[str, int] = {}
        self._wake = asyncio.Event()
        self.closing = False

    async def receive(self, slug: str, request: RawRequest) -> Answer:
        """Judges, stores and answers one request. Never raises but CancelledError."""
        source = self.sources.get(slug)
        if source is None or not source.enabled:
            # As much work as for a source that exists: an answer's time must not tell which slugs there are.
            hashlib.blake2b(request.body, key=b"nobody").digest()
            self.refused(slug, 404, "source.unknown", request.remote)
            return UNKNOWN_SOURCE
        now = self._clock.now()
        secrets = source.secrets_at(now)
        verdict = source.integration.verify(request, secrets, now, source.settings)
        if verdict.reply is not None:
            return Answer(status=200, body=verdict.reply, content_type=b"text/plain; charset=utf-8")
        if not verdict.ok:
            if verdict.reason.startswith("body."):
                return self._reject(source, request, 400, verdict.reason, "")
            return self._reject(source, request, 401, verdict.reason, "")
        content_type = request.header("content-type") or ""
        try:
            payload.decode(request.body, content_type)
        except payload.PayloadError as fault:
            return self._reject(source, request, 400, fault.reason, fault.detail)
        receipt = Receipt(
            id=self._ids.new(),
            source=slug,
            received_at=now,
            content_type=content_type,
            headers=_kept_headers(request.headers, secrets),
            body=request.body,
            dedupe_key=verdict.dedupe_key,
        )
        return await self._store(receipt)

    async def _store(self, receipt: Receipt) -> Answer:
        limits = self._limits
        full = len(self._queue) >= limits.max_queue_rows or self._queued_bytes >= limits.max_queue_bytes
        if full or self.closing:
            self._metrics.received(receipt.source, "busy")
            return BUSY
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Appended] = loop.create_future()
        self._queue.append((self._incoming(receipt), future))
        self._queued_bytes += len(receipt.body)
        self._waiting.append((loop.time() + limits.max_wait_s, future))
        if self._patience is None:
            self._patience = loop.call_later(limits.max_wait_s, self._give_up)
        self._wake.set()
        try:
            appended = await future
        except StoreUnavailable:
            self._metrics.received(receipt.source, "unavailable")
            return BUSY
        result = "duplicate" if appended.duplicate else "accepted"
        self._metrics.received(receipt.source, result)
        return Answer(status=200 if appended.duplicate else 202, body=b'{"id":"%s"}' % appended.receipt_id.encode())

    def _give_up(self) -> None:
        # One timer for all: one each would cost more than the rest of the request.
        loop = asyncio.get_running_loop()
        while self._waiting and (self._waiting[0][1].done() or self._waiting[0][0] <= loop.time()):
            _, future = self._waiting.popleft()
            if not future.done():
                future.set_exception(StoreUnavailable("the wait was too long"))
        self._patience = loop.call_at(self._waiting[0][0], self._give_up) if self._waiting else None

    def _incoming(self, receipt: Receipt) -> Incoming:
        body_hash = hashlib.blake2b(receipt.body, digest_size=16).digest()
        if receipt.dedupe_key:
            key, window_s = b"id:" + receipt.dedupe_key.encode(), self._limits.dedupe_days * 86_400
        else:
            key, window_s = b"body:" + body_hash, CONTENT_WINDOW_S
        fingerprint = hashlib.blake2b(receipt.source.encode() + b"\0" + key, digest_size=16).digest()
        expires_at = receipt.received_at + window_s
        return Incoming(receipt=receipt, fingerprint=fingerprint, body_hash=body_hash, expires_at=expires_at)

    def _reject(self, source: ConfiguredSource, request: RawRequest, status: int, reason: str, detail: str) -> Answer:
        # Only what was signed is worth keeping; a stranger's bytes are not.
        body = request.body[:KEPT_BODY_BYTES] if status == 400 else None
        self._note(source.slug, status, reason, detail, request.remote, body)
        if status == 400:
            return _problem(400, f"The body is unreadable: {reason}" + (f" ({detail})" if detail else ""))
        return UNAUTHORIZED

    def refused(self, slug: str, status: int, reason: str, remote: str) -> None:
        """Somebody who meant this source was answered ``status`` before there was a whole request to judge."""
        source = self.sources.get(slug)
        if source is not None and source.enabled:
            self._note(slug, status, reason, "", remote, None)
        else:
            # What is no slug may be a secret in the wrong place.
            self._note(NOWHERE, status, reason, slug if SLUG.fullmatch(slug) else "", remote, None)

    def _note(self, slug: str, status: int, reason: str, detail: str, remote: str, body: bytes | None) -> None:
        self._metrics.received(slug, "rejected")
        self._rejected_counts[slug] = self._rejected_counts.get(slug, 0) + 1
        now = self._clock.now()
        self._rejections.append(
            Rejection(source=slug, at=now, status=status, reason=reason, detail=detail[:500], remote=remote, body=body)
        )
        self._wake.set()

    # ---- the batcher

    async def run(self) -> None:
        """Commits batches until ``close`` has been called and the queue is empty."""
        period_s = max(self._limits.dedupe_days * 86_400, CONTENT_WINDOW_S)
        while not (self.closing and not self._queue):
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                await self._commit(self._take(), period_s)
            if self._rejections:
                await self._keep_rejections()

    def _take(self, rows: int = 512, size: int = 8 * 1024 * 1024) -> list[tuple[Incoming, asyncio.Future[Appended]]]:
        batch: list[tuple[Incoming, asyncio.Future[Appended]]] = []
        while self._queue and len(batch) < rows and size > 0:
            incoming, future = self._queue.popleft()
            self._queued_bytes -= len(incoming.receipt.body)
            size -= len(incoming.receipt.body)
            if not future.done():  # whoever gave up has been told 503
                batch.append((incoming, future))
        return batch

    async def _commit(self, batch: list[tuple[Incoming, asyncio.Future[Appended]]], period_s: float) -> None:
        if not batch:
            return
        rows, now = [incoming for incoming, _ in batch], self._clock.now()

        def append(tx: Transaction) -> list[Appended]:
            return receipts.append(tx, rows, now, period_s)

        try:
            results: Sequence[Appended] = await self._database.write(append, urgent=True)
        except StoreUnavailable as fault:
            for _, future in batch:
                if not future.done():
                    future.set_exception(StoreUnavailable(fault.reason, outcome_unknown=fault.outcome_unknown))
            self._on_accepted(())
            return
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)
        fresh = [row.receipt for row, result in zip(rows, results, strict=True) if not result.duplicate]
        if fresh:
            self._on_accepted(fresh)

    async def _keep_rejections(self) -> None:
        rows, counts = list(self._rejections), self._rejected_counts
        self._rejections.clear()
        self._rejected_counts = {}

        def keep(tx: Transaction) -> None:
            rejected.append(tx, rows, counts)

        with contextlib.suppress(StoreUnavailable):  # whoever sent them has been told; the log has the reason
            await self._database.write(keep)
            self.on_rejected(counts)

    def close(self) -> None:
        """Takes nothing more; what is queued is still committed."""
        self.closing = True
        self._wake.set()


@lru_cache(4096)
def _is_kept(name: str) -> bool:
    return not any(word in name for word in _SECRET_WORDS)


def _kept_headers(headers: Sequence[tuple[str, str]], secrets: Sequence[bytes]) -> dict[str, str]:
    # A secret may travel in a header of any name: its value gives it away.
    said = [secret.decode("utf-8", "replace") for secret in secrets if secret]
    return {name: value for name, value in headers if _is_kept(name) and not any(secret in value for secret in said)}
