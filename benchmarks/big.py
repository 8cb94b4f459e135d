"""Builds a big database: events over 30 days, two finished deliveries of each with an attempt of 500 bytes, and what
else a hub gathers meanwhile.

Everything follows from an event's number by SQL that both databases understand, so that nothing goes row by row through
Python; indexes are made afterwards.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import sqlalchemy as sa

from benchmarks import desk
from benchmarks.progress import Progress
from centralita.core.audit import GENESIS, Entry, entry_hash
from centralita.core.rollups import BOUNDS_MS, WIDTH_S, Extent, Grain
from centralita.settings import Settings
from centralita.store import bulk, lanes, rollups, schema, upkeep
from centralita.store.database import Transaction, open_database
from centralita.store.migrate import migrate
from centralita.store.rollup_tables import BUCKET_COLUMNS, ROLLUPS

Execute = Callable[[str], Awaitable[object]]

WEBHOOKS, CHANNELS, DAYS = 100, 10, 30
KEPT_DAYS: dict[Grain, int] = {"minute": 7, "hour": DAYS, "day": DAYS}
SOURCES = ("monitor", "invgate", "cmmshere", "botmaker", "quiet", *(f"src{number}" for number in range(40)))
PENDING, AUDITED = 10_000, 50_000
DEAD_EVERY = 40_000
CHUNKS = 60
_DAY_S = 86_400
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_WORDS = "The service answers slowly, and whoever waits at the desk would like to know when it is well again. "


@dataclass(frozen=True)
class Plan:
    """What is built."""

    events: int
    now: float

    @property
    def start_ms(self) -> int:
        return int(self.now * 1000) - DAYS * _DAY_S * 1000

    @property
    def only(self) -> int:
        """The number of an old event that is like no other: ``quiet``'s, of the type ``printer.jammed``."""
        return self.events // 50

    @property
    def busy(self) -> int:
        """The number of the event that every destination got."""
        return self.events - min(500, self.events)

    @property
    def finished(self) -> int:
        """How many of the deliveries have ended; the rest waits."""
        return 2 * self.events - min(PENDING, self.events)


def numbers(dialect: str, low: int, high: int) -> str:
    """A table ``(n)`` of ``low`` to ``high - 1``."""
    if dialect == "postgresql":
        return f"(select generate_series(cast({low} as bigint), {high - 1}) as n) as numbers"
    made = f"with recursive g(n) as (select {low} union all select n + 1 from g where n < {high - 1}) select n from g"
    return f"({made}) as numbers"


