"""Trying a source out: one of its kind's examples goes the whole way in, and what came of it is waited for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import msgspec

from centralita.core.events import event_id
from centralita.integrations import registry
from centralita.services.audit import record
from centralita.services.hub import Hub
from centralita.services.ingest import Answer, ConfiguredSource
from centralita.services.source_watch import until
from centralita.services.sources import UnparsedView, unparsed_view
from centralita.store import deliveries, events, parked, receipts, sources
from centralita.store.database import Transaction


@dataclass(frozen=True)
class Sent:
    """What the hub answered to an example, and what has come of it."""

    status: int
    body: str
    routed: bool
    """Whether this process routes it; otherwise it waits for a running server."""
    receipt: str = ""
    """The receipt's id; "" when it was refused."""
    events: list[str] = field(default_factory=list)
    """Ids of the events that it became, as far as they were waited for."""
    unparsed: UnparsedView | None = None
    """When the receipt could not be read."""
    settled: bool = False
    """Whether every delivery of these events has ended."""


class NoFixture(LookupError):
    """The source's kind has no example of that name."""


@dataclass(frozen=True)
class _Outcome:
    events: list[str]
    unparsed: UnparsedView | None
    settled: bool


async def send_fixture(hub: Hub, actor: str, slug: str, name: str, wait_s: float = 0.0) -> Sent:
    """Signs an example as the source's sender would, and takes it in as if it had come by the wire.

    Waits up to ``wait_s`` until its events' deliveries have ended. Raises LookupError for an unknown source, NoFixture,
    ValueError (a message id) when it cannot be signed.
    """
    source = hub.ingest.sources.get(slug)
    if source is None:
        raise LookupError(slug)
    fixture = registry.examples(source.integration.kind, source.settings).get(name)
    if fixture is None:
        raise NoFixture(name)
    answer = await _receive(hub, source, fixture)

    def note(tx: Transaction) -> None:
        details = {"fixture": name, "status": answer.status}
        record(tx, hub.clock.now(), actor, "source.fixture_sent", f"source/{slug}", details)

    await hub.database.write(note)
    said = answer.body.decode("utf-8", "replace")
    routed = hub.running and hub.role in ("all", "worker")
    if answer.status >= 300 or answer.content_type != b"application/json":
        return Sent(answer.status, said, routed)
    receipt_id = msgspec.json.decode(answer.body, type=dict[str, str])["id"]
    outcome = await _wait(hub, slug, receipt_id, wait_s if hub.running else 0.0)
    return Sent(answer.status, said, routed, receipt_id, outcome.events, outcome.unparsed, outcome.settled)


async def _receive(hub: Hub, source: ConfiguredSource, fixture: registry.Fixture) -> Answer:
    now = hub.clock.now()
    kind, secrets = source.integration.kind, source.secrets_at(now)
    request = registry.signed(kind, fixture, secrets, source.settings, now)
    taking = None if hub.running else asyncio.ensure_future(hub.ingest.run())
    try:
        return await hub.ingest.receive(source.slug, request)
    finally:
        if taking is not None:
            hub.ingest.close()  # ends after everything that it took, refusals included, is on the disk
            await taking
            hub.ingest.closing = False


async def _wait(hub: Hub, slug: str, receipt_id: str, wait_s: float) -> _Outcome:
    def read(tx: Transaction) -> _Outcome:
        found = events.ids_of_receipt(tx, receipt_id)
        lost = sources.find_unparsed(tx, receipt_id)
        waits = receipts.is_waiting(tx, slug, receipt_id) or parked.find(tx, event_id(receipt_id, 0)) is not None
        routed = bool(found) or lost is not None or not waits
        settled = routed and not any(deliveries.of_event(tx, each) for each in found)
        return _Outcome(found, unparsed_view(lost) if lost is not None else None, settled)

    async def settled() -> _Outcome | None:
        outcome = await hub.database.read(read)
        return outcome if outcome.settled else None

    topics = (slug, receipt_id.removeprefix("rcp_"))
    outcome = await until(hub, topics, wait_s, settled)
    return outcome if outcome is not None else await hub.database.read(read)
