"""``python -m benchmarks.hub FILE``: the hub as a process, with parts of it left out where a row asks for that.

FILE is JSON: ``{"settings": {...}, "role": "all|web|worker", "store": "real|none", "webhooks": 100, "target": URL}``.
``webhooks`` makes that many subscriptions (``w0``, ``w1``, ...) to ``target``, without a file of 10,000 entries being
read. With the store ``none`` a receipt is accepted by a database that forgets it at once.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from centralita import logs
from centralita.services.hub import Hub
from centralita.services.ingest import Ingest
from centralita.services.running import running
from centralita.settings import Settings
from centralita.store import receipts
from centralita.store.database import Transaction
from centralita.store.receipts import Appended, Incoming
from centralita.web.server import Application, listen, make_server
from centralita.wiring import open_hub

T = TypeVar("T")
SECRET = "whsec_Y2VudHJhbGl0YS1iZW5jaG1hcmstc2VjcmV0"


class NoStore:
    """A database that says yes at once: what the endpoint costs without one."""

    dialect = "none"

    async def write(self, fn: Callable[[Any], T], *, urgent: bool = False) -> T:
        return fn(None)

    async def write_patiently(self, fn: Callable[[Any], T]) -> T:
        return fn(None)

    async def read(self, fn: Callable[[Any], T]) -> T:
        return fn(None)

    async def now(self) -> float:
        return 0.0

    def notify(self) -> None:
        return

    def on_notify(self, wake: Callable[[], None]) -> None:
        return

    async def close(self) -> None:
        return


def _forget(tx: Transaction, batch: Sequence[Incoming], now: float, period_s: float) -> list[Appended]:
    return [Appended(incoming.receipt.id) for incoming in batch]


def _switch_store_off(hub: Hub) -> None:
    receipts.append = _forget
    ingest = Ingest(NoStore(), hub.clock, hub.ids, hub.settings.receive, hub.metrics, lambda fresh: None)
    ingest.sources = hub.ingest.sources
    hub.ingest = ingest


def _settings(plan: dict[str, Any]) -> Settings:
    content = dict(plan["settings"])
    count = plan.get("webhooks", 0)
    if count:
        target, extra = plan["target"], plan.get("webhook", {})
        content["webhooks"] = [
            {"name": f"w{number}", "url": f"{target}/w{number}", "secret": SECRET, **extra} for number in range(count)
        ]
    return Settings.model_validate(content)


def _no_pages(hub: Hub) -> Any:
    raise LookupError("the benchmarks use neither the API nor the dashboard")


async def _serve(plan: dict[str, Any], settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    sock = listen("127.0.0.1", 0)
    async with open_hub(settings, role=plan.get("role", "all")) as hub:
        if plan.get("store") == "none":
            _switch_store_off(hub)
        server = make_server(
            Application(hub, _no_pages, _no_pages), settings.receive.header_timeout_s, settings.receive.body_timeout_s
        )
        async with running(hub):
            task = asyncio.ensure_future(server.serve([sock]))
            print(json.dumps({"url": f"http://127.0.0.1:{sock.getsockname()[1]}"}), flush=True)
            await stop.wait()
            server.should_exit = True
            await task


def main() -> None:
    """Runs until a signal; with ``CENTRALITA_PROFILE=FILE`` the event loop's thread is profiled into FILE."""
    plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    settings = _settings(plan)
    close = logs.configure(settings.logs)
    try:
        if file := os.environ.get("CENTRALITA_PROFILE"):
            import cProfile
            import time

            profile = cProfile.Profile(time.thread_time)
            profile.runcall(uvloop.run, _serve(plan, settings))
            profile.dump_stats(file)
        else:
            uvloop.run(_serve(plan, settings))
    finally:
        close()


if __name__ == "__main__":
    main()