class _Rows:
    """The columns of the event ``n``, as SQL."""

    def __init__(self, plan: Plan, dialect: str) -> None:
        self.plan, self._postgres = plan, dialect == "postgresql"
        self.dialect = dialect

    def padded(self, number: str) -> str:
        return f"lpad(cast({number} as text), 16, '0')" if self._postgres else f"printf('%016d', {number})"

    def blob(self, text: str) -> str:
        return f"convert_to({text}, 'UTF8')" if self._postgres else f"cast({text} as blob)"

    def at_ms(self, n: str) -> str:
        return f"({self.plan.start_ms} + {n} * {DAYS * _DAY_S * 1000} / {self.plan.events})"

    def ulid(self, n: str) -> str:
        at = self.at_ms(n)
        letters = (f"substr('{_LETTERS}', cast(({at} >> {shift}) & 31 as int) + 1, 1)" for shift in range(45, -1, -5))
        return f"{' || '.join(letters)} || {self.padded(n)}"

    def rfc3339(self, n: str) -> str:
        at = f"{self.at_ms(n)} / 1000"
        if self._postgres:
            return f"to_char(to_timestamp({at}) at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
        return f"strftime('%Y-%m-%dT%H:%M:%SZ', {at}, 'unixepoch')"

    def chosen(self, n: str, only: str, by: int, shares: tuple[tuple[int, str], ...], rest: str) -> str:
        """One of several texts: ``shares`` in thousandths, summed up; ``only`` for the one event of its kind."""
        part = f"({n} * 7919) % {by}"
        cases = " ".join(f"when {part} < {share} then '{text}'" for share, text in shares)
        return f"case when {n} = {self.plan.only} then '{only}' {cases} else {rest} end"

    def source(self, n: str) -> str:
        shares = ((600, "monitor"), (800, "invgate"), (900, "cmmshere"), (960, "botmaker"))
        return self.chosen(n, "quiet", 1000, shares, f"'src' || ({n} % 40)")

    def type(self, n: str) -> str:
        shares = (
            (1, "approval.requested"), (500, "alert.fired"), (700, "alert.resolved"), (800, "ticket.updated"),
            (900, "ticket.created"), (960, "message.received"),
        )  # fmt: skip
        return self.chosen(n, "printer.jammed", 1009, shares, "'asset.updated'")

    def severity(self, n: str) -> str:
        shares = ((10, "critical"), (60, "high"), (300, "medium"), (600, "low"))
        return self.chosen(n, "high", 1013, shares, "'info'")

    def subject(self, n: str) -> str:
        return f"'ticket/' || ({n} % {max(1, self.plan.events // 5)})"

    def body(self, n: str) -> str:
        """``core.events.Event`` as JSON, about 500 bytes."""
        said = (
            ("id", f"'evt_' || {self.ulid(n)}"), ("source", self.source(n)), ("type", self.type(n)),
            ("time", self.rfc3339(n)), ("subject", self.subject(n)), ("severity", self.severity(n)),
            ("title", f"'Number ' || {n}"),
        )  # fmt: skip
        pairs = " || ".join(f"'\"{name}\":\"' || {value} || '\",'" for name, value in said)
        ticket = f'\'"data":{{"ticket":{{"id":"\' || {n} || \'","description":"{_WORDS * 3}"}}}}\''
        return f"'{{' || {pairs} || {ticket} || '}}'"

    def effect(self) -> str:
        return '\'{"rule":"Everything","destination":"webhook","target":"w1"}\''

    def events(self, low: int, high: int) -> str:
        matched = "case when n % 10 = 3 then '[]' else '[\"Everything\"]' end"
        return (
            "insert into events (day, id, receipt_id, source, type, subject, severity, title, status, routed_at,"
            f" ruleset, matched, body) select {self.at_ms('n')} / 86400000, 'evt_' || {self.ulid('n')},"
            f" 'rcp_' || {self.ulid('n')}, {self.source('n')}, {self.type('n')}, {self.subject('n')},"
            f" {self.severity('n')}, 'Number ' || n, 'open', {self.at_ms('n')} / 1000.0, 1, {matched},"
            f" {self.blob(self.body('n'))} from {numbers(self.dialect, low, high)}"
        )

    def history(self, low: int, high: int, first_lane: int, event: str = "(n / 2)") -> str:
        state = f"case when n % {DEAD_EVERY} = 17 then 'dead' else 'delivered' end"
        at = f"{self.at_ms(event)} / 1000.0"
        return (
            "insert into history (day, event_id, id, lane_id, state, rule, attempts, created_at, finished_at, effect)"
            f" select {self.at_ms(event)} / 86400000, 'evt_' || {self.ulid(event)}, n + 1,"
            f" {first_lane} + n % {WEBHOOKS + CHANNELS}, {state}, 'Everything', 1, {at}, {at} + 1,"
            f" {self.blob(self.effect())} from {numbers(self.dialect, low, high)}"
        )

    def attempts(self, low: int, high: int, first_lane: int, event: str = "(n / 2)") -> str:
        outcome = f"case when n % {DEAD_EVERY} = 17 then 'dead' when n % 20 = 7 then 'retry' else 'delivered' end"
        elapsed = "20 + (n * 104729) % 280 + case when n % 97 = 0 then 3000 else 0 end"
        return (
            "insert into attempts"
            " (day, delivery_id, number, started_at, elapsed_ms, outcome, status, lane_id, response)"
            f" select {self.at_ms(event)} / 86400000, n + 1, 1, {self.at_ms(event)} / 1000.0 + 0.5, {elapsed},"
            f" {outcome}, case when n % 20 = 7 then 503 else 200 end, {first_lane} + n % {WEBHOOKS + CHANNELS},"
            f" {self.blob(repr(_WORDS * 5))} from {numbers(self.dialect, low, high)}"
        )

    def pending(self, low: int, high: int, first_lane: int) -> str:
        event = "(n / 2)"
        subject = '\',"subject":{"source":"monitor","subject":"ticket/1"}}\''
        payload = f"'{{\"event\":' || {self.body(event)} || ',\"effect\":' || {self.effect()} || {subject}"
        at = f"{self.at_ms(event)} / 1000.0"
        return (
            "insert into deliveries (id, lane_id, state, due_at, event_day, event_id, rule, created_at, payload)"
            f" select n + 1, {first_lane} + n % {WEBHOOKS + CHANNELS}, 'due', {self.plan.now + 30 * _DAY_S},"
            f" {self.at_ms(event)} / 86400000, 'evt_' || {self.ulid(event)}, 'Everything', {at}, {self.blob(payload)}"
            f" from {numbers(self.dialect, low, high)}"
        )


