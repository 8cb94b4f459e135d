"""Workspaces that are connected and ended while the app runs, and who may speak for Slack."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time

import aiohttp
import pytest

from centralita.sandbox.control import SlackControl
from centralita.sandbox.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from centralita.services import slack_setup
from centralita.services.hub import Hub
from centralita.services.slack_installations import Tokens
from tests.chatops.conftest import Start
from tests.scenarios.waiting import until_answered

TEAM = "T0MESAAYUDA"
NOBODY = {"slack": {"bot_token": None, "app_token": None, "signing_secret": None}}
TOKENS = Tokens(bot_token=BOT_TOKEN, app_token=APP_TOKEN, signing_secret=SIGNING_SECRET)


async def until(hub: Hub, ended: bool) -> None:
    """Waits until the workspace has ended, or is there again."""
    changed = asyncio.Event()
    hub.workspaces.listeners.append(changed.set)
    async with asyncio.timeout(40):
        while ended == (hub.workspaces.config("#alerts") or {}).get("bot_token", "").startswith("xoxb-"):
            await changed.wait()
            changed.clear()


async def test_what_is_connected_later_is_listened_to_without_a_restart(app: Start, slack: SlackControl) -> None:
    async with app(NOBODY, connections=0) as hub:
        assert hub.workspaces.app_tokens == ()
        await slack_setup.connect(hub, "local:tests", TOKENS)
        assert hub.workspaces.is_interactive
        await slack.connections(least=1)
        assert (await slack.person("U0LUISPARED").command("#alerts", "/centralita", "help"))["ok"]


async def test_slack_ends_an_installation_and_its_connection(app: Start, slack: SlackControl) -> None:
    async with app(NOBODY, connections=0) as hub:
        await slack_setup.connect(hub, "local:tests", TOKENS)
        await slack.connections(least=1)
        await slack.uninstall(TEAM)
        await until(hub, ended=True)
        found = hub.workspaces.find(TEAM)
        assert found is not None and found.revoked_at is not None and found.tokens == Tokens()
        assert not hub.workspaces.is_interactive


def signed(secret: str, body: bytes, at: int) -> dict[str, str]:
    proof = hmac.new(secret.encode(), b"v0:%d:" % at + body, hashlib.sha256).hexdigest()
    return {
        "content-type": "application/json",
        "x-slack-request-timestamp": str(at),
        "x-slack-signature": f"v0={proof}",
    }


async def asked(hub: Hub, headers: dict[str, str], body: bytes) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{hub.url}/slack/events", data=body, headers=headers) as response,
    ):
        return response.status, await response.text()


BODY = json.dumps({"type": "url_verification", "challenge": "c0ffee"}).encode()


async def test_by_http_only_what_an_installed_app_signed_gets_in(app: Start) -> None:
    layer = {"slack": {"mode": "http", "app_token": None}}
    async with app(layer, connections=0) as hub:
        now = int(time.time())
        assert await asked(hub, signed(SIGNING_SECRET, BODY, now), BODY) == (200, '{"challenge": "c0ffee"}')
        for headers in (
            signed("another-secret", BODY, now),
            signed("", BODY, now),
            signed(SIGNING_SECRET, BODY, now - 301),
            signed(SIGNING_SECRET, BODY + b" ", now),
            {**signed(SIGNING_SECRET, BODY, now), "x-slack-request-timestamp": "soon"},
            {**signed(SIGNING_SECRET, BODY, now), "x-slack-signature": ""},
            {"content-type": "application/json"},
        ):
            status, text = await asked(hub, headers, BODY)
            assert status == 401 and "c0ffee" not in text


@pytest.mark.parametrize("connected_first", [False, True])
async def test_a_connected_workspaces_secret_counts_too(app: Start, connected_first: bool) -> None:
    layer = {"slack": {"mode": "http", "bot_token": None, "app_token": None, "signing_secret": None}}
    async with app(layer, connections=0) as hub:
        headers = signed(SIGNING_SECRET, BODY, int(time.time()))
        if not connected_first:
            assert (await asked(hub, headers, BODY))[0] == 503
            return
        await slack_setup.connect(hub, "local:tests", TOKENS)

        async def started() -> bool:
            return (await asked(hub, headers, BODY))[0] != 503

        await until_answered(started)
        assert await asked(hub, headers, BODY) == (200, '{"challenge": "c0ffee"}')
