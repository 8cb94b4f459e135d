"""What a running hub consists of. ``wiring`` builds it; the API, the CLI and the timers use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from centralita.core.rules import Ruleset
from centralita.services.alarms import Alarms
from centralita.services.attempts import Buckets
from centralita.services.bell import Bell
from centralita.services.clock import ReceiptIds, SystemClock
from centralita.services.deliver import Deliverer
from centralita.services.destinations import Destinations
from centralita.services.directory import Directory
from centralita.services.identity_provider import IdentityProvider
from centralita.services.ingest import ConfiguredSource, Ingest
from centralita.services.invgate import InvGate
from centralita.services.live import Tail
from centralita.services.metrics import HubMetrics
from centralita.services.reactions import Reactions
from centralita.services.route import Router
from centralita.services.rule_catalogue import RuleCatalogue
from centralita.services.slack_installations import Installations
from centralita.services.source_catalogue import Catalogue
from centralita.services.vault import Vault
from centralita.services.webhook_catalogue import WebhookCatalogue
from centralita.settings import Settings
from centralita.store.database import Database

if TYPE_CHECKING:
    from centralita.services.attempts import HttpClient, Sender


@dataclass
class Hub:
    """Everything that use cases need, joined once."""

    settings: Settings
    database: Database
    clock: SystemClock
    ids: ReceiptIds
    metrics: HubMetrics
    catalogue: Catalogue
    webhooks: WebhookCatalogue
    workspaces: Installations
    """The Slack workspaces where the app is installed."""
    rules: RuleCatalogue
    destinations: Destinations
    client: HttpClient
    outbound: Sender
    """What deliveries leave by: the client, and the mail server."""
    buckets: Buckets
    reactions: Reactions
    alarms: Alarms
    ingest: Ingest
    router: Router
    deliverer: Deliverer
    vault: Vault
    """Seals what is secret at rest."""
    bell: Bell = field(default_factory=Bell)
    """Wakes whoever waits for news of a source or an event."""
    tail: Tail = field(default_factory=Tail)
    """What those who follow the events share."""
    url: str = ""
    """Where this process listens; "" when it does not."""
    invgate: InvGate | None = None
    """To read; what is written goes by deliveries. None when it is not configured."""
    directory: Directory | None = None
    """Who else knows whose an account is. None when none is configured."""
    identity_provider: IdentityProvider | None = None
    """Who vouches for people at the dashboard. None when none is configured."""
    role: str = "all"
    draining: bool = False
    running: bool = False
    """Whether this process receives, routes and delivers; False in a command that only reads or queues."""
    faults: list[str] = field(default_factory=list)
    """Why the hub is not ready, in message ids."""

    @property
    def sources(self) -> Mapping[str, ConfiguredSource]:
        """Those that there are, by slug; it changes while the hub runs."""
        return self.catalogue.known

    @property
    def ruleset(self) -> Ruleset:
        """The rules in force; they change while the hub runs."""
        return self.rules.in_force.ruleset
