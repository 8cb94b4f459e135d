"""Builds the objects and joins them; nothing else does."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

from pydantic import SecretStr

from centralita.core.rules import Routing, Ruleset, compile_rules
from centralita.integrations import registry
from centralita.integrations.invgate.client.session import BUCKETS as INVGATE_BUCKETS
from centralita.integrations.invgate.client.session import Connection
from centralita.net import Client
from centralita.net.mail import Mailer, MailServer
from centralita.net.outbound import Outbound
from centralita.ports import Config, Rate, Receipt
from centralita.services import (
    acknowledgements,
    announcements,
    approvals,
    assets,
    ci_changes,
    incidents,
    interactions,
    sessions,
    source_changes,
    tickets,
    timers,
    webhook_changes,
)
from centralita.services.alarms import Alarms
from centralita.services.attempts import Buckets, Performer
from centralita.services.bell import ROUTED, Bell
from centralita.services.clock import ReceiptIds, SystemClock
from centralita.services.deliver import Deliverer
from centralita.services.destinations import Destinations
from centralita.services.directory import directory_of
from centralita.services.hub import Hub
from centralita.services.ingest import ConfiguredSource, Ingest
from centralita.services.invgate import InvGate
from centralita.services.keys import PREVIOUS_VARIABLE, VARIABLE
from centralita.services.metrics import HubMetrics
from centralita.services.oidc import provider_of
from centralita.services.reactions import Reactions
from centralita.services.route import Router
from centralita.services.rule_catalogue import RuleCatalogue
from centralita.services.rule_catalogue import spec_of as rule_spec
from centralita.services.rules import aliases
from centralita.services.settle import Settler
from centralita.services.slack_installations import Installations, Tokens
from centralita.services.source_catalogue import Catalogue
from centralita.services.vault import Vault
from centralita.services.webhook_catalogue import Defaults, WebhookCatalogue
from centralita.services.webhook_catalogue import spec_of as webhook_spec
from centralita.services.webhook_originals import Originals
from centralita.settings import Settings
from centralita.store.database import Database, open_database
from centralita.store.migrate import migrate


def ruleset_of(settings: Settings) -> Ruleset:
    """The rules of the configuration, compiled. Raises RulesError."""
    webhooks = [webhook_spec(hook) for hook in settings.webhooks]
    slack = settings.slack
    routing = Routing(
        channel_mappings=dict(slack.channel_mappings) if slack.enabled else {},  # type: ignore[arg-type]  # narrower keys
        changes_channel=slack.changes_channel or "",
        ops_channel=settings.ops.channel or "",
        formatting=slack.formatting.model_dump(),
    )
    return compile_rules([rule_spec(rule) for rule in settings.rules], webhooks, routing, aliases())


def rules_of(settings: Settings, database: Database, role: str) -> RuleCatalogue:
    """The rules; those that people made are not read yet. Raises RulesError."""
    places = {rule.name: str(settings.place(("rules", number)) or "") for number, rule in enumerate(settings.rules)}
    return RuleCatalogue(ruleset_of(settings), places, database, role)


def sources_of(settings: Settings) -> dict[str, ConfiguredSource]:
    """The configured sources by slug, and the hub's own. Raises LookupError for an unknown kind."""
    own = ConfiguredSource(
        slug=announcements.SLUG, kind=announcements.SLUG, integration=announcements.OwnEvents(), origin="hub"
    )
    found = {own.slug: own}
    for index, source in enumerate(settings.sources):
        integration, source_settings = registry.configured(source.kind, source.settings)
        found[source.slug] = ConfiguredSource(
            slug=source.slug,
            kind=source.kind,
            integration=integration,
            secrets=tuple(secret.get_secret_value().encode() for secret in source.secrets),
            settings=source_settings,
            enabled=source.enabled,
            name=source.name or source.slug,
            place=str(settings.place(("sources", index)) or ""),
        )
    return found


def workspaces_of(settings: Settings, database: Database, vault: Vault) -> Installations:
    """The Slack workspaces; those that people connected are not read yet."""
    slack = settings.slack
    provided = Tokens(
        bot_token=_revealed(slack.bot_token),
        app_token=_revealed(slack.app_token),
        signing_secret=_revealed(slack.signing_secret),
    )
    return Installations(_slack_config(settings), provided, database, vault, slack.mode)


