"""The workspaces that the app is installed in, and how to speak to each."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

import aiohttp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from centralita.services.hub import Hub

TIMEOUT_S = 10
UNREACHABLE = (SlackApiError, aiohttp.ClientError, OSError, TimeoutError)
"""What Slack's client raises when Slack refuses, or does not answer."""


@dataclass(frozen=True)
class Workspace:
    """One installation."""

    team: str
    bot_token: str
    bot_id: str = ""
    bot_user: str = ""
    url: str = ""

    def __repr__(self) -> str:
        return f"Workspace({self.team})"


class Workspaces:
    """Finds the installation of a workspace: that of the settings."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        slack, network = hub.settings.slack, hub.settings.network
        self._token = slack.bot_token.get_secret_value() if slack.bot_token else ""
        self._proxy = network.proxy
        self._tls = ssl.create_default_context(cafile=str(network.ca_file)) if network.ca_file else None
        self._found: dict[str, Workspace] = {}

    def client(self, token: str) -> AsyncWebClient:
        """Slack's own client, which must not try again by itself: a hidden retry is a double post."""
        return AsyncWebClient(
            token=token,
            base_url=str(self._hub.settings.slack.api_url),
            timeout=TIMEOUT_S,
            proxy=self._proxy,
            ssl=self._tls,
            retry_handlers=[],
        )

    async def of(self, team: str = "") -> Workspace | None:
        """The installation in ``team`` ("" for the one of the settings); None when there is none."""
        known = self._found.get(team)
        if known is not None or not self._token:
            return known
        answer = await self.client(self._token).auth_test()
        found = Workspace(
            team=str(answer["team_id"]),
            bot_token=self._token,
            bot_id=str(answer.get("bot_id") or ""),
            bot_user=str(answer.get("user_id") or ""),
            url=str(answer.get("url") or ""),
        )
        self._found[found.team] = self._found[""] = found
        return self._found.get(team)

    async def authorize(self, team_id: str | None = None) -> AuthorizeResult | None:
        """As Bolt wants it."""
        found = await self.of(team_id or "")
        if found is None:
            return None
        return AuthorizeResult(
            enterprise_id=None,
            team_id=found.team,
            bot_token=found.bot_token,
            bot_id=found.bot_id,
            bot_user_id=found.bot_user,
        )
