"""What a delivery costs when each webhook gets one, beside one webhook that gets them all."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.bench import SOURCE, Bench, Result, Row, Target, hub, median, spread
from benchmarks.children import child, python
from benchmarks.deliver import Run, ask, watch
from benchmarks.hub import SECRET
from benchmarks.progress import Progress
from benchmarks.traffic import ticket
from centralita.core import ids
from centralita.integrations.webhook.receiver import SigningKey
from centralita.ports import Receipt
from centralita.services.hub import Hub
from centralita.services.webhook_catalogue import Sealed, seal
from centralita.settings import Settings
from centralita.settings.webhooks import Webhook, parted
from centralita.store import receipts, stored_webhooks
from centralita.store.database import Transaction
from centralita.store.receipts import Incoming
from centralita.store.stored_webhooks import WebhookRow
from centralita.wiring import open_hub

OWN_TYPES: dict[str, Any] = {**SOURCE, "settings": {"auth": "standard", "types": ["bench.*"]}}
TARGET = 1.3
CHUNK = 1000
PERIOD_S = 7 * 86_400.0


def _settings(url: str, directory: Path) -> Settings:
    return Settings.model_validate(
        {
            "data_dir": str(directory / "data"),
            "database": {"url": url},
            "network": {"allow": ["127.0.0.0/8"]},
            "slack": {"enabled": False},
            "sources": [OWN_TYPES],
        }
    )


def _webhook(opened: Hub, number: int, target: str, now: float) -> WebhookRow:
    hook = Webhook.model_validate(
        {
            "name": f"w{number}",
            "url": f"{target}/w{number}",
            "types": [f"bench.w{number}"],
        }
    )
    seen, hidden = parted(hook)
    return WebhookRow(
        name=hook.name,
        types=hook.types,
        spec=seen,
        sealed=seal(opened.vault, hook.name, Sealed(hidden=hidden, keys=(SigningKey(SECRET),))),
        created_at=now,
        updated_at=now,
    )


def _incoming(number: int, many: bool, now: float) -> Incoming:
    document = json.loads(ticket(number))
    document["type"] = f"bench.w{number if many else 0}"
    body = json.dumps(document).encode()
    receipt = Receipt(
        id=f"rcp_{ids.ulid(int(now * 1000), number)}",
        source="bench",
        received_at=now,
        content_type="application/json",
        headers={},
        body=body,
    )
    mark = hashlib.blake2b(receipt.id.encode(), digest_size=16).digest()
    return Incoming(receipt=receipt, fingerprint=mark, body_hash=mark, expires_at=now + 3600)


def _fill(make: Callable[[int], Any], write: Callable[[Transaction, list[Any]], object], first: int, count: int) -> Any:
    rows = [make(number) for number in range(first, first + count)]
    return lambda tx: write(tx, rows)


def _add_all(tx: Transaction, rows: list[WebhookRow]) -> None:
    for row in rows:
        stored_webhooks.add(tx, row)


async def _prepare(url: str, directory: Path, webhooks: int, events: int, target: str) -> None:
    """The webhooks in the database, as if people had made them, and the events received but not routed yet."""
    many, now = webhooks > 1, time.time()

    def append(tx: Transaction, rows: list[Incoming]) -> None:
        receipts.append(tx, rows, now, PERIOD_S)

    async with open_hub(_settings(url, directory), role="cli") as opened:
        for first in range(0, webhooks, CHUNK):
            make = partial(_webhook, opened, target=target, now=now)
            await opened.database.write(_fill(make, _add_all, first, min(CHUNK, webhooks - first)))
        for first in range(0, events, CHUNK):
            make_event = partial(_incoming, many=many, now=now)
            await opened.database.write(_fill(make_event, append, first, min(CHUNK, events - first)))


def _measure(bench: Bench, bar: Progress, sink: Any, kind: str, webhooks: int, events: int) -> Run:
    with bench.scratch(kind) as (url, directory):
        bar.now(f"{kind}: making {webhooks:,} webhooks and {events:,} events")
        asyncio.run(_prepare(url, directory, webhooks, events, sink.url))
        ask(sink.url, "reset")
        bar.now(f"{kind}: routing and delivering")
        with hub(url, directory, {"sources": [OWN_TYPES]}) as running:
            return watch(sink, running, events, whole=True)


def _compare(bench: Bench, bar: Progress) -> Result:
    sides = ((500, 500), (1, 5_000)) if bench.quick else ((10_000, 10_000), (1, 100_000))
    found: dict[tuple[str, int], list[Run]] = {}
    with child(*python("benchmarks.sink")) as sink:
        for _ in range(bench.rounds):
            for kind in ("sqlite", "postgresql"):
                for webhooks, events in sides:
                    run = _measure(bench, bar, sink, kind, webhooks, events)
                    found.setdefault((kind, webhooks), []).append(run)
                    bar.step(f"{kind}, {webhooks:,} webhooks: {run.cpu_us:.0f} µs of CPU, {run.per_s:.0f}/s")
    return _judge(found)


_NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def _judge(found: dict[tuple[str, int], list[Run]]) -> Result:
    table = [["", "webhooks", "deliveries/s", "CPU µs each", "peak RSS MB"]]
    cpu, rate = {}, {}
    for (kind, webhooks), runs in found.items():
        cpu[kind, webhooks > 1] = median([run.cpu_us for run in runs])
        rate[kind, webhooks > 1] = median([run.per_s for run in runs])
        figures = (spread([getattr(run, name) for run in runs]) for name in ("per_s", "cpu_us", "peak_rss_mb"))
        table.append([_NAMES[kind], f"{webhooks:,}", *figures])
    targets = []
    for kind, name in _NAMES.items():
        by_cpu, by_time = cpu[kind, True] / cpu[kind, False], rate[kind, False] / rate[kind, True]
        targets.append(
            Target(
                f"cost per delivery within 30 % of each other, {name}",
                f"many cost {by_cpu:.2f}x the CPU of one, {by_time:.2f}x the time",
                1 / TARGET <= by_cpu <= TARGET,
                "Every delivery to a webhook of its own reads, writes and counts a lane of its own.",
            )
        )
    notes = [
        "CPU is that of the hub's process, from the moment it is ready (it has read its webhooks) until the last"
        " delivery has come: all routing and all delivering of every event, and the first look at each webhook. The"
        " events of one webhook are routed long before their turn comes: to count only the last deliveries would leave"
        " out most of their routing, but none of that of the others.",
    ]
    return Result(table=table, targets=targets, notes=notes)


ROWS = [
    Row(
        "webhooks",
        "10,000 webhooks beside one",
        "10,000 webhooks, made in the database as people make them, of which each gets one event of a type of its own,"
        " against one webhook that gets 100,000 events. The events have been received; the hub routes and delivers them"
        " to a sink that answers at once, in a process of its own.",
        _compare,
        lambda bench: 4 * bench.rounds,
    )
]
