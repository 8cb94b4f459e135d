"""Rows 1 and 2: durable ingest beside the same endpoint without a store, and beside Flask with the ORM."""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path

import psycopg

from benchmarks.bench import Bench, Result, Row, Target, hub, median, number, spread
from benchmarks.children import Failed, child, python
from benchmarks.load import CONNECTIONS, Load, replay
from benchmarks.progress import Progress
from benchmarks.traffic import write_requests

WARM, FULL, WARM_S = 6_000, 100_000, 1
WHY = (
    "One process receives on one core, and most of a request's CPU is not the store's: uvicorn's ASGI cycle, the"
    " signature, and the strict reading of headers and JSON. Flask has two cores."
)
SHARE_TARGET, FLASK_TARGET, RATE_TARGET = 0.30, 15.0, 10_000
FLASK = (("1", "16"), ("2", "16"), ("4", "16"))
"""gunicorn's workers and threads: whichever is fastest on this machine stands against the hub."""


def _count(url: str, table: str) -> int:
    query = f"select count(*) from {table}"
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        try:
            return int(connection.execute(query).fetchone()[0])
        finally:
            connection.close()
    with psycopg.connect(url) as server:
        row = server.execute(query).fetchone()
        assert row is not None
        return int(row[0])


def _load(bench: Bench, url: str, file: Path, database: str, table: str) -> Load:
    """Warms up, measures, and counts the rows: what was answered must be there."""
    replay(url, file, 0, WARM, WARM_S)
    before = _count(database, table) if table else 0
    seen = replay(url, file, WARM, WARM + FULL, bench.seconds(4))
    if table:
        kept = _count(database, table) - before
        if kept < seen.requests:
            raise Failed(f"{seen.requests} answered, {kept} rows: repeated, or lost")
    return seen


def _hub(bench: Bench, kind: str, file: Path, role: str, store: str) -> Load:
    with bench.scratch(kind) as (url, directory), hub(url, directory, role=role, store=store) as running:
        return _load(bench, running.url, file, url, "receipts" if store == "real" else "")


def _flask(bench: Bench, kind: str, file: Path, shape: tuple[str, str]) -> Load:
    with bench.scratch(kind) as (url, _):
        with child(*python("benchmarks.flask_receiver", url, *shape)) as running:
            return _load(bench, running.url, file, url, "event")


def _best_shape(bench: Bench, kind: str, file: Path, bar: Progress) -> tuple[str, str]:
    bar.now("finding Flask's best shape")
    write_requests(file, WARM + FULL // 10)
    return max(FLASK, key=lambda shape: _flask(bench, kind, file, shape).per_s)


def _run(kind: str, bench: Bench, bar: Progress) -> Result:
    file = bench.directory / "requests.tsv"
    shape = _best_shape(bench, kind, file, bar)
    sides = {
        "receiving": partial(_hub, bench, kind, role="web", store="real"),
        "store switched off": partial(_hub, bench, kind, role="web", store="none"),
        "receiving and routing": partial(_hub, bench, kind, role="all", store="real"),
        "Flask + ORM": partial(_flask, bench, kind, shape=shape),
    }
    found: dict[str, list[Load]] = {name: [] for name in sides}
    for round_number in range(bench.rounds):
        bar.now("signing requests")
        write_requests(file, WARM + FULL // (4 if bench.quick else 1))
        for name, side in sides.items():
            bar.now(f"{name}, round {round_number + 1}")
            seen = side(file=file)
            found[name].append(seen)
            bar.step(f"{name}: {number(seen.per_s)}/s, p99 {seen.p99_ms:.1f} ms")
    return _judge(found, shape)


def _judge(found: dict[str, list[Load]], shape: tuple[str, str]) -> Result:
    rate = {name: median([seen.per_s for seen in loads]) for name, loads in found.items()}
    share = rate["receiving"] / rate["store switched off"]
    times = rate["receiving"] / rate["Flask + ORM"]
    table = [["", "requests/s", "p50 ms", "p99 ms", "receiving is"]]
    for name, loads in found.items():
        table.append(
            [
                name,
                spread([seen.per_s for seen in loads]),
                number(median([seen.p50_ms for seen in loads])),
                number(median([seen.p99_ms for seen in loads])),
                f"{rate['receiving'] / rate[name]:.2f} of it" if name != "receiving" else "",
            ]
        )
    return Result(
        table=table,
        targets=[
            Target(">= 30 % of the endpoint with the store switched off", f"{share:.0%}", share >= SHARE_TARGET),
            Target(">= 15x Flask + ORM", f"{times:.1f}x", times >= FLASK_TARGET, WHY),
            Target(
                "on the order of 10,000 events/s",
                f"{number(rate['receiving'])}/s",
                rate["receiving"] >= RATE_TARGET / 2,
                WHY,
            ),
        ],
        notes=[
            "Quoted is receiving: verify, append, commit, answer, in a process that does not route (on PostgreSQL"
            " `--role web`). With routing in the same process, which SQLite has it in, the two share one interpreter:"
            f" {rate['receiving and routing'] / rate['receiving']:.0%} of that.",
            f"Flask ran with {shape[0]} workers of {shape[1]} threads, the fastest of"
            f" {', '.join('x'.join(one) for one in FLASK)} in this run.",
        ],
    )


def _method(kind: str) -> str:
    durable = {"sqlite": "`synchronous=FULL`, WAL", "postgresql": "`synchronous_commit=on`, `fsync=on`"}[kind]
    return (
        f"wrk, one thread, {CONNECTIONS} connections, replays distinct signed requests of 1.5 KB (Standard Webhooks) to"
        f" one process; {durable}; each answer is counted as a row afterwards. Flask: behind"
        " gunicorn's threads, the same signature check, the same durability, a commit per request."
    )


def _row(name: str, kind: str, title: str) -> Row:
    return Row(name, title, _method(kind), partial(_run, kind), lambda bench: 4 * bench.rounds)


ROWS = [
    _row("ingest-sqlite", "sqlite", "Durable ingest, SQLite"),
    _row("ingest-postgresql", "postgresql", "Durable ingest, PostgreSQL"),
]
