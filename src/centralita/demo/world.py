"""Everything that the demo runs, in one process, on free ports, in a directory that is thrown away."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from centralita.core.signing import generate_secret
from centralita.sandbox.control import SinkControl, SlackControl
from centralita.sandbox.invgate.sender import InvGateSender
from centralita.sandbox.server import serve
from centralita.sandbox.sink import WebhookSink
from centralita.sandbox.slack import BOT_TOKEN, LocalSlack
from centralita.services.hub import Hub
from centralita.serving import serving
from centralita.settings import Settings, load

HELP_DESK, INCIDENTS = "#mesa-de-ayuda", "#incidents"


@dataclass
class World:
    """The running demo."""

    hub: Hub
    hub_url: str
    slack_url: str
    sink_url: str
    alertmanager_token: str
    webhook_secret: str
    invgate: InvGateSender
    slack: SlackControl
    sink: SinkControl
    config: Path
    """The configuration that it runs by, to look at."""


def configuration(port: int, slack_url: str, sink_url: str, invgate: str, alertmanager: str, webhook: str) -> Any:
    """What somebody would write into ``centralita.yaml`` for this."""
    return {
        "server": {"port": port},
        "locale": "es",
        "slack": {
            "api_url": f"{slack_url}/api/",
            "bot_token": BOT_TOKEN,
            "channel_mappings": {
                "critical": INCIDENTS,
                "high": "#alerts",
                "medium": "#alerts",
                "low": "#notifications",
            },
        },
        "ops": {"channel": "#centralita-ops"},
        "sources": [
            {"slug": "invgate", "kind": "invgate", "secrets": [invgate]},
            {"slug": "alertmanager", "kind": "alertmanager", "secrets": [alertmanager]},
        ],
        "rules": [
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
        ],
        "webhooks": [{"name": "erp", "url": f"{sink_url}/erp", "types": ["ticket.*", "alert.*"], "secret": webhook}],
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
async def world(port: int = 0, slack_port: int = 0, sink_port: int = 0) -> AsyncIterator[World]:
    """The demo, running. Raises OSError when a port is taken."""
    invgate, alertmanager = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    webhook = generate_secret(secrets.token_bytes(32))
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="centralita-demo-")))
        slack_address = await stack.enter_async_context(serve(LocalSlack(), port=slack_port))
        sink_address = await stack.enter_async_context(serve(WebhookSink(), port=sink_port))
        content = configuration(port, slack_address.url, sink_address.url, invgate, alertmanager, webhook)
        settings, config = _settings(directory, content)
        hub, hub_url = await stack.enter_async_context(serving(settings))
        yield World(
            hub=hub,
            hub_url=hub_url,
            slack_url=slack_address.url,
            sink_url=sink_address.url,
            alertmanager_token=alertmanager,
            webhook_secret=webhook,
            invgate=await stack.enter_async_context(InvGateSender(f"{hub_url}/in/invgate", secret=invgate)),
            slack=await stack.enter_async_context(SlackControl(slack_address.url)),
            sink=await stack.enter_async_context(SinkControl(sink_address.url)),
            config=config,
        )
