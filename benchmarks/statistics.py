"""How long statistics take with ten million attempts on record."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.bench import Bench, Result, Row, Target, median, number
from benchmarks.big import DAYS, KEPT_DAYS, WEBHOOKS, numbers, patient, rolled
from benchmarks.children import Failed
from benchmarks.progress import Progress
from centralita.cli.calling import call_app
from centralita.core.rollups import Extent
from centralita.settings import Settings
from centralita.store import lanes, rollups, upkeep
from centralita.store.database import Database, Transaction, open_database
from centralita.store.migrate import migrate
from centralita.web.api import make_api
from centralita.wiring import open_hub

CALLS = 20
TARGET_MS = 50.0
_INDEX = "ix_attempts_lane_id_started_at"
ASKED = (
    ("the last half hour", "/w1/health"),
    ("30 days", "/w1/health?since=30d"),
    ("the last hour by minutes", "/w1/statistics?per=minute"),
    ("a week by hours", "/w1/statistics?per=hour&since=7d"),
    ("a year by days", "/w1/statistics?per=day&since=365d"),
    (f"all {WEBHOOKS} webhooks, the last half hour", "/statistics"),
)


def _attempts(dialect: str, count: int, day: int, lane_ids: list[int], now: float) -> str:
    """One day's attempts, scattered over it and over the lanes: most take 20 to 300 ms, some long, one in 20 fails."""
    start, span = day * 86_400, min(86_400.0, now - day * 86_400)
    spread = f"((n * 7919) % {count}) * {span / count}"
    elapsed = "20 + (n * 104729) % 280 + case when n % 97 = 0 then 3000 else 0 end"
    outcome = "case when n % 20 = 7 then 'retry' else 'delivered' end"
    return (
        "insert into attempts (day, delivery_id, number, started_at, elapsed_ms, outcome, status, lane_id)"
        f" select {day}, {day * 10_000_000} + n, 1, {start} + {spread}, {elapsed}, {outcome}, 200,"
        f" {lane_ids[0]} + n % {len(lane_ids)} from {numbers(dialect, 0, count)}"
    )


def _statements(dialect: str, count: int, lane_ids: list[int], now: float) -> Iterator[str]:
    today = int(now // 86_400)
    yield f"drop index {_INDEX}"
    for day in range(today - DAYS + 1, today + 1):
        yield _attempts(dialect, count // DAYS, day, lane_ids, now)
    yield f"create index {_INDEX} on attempts (lane_id, started_at)"
    for grain, days in KEPT_DAYS.items():
        yield rolled(grain, (today - days) * 86_400)
    yield "analyze"


async def _build(url: str, count: int, bar: Progress) -> None:
    database = await open_database(url)
    try:
        await migrate(database)
        statements = await _prepared(database, count)
    finally:
        await database.close()
    async with patient(url) as execute:
        for done, statement in enumerate(statements):
            await execute(statement)
            bar.move(done / len(statements))


async def _prepared(database: Database, count: int) -> list[str]:
    now = time.time()
    today = int(now // 86_400)
    wanted = {f"webhook:w{number_:03}": ("webhook", f"w{number_}") for number_ in range(WEBHOOKS)}

    def prepare(tx: Transaction) -> list[int]:
        for day in range(today - DAYS, today + 1, 4):
            upkeep.make_partitions(tx, day)
        kept = Extent(
            minutes_from=(today - KEPT_DAYS["minute"]) * 86_400,
            hours_until=int(now // 3600) * 3600,
            days_until=today * 86_400,
        )
        rollups.change_extent(tx, lambda _: kept)
        return sorted(lanes.resolve(tx, wanted).values())

    lane_ids = await database.write(prepare)
    return list(_statements(database.dialect, count, lane_ids, now))


def _settings(url: str, directory: Path) -> Settings:
    hooks = [{"name": f"w{number_}", "url": f"https://example.com/{number_}"} for number_ in range(WEBHOOKS)]
    content: dict[str, Any] = {"data_dir": str(directory), "database": {"url": url}, "webhooks": hooks}
    return Settings.model_validate({**content, "slack": {"enabled": False}})


async def _ask(app: Any, path: str) -> float:
    began = time.perf_counter()
    reply = await call_app(app, "GET", f"/api/v1/webhooks{path}", b"", {}, local=True)
    if reply.status != 200:
        raise Failed(f"{path}: {reply.status}")
    return (time.perf_counter() - began) * 1000


async def _time_all(url: str, directory: Path, count: int) -> dict[str, list[float]]:
    async with open_hub(_settings(url, directory), role="cli") as hub:
        found = await hub.database.read(lambda tx: tx.execute(sa.text("select count(*) from attempts")).scalar_one())
        if found != count // DAYS * DAYS:
            raise Failed(f"{found} attempts instead of {count}")
        app = make_api(hub)
        return {name: [await _ask(app, path) for _ in range(CALLS)] for name, path in ASKED}


def _measure(bench: Bench, bar: Progress) -> Result:
    count = 300_000 if bench.quick else 10_000_000
    found: dict[str, dict[str, list[float]]] = {}
    for kind, name in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
        with bench.scratch(kind) as (url, directory):
            bar.now(f"{name}: making {count:,} attempts")
            began = time.perf_counter()
            asyncio.run(_build(url, count, bar))
            bar.step(f"{name}: made in {time.perf_counter() - began:.0f} s")
            found[name] = asyncio.run(_time_all(url, directory / "data", count))
            bar.step(f"{name}: asked")
    table = [["", *(f"{name}, ms (slowest)" for name in found)]]
    for what, _path in ASKED:
        table.append([what, *(f"{number(median(each[what]))} ({number(max(each[what]))})" for each in found.values())])
    targets = [
        Target(
            f"< {TARGET_MS:.0f} ms with {count:,} attempts on record, {name}",
            f"{number(max(median(times) for times in each.values()))} ms for the slowest question",
            max(median(times) for times in each.values()) < TARGET_MS,
        )
        for name, each in found.items()
    ]
    return Result(table=table, targets=targets, notes=["The median of 20 answers, the first among them."])


ROWS = [
    Row(
        "statistics",
        "Statistics over ten million attempts",
        f"Ten million attempts of {WEBHOOKS} webhooks over {DAYS} days and their roll-ups are made by SQL; then the API"
        " is asked in this process, from the request's parsing to the answer's bytes. `make big` does the same.",
        _measure,
        lambda bench: 4,
    )
]
