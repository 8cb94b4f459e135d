"""The workspaces that the app is installed in, and how to speak to each."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

import aiohttp
import structlog
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from centralita.services.hub import Hub

log = structlog.get_logger(__name__)

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
    """Finds the installation of a workspace: that of the settings, or one that people connected."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        network = hub.settings.network
        self._proxy = network.proxy
        self._tls = ssl.create_default_context(cafile=str(network.ca_file)) if network.ca_file else None
        self._found: dict[str, Workspace] = {}
        """By bot token."""

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
        """The installation in ``team`` ("" for the default one); None when there is none. Raises ``UNREACHABLE``."""
        connected = self._hub.workspaces.find(team) or self._hub.workspaces.default
        token = connected.tokens.bot_token if connected is not None else ""
        if connected is None or not token:
            return None
        if token not in self._found:
            try:
                self._found[token] = await self._ask(token)
            except UNREACHABLE as fault:
                if not connected.team_id:
                    raise
                # What was known when it was connected does: Slack may be telling that the token is void.
                log.warning("chat.workspace_unasked", team=connected.team_id, fault=type(fault).__name__)
                found = Workspace(connected.team_id, token, bot_user=connected.bot_user)
                return found if team in ("", found.team) else None
        found = self._found[token]
        return found if team in ("", found.team) else None

    async def _ask(self, token: str) -> Workspace:
        answer = await self.client(token).auth_test()
        return Workspace(
            team=str(answer["team_id"]),
            bot_token=token,
            bot_id=str(answer.get("bot_id") or ""),
            bot_user=str(answer.get("user_id") or ""),
            url=str(answer.get("url") or ""),
        )

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
