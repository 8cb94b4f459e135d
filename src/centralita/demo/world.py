"""Everything that the demo runs, in one process, on free ports, in a directory that is thrown away."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes, token_urlsafe
from typing import Any

import yaml

from centralita.chatops.offer import offered_commands, offered_shortcuts
from centralita.core.signing import generate_secret
from centralita.integrations.slack.manifest import make_manifest
from centralita.sandbox.control import SinkControl, SlackControl
from centralita.sandbox.invgate import API_TOKEN, CLIENT_ID, CLIENT_SECRET, LocalInvGate
from centralita.sandbox.invgate.control import InvGateControl
from centralita.sandbox.invgate.sender import EVENTS
from centralita.sandbox.server import serve
from centralita.sandbox.sink import WebhookSink
from centralita.sandbox.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, LocalSlack
from centralita.services.access import add_user, create_token, local_administrator
from centralita.services.hub import Hub
from centralita.services.passwords import set_password
from centralita.serving import serving
from centralita.settings import Settings, load

ASSETS, PEOPLE = 60, 25
HELP_DESK, INCIDENTS = "#mesa-de-ayuda", "#incidents"
ADMIN, ADMIN_EMAIL = "admin", "admin@example.com"
"""Whoever looks at the dashboard."""
CONNECT_TIMEOUT_S = 30.0

RULES = [
    {
        "name": "Mesa de ayuda",
        "condition": "type startswith 'ticket.' OR type startswith 'approval.'",
        "channel": HELP_DESK,
    },
    {
        "name": "Avisar a quien lo pidió",
        "condition": "type == 'ticket.created' OR type == 'ticket.closed'",
        "dm": ["requester"],
        "fallback": HELP_DESK,
    },
    {
        "name": "Infraestructura crítica",
        "condition": "severity == 'critical' AND ci_type == 'server'",
        "channel": INCIDENTS,
        "mentions": ["@oncall"],
    },
]


# Who may do what: two agents, an approver, an administrator; everybody else may look.
PERMISSIONS = {
    "user_mappings": {
        "luis@example.com": "operator",
        "sam@example.com": "operator",
        "marta@example.com": "operator",
        ADMIN_EMAIL: "admin",
    },
    "default": "viewer",
}


@dataclass
class World:
    """The running demo."""

    hub: Hub
    hub_url: str
    slack_url: str
    sink_url: str
    invgate_url: str
    invgate_secret: str
    alertmanager_token: str
    webhook_secret: str
    admin_token: str
    """Of the hub's API."""
    password: str
    """Of ``ADMIN`` at the dashboard."""
    invgate: InvGateControl
    slack: SlackControl
    sink: SinkControl
    config: Path
    """The configuration that it runs by, to look at."""
    ticket: int = 0
    """The one that the story is about."""
    approval: int = 0
    """InvGate's, of that ticket."""
    plan: str = ""
    """Of asset owners."""
    incident: str = ""
    """Its message's ts in the incidents channel."""


@dataclass(frozen=True)
class Addresses:
    """Where the stand-ins listen."""

    slack: str
    sink: str
    invgate: str


@dataclass(frozen=True)
class Secrets:
    """What the senders prove themselves by, and what signs the outgoing webhook."""

    invgate: str
    alertmanager: str
    webhook: str


