"""How Slack reaches the app: a connection that it opens (Socket Mode), or signed requests to ``/slack/events``."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import structlog
from slack_bolt.adapter.asgi.async_handler import AsyncSlackRequestHandler
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient

from centralita.chatops.app import ChatApp
from centralita.chatops.workspaces import UNREACHABLE
from centralita.services.hub import Hub

log = structlog.get_logger(__name__)

PATH = "/slack/events"
RETRY_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
CONNECT_S = 10.0
LEAVE_S = 1.0
PING_S = 5
"""How often the other end is asked for a sign of life; a connection without one for four times as long is given up."""
LOOK_S, LOOKS = 0.5, 3
"""How often it is looked after a connection, and how often in a row it may be missing."""


@asynccontextmanager
async def connected(hub: Hub) -> AsyncIterator[Any]:
    """The app until the block ends: an ASGI application for ``PATH``, or None when nothing comes that way."""
    app = ChatApp(hub)
    try:
        if hub.settings.slack.mode == "http":
            yield AsyncSlackRequestHandler(app.bolt, path=PATH)
            return
        holding = asyncio.ensure_future(_hold_all(app))
        try:
            yield None
        finally:
            holding.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await holding
    finally:
        await app.close()


async def _hold_all(app: ChatApp) -> None:
    """One connection for each app, as they are connected and disconnected. For ever."""
    known, changed = app.hub.workspaces, asyncio.Event()
    held: dict[str, asyncio.Task[None]] = {}
    known.listeners.append(changed.set)
    try:
        while True:
            changed.clear()
            wanted = known.app_tokens
            await _drop([held.pop(token) for token in tuple(held) if token not in wanted])
            for token in wanted:
                if token not in held:
                    held[token] = asyncio.ensure_future(_hold(app, token))
            await changed.wait()
    finally:
        known.listeners.remove(changed.set)
        await _drop(held.values())


async def _drop(holding: Iterable[asyncio.Task[None]]) -> None:
    tasks = list(holding)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _hold(app: ChatApp, token: str) -> None:
    """Keeps one Socket Mode connection, for ever. Slack's own client replaces it when Slack asks for that. One that
    broke is opened anew here: that client would notice late, and try the same address again, which is good for once."""
    attempt, learned = 0, False
    leaving: set[asyncio.Task[None]] = set()
    while True:
        client = _client(app, token)
        try:
            client.wss_uri = await client.issue_new_wss_url()
            async with asyncio.timeout(CONNECT_S):
                await client.connect()  # type: ignore[no-untyped-call]  # of Slack's library
            log.info("chat.connected")
            attempt = 0
            if not learned:
                await _learn_people(app)
                learned = True
            await _until_broken(client)
            log.warning("chat.disconnected")
        except UNREACHABLE as fault:
            wait_s = RETRY_S[min(attempt, len(RETRY_S) - 1)]
            attempt += 1
            said = str(fault.response.get("error")) if isinstance(fault, SlackApiError) else type(fault).__name__
            log.warning("chat.unconnected", reason=said, retry_s=wait_s)
            await asyncio.sleep(wait_s)
        finally:
            await _leave(client, leaving)


async def _leave(client: SocketModeClient, leaving: set[asyncio.Task[None]]) -> None:
    """Closes a connection; one whose other end is gone says good-bye for ten seconds, for which nobody waits."""
    closing = asyncio.ensure_future(client.close())  # type: ignore[no-untyped-call]
    leaving.add(closing)
    closing.add_done_callback(leaving.discard)
    done, _still = await asyncio.wait({closing}, timeout=LEAVE_S)
    for task in done:
        task.result()


def _client(app: ChatApp, token: str) -> SocketModeClient:
    web_client = app.workspaces.client(token)
    proxy = app.hub.settings.network.proxy
    return AsyncSocketModeHandler(app.bolt, token, web_client=web_client, proxy=proxy, ping_interval=PING_S).client


async def _until_broken(client: SocketModeClient) -> None:
    """Returns once there is no connection for longer than it takes to replace one."""
    missing = 0
    while missing < LOOKS:
        await asyncio.sleep(LOOK_S)
        missing = 0 if await client.is_connected() else missing + 1


async def _learn_people(app: ChatApp) -> None:
    with contextlib.suppress(*UNREACHABLE):
        workspace = await app.workspaces.of()
        if workspace is not None:
            await app.people.read_everybody(app.workspaces.client(workspace.bot_token), workspace.team)
