"""The sources as people look at them, and sending one of a kind's examples through the whole way in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from centralita.integrations import registry
from centralita.logs import redact_text
from centralita.services.audit import record
from centralita.services.hub import Hub
from centralita.services.ingest import ConfiguredSource
from centralita.services.times import shown
from centralita.store import rejections, sources
from centralita.store.database import Transaction
from centralita.store.rejections import Rejection
from centralita.store.sources import Counts, Unparsed

UNPARSED_SHOWN = 100
ASTRAY_SHOWN = 3
MASK = "********"


@dataclass(frozen=True)
class SourceSummary:
    """A source in a list."""

    slug: str
    kind: str
    name: str
    enabled: bool
    origin: str
    """``file`` or ``database``; ``hub`` for the hub's own."""
    place: str
    """Where the file says it: ``centralita.yaml:12:5``; it can be changed only there."""
    hides: bool
    """Whether the database has a source of this slug too, which the file's keeps out."""
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
    settings: dict[str, Any]
    """Without those that are secret."""
    faults: list[str]
    """What is wrong with its settings."""
    types: dict[str, str]
    """Every event type that it can produce, and what each means (an English text)."""
    seen: dict[str, int]
    """Types of its last 1,000 events."""
    fixtures: list[str]
    """Its kind's examples; those that need no settings of their own first."""
    rejections: list[RejectionView]
    unparsed: list[UnparsedView]


def summary(hub: Hub, source: ConfiguredSource, counts: Counts | None = None, waiting: int = 0) -> SourceSummary:
    """What a list shows of a source."""
    counts = counts or Counts(source=source.slug)
    return SourceSummary(
        slug=source.slug,
        kind=source.kind,
        name=source.name or source.slug,
        enabled=source.enabled,
        origin=source.origin,
        place=source.place,
        hides=source.slug in hub.catalogue.hidden,
        secrets=len(source.secrets_at(hub.clock.now())),
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
    known = sorted(hub.sources.items())  # before the reader's thread has it: the map changes on the loop

    def read(tx: Transaction) -> list[SourceSummary]:
        counts, waiting = sources.counts(tx), sources.waiting(tx)
        return [summary(hub, source, counts.get(slug), waiting.get(slug, 0)) for slug, source in known]

    return await hub.database.read(read)


async def astray(hub: Hub, since: float) -> list[RejectionView]:
    """Requests since a time to addresses that no source has, newest first; ``detail`` is the slug that was meant."""

    def read(tx: Transaction) -> list[RejectionView]:
        found = rejections.newest(tx, rejections.NOWHERE, ASTRAY_SHOWN)
        return [rejection_view(row) for row in found if row.at >= since]

    return await hub.database.read(read)


async def detail(hub: Hub, slug: str) -> SourceDetail | None:
    """One source; None when none has that slug."""
    source = hub.sources.get(slug)
    if source is None:
        return None
    secrets = source.secrets_at(hub.clock.now())

    def read(tx: Transaction) -> SourceDetail:
        counts, waiting = sources.counts(tx), sources.waiting(tx)
        return SourceDetail(
            source=summary(hub, source, counts.get(slug), waiting.get(slug, 0)),
            address=address_of(hub, slug),
            settings=settings_shown(source),
            faults=source.integration.check(source.settings, secrets) if source.origin != "hub" else [],
            types={name: declared.meaning for name, declared in sorted(source.integration.types.items())},
            seen=sources.types_seen(tx, slug),
            fixtures=examples_of(source),
            rejections=[rejection_view(row) for row in rejections.newest(tx, slug)],
            unparsed=[unparsed_view(row) for row in sources.unparsed_of(tx, slug, UNPARSED_SHOWN)],
        )

    return await hub.database.read(read)


async def dismiss_unparsed(hub: Hub, actor: str, slug: str, receipt_id: str) -> None:
    """Somebody has seen to a receipt that can't be read; its bytes are kept as long as others. Raises LookupError."""

    def forget(tx: Transaction) -> None:
        if not sources.forget_unparsed(tx, slug, receipt_id):
            raise LookupError(receipt_id)
        record(tx, hub.clock.now(), actor, "receipt.dismissed", f"receipt/{receipt_id}", {"source": slug})

    await hub.database.write(forget)


def examples_of(source: ConfiguredSource) -> list[str]:
    """Names of its kind's examples; those that need no settings of their own first."""
    found = registry.examples(source.integration.kind, source.settings)
    return sorted(found, key=lambda name: (bool(found[name].settings.keys() - {"preset"}), name))


def address_of(hub: Hub, slug: str, key: str = "") -> str:
    """Where a source's sender posts to; ``key``: the secret, where that is the last part of the address."""
    server = hub.settings.server
    base = (server.public_url or hub.url or f"http://{server.host}:{server.port}").rstrip("/")
    return f"{base}/in/{slug}" + (f"/{quote(key, safe='')}" if key else "")


def settings_shown(source: ConfiguredSource) -> dict[str, object]:
    """A source's settings without those that are secret."""
    secret = {field.name for field in source.integration.fields if field.type == "secret"}
    return {name: MASK if name in secret else value for name, value in source.settings.items()}


def unparsed_view(row: Unparsed) -> UnparsedView:
    """A receipt that could not be read, as it is shown."""
    return UnparsedView(row.receipt_id, shown(row.at), row.reason, row.detail)


def rejection_view(row: Rejection) -> RejectionView:
    """A refused request as it is shown."""
    body = bytes(row.body or b"").decode("utf-8", "replace")
    return RejectionView(shown(row.at), row.status, row.reason, row.detail, row.remote, redact_text(body))