def rolled(grain: Grain, since: int) -> str:
    """The lanes' roll-ups of one grain, from the attempts."""
    width = WIDTH_S[grain]
    low = (0.0, *BOUNDS_MS)
    high = (*BOUNDS_MS, 1e12)
    buckets = ", ".join(
        f"sum(case when elapsed_ms > {a} and elapsed_ms <= {b} then 1 else 0 end)"
        for a, b in zip(low, high, strict=True)
    )
    start = f"cast(started_at as bigint) / {width} * {width}"
    ok, slow = "outcome = 'delivered'", "outcome = 'delivered' and elapsed_ms > 2000"
    sums = ", ".join(f"sum(case when {what} then 1 else 0 end)" for what in (ok, slow, f"not ({ok})"))
    names = ("lane_id, start, successful, slow, error, total_ms, fastest_ms, slowest_ms", *BUCKET_COLUMNS)
    days = f"day >= {since // _DAY_S} and " if grain == "minute" else ""
    return (
        f"insert into {ROLLUPS[grain].name} ({', '.join(names)}) select lane_id, {start}, {sums},"
        f" sum(elapsed_ms), min(elapsed_ms), max(elapsed_ms), {buckets} from attempts"
        f" where {days}started_at >= {since} group by lane_id, 2"
    )


