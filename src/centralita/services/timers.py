"""What time brings: retention, partitions, announcements that were held back, and the trace by which a clock that went
wrong while we were off is noticed."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial

import structlog

from centralita.services import announcements, rollups
from centralita.services.hub import Hub
from centralita.services.settle import ANNOUNCE_GAP_S
from centralita.settings.shape import Retention
from centralita.store import (
    arrivals,
    buckets,
    lanes,
    rejections,
    remembered,
    rulesets,
    stored_rules,
    stored_webhooks,
    upkeep,
)
from centralita.store.database import Database, StoreUnavailable, Transaction

log = structlog.get_logger(__name__)

MINUTE_S = 60.0
HOUR_S = 3600.0
DAY_S = 86_400.0
REJECTIONS_LEAST = 5
CLOCK_TOLERANCE_S = 60.0
MAX_JUMP_S = 3 * 86_400.0
"""A longer time without us is a long holiday or a wrong clock: retention waits a day before it believes it."""
_SEEN = "clock.seen_at"
_TRUST = "clock.trusted_from"


async def mend_clock(hub: Hub) -> None:
    """After a start with the clock set back: what was due stays due, instead of in a future that lasts a day."""
    now = hub.clock.now()

    def mend(tx: Transaction) -> float:
        upkeep.make_partitions(tx, int(now // 86_400))
        seen = float(upkeep.fact(tx, _SEEN) or now)
        if now - seen > MAX_JUMP_S:
            upkeep.set_fact(tx, _TRUST, str(now + 86_400))
        upkeep.set_fact(tx, _SEEN, str(now))
        if seen - now > CLOCK_TOLERANCE_S:
            upkeep.shift_due(tx, now - seen)
            return seen - now
        return 0.0

    await learn_places(hub)
    hub.buckets.restore(await hub.database.read(buckets.load))
    shifted_s = await hub.database.write(mend)
    if shifted_s:
        log.warning("clock.set_back", seconds=round(shifted_s))


async def run(hub: Hub) -> None:
    """Every minute, for ever."""
    while True:
        await asyncio.sleep(MINUTE_S)
        with contextlib.suppress(StoreUnavailable):
            await every_minute(hub)


def join(hub: Hub) -> None:
    """What is done every hour is done at every start too: a hub that never runs for an hour keeps its retention."""
    hub.alarms.every("upkeep", HOUR_S, every_hour)


async def every_minute(hub: Hub) -> None:
    """Announces what was held back, and leaves a trace of the time."""
    now = hub.clock.now()

    await learn_places(hub)
    kept = hub.buckets.snapshot()

    def tick(tx: Transaction) -> bool:
        buckets.save(tx, kept)
        upkeep.set_fact(tx, _SEEN, str(now))
        rest, rejecting = announce_rest(tx, hub, now), announce_rejecting(tx, hub, now)
        return rest or rejecting

    if await hub.database.write(tick):
        hub.router.look()


async def learn_places(hub: Hub) -> None:
    """Reads where targets lead: what this process found before, and others since."""
    prefixes = list(hub.destinations.prefixes)
    for facts in await hub.database.read(lambda tx: [remembered.below(tx, prefix) for prefix in prefixes]):
        for key, value in facts.items():
            hub.destinations.learn(key, value)


def announce_rest(tx: Transaction, hub: Hub, now: float) -> bool:
    """Tells how many dead letters a lane has had since its last announcement; True if there was anything to tell."""
    told = False
    for lane_id in upkeep.lanes_with_untold(tx, now - ANNOUNCE_GAP_S):
        lane = lanes.lock(tx, [lane_id])[lane_id]
        more, lane.unannounced, lane.announced_at = lane.unannounced, 0, now
        lanes.save(tx, [lane])
        facts = {"lane": lane.key, "reason": lane.last_error, "more": more - 1}
        told = announcements.announce(
            tx,
            hub.ids.new(),
            "centralita.delivery.dead",
            subject=f"lane/{lane.key}",
            title=lane.key,
            now=now,
            facts=facts,
        )
    return told


def announce_rejecting(tx: Transaction, hub: Hub, now: float) -> bool:
    """Tells of sources whose requests are refused: a secret that was changed on one side only goes unnoticed for long
    otherwise. At most once an hour each, from ``REJECTIONS_LEAST`` on."""
    told = False
    for source, rejected, last_at in rejections.totals(tx):
        key = f"rejecting.{source}"
        before, told_at = (float(part) for part in (upkeep.fact(tx, key) or "0 0").split())
        if last_at is None or rejected - before < REJECTIONS_LEAST or now - told_at < HOUR_S:
            continue
        newest = rejections.newest(tx, source, 1)
        facts = {"source": source, "count": int(rejected - before), "reason": newest[0].reason if newest else ""}
        told = announcements.announce(
            tx,
            hub.ids.new(),
            "centralita.source.rejecting",
            subject=f"source/{source}",
            title=source,
            now=now,
            facts=facts,
        )
        upkeep.set_fact(tx, key, f"{rejected} {now}")
    return told


async def every_hour(hub: Hub) -> None:
    """Makes the coming days' partitions and the statistics coarser, lets go of what is older than its retention."""
    now, keep = hub.clock.now(), hub.settings.retention
    today = int(now // 86_400)

    def trusted(tx: Transaction) -> bool:
        upkeep.make_partitions(tx, today)
        return now >= float(upkeep.fact(tx, _TRUST) or 0)

    await rollups.coarsen(hub.database, now)
    if not await hub.database.write(trusted):
        return
    await _drop_days(hub.database, today, keep)
    await _forget_rules(hub.database, today - keep.events_days)
    await rollups.forget(hub.database, now, keep)
    oldest = int(now) - keep.rollup_minutes_days * 86_400, today - keep.rollup_days_days
    await hub.database.write(lambda tx: arrivals.forget(tx, *oldest))
    # What could be sent again as it was sent has its attempts: without them nobody knows which revision it was.
    await hub.database.write(lambda tx: stored_webhooks.forget_revisions(tx, now - keep.attempts_days * 86_400))
    period_s = max(hub.settings.receive.dedupe_days * 86_400, 300.0)
    await hub.database.write(lambda tx: upkeep.forget_duplicates(tx, int(now // period_s) - 1))


async def _drop_days(database: Database, today: int, keep: Retention) -> None:
    """What is kept by days, and what means nothing without it."""
    receipts_from, events_from = await database.read(
        lambda tx: [upkeep.first_needed_day(tx, today - days) for days in (keep.receipts_days, keep.events_days)]
    )
    for table, from_day in (
        ("receipts", receipts_from),
        ("events", events_from),
        ("history", today - keep.history_days),
        ("attempts", today - keep.attempts_days),
    ):
        while await database.write(partial(upkeep.drop_old, table=table, before_day=from_day)):
            pass
    while await database.write(partial(upkeep.drop_unparsed, before=receipts_from * DAY_S)):
        pass
    expired, more = 0, upkeep.BATCH
    while more == upkeep.BATCH:
        more = await database.write(partial(upkeep.drop_dead_letters, before_day=today - keep.history_days))
        expired += more
    if expired:
        log.warning("dead_letters.expired", count=expired)


async def _forget_rules(database: Database, from_day: int) -> None:
    """What rules said before the oldest event that is kept was decided."""

    def forget(tx: Transaction) -> None:
        # A day more: another process's clock may be behind.
        before = (upkeep.first_kept_day(tx, from_day) - 1) * DAY_S
        stored_rules.hold(tx)
        stored_rules.forget(tx, rulesets.forget(tx, before))

    await database.write(forget)
