"""A hub that nobody has set up, the workspace that it may be connected to, and whoever comes first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest_asyncio
from playwright.async_api import Browser

from centralita.integrations import registry
from centralita.sandbox.control import SlackControl
from centralita.sandbox.server import serve
from centralita.sandbox.slack import LimitSettings, LocalSlack
from centralita.services.hub import Hub
from centralita.serving import serving
from centralita.settings import load
from tests.browser.conftest import opened
from tests.browser.looks import Looking, Setting
from tests.scenarios.processes import write_config


@dataclass
class New:
    """The hub and the workspace; each can go away and come back where it was."""

    directory: Path
    database_url: str
    hub: Hub = field(init=False)
    url: str = ""
    slack: SlackControl = field(init=False)
    was_away: bool = False
    """Whether somebody may have asked a hub that was not there."""
    _slack_url: str = ""
    _serving: AsyncExitStack = field(default_factory=AsyncExitStack)
    _at_slack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> None:
        """Serves the hub: the first time on any port, then on that one."""
        content: dict[str, Any] = {
            "server": {"port": urlsplit(self.url).port or 0},
            "slack": {"api_url": f"{self._slack_url}/api/"},
            "network": {"allow": ["127.0.0.0/8"]},
        }
        config = write_config(self.directory, self.database_url, content, {})
        self.hub, self.url = await self._serving.enter_async_context(serving(load(config, {})))
        async with aiohttp.ClientSession() as http, http.get(f"{self.url}/setup") as answer:
            await answer.read()  # the dashboard is loaded by the first who asks for it

    async def stop(self) -> None:
        """The hub goes away; what it keeps stays."""
        self.was_away = bool(self.url)
        await self._serving.aclose()

    async def open_slack(self) -> None:
        """The workspace is there: the first time on any port, then on that one."""
        local, port = LocalSlack(LimitSettings.off()), urlsplit(self._slack_url).port or 0
        address = await self._at_slack.enter_async_context(serve(local, port=port))
        self._slack_url = address.url
        self.slack = await self._at_slack.enter_async_context(SlackControl(address.url))

    async def close_slack(self) -> None:
        """The workspace goes away."""
        await self._at_slack.aclose()

    async def post(self, address: str, secret: str) -> int:
        """What InvGate posts; the answer's status."""
        fixture = next(iter(registry.fixtures("invgate").values()))
        headers = {**fixture.headers, **({"x-webhook-secret": secret} if secret else {})}
        async with aiohttp.ClientSession() as http, http.post(address, data=fixture.body, headers=headers) as answer:
            return answer.status

    async def tell(self, address: str, secret: str) -> int:
        """What any tool posts by hand; the answer's status."""
        proof = {"authorization": f"Bearer {secret}"}
        async with (
            aiohttp.ClientSession(headers=proof) as http,
            http.post(address, json={"title": "Sin tóner"}) as answer,
        ):
            return answer.status


@pytest_asyncio.fixture(loop_scope="module")
async def new(tmp_path: Path, migrated_sqlite: str) -> AsyncIterator[New]:
    """Both are there, and know nothing of each other."""
    made = New(tmp_path, migrated_sqlite)
    try:
        await made.open_slack()
        await made.start()
        yield made
    finally:
        await made.stop()
        await made.close_slack()


Come = Callable[..., Awaitable[Looking]]


@pytest_asyncio.fixture(loop_scope="module")
async def come(browser: Browser, new: New, setting: Setting) -> AsyncIterator[Come]:
    """Has somebody come to it who is not signed in: ``ana = await come()``. An error on any page fails the test."""
    faults: list[str] = []
    async with AsyncExitStack() as stack:

        async def coming(*, script: bool = True) -> Looking:
            return Looking(await opened(stack, browser, setting, faults, script), new.url, setting)

        yield coming
    away = ("net::ERR_", "htmx:") if new.was_away else ()
    left = [fault for fault in faults if not any(each in fault for each in away)]
    assert left == [], left