def _arrivals(now: float) -> Iterator[str]:
    minute, since = "cast(routed_at as bigint) / 60 * 60", int(now // _DAY_S) - KEPT_DAYS["minute"]
    yield (
        f"insert into arrival_minutes (source, start, events) select source, {minute}, count(*) from events"
        f" where day >= {since} group by source, 2"
    )
    gap = "case when source = 'quiet' then 0 else 60.0 * 86400 / (count(*) + 60) end"
    yield (
        "insert into arrival_days (source, day, events, longest_gap_s, last_at)"
        f" select source, day, count(*), {gap}, max(routed_at) from events group by source, day"
    )
    yield (
        "insert into source_counts (source, accepted, last_accepted_at)"
        " select source, sum(events), max(last_at) from arrival_days group by source"
    )


_INDEXED = (schema.events, schema.history, schema.attempts)


def _indexes(dialect: str) -> Iterator[tuple[str, str]]:
    """How each index that is not a key's is dropped and made."""
    compiled = sa.make_url(f"{dialect}://").get_dialect()()
    for table in _INDEXED:
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            yield f"drop index {index.name}", str(sa.schema.CreateIndex(index).compile(dialect=compiled))


def _statements(plan: Plan, dialect: str, first_lane: int) -> Iterator[str]:
    rows = _Rows(plan, dialect)
    indexes = list(_indexes(dialect))
    yield from (drop for drop, _make in indexes)
    for count, made in (
        (plan.events, rows.events),
        (plan.finished, lambda low, high: rows.history(low, high, first_lane)),
        (plan.finished, lambda low, high: rows.attempts(low, high, first_lane)),
    ):
        for chunk in range(CHUNKS):
            low, high = count * chunk // CHUNKS, count * (chunk + 1) // CHUNKS
            if low < high:
                yield made(low, high)
    yield rows.pending(plan.finished, 2 * plan.events, first_lane)
    more = (2 * plan.events, 2 * plan.events + WEBHOOKS + CHANNELS, first_lane, str(plan.busy))
    yield from (rows.history(*more), rows.attempts(*more))
    yield (
        "insert into dead_letters (id, day, event_id, lane_id, finished_at, reason) select id, day, event_id, lane_id,"
        " finished_at, 'http.client_error' from history where state = 'dead'"
    )
    if dialect == "postgresql":
        yield f"select setval('deliveries_id_seq', {2 * plan.events + WEBHOOKS + CHANNELS})"
    for grain, days in KEPT_DAYS.items():
        yield rolled(grain, (int(plan.now // _DAY_S) - days) * _DAY_S)
    yield from _arrivals(plan.now)
    yield from (make for _drop, make in indexes)
    if dialect == "postgresql":  # SQLite's planner is right without, and the hub never asks it to
        yield "analyze"


async def build(url: str, events: int, bar: Progress | None = None) -> Plan:
    """Fills the empty database ``url``; takes some minutes for a million events."""
    plan = Plan(events, time.time())
    database = await open_database(url)
    try:
        await migrate(database)
        first_lane = await database.write(lambda tx: _prepare(tx, plan))
        dialect = database.dialect
    finally:
        await database.close()
    statements = list(_statements(plan, dialect, first_lane))
    async with patient(url) as execute:
        for done, statement in enumerate(statements):
            await execute(statement)
            if bar is not None:
                bar.move(done / len(statements))
    return plan


def _prepare(tx: Transaction, plan: Plan) -> int:
    today = int(plan.now // _DAY_S)
    for day in range(today - DAYS, today + 1, 4):
        upkeep.make_partitions(tx, day)
    kept = Extent(
        minutes_from=(today - KEPT_DAYS["minute"]) * _DAY_S,
        hours_until=int(plan.now // 3600) * 3600,
        days_until=today * _DAY_S,
    )
    rollups.change_extent(tx, lambda _: kept)
    _audit(tx, plan.now)
    desk.gather(tx, plan.now, DAYS)
    for source in SOURCES[:5]:
        rows = [
            {"source": source, "at": plan.now - n, "status": 401, "reason": "credential.missing"} for n in range(100)
        ]
        bulk.insert(tx, schema.rejections, rows)
    wanted = {f"webhook:w{number:02}": ("webhook", f"w{number:02}") for number in range(WEBHOOKS)}
    wanted |= {f"slack:#channel-{number}": ("slack", f"#channel-{number}") for number in range(CHANNELS)}
    made = lanes.resolve(tx, wanted)
    found = sorted(made.values())
    hooks = {wanted[key][1]: lane for key, lane in made.items() if key.startswith("webhook:")}
    bulk.insert(tx, schema.webhook_issues, list(desk.issues(hooks, plan.now)))
    tx.execute(sa.update(schema.lanes).values(last_success_at=plan.now - 5, last_failure_at=plan.now - 60))
    if found != list(range(found[0], found[0] + len(wanted))):
        raise ValueError("the lanes' ids have gaps")
    return found[0]


def _audit(tx: Transaction, now: float) -> None:
    before, rows = GENESIS, []
    for number in range(1, AUDITED + 1):
        at = now - (AUDITED - number) * 30
        text = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(at))
        actor, action = f"token:t{number % 50}", "lane.paused" if number % 5000 else "user.deleted"
        entry = Entry(number=number, at=text, actor=actor, action=action, subject=f"lane/{number % 1000}", details="{}")
        hash_ = entry_hash(before, entry)
        rows.append({
            "seq": number, "at": float(int(at)), "actor": actor, "action": action, "object": entry.subject,
            "detail": "{}", "previous": bytes.fromhex(before), "hash": bytes.fromhex(hash_),
        })  # fmt: skip
        before = hash_
    bulk.insert(tx, schema.audit, rows)


@asynccontextmanager
async def patient(url: str) -> AsyncIterator[Execute]:
    """What executes a statement, however long it takes, and without making it durable: the hub's own connections give
    up before, and what breaks here is built anew."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        try:
            for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-524288", "temp_store=FILE"):
                connection.execute(f"pragma {pragma}")

            async def run(statement: str) -> object:
                return connection.execute(statement)

            yield run
        finally:
            connection.close()
        return
    postgres = await asyncpg.connect(url, timeout=30)
    try:
        for setting in ("synchronous_commit = off", "maintenance_work_mem = '512MB'", "work_mem = '256MB'"):
            await postgres.execute(f"set {setting}")
        yield postgres.execute
    finally:
        await postgres.close()


def settings_of(url: str, directory: Path) -> Settings:
    """A hub's settings on such a database."""
    hooks = [{"name": f"w{number:02}", "url": f"https://example.com/{number}"} for number in range(WEBHOOKS)]
    senders = [
        {"slug": slug, "kind": "generic", "secrets": ["only-for-measuring-0123"], "settings": {"auth": "bearer"}}
        for slug in SOURCES
    ]
    content: dict[str, Any] = {"data_dir": str(directory), "database": {"url": url}, "webhooks": hooks}
    return Settings.model_validate({**content, "sources": senders, "slack": {"enabled": False}})