def _slack_config(settings: Settings) -> Config | None:
    slack = settings.slack
    if not slack.enabled:
        return None
    return {
        "api_url": slack.api_url,
        "webhook_url": _revealed(slack.webhook_url),
        "locale": settings.locale,
        "channels": {name: channel.model_dump(exclude_none=True) for name, channel in slack.channels.items()},
        "public_url": settings.server.public_url or "",
        "rate_per_s": slack.rate_per_s,
        "burst": slack.burst,
        "method_limits": slack.method_limits,
        "desk": settings.invgate.service_desk.source if settings.invgate.service_desk.url else "",
    }


def webhooks_of(settings: Settings, database: Database, vault: Vault) -> WebhookCatalogue:
    """The outgoing webhooks; those that people made are not read yet."""
    defaults = Defaults(
        secret=_revealed(settings.webhook_secret),
        aliases=aliases(),
        locale=settings.locale,
        public_url=settings.server.public_url or "",
        mail_from=settings.mail.sender or "" if settings.mail.host else "",
    )
    return WebhookCatalogue(settings.webhooks, defaults, database, vault)


def _invgate_config(settings: Settings) -> Config | None:
    """Both of its APIs, as far as they are configured; what the process learns of them stays inside."""
    invgate, connections = settings.invgate, dict[str, Connection]()
    for api, part in (("desk", invgate.service_desk), ("assets", invgate.assets)):
        if part.url:
            connections[api] = Connection(
                api=api,
                url=part.url,
                client_id=part.client_id or "",
                client_secret=_revealed(part.client_secret),
                timeout_s=invgate.timeout_s,
            )
    desk = invgate.service_desk
    if "desk" in connections:
        connections["desk"].username, connections["desk"].token = desk.username, _revealed(desk.token)
        connections["desk"].amount_field = desk.amount_field or ""
    return (
        {
            "connections": connections,
            "author": desk.author or "",
            "approval_key": desk.approval_key,
            "last_user": invgate.assets.last_user,
            "rate": Rate(invgate.rate_per_s, invgate.burst),
        }
        if connections
        else None
    )


