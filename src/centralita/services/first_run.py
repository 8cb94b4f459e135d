"""The first run: who may claim a hub that belongs to nobody yet, and how far it has been set up."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from centralita.services import announcements, lanes, sources
from centralita.services.hub import Hub
from centralita.services.lanes import LaneView
from centralita.services.sign_in import is_unclaimed
from centralita.services.slack_installations import Installation
from centralita.services.sources import SourceSummary

PATH = "/setup"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_ANYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104  recognised, not listened on


@dataclass(frozen=True)
class Progress:
    """What of the first run is done."""

    workspaces: list[Installation] = field(default_factory=list)
    """Slack's, those that have not ended."""
    posts_only: bool = False
    """There is nothing but an incoming webhook of Slack's."""
    sources: list[SourceSummary] = field(default_factory=list)
    """Without the hub's own; that which an event came from last is the first."""
    rules: list[str] = field(default_factory=list)
    """Names of those that are on."""
    arrived: LaneView | None = None
    """The lane that something was delivered by last."""

    @property
    def heard(self) -> bool:
        """Whether anything has come in."""
        return any(each.accepted for each in self.sources)


async def progress(hub: Hub) -> Progress:
    """How far the hub has been set up. Raises StoreUnavailable."""
    known = [each for each in await sources.listing(hub) if each.slug != announcements.SLUG]
    delivered = [each for each in await lanes.listing(hub) if each.last_success_at]
    return Progress(
        workspaces=[each for each in hub.workspaces.listing() if each.tokens.bot_token],
        posts_only=bool(hub.settings.slack.webhook_url),
        sources=sorted(known, key=lambda each: each.last_accepted_at or "", reverse=True),
        rules=[spec.name for spec in hub.ruleset.specs if spec.enabled],
        arrived=max(delivered, key=lambda each: each.last_success_at or "", default=None),
    )


def setup_key(hub: Hub) -> str:
    """What shows that somebody can read what the hub prints. The same after a restart. Raises keys.KeyFault."""
    return hub.vault.derive("setup")


def is_setup_key(hub: Hub, given: str) -> bool:
    """Whether this is the key. Raises keys.KeyFault."""
    return hmac.compare_digest(given.strip().encode(), setup_key(hub).encode())


def is_local(hub: Hub) -> bool:
    """Whether the hub is reached from its own machine only, as far as it knows itself."""
    server = hub.settings.server
    return server.host in LOOPBACK and not server.public_url


def dashboard_address(hub: Hub) -> str:
    """Where a person opens the dashboard."""
    if hub.settings.server.public_url:
        return hub.settings.server.public_url.rstrip("/")
    parts = urlsplit(hub.url)
    everywhere = (parts.hostname or "") in _ANYWHERE
    return f"{parts.scheme}://localhost:{parts.port}" if everywhere else hub.url.rstrip("/")


async def setup_link(hub: Hub) -> str:
    """What makes whoever opens it the administrator; "" once there is one. Raises StoreUnavailable, keys.KeyFault."""
    if not await is_unclaimed(hub):
        return ""
    return f"{dashboard_address(hub)}{PATH}?key={setup_key(hub)}"
