"""How Slack reaches the app: a connection that it opens (Socket Mode), or signed requests to ``/slack/events``."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from slack_bolt.adapter.asgi.async_handler import AsyncSlackRequestHandler
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.errors import SlackApiError

from centralita.chatops.app import ChatApp
from centralita.chatops.workspaces import UNREACHABLE
from centralita.services.hub import Hub

log = structlog.get_logger(__name__)

PATH = "/slack/events"
RETRY_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)


@asynccontextmanager
async def connected(hub: Hub) -> AsyncIterator[Any]:
    """The app until the block ends: an ASGI application for ``PATH``, or None when nothing comes that way."""
    app = ChatApp(hub)
    try:
        if hub.settings.slack.mode == "http":
            yield AsyncSlackRequestHandler(app.bolt, path=PATH)
            return
        holding = asyncio.ensure_future(_hold(app))
        try:
            yield None
        finally:
            holding.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await holding
    finally:
        await app.close()


async def _hold(app: ChatApp) -> None:
    """Keeps one Socket Mode connection; what breaks is opened again by Slack's own client."""
    settings = app.hub.settings
    token = settings.slack.app_token.get_secret_value() if settings.slack.app_token else ""
    handler = AsyncSocketModeHandler(
        app.bolt, token, web_client=app.workspaces.client(token), proxy=settings.network.proxy, ping_interval=10
    )
    try:
        for attempt in range(1_000_000):
            try:
                await handler.client.connect()  # type: ignore[no-untyped-call]  # of Slack's library
                break
            except UNREACHABLE as fault:
                wait_s = RETRY_S[min(attempt, len(RETRY_S) - 1)]
                said = str(fault.response.get("error")) if isinstance(fault, SlackApiError) else type(fault).__name__
                log.warning("chat.unconnected", reason=said, retry_s=wait_s)
                await asyncio.sleep(wait_s)
        log.info("chat.connected")
        await _learn_people(app)
        await asyncio.Event().wait()
    finally:
        await handler.client.close()  # type: ignore[no-untyped-call]


async def _learn_people(app: ChatApp) -> None:
    with contextlib.suppress(*UNREACHABLE):
        workspace = await app.workspaces.of()
        if workspace is not None:
            await app.people.read_everybody(app.workspaces.client(workspace.bot_token), workspace.team)