def _revealed(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""


def destinations_of(
    workspaces: Installations, webhooks: WebhookCatalogue, invgate: Config | None = None
) -> Destinations:
    """Where effects can go."""

    def configure(kind: str, target: str) -> Config | None:
        if kind == "invgate":
            api = "assets" if target == "assets" else "desk"
            return invgate if invgate is not None and api in invgate["connections"] else None
        return workspaces.config(target) if kind == "slack" else webhooks.config(target)

    destinations = Destinations(registry.DESTINATIONS, configure)
    workspaces.listeners.append(destinations.forget)
    webhooks.on_changed = partial(destinations.forget_target, "webhook")
    return destinations


def client_of(settings: Settings) -> Client:
    """The outbound HTTP client."""
    network = settings.network
    return Client(
        allow=network.allow,
        plain_http=network.allow_http,
        proxy=network.proxy,
        ca_file=network.ca_file,
        connections_per_host=max(64, settings.deliver.in_flight),
    )


def mailer_of(settings: Settings) -> Mailer | None:
    """Who sends mail; None when no server is configured."""
    mail = settings.mail
    if not mail.host:
        return None
    return Mailer(
        MailServer(
            host=mail.host,
            port=mail.port,
            security=mail.security,
            username=mail.username,
            password=_revealed(mail.password),
            ca_file=settings.network.ca_file,
        )
    )


@asynccontextmanager
async def open_hub(settings: Settings, *, role: str = "all", migrated: bool = True) -> AsyncIterator[Hub]:
    """A hub on its database, not running yet. Raises SettingsError's relatives, StoreUnavailable, RulesetDiffers."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = await open_database(settings.database_url)
    try:
        if migrated:
            await migrate(database)
        async with client_of(settings) as client:
            yield await _join(settings, database, client, role)
    finally:
        await database.close()


async def _join(settings: Settings, database: Database, client: Client, role: str) -> Hub:
    clock = SystemClock()
    clock.anchor(await database.now())
    ids, vault, rules = ReceiptIds(clock), vault_of(settings), rules_of(settings, database, role)
    catalogue, webhooks, workspaces = await _catalogues(settings, database, vault)
    invgate = _invgate_config(settings)
    metrics, destinations = HubMetrics(catalogue.readers), destinations_of(workspaces, webhooks, invgate)
    buckets, outbound = Buckets(clock, _rates(invgate)), Outbound(client, mailer_of(settings))
    await rules.adopt(clock.now(), compare=role != "cli")
    reactions, alarms, originals = Reactions(), Alarms(database, clock), Originals(database, webhooks)
    settler = Settler(ids, destinations, buckets, random.SystemRandom().random, reactions)
    performer = Performer(database, outbound, clock, destinations, buckets, settings.locale, originals)
    deliverer = Deliverer(database, clock, destinations, performer, settler, settings.deliver, metrics)
    router = Router(
        *(database, clock, ids, destinations, catalogue.readers, rules),
        *(deliverer, metrics, reactions, webhooks),
    )
    deliverer.on_announced, router.learn = router.look, catalogue.refresh
    ingest = Ingest(database, clock, ids, settings.receive, metrics, _accepted(database, router, role))
    ingest.sources = catalogue.open
    hub = Hub(
        settings=settings,
        database=database,
        clock=clock,
        ids=ids,
        metrics=metrics,
        catalogue=catalogue,
        webhooks=webhooks,
        workspaces=workspaces,
        rules=rules,
        destinations=destinations,
        client=client,
        outbound=outbound,
        buckets=buckets,
        reactions=reactions,
        alarms=alarms,
        ingest=ingest,
        router=router,
        deliverer=deliverer,
        vault=vault,
        bell=_bell(database, ingest, router, deliverer),
        role=role,
        invgate=None if invgate is None else InvGate(invgate, client, clock, buckets),
        directory=directory_of(settings, client, clock),
        identity_provider=provider_of(settings, client, clock),
    )
    nouns = (tickets, approvals, incidents, acknowledgements, assets, ci_changes, timers, interactions, sessions)
    for noun in (*nouns, source_changes, webhook_changes):
        noun.join(hub)
    return hub


async def _catalogues(
    settings: Settings, database: Database, vault: Vault
) -> tuple[Catalogue, WebhookCatalogue, Installations]:
    """What the file provides and people made, read."""
    catalogue, webhooks = Catalogue(sources_of(settings), database, vault), webhooks_of(settings, database, vault)
    workspaces = workspaces_of(settings, database, vault)
    for each in (catalogue, webhooks, workspaces):
        await each.refresh()
    return catalogue, webhooks, workspaces


def _rates(invgate: Config | None) -> dict[str, Rate]:
    """The limits that lanes share, by bucket."""
    rates = {name: rate for kind in registry.DESTINATIONS.values() for name, rate in kind.buckets.items()}
    if invgate is not None:
        rates |= {name: invgate["rate"] for name in INVGATE_BUCKETS.values()}
    return rates


def _bell(database: Database, ingest: Ingest, router: Router, deliverer: Deliverer) -> Bell:
    """Rings for a source by its slug, for a receipt and its events by their ULID, for a lane that is polled."""
    bell = Bell()

    def routed(source: str) -> None:
        bell.ring((source, ROUTED))
        database.notify()  # whoever looks on, delivers or fetches may wait at another process

    router.on_routed = routed
    router.on_polled = bell.ring
    ingest.on_rejected = bell.ring
    deliverer.on_settled = lambda event_ids: bell.ring(event_id.split("_")[1] for event_id in event_ids)
    return bell


def vault_of(settings: Settings) -> Vault:
    """What seals secrets at rest, by the keys of the settings or of the data directory."""
    environ = {PREVIOUS_VARIABLE: os.environ.get(PREVIOUS_VARIABLE, "")}
    if settings.secret_key is not None:
        environ[VARIABLE] = settings.secret_key.get_secret_value()
    return Vault(environ, settings.data_dir)


def _accepted(database: Database, router: Router, role: str) -> Callable[[Sequence[Receipt]], None]:
    """Who hears of receipts that are on the disk: the router of this process, or those of others if it has none. Two
    that hear of the same ones would be in each other's way."""
    return (lambda fresh: database.notify()) if role == "web" else router.accepted
