"""The running server: listens, runs the hub's loops, and on a signal ends both in the right order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import structlog

from centralita.services.hub import Hub
from centralita.services.keys import KeyFault
from centralita.services.running import only_process, running
from centralita.settings import Settings
from centralita.store.database import StoreUnavailable
from centralita.web.inbound import Receive, Scope, Send
from centralita.web.server import App, Application, Server, listen, make_server
from centralita.wiring import open_hub

T = TypeVar("T")
MAX_SOCKET_PATH = 100
log = structlog.get_logger(__name__)


class RoleNeedsPostgres(Exception):
    """SQLite is for one process: ``--role web`` and ``--role worker`` need PostgreSQL."""


def _api(hub: Hub) -> App:
    from centralita.web.api import make_api  # FastAPI takes a while to import: at the first request that needs it

    return make_api(hub)


def _dashboard(hub: Hub) -> App:
    from centralita.web.dashboard import make_dashboard

    return make_dashboard(hub)


@asynccontextmanager
async def serving(settings: Settings, role: str = "all") -> AsyncIterator[tuple[Hub, str]]:
    """A hub that answers and works until the block ends: (hub, its base URL).

    Raises RoleNeedsPostgres, AlreadyRunning, StoreUnavailable, RulesetDiffers, and OSError when the port is taken.
    """
    sqlite = settings.database_url.startswith("sqlite:")
    if sqlite and role != "all":
        raise RoleNeedsPostgres(role)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = only_process(settings.data_dir) if sqlite else contextlib.nullcontext()
    with lock:
        sock = listen(settings.server.host, settings.server.port)
        try:
            host, port = sock.getsockname()[:2]
            url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
            async with open_hub(settings, role=role) as hub:
                hub.url = url
                async with running(hub), _chat(hub) as slack, _listening(hub, sock, slack):
                    facts = {"role": role, "database": hub.database.dialect, "ruleset": hub.rules.in_force.version}
                    log.info("hub.serving", url=url, **facts)
                    yield hub, url
        finally:
            sock.close()


@asynccontextmanager
async def _chat(hub: Hub) -> AsyncIterator[App | None]:
    """The Slack app, as soon as it can be reached; what takes Slack's requests, if they come that way."""
    if hub.role == "worker" or not hub.settings.slack.enabled:
        yield None
        return
    if hub.workspaces.is_interactive:
        from centralita.chatops.connection import connected  # Slack's libraries take a while to import

        async with connected(hub) as app:
            yield app
        return
    late = _LateChat(hub)
    waiting = asyncio.ensure_future(late.run())
    try:
        yield late if hub.settings.slack.mode == "http" else None
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


class _LateChat:
    """The Slack app of a hub that nobody has connected to a workspace yet; takes its requests once it runs."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._app: App | None = None

    async def run(self) -> None:
        """Waits for the first workspace; then for ever."""
        changed, known = asyncio.Event(), self._hub.workspaces
        known.listeners.append(changed.set)
        while not known.is_interactive:
            await changed.wait()
            changed.clear()
        known.listeners.remove(changed.set)
        # Beside the loop: what comes in meanwhile does not wait for it.
        module = await asyncio.to_thread(importlib.import_module, "centralita.chatops.connection")
        async with module.connected(self._hub) as self._app:
            await asyncio.Event().wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is not None:
            await self._app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 503, "headers": [(b"retry-after", b"2")]})
        await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def _listening(hub: Hub, sock: socket.socket, slack: App | None) -> AsyncIterator[None]:
    app = Application(hub, _api, _dashboard, slack)
    limits = hub.settings.receive
    servers = [make_server(app, limits.header_timeout_s, limits.body_timeout_s)]
    sockets = [sock]
    if _fits(hub.settings.socket_path):
        servers.append(make_server(_LocalAdministrator(app), limits.header_timeout_s, limits.body_timeout_s))
        sockets.append(_local_socket(hub.settings.socket_path))
    tasks = [asyncio.ensure_future(server.serve([one])) for server, one in zip(servers, sockets, strict=True)]
    try:
        await _until_started(servers, tasks)
        yield
    finally:
        hub.bell.close()  # whoever waits for news is answered now
        # New connections are refused, requests under way are answered: their batches still commit, the hub runs on.
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*tasks, return_exceptions=True)
        if len(sockets) > 1:
            hub.settings.socket_path.unlink(missing_ok=True)


async def _until_started(servers: list[Server], tasks: list[asyncio.Task[None]]) -> None:
    for server, task in zip(servers, tasks, strict=True):
        while not server.started:
            if task.done():
                task.result()
                raise OSError("the server ended before it listened")
            await asyncio.sleep(0)  # uvicorn has no signal for this; it takes a few turns of the loop


class _LocalAdministrator:
    """Marks requests of the local socket: whoever may open it may do everything."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]  # ASGI
        scope.setdefault("state", {})["local"] = True
        await self._app(scope, receive, send)


def _fits(path: Path) -> bool:
    """Whether the local socket can be there: the kernel takes short names only, Windows none."""
    fits = len(bytes(path)) <= MAX_SOCKET_PATH
    if not fits:
        log.warning("hub.no_local_socket", path=str(path), cure="server.socket: a path of at most 100 bytes")
    return fits and hasattr(socket, "AF_UNIX")


def _local_socket(path: Path) -> socket.socket:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        sock.bind(str(path))
    finally:
        os.umask(before)
    sock.listen(64)
    return sock


def run(main: Coroutine[Any, Any, T]) -> T:
    """Runs ``main`` on the fastest event loop that there is."""
    try:
        import uvloop
    except ImportError:  # Windows
        return asyncio.run(main)
    return uvloop.run(main)


async def serve_until_signalled(settings: Settings, role: str, announce: Callable[[Hub, str, str], None]) -> None:
    """Serves until SIGTERM or SIGINT; a second one ends at once. ``announce`` is told the hub, where it listens, and
    the link by which a new hub is set up, "" for none."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, _stop_or_die, stop)
    async with serving(settings, role) as (hub, url):
        gc.freeze()  # what is there now stays: no later collection needs to look through it
        announce(hub, url, await _setup_link(hub))
        await stop.wait()
        log.info("hub.draining")


async def _setup_link(hub: Hub) -> str:
    from centralita.services.first_run import setup_link  # what hashes passwords takes a while to import

    try:
        return "" if hub.role == "worker" else await setup_link(hub)
    except (StoreUnavailable, KeyFault) as fault:  # it serves all the same, and the page says what lacks
        log.warning("hub.no_setup_link", reason=fault.reason)
        return ""


def _stop_or_die(stop: asyncio.Event) -> None:
    if stop.is_set():
        os._exit(1)
    stop.set()
