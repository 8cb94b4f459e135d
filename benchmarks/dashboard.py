"""How long what the dashboard asks takes with ten million events and twenty million attempts on record."""

from __future__ import annotations

import asyncio
import contextlib
import math
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks.bench import Bench, Result, Row, Target, median, number
from benchmarks.big import build, settings_of
from benchmarks.children import Failed
from benchmarks.pages import ask_pages
from benchmarks.progress import Progress
from centralita.cli.calling import call_app
from centralita.core import ids
from centralita.core.events import Event
from centralita.services.bell import ROUTED
from centralita.services.live import follow
from centralita.store import arrivals, events
from centralita.store.database import Transaction
from centralita.store.events import StoredEvent
from centralita.web.api import make_api
from centralita.wiring import open_hub

CALLS = 20
LIST_MS, OVERVIEW_MS = 150.0, 200.0
FIRST_LOAD_BYTES = 200_000
EVENTS = {True: 100_000, False: 10_000_000}
OVERVIEW = "/overview"
_NO_LISTS = ("overview", "an event,")
"""Pages of their own kind; the event is one that went to 110 destinations."""

_NOBODY = quote("data.ticket.id == 'nobody'")
_SOME = quote("data.ticket.id endswith '77'")
ASKED = (
    ("overview", OVERVIEW),
    ("events", "/events"),
    ("events of a source that sends most", "/events?source=monitor"),
    ("of one that sends little", "/events?source=src7"),
    ("of a type (1 in 1,000)", "/events?type=approval.requested"),
    ("critical ones (1 in 100)", "/events?severity=critical"),
    ("of a subject", "/events?subject=ticket/77"),
    ("of an hour three weeks ago", "/events?since=505h&until=504h"),
    ("source, type and severity", "/events?source=invgate&type=ticket.created&severity=high"),
    ("two filters that never meet", "/events?source=quiet&type=alert.fired"),
    ("a single one, four weeks old", "/events?type=printer.jammed&source=quiet"),
    ("that wait", "/events?outcome=waiting"),
    ("with a dead letter", "/events?outcome=dead"),
    ("delivered, and critical", "/events?outcome=delivered&severity=critical"),
    ("unmatched", "/events?outcome=unmatched"),
    ("incomplete (none is)", "/events?outcome=incomplete"),
    ("by JSON path, many", f"/events?condition={_SOME}"),
    ("by JSON path, none", f"/events?condition={_NOBODY}"),
    ("deliveries of a webhook", "/webhooks/w07/deliveries"),
    ("searched by JSON path", f"/webhooks/w07/deliveries?where={_SOME}"),
    ("searched, none found", f"/webhooks/w07/deliveries?where={_NOBODY}"),
    ("attempts that got a 503", "/webhooks/w07/attempts?status=503"),
    ("webhooks", "/webhooks"),
    ("their statistics", "/webhooks/statistics"),
    ("sources", "/sources"),
    ("a source whose last event is old", "/sources/quiet"),
    ("lanes", "/lanes"),
    ("dead letters", "/dead-letters"),
    ("approvals", "/approvals"),
    ("audit", "/audit"),
    ("of an action (1 in 5,000)", "/audit?action=user.deleted"),
)


@dataclass(frozen=True)
class Live:
    """How the live tail kept up."""

    rate: float
    """Events a second that were written."""
    news_per_s: float
    """Of one listener."""
    complete: bool
    """Whether somebody was told of all."""
    late_s: float
    """How long after the last one was written."""


@dataclass(frozen=True)
class Found:
    """Of one database: ms of each answer, by the question."""

    asked: Mapping[str, list[float]]
    pages: Mapping[str, list[float]]
    first_load: int
    """Bytes."""
    live: Live


def p95(times: list[float]) -> float:
    """The 95th percentile by nearest rank."""
    return sorted(times)[math.ceil(0.95 * len(times)) - 1]


async def _ask(app: Any, path: str) -> float:
    began = time.perf_counter()
    reply = await call_app(app, "GET", f"/api/v1{path}", b"", {}, local=True)
    if reply.status != 200:
        raise Failed(f"{path}: {reply.status} {reply.body[:200]!r}")
    return (time.perf_counter() - began) * 1000


async def ask_all(url: str, directory: Path) -> dict[str, list[float]]:
    """How many ms each of ``CALLS`` answers took, by the question."""
    async with open_hub(settings_of(url, directory), role="cli") as hub:
        app = make_api(hub)
        await _ask(app, "/settings")  # what the first request of all imports is no question's
        return {name: [await _ask(app, path) for _ in range(CALLS)] for name, path in ASKED}


