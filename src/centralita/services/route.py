"""Route: parse receipts, project their subjects, decide effects, write deliveries; in receipt order for each source.

A batch is one transaction that first takes its rows out of the inbox: whoever comes second finds fewer than it read,
rolls back and reads again. So a source's receipts are routed once and in order however many routers there are, and a
crash leaves them where they were.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, cast

import structlog

from centralita.core.effects import Effect
from centralita.core.payload import PayloadError
from centralita.ports import Filling, Receipt
from centralita.services import announcements
from centralita.services.clock import ReceiptIds, SystemClock
from centralita.services.decide import Asking, Batch, Parsed, RulesetChanged, WebhooksChanged
from centralita.services.destinations import Address, Destinations, UnknownTarget
from centralita.services.fanout import Handed, Room
from centralita.services.ingest import ConfiguredSource
from centralita.services.reactions import Reactions
from centralita.services.rule_catalogue import RuleCatalogue
from centralita.services.rulesets import RulesetDiffers
from centralita.services.webhook_catalogue import WebhookCatalogue
from centralita.store import receipts
from centralita.store.database import Conflict, Database, StoreUnavailable

log = structlog.get_logger(__name__)

BATCH = {"sqlite": 64, "postgresql": 200}
"""SQLite has one writer, whose batch others wait for; on PostgreSQL it is the round trips that cost."""
BREATH = 8
"""Receipts parsed before the event loop gets its turn."""
CACHE_BYTES = 32 * 1024 * 1024
POLL_S = 1.0


class ReceiptCache:
    """The bytes that were just accepted, so that routing does not read them back. Bounded; missing ones are read."""

    def __init__(self, limit_bytes: int = CACHE_BYTES) -> None:
        self._kept: OrderedDict[str, Receipt] = OrderedDict()
        self._bytes, self._limit = 0, limit_bytes

    def put(self, receipt: Receipt) -> None:
        if self._bytes + len(receipt.body) <= self._limit:
            self._kept[receipt.id] = receipt
            self._bytes += len(receipt.body)

    def pop(self, receipt_id: str) -> Receipt | None:
        receipt = self._kept.pop(receipt_id, None)
        if receipt is not None:
            self._bytes -= len(receipt.body)
        return receipt


class Worker(Protocol):
    """Whoever performs what is born in flight: ``deliver.Deliverer``."""

    def reserve(self) -> Room: ...
    def hand_over(self, room: Room, born: Sequence[Handed], queued: bool) -> None: ...
    def doubt(self) -> None: ...


class Metrics(Protocol):
    """What routing counts."""

    def routed(self, source: str, count: int) -> None: ...
    def rejected(self, counts: Mapping[str, int]) -> None: ...


async def _learn_nothing() -> None:
    """For a router whose sources never change."""


class Router:
    """Routes what waits in the inbox. ``run`` must be running."""

    def __init__(
        self,
        database: Database,
        clock: SystemClock,
        ids: ReceiptIds,
        destinations: Destinations,
        sources: Mapping[str, ConfiguredSource],
        rules: RuleCatalogue,
        worker: Worker,
        metrics: Metrics,
        reactions: Reactions,
        webhooks: WebhookCatalogue,
    ) -> None:
        self._database, self._clock, self._ids = database, clock, ids
        self._destinations, self._sources = destinations, sources
        self.rules, self.reactions, self.webhooks = rules, reactions, webhooks
        self._worker, self._metrics = worker, metrics
        self._cache = ReceiptCache()
        self._waiting: set[str] = set()
        self._wake = asyncio.Event()
        self._closing = False
        self.stopped_by: str = ""
        self.learn: Callable[[], Awaitable[None]] = _learn_nothing
        """Reads which sources there are: one may be newer in the database than here."""
        self.on_routed: Callable[[str], None] = lambda source: None
        """Called when receipts of a source have been routed."""
        self.on_polled: Callable[[Sequence[str]], None] = lambda lanes: None
        """Called with lanes that are fetched from, when something has been added to them."""

    def accepted(self, fresh: Sequence[Receipt]) -> None:
        """New receipts are on the disk; none given: some may be, for all that the commit's fate is unknown."""
        if not fresh:
            self._waiting.add("")
        for receipt in fresh:
            self._cache.put(receipt)
            self._waiting.add(receipt.source)
        self._wake.set()

    def look(self) -> None:
        """Another process may have accepted something."""
        self._waiting.add("")
        self._wake.set()

    def close(self) -> None:
        """Ends ``run`` after the batch at hand; what is left stays in the inbox."""
        self._closing = True
        self._wake.set()

    async def run(self) -> None:
        """Routes until closed. Trouble with the database is waited out; rules of another file stop it for good."""
        self.look()
        while not self._closing:
            try:
                async with asyncio.timeout(POLL_S if self._database.dialect == "postgresql" else 30.0):
                    await self._wake.wait()
            except TimeoutError:
                self._waiting.add("")
            self._wake.clear()
            try:
                await self._route_waiting()
            except StoreUnavailable as fault:
                log.warning("route.store_unavailable", reason=fault.reason)
                self._waiting.add("")
                await asyncio.sleep(0.5)  # the database is away; nothing signals its return
                self._wake.set()
            except RulesetDiffers as fault:
                self.stopped_by = str(fault)
                log.error("route.ruleset_differs", detail=str(fault))
                return

    async def _route_waiting(self) -> None:
        while self._waiting and not self._closing:
            source = self._waiting.pop()
            if source == "":
                self._waiting.update(await self._database.read(receipts.sources_waiting))
                self._waiting.discard("")
                continue
            if await self.route_batch(source):
                self._waiting.add(source)

    async def route_batch(self, source: str) -> bool:
        """Routes the oldest receipts of a source; True when there may be more. Raises RulesetDiffers."""

        limit = BATCH[self._database.dialect]
        found = await self._database.read(lambda tx: receipts.waiting(tx, source, limit))
        if not found:
            return False
        if source not in self._sources:
            await self.learn()
        loaded = await self._load([receipt_id for _, receipt_id in found])
        parsed = []
        for number, (_, receipt_id) in enumerate(found, 1):
            if receipt_id in loaded:
                parsed.append(self._parse(loaded[receipt_id]))
            if number % BREATH == 0:
                await asyncio.sleep(0)  # whoever waits for an answer comes first
        seqs = [seq for seq, _ in found]
        room = self._worker.reserve()
        batch = Batch(self, source, parsed, room, self._clock.now())
        try:
            await self._database.write(lambda tx: batch.write(tx, seqs))
        except Conflict:
            self._worker.hand_over(room, [], False)
            return False  # whoever was first notifies when it is done, which is after what we have read
        except (RulesetChanged, WebhooksChanged) as changed:
            self._worker.hand_over(room, [], False)
            for receipt in loaded.values():
                self._cache.put(receipt)
            await self._learn_of(changed)
            return True
        except BaseException as fault:
            self._worker.hand_over(room, [], False)
            if isinstance(fault, StoreUnavailable) and fault.outcome_unknown:
                self._worker.doubt()
            raise
        self._worker.hand_over(room, batch.handed, batch.queued)
        self._metrics.routed(source, batch.routed)
        self._metrics.rejected(batch.rejected)
        self.on_routed(source)
        if polled := batch.polled:
            self.on_polled(polled)
        if batch.announced:
            self._waiting.add(announcements.SLUG)
        return len(found) == limit or batch.requeued

    async def _learn_of(self, changed: Exception) -> None:
        """Raises RulesetDiffers."""
        if isinstance(changed, WebhooksChanged):
            await self.webhooks.refresh()
            return
        await self.rules.refresh()
        if self.rules.differs is not None:
            raise self.rules.differs

    async def _load(self, receipt_ids: Sequence[str]) -> dict[str, Receipt]:
        loaded: dict[str, Receipt] = {}
        for receipt_id in receipt_ids:
            if (receipt := self._cache.pop(receipt_id)) is not None:
                loaded[receipt_id] = receipt
        missing = [receipt_id for receipt_id in receipt_ids if receipt_id not in loaded]
        if missing:
            loaded |= await self._database.read(lambda tx: receipts.load(tx, missing))
        return loaded

    def _parse(self, receipt: Receipt) -> Parsed:
        source = self._sources.get(receipt.source)
        if source is None:
            return Parsed(receipt=receipt, fault="source.gone", detail=receipt.source)
        try:
            if source.slug == announcements.SLUG:
                own = announcements.read_own(receipt.body)
                return Parsed(receipt=receipt, events=(own.event,), effects=own.effects, about=own.about)
            return Parsed(receipt=receipt, events=tuple(source.integration.parse(receipt, source.settings)))
        except PayloadError as fault:
            return Parsed(receipt=receipt, fault=fault.reason, detail=fault.detail)
        except Exception as fault:  # a parser's bug is a dead letter; the receipts behind it move on
            log.exception("route.parser_failed", source=receipt.source, receipt=receipt.id)
            return Parsed(receipt=receipt, fault="parser.failed", detail=type(fault).__name__)

    # ---- used by a batch

    def new_id(self) -> str:
        return self._ids.new()

    def address(self, effect: Effect) -> Address:
        return self._destinations.address(effect)

    def asking(self, source: str) -> Asking | None:
        """Whom to ask for what a source's events need; None for a source that says everything itself."""
        configured = self._sources.get(source)
        if configured is None or not hasattr(configured.integration, "fill"):
            return None
        answers = True
        try:
            self._destinations.address(Effect(rule="", destination="invgate", target="reads"))
        except UnknownTarget:
            answers = False
        return Asking(cast(Filling, configured.integration), configured.settings, answers)
