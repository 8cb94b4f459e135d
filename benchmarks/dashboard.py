"""How long what the dashboard asks takes with ten million events and twenty million attempts on record."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks.big import settings_of
from benchmarks.children import Failed
from centralita.cli.calling import call_app
from centralita.web.api import make_api
from centralita.wiring import open_hub

CALLS = 20
LIST_MS, OVERVIEW_MS = 150.0, 200.0
EVENTS = {True: 100_000, False: 10_000_000}
OVERVIEW = "/overview"

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
