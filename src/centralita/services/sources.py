"""The sources as people look at them, and sending one of a kind's examples through the whole way in."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from centralita.integrations import registry
from centralita.logs import redact_text
from centralita.services.audit import record
from centralita.services.hub import Hub
from centralita.services.ingest import ConfiguredSource
from centralita.services.times import shown
from centralita.store import rejections, sources
from centralita.store.database import Transaction
from centralita.store.rejections import Rejection
from centralita.store.sources import Counts

UNPARSED_SHOWN = 100


@dataclass(frozen=True)
class SourceSummary:
    """A source in a list."""

    slug: str
    kind: str
    name: str
    enabled: bool
    origin: str
    """``file`` or ``database``; ``hub`` for the hub's own."""
    secrets: int
    """How many are configured."""
    accepted: int
    duplicates: int
    conflicts: int
    rejected: int
    waiting: int
    """Receipts that nobody has routed yet."""
    last_accepted_at: str | None
    last_rejected_at: str | None


@dataclass(frozen=True)
class RejectionView:
    """A request that was refused."""

    at: str | None
    status: int
    reason: str
    detail: str
    remote: str
    body: str
    """The beginning of one that was signed but unreadable; "" for a stranger's."""


@dataclass(frozen=True)
class UnparsedView:
    """A receipt that its parser could not read; re-parse it after the parser was mended."""

    receipt: str
    at: str | None
    reason: str
    detail: str


@dataclass(frozen=True)
class SourceDetail:
    """One source whole."""

    source: SourceSummary
    address: str
    """Where its sender posts to, without the key."""
    faults: list[str]
    """What is wrong with its settings."""
    types: dict[str, str]
    """Every event type that it can produce, and what each means (an English text)."""
    seen: dict[str, int]
    """Types of its last 1,000 events."""
    fixtures: list[str]
    rejections: list[RejectionView]
    unparsed: list[UnparsedView]


@dataclass(frozen=True)
class Sent:
    """What the hub answered to an example."""

    status: int
    body: str
    routed: bool
    """Whether this process routes it; otherwise it waits for a running server."""


class NoFixture(LookupError):
    """The source's kind has no example of that name."""


def _summary(source: ConfiguredSource, counts: Counts, waiting: int) -> SourceSummary:
    return SourceSummary(
        slug=source.slug,
        kind=source.kind,
        name=source.name or source.slug,
        enabled=source.enabled,
        origin=source.origin,
        secrets=len(source.secrets),
        accepted=counts.accepted,
        duplicates=counts.duplicates,
        conflicts=counts.conflicts,
        rejected=counts.rejected,
        waiting=waiting,
        last_accepted_at=shown(counts.last_accepted_at),
        last_rejected_at=shown(counts.last_rejected_at),
    )


async def listing(hub: Hub) -> list[SourceSummary]:
    """Every configured source, by slug, the hub's own included."""

    def read(tx: Transaction) -> list[SourceSummary]:
        counts, waiting = sources.counts(tx), sources.waiting(tx)
        return [
            _summary(source, counts.get(slug, Counts(source=slug)), waiting.get(slug, 0))
            for slug, source in sorted(hub.sources.items())
        ]

    return await hub.database.read(read)


async def detail(hub: Hub, slug: str) -> SourceDetail | None:
    """One source; None when none has that slug."""
    source = hub.sources.get(slug)
    if source is None:
        return None

    def read(tx: Transaction) -> SourceDetail:
        counts, waiting = sources.counts(tx), sources.waiting(tx)
        return SourceDetail(
            source=_summary(source, counts.get(slug, Counts(source=slug)), waiting.get(slug, 0)),
            address=f"{(hub.settings.server.public_url or '').rstrip('/')}/in/{slug}",
            faults=source.integration.check(source.settings, source.secrets) if source.origin != "hub" else [],
            types={name: declared.meaning for name, declared in sorted(source.integration.types.items())},
            seen=sources.types_seen(tx, slug),
            fixtures=sorted(registry.fixtures(source.kind)),
            rejections=[_rejection(row) for row in rejections.newest(tx, slug)],
            unparsed=[
                UnparsedView(row.receipt_id, shown(row.at), row.reason, row.detail)
                for row in sources.unparsed_of(tx, slug, UNPARSED_SHOWN)
            ],
        )

    return await hub.database.read(read)


def _rejection(row: Rejection) -> RejectionView:
    body = bytes(row.body or b"").decode("utf-8", "replace")
    return RejectionView(shown(row.at), row.status, row.reason, row.detail, row.remote, redact_text(body))


async def send_fixture(hub: Hub, actor: str, slug: str, name: str) -> Sent:
    """Signs an example as the source's sender would, and takes it in as if it had come by the wire.

    Raises LookupError for an unknown source, NoFixture, ValueError (a message id) when it cannot be signed.
    """
    source = hub.ingest.sources.get(slug)
    if source is None:
        raise LookupError(slug)
    fixture = registry.fixtures(source.kind).get(name)
    if fixture is None:
        raise NoFixture(name)
    now = hub.clock.now()
    request = registry.signed(source.kind, fixture, source.secrets, source.settings, now)
    taking = None if hub.running else asyncio.ensure_future(hub.ingest.run())
    try:
        answer = await hub.ingest.receive(slug, request)
    finally:
        if taking is not None:
            hub.ingest.close()  # ends after everything that it took, refusals included, is on the disk
            await taking
            hub.ingest.closing = False

    def note(tx: Transaction) -> None:
        details = {"fixture": name, "status": answer.status}
        record(tx, now, actor, "source.fixture_sent", f"source/{slug}", details)

    await hub.database.write(note)
    return Sent(answer.status, answer.body.decode("utf-8", "replace"), hub.running and hub.role in ("all", "worker"))