async def follow_load(url: str, directory: Path, listeners: int = 100, rate: int = 500, for_s: float = 10.0) -> Live:
    """What ``listeners`` hear of ``rate`` events a second, which are written as a router writes them."""
    async with open_hub(settings_of(url, directory), role="cli") as hub:
        heard: list[int] = []
        wanted = int(rate * for_s)
        caught_up = asyncio.Event()

        async def listen() -> None:
            async for news in follow(hub):
                heard.append(news.count)
                if news.count >= wanted:
                    caught_up.set()

        tasks = [asyncio.ensure_future(listen()) for _ in range(listeners)]
        await asyncio.sleep(0)
        await hub.tail.begun()
        began = time.perf_counter()
        written = 0
        while written < wanted:
            count = min(wanted, int((time.perf_counter() - began) * rate)) - written
            if count > 0:
                await hub.database.write(partial(_write, now=hub.clock.now(), count=count))
                written += count
                hub.bell.ring((ROUTED,))
            await asyncio.sleep(0.05)
        ended = time.perf_counter()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                await caught_up.wait()
        late_s, took_s = time.perf_counter() - ended, ended - began
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return Live(written / took_s, len(heard) / listeners / took_s, max(heard, default=0) == written, late_s)


def _write(tx: Transaction, now: float, count: int) -> None:
    made = []
    for _ in range(count):
        ulid = ids.ulid(int(now * 1000), secrets.randbits(80))
        event = Event(id=f"evt_{ulid}", source="src0", type="alert.fired", time="2026-01-01T00:00:00Z", title="Live")
        made.append(
            StoredEvent(event=event, receipt_id=f"rcp_{ulid}", routed_at=now, ruleset=1, matched=("Everything",))
        )
    events.append(tx, made)
    arrivals.add(tx, "src0", count, now)


def _build_and_ask(bench: Bench, kind: str, name: str, bar: Progress) -> Found:
    with bench.scratch(kind) as (url, directory):
        bar.now(f"{name}: making {bench_events(bench):,} events")
        began = time.perf_counter()
        asyncio.run(build(url, bench_events(bench), bar))
        bar.step(f"{name}: made in {time.perf_counter() - began:.0f} s")
        found = asyncio.run(ask_everything(url, directory / "data"))
        bar.step(f"{name}: asked")
        return found


def bench_events(bench: Bench) -> int:
    """How many events: as ``--events`` says, else ten million, or few in a quick run."""
    return bench.events or EVENTS[bench.quick]


async def ask_everything(url: str, directory: Path) -> Found:
    """All that is measured on one database."""
    asked = await ask_all(url, directory)
    pages, first_load = await ask_pages(url, directory, CALLS)
    return Found(asked, pages, first_load, await follow_load(url, directory))


def _cell(times: Sequence[float]) -> str:
    return f"{number(median(times))} ({number(p95(list(times)))})"


def result_of(found: Mapping[str, Found], count: int, notes: Sequence[str] = ()) -> Result:
    """The figures of each database, by its name."""
    some = next(iter(found.values()))
    table = [["ms: median (p95)", *found]]
    table += [[name, *(_cell(each.asked[name]) for each in found.values())] for name in some.asked]
    table += [[f"page: {name}", *(_cell(each.pages[name]) for each in found.values())] for name in some.pages]
    targets = []
    for name, each in found.items():
        answers = {**each.asked, **each.pages}.items()
        lists = {what: p95(times) for what, times in answers if not what.startswith(_NO_LISTS)}
        slowest = max(lists, key=lists.__getitem__)
        overview = max(p95(each.asked["overview"]), p95(each.pages["overview"]))
        targets += [
            Target(
                f"every list's first page < {LIST_MS:.0f} ms (p95) with {count:,} events, {name}",
                f"{number(lists[slowest])} ms for the slowest ({slowest})",
                lists[slowest] < LIST_MS,
            ),
            Target(f"overview < {OVERVIEW_MS:.0f} ms, {name}", f"{number(overview)} ms (p95)", overview < OVERVIEW_MS),
            Target(
                f"first load < {FIRST_LOAD_BYTES // 1000} KB compressed, {name}",
                f"{each.first_load / 1000:.0f} KB",
                each.first_load < FIRST_LOAD_BYTES,
            ),
            Target(
                f"live tail keeps up with 500 events/s, {name}",
                f"{number(each.live.rate)} events/s heard of by 100 listeners, {number(each.live.news_per_s)} news a"
                f" second each, the last {max(0.0, each.live.late_s):.1f} s after it was written",
                each.live.complete,
            ),
        ]
    return Result(table=table, targets=targets, notes=notes)


def _measure(bench: Bench, bar: Progress) -> Result:
    names = (("sqlite", "SQLite"), ("postgresql", "PostgreSQL"))
    found = {name: _build_and_ask(bench, kind, name, bar) for kind, name in names}
    return result_of(found, bench_events(bench))


ROWS = [
    Row(
        "dashboard",
        "The dashboard's lists on a big database",
        "Ten million events over 30 days with twenty million deliveries and an attempt of 500 bytes of each are made"
        " by SQL, one database at a time (30 GB, half an hour); `--events` says another number. Then the API is asked"
        " 20 times in this process, from the request's parsing to the answer's bytes, and the pages by HTTP until their"
        " head comes; the first load is the overview with all that its markup needs. The live tail: events are written"
        " as the router writes them.",
        _measure,
        lambda bench: 4,
    )
]