def configuration(port: int, addresses: Addresses, secrets: Secrets) -> Any:
    """What somebody would write into ``centralita.yaml`` for this."""
    return {
        "server": {"port": port},
        "locale": "es",
        "slack": {
            "api_url": f"{addresses.slack}/api/",
            "bot_token": BOT_TOKEN,
            "app_token": APP_TOKEN,
            "signing_secret": SIGNING_SECRET,
            "channel_mappings": {
                "critical": INCIDENTS,
                "high": "#alerts",
                "medium": "#alerts",
                "low": "#notifications",
            },
            "incidents_channel": INCIDENTS,
            "formatting": {"emoji_reactions": True},
        },
        "permissions": PERMISSIONS,
        "ops": {"channel": "#centralita-ops"},
        "invgate": {
            "service_desk": {"url": addresses.invgate, "token": API_TOKEN, "author": "luis@example.com", "poll_s": 60},
            "assets": {"url": addresses.invgate, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
            "rate_per_s": 200,  # it is on this machine
            "burst": 200,
        },
        # The demo has no week to wait in, and its inventory is small.
        "assets": {"sightings": 1, "cap_percent": 20},
        "sources": [
            {"slug": "invgate", "kind": "invgate", "secrets": [secrets.invgate]},
            {"slug": "alertmanager", "kind": "alertmanager", "secrets": [secrets.alertmanager]},
        ],
        "rules": RULES,
        "webhooks": [
            {"name": "erp", "url": f"{addresses.sink}/erp", "types": ["ticket.*", "alert.*"], "secret": secrets.webhook}
        ],
        "network": {"allow": ["127.0.0.0/8"]},  # the stand-ins are on this machine; nothing else may be reached
        "logs": {"level": "warning"},
    }


def _settings(directory: Path, content: Any) -> tuple[Settings, Path]:
    config = directory / "centralita.yaml"
    config.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    # Whoever tries the demo may have a real workspace's tokens in the environment: they are not for the demo.
    environ = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return load(config, environ, directory / "data"), config


@asynccontextmanager
async def world(port: int = 0, slack_port: int = 0, sink_port: int = 0, invgate_port: int = 0) -> AsyncIterator[World]:
    """The demo, running. Raises OSError when a port is taken."""
    made = Secrets(token_urlsafe(24), token_urlsafe(24), generate_secret(token_bytes(32)))
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="centralita-demo-")))
        slack_address = await stack.enter_async_context(serve(LocalSlack(), port=slack_port))
        slack = await stack.enter_async_context(SlackControl(slack_address.url))
        await slack.install(manifest())
        sink_address = await stack.enter_async_context(serve(WebhookSink(), port=sink_port))
        local = LocalInvGate(assets=ASSETS, people=PEOPLE, stale_percent=8)
        invgate_address = await stack.enter_async_context(serve(local, port=invgate_port))
        addresses = Addresses(slack_address.url, sink_address.url, invgate_address.url)
        settings, config = _settings(directory, configuration(port, addresses, made))
        hub, hub_url = await stack.enter_async_context(serving(settings))
        invgate = await stack.enter_async_context(InvGateControl(addresses.invgate))
        await connect(invgate, hub_url, made.invgate)
        await slack.connections(least=1, timeout_s=CONNECT_TIMEOUT_S)
        maker, password = local_administrator("demo"), token_urlsafe(12)
        admin_token, _ = await create_token(hub, maker, "demo", ("*",), None)
        await add_user(hub, maker, {"name": ADMIN, "email": ADMIN_EMAIL, "role": "admin", "locale": "es"})
        await set_password(hub, maker, ADMIN, password)
        yield World(
            hub=hub,
            hub_url=hub_url,
            slack_url=addresses.slack,
            sink_url=addresses.sink,
            invgate_url=addresses.invgate,
            invgate_secret=made.invgate,
            alertmanager_token=made.alertmanager,
            webhook_secret=made.webhook,
            admin_token=admin_token,
            password=password,
            invgate=invgate,
            slack=slack,
            sink=await stack.enter_async_context(SinkControl(addresses.sink)),
            config=config,
        )


def manifest() -> dict[str, Any]:
    """What the app offers in the local workspace: whatever there are handlers for."""
    return make_manifest("es", commands=offered_commands(), shortcuts=offered_shortcuts())


async def connect(invgate: InvGateControl, hub_url: str, secret: str) -> None:
    """What somebody would set up in InvGate: a rule that says no more than the id of a new ticket, as most do, and
    others that say what has happened."""
    address = f"{hub_url}/in/invgate"
    await invgate.add_rule(address, event="new_ticket", fields=["request_id"], secret=secret)
    for event in EVENTS[1:]:
        await invgate.add_rule(address, event=event, secret=secret)
