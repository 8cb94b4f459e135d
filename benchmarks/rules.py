"""Row 7: what 10,000 rules cost beside 10."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.bench import SOURCE, Bench, Result, Row, Target, median, number, spread
from benchmarks.children import Failed
from benchmarks.progress import Progress
from benchmarks.traffic import ticket
from centralita.core.rules import decide_effects
from centralita.core.subjects import project
from centralita.ports import Receipt
from centralita.services.hub import Hub
from centralita.settings import Settings
from centralita.store import deliveries, receipts
from centralita.store.database import Transaction
from centralita.store.receipts import Incoming
from centralita.wiring import open_hub

FEW, MANY = 10, 10_000
TARGET = 3.0
DECISIONS = 2_000


@dataclass(frozen=True)
class Cost:
    """µs of this thread's CPU for one event: of the decision alone, and of routing it (parse to rows)."""

    decide_us: float
    route_us: float


def _rule(number_: int) -> dict[str, Any]:
    """Nine in ten test an equality; the tenth an order and a piece of text."""
    if number_ % 10:
        condition = f"data.site == 'site-{number_}' AND severity != 'low'"
    else:
        condition = f"data.load > {number_ + 100} AND title contains 'sede {number_} '"
    return {"name": f"rule {number_}", "condition": condition, "webhook": "out"}


def _settings(directory: Path, rules: int) -> Settings:
    return Settings.model_validate(
        {
            "data_dir": str(directory),
            "logs": {"level": "warning"},
            "slack": {"enabled": False},
            "sources": [SOURCE],
            "rules": [_rule(number_) for number_ in range(rules)],
            "webhooks": [{"name": "out", "url": "https://example.com/", "types": ["none.such"]}],
        }
    )


def _receipt(hub: Hub, number_: int) -> Receipt:
    # Every event meets one rule, whatever their number.
    return Receipt(
        id=hub.ids.new(),
        source="bench",
        received_at=hub.clock.now(),
        content_type="application/json",
        headers={},
        body=ticket(number_, site=f"site-{number_ % 9 + 1}", load=50),
        dedupe_key=str(number_),
    )


async def _cost(directory: Path, rules: int, count: int) -> Cost:
    async with open_hub(_settings(directory, rules)) as hub:
        found = [_receipt(hub, number_) for number_ in range(count)]
        source = hub.sources["bench"]
        event = source.integration.parse(found[0], source.settings)[0]
        subject = project(None, event)
        if len(decide_effects(event, hub.ruleset, subject).matched) != 1:
            raise Failed("an event that should meet one rule does not")
        began_s = time.thread_time()
        for _ in range(DECISIONS):
            decide_effects(event, hub.ruleset, subject)
        decide_us = (time.thread_time() - began_s) / DECISIONS * 1e6
        return Cost(decide_us, await _route(hub, found))


async def _route(hub: Hub, found: list[Receipt]) -> float:
    """µs of the process's CPU to route each of ``found``, as rows that wait for a deliverer."""
    rows = [
        Incoming(receipt=one, fingerprint=one.id[-16:].encode(), body_hash=b"", expires_at=one.received_at)
        for one in found
    ]

    def append(tx: Transaction) -> None:
        receipts.append(tx, rows, hub.clock.now(), 86_400.0)

    await hub.database.write(append)
    await hub.deliverer.drain()  # takes nothing: the deliveries stay rows
    began_s = time.process_time()
    while await hub.router.route_batch("bench"):
        pass
    took_s = time.process_time() - began_s
    waiting = await hub.database.read(deliveries.counts)
    if sum(count for _, _, count, _ in waiting) != len(found):
        raise Failed(f"{waiting} for {len(found)} events: each should have made one delivery")
    return took_s / len(found) * 1e6


def _run(bench: Bench, bar: Progress) -> Result:
    count = 400 if bench.quick else 3_000
    found: dict[int, list[Cost]] = {FEW: [], MANY: []}
    for _ in range(bench.rounds):
        for rules, costs in found.items():
            bar.now(f"{rules:,} rules")
            cost = asyncio.run(_cost(bench.new_directory(), rules, count))
            costs.append(cost)
            bar.step(f"{rules:,} rules: decide {number(cost.decide_us)} µs, route {number(cost.route_us)} µs")
    times = {
        name: median([getattr(cost, name) for cost in found[MANY]])
        / median([getattr(cost, name) for cost in found[FEW]])
        for name in Cost.__dataclass_fields__
    }
    table = [["", "decide, CPU µs an event", "parse, decide and store, CPU µs an event"]]
    for rules, costs in found.items():
        columns = ([cost.decide_us for cost in costs], [cost.route_us for cost in costs])
        table.append([f"{rules:,} rules", *(spread(values) for values in columns)])
    return Result(
        table=table,
        targets=[
            Target(
                "<= 3x the cost per event",
                f"deciding {times['decide_us']:.1f}x, routing {times['route_us']:.1f}x",
                max(times.values()) <= TARGET,
                "Deciding alone is microseconds, of which the index's look-ups are a part; routing is what one pays.",
            )
        ],
    )


ROWS = [
    Row(
        "rules",
        "10,000 rules against 10",
        "Nine rules in ten test an equality (and an inequality), the tenth an order and a piece of text; every event"
        " meets exactly one. CPU time, on SQLite, in this process: `decide_effects` alone, and the router's whole batch"
        " (parse, project, decide, write the event and its delivery).",
        _run,
        lambda bench: 2 * bench.rounds,
    )
]
