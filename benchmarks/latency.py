"""Row 6: from the sender's request to the message's arrival at the local Slack, beside Alertmanager."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from benchmarks.alertmanager import alertmanager
from benchmarks.bench import Bench, Result, Row, Target, hub, median, number, spread
from benchmarks.children import Child, Failed, child, python
from benchmarks.paced import percentile, send_paced
from benchmarks.progress import Progress
from benchmarks.traffic import DESCRIPTION, raw, ticket
from centralita.sandbox.control import SlackControl

CHANNELS = [f"c{number}" for number in range(50)]
PER_S, P50_MS, P99_MS = 25, 10.0, 50.0
WAIT_S = 30.0
_NUMBER = re.compile(r"Aviso (\d+)")


@dataclass(frozen=True)
class Seen:
    """ms from the moment at which a request was due to its message's arrival."""

    p50_ms: float
    p99_ms: float


async def _arrivals(slack: Child, methods: Sequence[str], count: int, after: int) -> dict[int, float]:
    """Seconds on the monotonic clock by the number in the message."""
    found: dict[int, float] = {}
    async with SlackControl(slack.url) as control:
        for method in methods:
            calls = await control.wait_for(method=method, count=count, after=after, timeout_s=WAIT_S)
            for call in calls:
                number_ = _NUMBER.search(json.dumps(call.args, ensure_ascii=False))
                if number_:
                    found.setdefault(int(number_[1]), call.arrived_mono_ms / 1000)
    if len(found) < count:
        raise Failed(f"{len(found)} of {count} messages arrived")
    return found


async def _prepare(slack: Child) -> dict[str, str]:
    """Empties the workspace, makes the channels; an incoming webhook for each."""
    async with SlackControl(slack.url) as control:
        await control.reset()
        await control.limits(enabled=False)
        for name in CHANNELS:
            await control.add_channel(name)
        return {name: await control.add_hook(name) for name in CHANNELS}


def _measure(slack: Child, url: str, make: Callable[[int], bytes], method: str, seconds: float) -> Seen:
    """Sends one to every channel to warm up, then at the rate of the row."""
    warm = [make(number) for number in range(len(CHANNELS))]
    send_paced(url, warm, PER_S * 4)
    asyncio.run(_arrivals(slack, [method], len(warm), 0))
    first, count = 1000, int(PER_S * seconds)
    _, began_s = send_paced(url, [make(number) for number in range(first, first + count)], PER_S)
    arrived_s = asyncio.run(_arrivals(slack, [method], len(warm) + count, 0))
    took_ms = [(arrived_s[first + index] - began_s - index / PER_S) * 1000 for index in range(count)]
    return Seen(percentile(took_ms, 0.5), percentile(took_ms, 0.99))


def _event(number_: int) -> bytes:
    body = json.loads(ticket(number_, channel=CHANNELS[number_ % len(CHANNELS)]))
    body["title"] = f"Aviso {number_}"
    return raw("/in/bench", json.dumps(body, ensure_ascii=False).encode())


def _alert(number_: int) -> bytes:
    alert = {
        "labels": {"alertname": f"Aviso {number_}", "channel": CHANNELS[number_ % len(CHANNELS)], "severity": "high"},
        "annotations": {"title": f"Aviso {number_}", "description": DESCRIPTION},
        "startsAt": datetime.now(UTC).isoformat(),
    }
    return raw("/api/v2/alerts", json.dumps([alert], ensure_ascii=False).encode())


def _hub(bench: Bench, kind: str, slack: Child, seconds: float) -> Seen:
    asyncio.run(_prepare(slack))
    settings: dict[str, Any] = {
        "slack": {"api_url": f"{slack.url}/api/", "bot_token": slack.facts["bot_token"]},
        "rules": [{"name": name, "condition": f"channel == '{name}'", "channel": f"#{name}"} for name in CHANNELS],
    }
    with bench.scratch(kind) as (url, directory), hub(url, directory, settings) as running:
        return _measure(slack, running.url, _event, "chat.postMessage", seconds)


def _alertmanager(bench: Bench, slack: Child, seconds: float) -> Seen:
    hooks = asyncio.run(_prepare(slack))
    with alertmanager(bench.new_directory(), hooks) as url:
        return _measure(slack, url, _alert, "hook", seconds)


def _run(bench: Bench, bar: Progress) -> Result:
    seconds = bench.seconds(10)
    found: dict[str, list[Seen]] = {"SQLite": [], "PostgreSQL": [], "Alertmanager": []}
    with child(*python("centralita.sandbox", "slack", "--no-limits")) as slack:
        for _ in range(bench.rounds):
            for name, side in (
                ("SQLite", partial(_hub, bench, "sqlite")),
                ("PostgreSQL", partial(_hub, bench, "postgresql")),
                ("Alertmanager", partial(_alertmanager, bench)),
            ):
                bar.now(name)
                seen = side(slack, seconds)
                found[name].append(seen)
                bar.step(f"{name}: p50 {seen.p50_ms:.1f} ms, p99 {seen.p99_ms:.1f} ms")
    table = [["", "p50 ms", "p99 ms", "p50 / Alertmanager's"]]
    p50 = {name: median([one.p50_ms for one in each]) for name, each in found.items()}
    p99 = {name: median([one.p99_ms for one in each]) for name, each in found.items()}
    for name, each in found.items():
        columns = (spread([one.p50_ms for one in each]), spread([one.p99_ms for one in each]))
        table.append([name, *columns, f"{p50[name] / p50['Alertmanager']:.2f}"])
    why = "A message leaves after two commits, the receipt's and the delivery's, each a sync of the disk."
    return Result(
        table=table,
        targets=[
            Target(
                f"p50 <= {P50_MS:.0f} ms and p99 <= {P99_MS:.0f} ms, {name}",
                f"p50 {number(p50[name])} ms, p99 {number(p99[name])} ms",
                p50[name] <= P50_MS and p99[name] <= P99_MS,
                why,
            )
            for name in ("SQLite", "PostgreSQL")
        ],
        notes=[
            "Alertmanager keeps what it was told in memory until its next snapshot; the hub has each event on the disk"
            " before it answers, and posts only after it has recorded what it is about to do.",
        ],
    )


ROWS = [
    Row(
        "latency",
        "In, arrives at the local Slack",
        f"{PER_S} events/s over {len(CHANNELS)} channels in an open loop; from the moment at which a request was due to"
        " the arrival of its message at the local workspace (a process of its own, without rate limits), on the"
        " machine's monotonic clock. Alertmanager: `group_by: ['...']`, `group_wait: 0s`, one receiver and one incoming"
        " webhook of the same workspace for each channel.",
        _run,
        lambda bench: 3 * bench.rounds,
    )
]
