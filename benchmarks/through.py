"""Row 5: in, routed and out again, at a steady rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.bench import Bench, Result, Row, Target, hub, median, number, spread
from benchmarks.children import Child, Failed, child, python
from benchmarks.deliver import ask
from benchmarks.hub import SECRET
from benchmarks.paced import percentile, send_paced
from benchmarks.progress import Progress
from benchmarks.traffic import raw, ticket

RATES = (250, 500, 750, 1000, 1250, 1500, 1750, 2000, 2500, 3000, 3500, 4000, 5000, 6000)
LAG_S = 1.0
"""The last delivery must arrive this soon after the last event was sent, or the rate is not sustained."""
ACK_MS, RATE_TARGET = 100.0, 2_000


@dataclass(frozen=True)
class Pass:
    """One rate, tried."""

    per_s: int
    p99_ms: float
    p50_ms: float
    lag_s: float

    @property
    def held(self) -> bool:
        return self.p99_ms < ACK_MS and self.lag_s < LAG_S


def _try(bench: Bench, kind: str, sink: Child, per_s: int, seconds: float) -> Pass:
    settings: dict[str, Any] = {
        "webhooks": [{"name": "out", "url": f"{sink.url}/out", "secret": SECRET, "in_flight": 64}]
    }
    with bench.scratch(kind) as (url, directory), hub(url, directory, settings) as running:
        ask(sink.url, "reset")
        warm = [raw("/in/bench", ticket(number)) for number in range(200)]
        send_paced(running.url, warm, min(per_s, 400))
        ask(sink.url, f"wait/{len(warm)}")
        count = int(per_s * seconds)
        requests = [raw("/in/bench", ticket(number)) for number in range(1000, 1000 + count)]
        took_ms, began_s = send_paced(running.url, requests, per_s)
        facts = ask(sink.url, f"wait/{len(warm) + count}")
        if facts["unique"] != len(warm) + count:
            raise Failed(f"{facts['unique']} different events of {len(warm) + count} arrived")
    lag_s = facts["last_s"] - (began_s + (count - 1) / per_s)
    return Pass(per_s=per_s, p99_ms=percentile(took_ms, 0.99), p50_ms=percentile(took_ms, 0.5), lag_s=lag_s)


def _highest(bench: Bench, kind: str, sink: Child, bar: Progress) -> Pass:
    """Halves the list of rates until two neighbours differ."""
    seconds = bench.seconds(3)
    low, high = -1, len(RATES)
    best = Pass(0, 0.0, 0.0, 0.0)
    while high - low > 1:
        middle = (low + high) // 2
        bar.now(f"{kind}: {RATES[middle]}/s")
        tried = _try(bench, kind, sink, RATES[middle], seconds)
        if tried.held:
            low, best = middle, tried
        else:
            high = middle
    return best


def _run(bench: Bench, bar: Progress) -> Result:
    found: dict[str, list[Pass]] = {"SQLite": [], "PostgreSQL": []}
    with child(*python("benchmarks.sink")) as sink:
        for _ in range(bench.rounds):
            for name, kind in (("SQLite", "sqlite"), ("PostgreSQL", "postgresql")):
                best = _highest(bench, kind, sink, bar)
                found[name].append(best)
                bar.step(f"{name}: {best.per_s}/s, ack p99 {best.p99_ms:.1f} ms, {best.lag_s * 1000:.0f} ms behind")
    table = [["", "events/s sustained", "ack p50 ms", "ack p99 ms", "last delivery after ms"]]
    for name, passes in found.items():
        columns = (
            [float(one.per_s) for one in passes],
            [one.p50_ms for one in passes],
            [one.p99_ms for one in passes],
            [one.lag_s * 1000 for one in passes],
        )
        table.append([name, *(spread(values) for values in columns)])
    targets = [_target(name, passes) for name, passes in found.items()]
    return Result(table=table, targets=targets)


def _target(name: str, passes: list[Pass]) -> Target:
    rate = median([one.per_s for one in passes])
    return Target(
        f"on the order of 2,000 events/s with ack p99 < 100 ms, {name}",
        f"{number(rate)}/s, p99 {median([one.p99_ms for one in passes]):.0f} ms",
        rate >= RATE_TARGET / 2,
        "One process does all three stages on one core, and its interpreter lock is shared with the writer's thread.",
    )


ROWS = [
    Row(
        "through",
        "In, routed, out: fan-out 1, sustained",
        "Signed events of 1.5 KB at a fixed rate (an open loop: a request's time runs from the moment it was due) over"
        " 64 connections into one process that routes each to one webhook. A rate is sustained when the"
        f" acknowledgements' p99 stays under {ACK_MS:.0f} ms and the last of 3 s of events has arrived at the sink"
        f" {LAG_S:g} s later at the latest; every event must arrive once. The highest such rate of a fixed list, found"
        " anew in each round. The ratio to look at is that between this and the receiving alone of the rows above.",
        _run,
        lambda bench: 2 * bench.rounds,
    )
]
