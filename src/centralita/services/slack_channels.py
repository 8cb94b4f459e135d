"""Whether the app is in the channels that it is to write into."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from centralita.services.hub import Hub
from centralita.services.slack_calls import Said, ask
from centralita.services.slack_findings import Finding

PAGES, PAGE = 20, 1000
_CHANNEL_ID = re.compile(r"[CDG][A-Z0-9]{6,20}")


async def examine_channels(hub: Hub, token: str, who: Said, targets: Mapping[str, str]) -> list[Finding]:
    """``targets``: channel in that workspace (``#name`` or id) to what the configuration calls it."""
    if not targets:
        return []
    listed: dict[str, dict[str, Any]] = {}
    if not all(_CHANNEL_ID.fullmatch(channel) for channel in targets):
        said = await _list(hub, token, who, listed)
        if said.reason:
            arguments = {"method": "conversations.list", "reason": f"reason:{said.reason}"}
            return [Finding(cause="channels", state="fail", id="call.refused", arguments=arguments)]
    return [await _examine(hub, token, who, listed, channel, shown) for channel, shown in targets.items()]


async def _list(hub: Hub, token: str, who: Said, listed: dict[str, dict[str, Any]]) -> Said:
    """Fills in the workspace's channels by name; the last answer."""
    kinds = {"channels:read": "public_channel", "groups:read": "private_channel"}
    types = [kind for scope, kind in kinds.items() if not who.scopes or scope in who.scopes]
    arguments = {"types": ",".join(types) or "public_channel", "limit": str(PAGE)}
    said = Said()
    for _page in range(PAGES):
        said = await ask(hub.client, hub.settings.slack.api_url, token, "conversations.list", arguments)
        for channel in said.answer.get("channels") or ():
            if isinstance(channel, dict):
                listed[str(channel.get("name", "")).lower()] = channel
        cursor = said.part("response_metadata").get("next_cursor")
        if said.reason or not cursor:
            break
        arguments["cursor"] = str(cursor)
    return said


async def _examine(
    hub: Hub, token: str, who: Said, listed: Mapping[str, dict[str, Any]], channel: str, shown: str
) -> Finding:
    known = listed.get(channel.removeprefix("#").lower(), {})
    number = channel if _CHANNEL_ID.fullmatch(channel) else str(known.get("id", ""))
    found: dict[str, Any] = {}
    if number:
        said = await ask(hub.client, hub.settings.slack.api_url, token, "conversations.info", {"channel": number})
        found = known if said.reason == "slack.ratelimited" else said.part("channel")
    arguments = {"channel": shown, "bot": who.text("user")}
    if not found:
        return Finding(cause="channels", state="fail", id="channel.unknown", arguments=arguments)
    if found.get("is_archived"):
        return Finding(cause="channels", state="fail", id="channel.archived", arguments=arguments)
    if found.get("is_member") or found.get("is_im"):
        return Finding(cause="channels", state="ok", id="channel.there", arguments=arguments)
    if not found.get("is_private") and "chat:write.public" in who.scopes:
        return Finding(cause="channels", state="warn", id="channel.outside", arguments=arguments)
    return Finding(cause="channels", state="fail", id="channel.shut_out", arguments=arguments)


async def channel_names(hub: Hub, wait_s: float) -> list[str]:
    """Names of the default workspace's channels, those first that the app is in; [] when Slack does not say in time."""
    default = hub.workspaces.default
    if default is None or not default.tokens.bot_token:
        return []
    listed: dict[str, dict[str, Any]] = {}
    try:
        async with asyncio.timeout(wait_s):
            await _list(hub, default.tokens.bot_token, Said(), listed)
    except TimeoutError:
        pass  # those that came until then
    open_ = [(not each.get("is_member"), name) for name, each in listed.items() if not each.get("is_archived")]
    return [f"#{name}" for _is_outside, name in sorted(open_)]
