"""A desk of people in the local workspace, whose app is a hub in a process of its own."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from centralita.sandbox.control import PATIENCE_S, SlackControl, SlackPerson
from centralita.sandbox.slack import APP_TOKEN, SIGNING_SECRET
from tests.chatops.conftest import MANIFEST
from tests.scenarios.conftest import World, slack_settings
from tests.scenarios.processes import HubProcess
from tests.scenarios.waiting import until_answered

INCIDENTS, ROOM, ALERTS = "#incidents", "C0INCIDENTS", "C0ALERTS"
DESK: dict[str, Any] = {
    "rules": [{"name": "Alerts", "condition": "severity == 'high'", "channel": "#alerts"}],
    "permissions": {"user_mappings": {"luis@example.com": "operator"}, "default": "operator"},
    "locale": "en",
}
EMPTY = "select (select count(*) from inbox) + (select count(*) from deliveries)"
"""Nothing is left to do once this is 0."""


def app_settings(slack: SlackControl, **settings: Any) -> dict[str, Any]:
    """The app by Socket Mode; ``settings`` of the section ``slack`` on top."""
    secrets = {"app_token": APP_TOKEN, "signing_secret": SIGNING_SECRET, "method_limits": False}
    return slack_settings(slack, **{**secrets, "incidents_channel": INCIDENTS, **settings})


async def desk_hub(world: World, slack: SlackControl, *layers: Mapping[str, Any]) -> HubProcess:
    """A hub whose app is connected by Socket Mode."""
    await slack.install(MANIFEST)
    await slack.change_app(trigger_s=PATIENCE_S)
    hub = await world.hub(app_settings(slack), DESK, *layers)
    await slack.connections(least=1)
    return hub


def text_of(message: Any) -> str:
    return json.dumps(message, ensure_ascii=False)


async def holding(
    slack: SlackControl,
    channel: str,
    wanted: Callable[[dict[str, Any]], bool],
    count: int = 1,
    timeout_s: float = PATIENCE_S,
) -> list[dict[str, Any]]:
    """The messages of a channel that are wanted, once there are ``count``. Raises TimeoutError."""

    async def look() -> list[dict[str, Any]]:
        found = [message for message in await slack.messages(channel) if wanted(message)]
        return found if len(found) >= count else []

    return await until_answered(look, timeout_s)


def buttons(message: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(action_id, value) of every button of a message."""
    for part in (message, *message.get("attachments", ())):
        for block in part.get("blocks", ()):
            for element in block.get("elements", ()):
                if element.get("type") == "button":
                    yield element["action_id"], element.get("value", "")


async def open_form(person: SlackPerson) -> dict[str, Any]:
    """The modal that creates an incident, opened by the command."""
    answer = await person.command("#alerts", "/incident", "create")
    assert answer["ok"], answer
    return (await until_answered(person.modals))[-1]  # a slow hub asks for patience first


def filled(title: str) -> dict[str, Any]:
    """What is entered into it."""
    return {"title": {"title_input": title}, "priority": {"priority_select": "high"}}


def told_of(world: World, kind: str) -> Counter[str]:
    """How often an event of a type is in the log, by its subject."""
    found = world.reader.rows("select subject from events where type = ?", kind)
    return Counter(str(row[0]) for row in found)


async def settled(world: World, timeout_s: float = 60.0) -> None:
    """Waits until the hub has nothing left to do."""

    async def look() -> bool:
        return bool(await asyncio.to_thread(world.reader.value, EMPTY) == 0)

    await until_answered(look, timeout_s)
