"""Rows 3 and 4: working off what is due, beside procrastinate; and the cost of a long queue."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks.bench import Bench, Result, Row, Target, hub, median, number, spread
from benchmarks.children import Child, Failed, child, python
from benchmarks.preload import preload
from benchmarks.progress import Progress

LANES, MANY_LANES = 100, 10_000
CONCURRENCY = 50
"""procrastinate's: the fastest of 10, 25, 50, 100 and 200 when it was tried; they differ by less than a third."""
WAIT_S, STEP = 240, 5_000
"""The sink is waited for as long as each so many come within this time."""
TIMES_TARGET, RATE_TARGET, GROWTH_TARGET = 5.0, 6_000, 1.3


@dataclass(frozen=True)
class Run:
    """What one side did."""

    per_s: float
    cpu_us: float
    """Of the worker's processes, for each delivery."""
    peak_rss_mb: float


def ask(url: str, path: str) -> dict[str, Any]:
    """An answer of the sink's."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=WAIT_S)
    try:
        connection.request("GET", f"/{path}")
        return dict(json.loads(connection.getresponse().read()))
    except TimeoutError:
        raise Failed(f"the sink waits in vain: {path}") from None
    finally:
        connection.close()


def _await(sink: Child, have: int, count: int) -> dict[str, Any]:
    """What the sink says when ``count`` have come; ``have`` have."""
    for step in range(have + STEP, count, STEP):
        ask(sink.url, f"wait/{step}")
    return ask(sink.url, f"wait/{count}")


def watch(sink: Child, worker: Child, count: int, *, whole: bool = False) -> Run:
    """Waits until ``count`` have come. What counts is the last nine tenths: everybody has to start up; ``whole`` counts
    everything since the worker was ready."""
    skipped = 0 if whole else count // 10
    if skipped:
        _await(sink, 0, skipped)
    before, began_s = worker.usage(), time.monotonic()
    facts = _await(sink, skipped, count)
    after = worker.usage()
    if facts["unique"] < facts["count"]:
        raise Failed(f"{facts['count'] - facts['unique']:.0f} of {facts['count']:.0f} came twice")
    # The sink's clock is this machine's monotonic one too.
    seconds = facts["last_s"] - (began_s if whole else facts["skipped_s"])
    return Run(
        per_s=(count - skipped) / seconds,
        cpu_us=(after.cpu_s - before.cpu_s) / (count - skipped) * 1e6,
        peak_rss_mb=after.peak_rss_mb,
    )


def _hub(bench: Bench, bar: Progress, sink: Child, kind: str, count: int) -> Run:
    with bench.scratch(kind) as (url, directory):
        bar.now(f"{kind}: making {count:,} rows")
        preload(url, count, LANES, bar)
        ask(sink.url, "reset")
        bar.now(f"{kind}: delivering")
        plan: dict[str, Any] = {"role": "worker", "webhooks": LANES, "target": sink.url}
        with hub(url, directory, **plan) as running:
            return watch(sink, running, count)


def _procrastinate(bench: Bench, bar: Progress, sink: Child, count: int) -> Run:
    with bench.scratch("postgresql") as (url, _):
        bar.now("procrastinate: deferring and working off")
        ask(sink.url, "reset")
        arguments = (url, sink.url, str(count), str(CONCURRENCY))
        with child(*python("benchmarks.procrastinate_worker", *arguments)) as running:
            return watch(sink, running, count)


def _beside_procrastinate(bench: Bench, bar: Progress) -> Result:
    ours, theirs = (4_000, 800) if bench.quick else (20_000, 3_000)
    found: dict[str, list[Run]] = {"SQLite": [], "PostgreSQL": [], "procrastinate": []}
    with child(*python("benchmarks.sink")) as sink:
        for _ in range(bench.rounds):
            for name, side in (
                ("SQLite", partial(_hub, bench, bar, sink, "sqlite", ours)),
                ("PostgreSQL", partial(_hub, bench, bar, sink, "postgresql", ours)),
                ("procrastinate", partial(_procrastinate, bench, bar, sink, theirs)),
            ):
                run = side()
                found[name].append(run)
                bar.step(f"{name}: {number(run.per_s)}/s, {number(run.cpu_us)} µs of CPU each")
    return _judge(found)


def _judge(found: dict[str, list[Run]]) -> Result:
    rate = {name: median([run.per_s for run in runs]) for name, runs in found.items()}
    table = [["", "deliveries/s", "CPU µs each", "times procrastinate"]]
    for name, runs in found.items():
        cpu_us = number(median([run.cpu_us for run in runs]))
        table.append([name, spread([run.per_s for run in runs]), cpu_us, f"{rate[name] / rate['procrastinate']:.1f}"])
    slower = min(rate["SQLite"], rate["PostgreSQL"])
    times = slower / rate["procrastinate"]
    return Result(
        table=table,
        targets=[
            Target(">= 5x procrastinate, on either database", f"{times:.1f}x", times >= TIMES_TARGET),
            Target(
                "on the order of 6,000 deliveries/s",
                f"{number(slower)}/s on the slower of the two",
                slower >= RATE_TARGET / 2,
                "The HTTP client is the largest part of a delivery; rendering, signing, and the three rows that a"
                " finished one leaves share the rest. One process uses one core.",
            ),
        ],
        notes=["CPU is that of the worker's own process, without PostgreSQL's and the sink's."],
    )


def _work_off(bench: Bench, bar: Progress, sink: Child, url: str, count: int) -> Run:
    directory = bench.new_directory()
    ask(sink.url, "reset")
    bar.now(f"delivering {count:,}")
    plan: dict[str, Any] = {"role": "worker", "webhooks": MANY_LANES, "target": sink.url}
    with hub(url, directory, **plan) as running:
        return watch(sink, running, count)


def _backlog(kind: str, bench: Bench, bar: Progress) -> Result:
    long, short = (50_000, 5_000) if bench.quick else (1_000_000, 10_000)
    count = short * 9 // 10
    found: dict[str, list[Run]] = {f"{short:,} waiting": [], f"{long:,} waiting": []}
    with child(*python("benchmarks.sink")) as sink, bench.scratch(kind) as (long_url, _):
        bar.now(f"making {long:,} rows")
        preload(long_url, long, MANY_LANES, bar)
        for _ in range(bench.rounds):
            with bench.scratch(kind) as (url, _directory):
                bar.now(f"making {short:,} rows")
                preload(url, short, MANY_LANES, bar)
                found[f"{short:,} waiting"].append(_work_off(bench, bar, sink, url, count))
            found[f"{long:,} waiting"].append(_work_off(bench, bar, sink, long_url, count))
            said = (f"{name}: {number(runs[-1].per_s)}/s" for name, runs in found.items())
            bar.step(", ".join(said))
    return _judge_backlog(found)


def _judge_backlog(found: dict[str, list[Run]]) -> Result:
    short, long = found.values()
    growth = median([run.per_s for run in short]) / median([run.per_s for run in long])
    cpu = median([run.cpu_us for run in long]) / median([run.cpu_us for run in short])
    memory = median([run.peak_rss_mb for run in long]) / median([run.peak_rss_mb for run in short])
    table = [["", "deliveries/s", "CPU µs each", "peak RSS MB"]]
    for name, runs in found.items():
        columns = ([run.per_s for run in runs], [run.cpu_us for run in runs], [run.peak_rss_mb for run in runs])
        table.append([name, *(spread(values) for values in columns)])
    return Result(
        table=table,
        targets=[
            Target(
                "<= 1.3x the cost per delivery",
                f"{growth:.2f}x the time, {cpu:.2f}x the CPU",
                growth <= GROWTH_TARGET,
                "The rows of a long queue are not in the page cache, and their index is deeper.",
            ),
            Target(
                "memory flat",
                f"{memory:.2f}x",
                memory <= 1.15,
                "SQLite's page cache fills up to its bound of 64 MB when the file is larger than that; it does not "
                "grow with the backlog.",
            ),
        ],
    )


_POST = "to a sink that answers at once, in a process of its own"


def _backlog_row(name: str, kind: str, title: str) -> Row:
    return Row(
        name,
        title,
        "1,000,000 due deliveries against 10,000, both over 10,000 lanes (webhooks), made by the store's own bulk"
        f" insert; the hub delivers 9,000 of either {_POST}. The long queue is kept over the rounds, the short one is"
        " made anew.",
        partial(_backlog, kind),
        lambda bench: bench.rounds,
    )


ROWS = [
    Row(
        "deliver",
        "Deliver, 100 lanes",
        f"20,000 due deliveries, each rendered, signed and posted {_POST}, its attempt and its end recorded."
        f" procrastinate (PostgreSQL, {CONCURRENCY} at once, aiohttp with a session kept open) renders, signs and posts"
        " the same bodies.",
        _beside_procrastinate,
        lambda bench: 3 * bench.rounds,
    ),
    _backlog_row("backlog-sqlite", "sqlite", "A million waiting, SQLite"),
    _backlog_row("backlog-postgresql", "postgresql", "A million waiting, PostgreSQL"),
]
