"""A hub in this process, its app connected to a local workspace by Socket Mode."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from centralita.chatops import app as chatops
from centralita.sandbox.control import PATIENCE_S, SlackControl, SlackPerson
from centralita.sandbox.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from centralita.services.hub import Hub
from centralita.serving import serving
from centralita.settings import load
from tests.scenarios.conftest import slack as slack
from tests.scenarios.conftest import slack_url as slack_url
from tests.scenarios.processes import write_config

ROLES = {
    "user_mappings": {
        "luis@example.com": "operator",
        "sam@example.com": "operator",
        "marta@example.com": "operator",
        "admin@example.com": "admin",
    },
    "default": "viewer",
}
MANIFEST: dict[str, Any] = {
    "display_information": {"name": "Centralita"},
    "features": {
        "bot_user": {"display_name": "centralita"},
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True},
        "slash_commands": [
            {"command": name, "description": name}
            for name in ("/centralita", "/cmdb", "/incident", "/ticket", "/approve")
        ],
        "shortcuts": [
            {"name": name, "type": "message", "callback_id": name, "description": name}
            for name in ("create_incident_from_message", "create_ticket_from_message", "publish_as_comment")
        ],
    },
    "settings": {
        "interactivity": {"is_enabled": True},
        "socket_mode_enabled": True,
        "event_subscriptions": {
            "bot_events": [
                *("app_mention", "app_home_opened", "message.channels", "message.groups", "message.im"),
                *("user_change", "tokens_revoked", "app_uninstalled"),
            ]
        },
    },
}
Start = Callable[..., AbstractAsyncContextManager[Hub]]


@pytest.fixture
async def app(
    slack: SlackControl, tmp_path: Path, migrated_sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Start]:
    """Starts hubs whose app is connected: ``async with app({"locale": "en"}) as hub``. Both sides have patience: what
    becomes of whoever is too slow for Slack, ``test_chat_faults`` in the scenarios shows."""
    await slack.install(MANIFEST)
    await slack.change_app(ack_s=PATIENCE_S, trigger_s=PATIENCE_S)
    monkeypatch.setattr(chatops, "WORKING_S", PATIENCE_S)

    @asynccontextmanager
    async def start(*layers: dict[str, Any], database_url: str = "", connections: int = 1) -> AsyncIterator[Hub]:
        settings = {
            "slack": {
                **{"api_url": f"{slack.url}/api/", "bot_token": BOT_TOKEN, "app_token": APP_TOKEN},
                **{"signing_secret": SIGNING_SECRET, "rate_per_s": 1000, "burst": 1000, "method_limits": False},
            },
            "permissions": ROLES,
            "locale": "es",
        }
        config = write_config(tmp_path / "hub", database_url or migrated_sqlite, settings, *layers)
        async with AsyncExitStack() as stack:
            hub, _url = await stack.enter_async_context(serving(load(config, {})))
            if connections:
                await slack.connections(least=connections)
            yield hub

    yield start


@pytest.fixture
def luis(slack: SlackControl) -> SlackPerson:
    """An agent who reads Spanish."""
    return slack.person("U0LUISPARED")


@pytest.fixture
def sam(slack: SlackControl) -> SlackPerson:
    """An agent who reads English."""
    return slack.person("U0SAMCARTER")


@pytest.fixture
def marta(slack: SlackControl) -> SlackPerson:
    """An approver who reads Spanish."""
    return slack.person("U0MARTARIOS")


@pytest.fixture
def ana(slack: SlackControl) -> SlackPerson:
    """Who asks for things: may look, no more."""
    return slack.person("U0ANAGOMEZ")
