"""Runs a hub: starts its loops, and ends them so that nothing that was begun is left half done."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import structlog
from filelock import FileLock, Timeout

from centralita.services import timers
from centralita.services.bell import NOTIFIED
from centralita.services.hub import Hub
from centralita.services.webhook_shadow import show_provided

log = structlog.get_logger(__name__)

YOUNG_OBJECTS = 10_000
"""Containers made and not let go of between two looks for garbage; Python's own 700 is for scripts."""


class AlreadyRunning(Exception):
    """Another process holds the data directory."""


@contextmanager
def only_process(data_dir: Path) -> Iterator[None]:
    """Holds the data directory for this process: SQLite has one writer. Raises AlreadyRunning."""
    lock = FileLock(data_dir / "centralita.lock", mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout as held:
        raise AlreadyRunning(str(data_dir)) from held
    try:
        yield
    finally:
        lock.release()


class Loops:
    """The hub's background tasks. One that ends by an error is a fault that ``/readyz`` shows and the log explains."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Starts one, by name."""
        task = asyncio.ensure_future(work)
        self._tasks[name] = task
        task.add_done_callback(lambda done: self._ended(name, done))

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("hub.loop_failed", loop=name, exc_info=fault)
            self._hub.faults.append(f"loop.{name}")

    async def finish(self, name: str) -> None:
        """Waits until one has ended by itself."""
        if name in self._tasks:
            await asyncio.wait([self._tasks[name]])

    async def cancel(self, *names: str) -> None:
        """Ends some."""
        tasks = [self._tasks[name] for name in names if name in self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def running(hub: Hub) -> AsyncIterator[None]:
    """The hub receives (role web), routes and delivers (role worker), or all of it, until the block ends."""
    loops = Loops(hub)
    hub.catalogue.report()
    works = hub.role in ("all", "worker")
    if works:
        await show_provided(hub)
        await timers.mend_clock(hub)
        await hub.deliverer.start(hub.role)
        loops.start("deliver", hub.deliverer.run())
        loops.start("settle", hub.deliverer.settle_results())
        loops.start("lease", hub.deliverer.keep_lease())
        loops.start("route", hub.router.run())
        loops.start("timers", timers.run(hub))
        loops.start("alarms", hub.alarms.run(hub))
    if hub.database.dialect == "postgresql":  # SQLite has one process
        hub.database.on_notify(lambda: _look(hub, works))
        loops.start("sources", hub.catalogue.news.follow())
        loops.start("webhooks", hub.webhooks.news.follow())
        loops.start("rules", hub.rules.news.follow())
        loops.start("workspaces", hub.workspaces.news.follow())
    loops.start("ingest", hub.ingest.run())
    hub.running = True
    try:
        with _rare_garbage():
            yield
    finally:
        await asyncio.shield(_stop(hub, loops, works))


@contextmanager
def _rare_garbage() -> Iterator[None]:
    """Has the collector look for cycles more rarely, and not in what is here now (ten thousand webhooks, perhaps): that
    stays, and what comes and goes is let go of by its last reference."""
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def _look(hub: Hub, works: bool) -> None:
    hub.catalogue.news.wake()
    hub.webhooks.news.wake()
    hub.rules.news.wake()
    hub.workspaces.news.wake()
    hub.bell.ring((NOTIFIED,))
    if works:
        hub.router.look()
        hub.deliverer.look()


async def _stop(hub: Hub, loops: Loops, works: bool) -> None:
    hub.draining = True
    hub.ingest.close()
    await loops.finish("ingest")
    if works:
        hub.router.close()
        await loops.finish("route")
        await hub.deliverer.drain()
        await loops.finish("deliver")
        await hub.deliverer.settle_last()
        await loops.cancel("settle", "lease", "timers", "alarms")
        await hub.deliverer.leave()
    await loops.cancel("sources", "webhooks", "rules", "workspaces")
    hub.running = False
    log.info("hub.stopped", role=hub.role)
