"""Every setting: its name, type, default and help. The sections of ``centralita.yaml``, one class each.

Secrets are ``SecretStr``: they never show in a repr, a log or an error. Whatever may carry a password inside (the URL
of a database) is kept out of the repr too. Durations are in seconds or days as the name says, sizes in bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr

from centralita.core.events import Severity
from centralita.i18n import N_, Locale
from centralita.settings import checks
from centralita.settings.approvals import Approvals
from centralita.settings.assets import AssetOwners
from centralita.settings.cmdb import Cmdb
from centralita.settings.dashboard import Dashboard
from centralita.settings.directory import Directory
from centralita.settings.invgate import Invgate
from centralita.settings.mail import Mail
from centralita.settings.places import Keys, Notice, Place
from centralita.settings.section import (
    Cidr,
    Count,
    HttpUrl,
    OptionalPath,
    OptionalSecret,
    OptionalText,
    Positive,
    Secrets,
    Section,
    Text,
    Texts,
    listed,
)
from centralita.settings.webhooks import Webhook


class Server(Section):
    host: Text = Field(
        default="127.0.0.1", description=N_("Address to listen on; 0.0.0.0 for every network of the machine.")
    )
    port: int = Field(default=8420, ge=0, le=65535, description=N_("TCP port to listen on; 0 takes a free one."))
    public_url: Annotated[OptionalText, AfterValidator(checks.optional_base_url)] = Field(
        default=None, description=N_("Address under which people and senders reach the hub, for the links in messages.")
    )
    trusted_proxies: Annotated[tuple[Cidr, ...], BeforeValidator(listed)] = Field(
        default=(),
        description=N_("Networks (CIDR) of the proxies whose X-Forwarded-For and X-Forwarded-Proto are believed."),
    )
    socket: OptionalPath = Field(
        default=None,
        description=N_("Local socket through which commands reach the running server; by default in data_dir."),
    )


class Database(Section):
    url: Annotated[Text, AfterValidator(checks.database_url)] = Field(
        default="sqlite:///centralita.db",
        repr=False,
        description=N_("sqlite:///FILE (a relative file lies in data_dir) or postgresql://USER:PASSWORD@HOST/NAME."),
    )


class Formatting(Section):
    use_blocks: bool = Field(default=True, description=N_("Show messages as Block Kit; without it, as plain text."))
    include_charts: bool = Field(
        default=True, description=N_("Attach charts to reports and monitoring events that have data.")
    )
    thread_replies: bool = Field(
        default=True, description=N_("Post what happens later to a subject into its message's thread.")
    )
    emoji_reactions: bool = Field(default=True, description=N_("Show a subject's state as a reaction on its message."))


class RuleFormatting(Section):
    """As ``Formatting``; None leaves ``slack.formatting`` as it is."""

    use_blocks: bool | None = Field(
        default=None, description=N_("As slack.formatting.use_blocks, for this rule alone.")
    )
    include_charts: bool | None = Field(
        default=None, description=N_("As slack.formatting.include_charts, for this rule alone.")
    )
    thread_replies: bool | None = Field(
        default=None, description=N_("As slack.formatting.thread_replies, for this rule alone.")
    )
    emoji_reactions: bool | None = Field(
        default=None, description=N_("As slack.formatting.emoji_reactions, for this rule alone.")
    )


class Channel(Section):
    locale: Locale | None = Field(
        default=None, description=N_("Language of the messages in this channel; else the hub's.")
    )


class Slack(Section):
    enabled: bool = Field(default=True, description=N_("Whether anything is sent to Slack."))
    api_url: Annotated[HttpUrl, AfterValidator(checks.with_slash)] = Field(
        default="https://slack.com/api/", description=N_("Slack's API; another address reaches the local workspace.")
    )
    bot_token: OptionalSecret = Field(default=None, description=N_("Bot token (xoxb-...)."))
    app_token: OptionalSecret = Field(default=None, description=N_("App-level token (xapp-...) for Socket Mode."))
    signing_secret: OptionalSecret = Field(
        default=None, description=N_("Secret by which requests from Slack are verified.")
    )
    mode: Literal["socket", "http"] = Field(
        default="socket",
        description=N_("How Slack reaches the app: by a connection that it opens, or by requests to public_url."),
    )
    command: Annotated[str, AfterValidator(checks.slash_command)] = Field(
        default="/centralita", description=N_("Name of the hub's own slash command, such as /nopesight.")
    )
    client_id: OptionalText = Field(default=None, description=N_("Client id of the app, for installing it by OAuth."))
    client_secret: OptionalSecret = Field(default=None, description=N_("Client secret that belongs to client_id."))
    webhook_url: OptionalSecret = Field(
        default=None,
        description=N_("Incoming webhook, used when there is no bot token: no updates, threads or direct messages."),
    )
    channel_mappings: dict[Severity, Text] = Field(
        default={}, description=N_("Channel of each severity, for rules that name no channel.")
    )
    incidents_channel: OptionalText = Field(default=None, description=N_("Channel where incidents are announced."))
    changes_channel: OptionalText = Field(default=None, description=N_("Channel for events of the category change."))
    reports_channel: OptionalText = Field(default=None, description=N_("Channel for reports."))
    channels: dict[Text, Channel] = Field(default={}, description=N_("What is special about a channel."))
    formatting: Formatting = Field(default=Formatting(), description=N_("What messages look like."))
    rate_per_s: Positive = Field(default=1.0, description=N_("Messages a second to one channel, sustained."))
    # One less than Slack forgives: what is late on the way by a moment finds a token all the same.
    burst: Count = Field(
        default=4, description=N_("Messages that one channel may get at once before rate_per_s applies.")
    )
    method_limits: bool = Field(
        default=True,
        description=N_("Whether Slack's limits per method are kept; off only for a local workspace without any."),
    )


class Ops(Section):
    channel: OptionalText = Field(
        default=None, description=N_("Channel where the hub tells its own troubles: dead letters, open breakers.")
    )


class Source(Section):
    slug: Annotated[str, AfterValidator(checks.slug)] = Field(
        description=N_("Name in the inbound address: /in/SLUG. Lower-case letters, digits, - and _.")
    )
    kind: Text = Field(description=N_("Integration that reads it: invgate, alertmanager, generic or a preset's name."))
    name: str = Field(default="", description=N_("Name that people see; by default the slug."))
    secrets: Secrets = Field(
        default=(), description=N_("Valid secrets; more than one while a secret is being replaced.")
    )
    settings: dict[str, Any] = Field(
        default={}, repr=False, description=N_("Settings of the integration; see its page.")
    )
    enabled: bool = Field(default=True, description=N_("Whether its requests are taken."))


class Rule(Section):
    name: Text = Field(description=N_("Name that people see, unique."))
    condition: str = Field(default="", description=N_("Which events it applies to; empty for all."))
    channel: OptionalText = Field(
        default=None, description=N_("Slack channel; else the one that channel_mappings gives.")
    )
    dm: Texts = Field(
        default=(), description=N_("People to write to: requester, agent, approver, or e-mail addresses.")
    )
    mentions: Texts = Field(default=(), description=N_("Slack people and groups to mention: @oncall."))
    webhook: OptionalText = Field(default=None, description=N_("Name of an outgoing webhook to send the event to."))
    formatting: RuleFormatting = Field(default=RuleFormatting(), description=N_("What its messages look like."))
    stop: bool = Field(default=False, description=N_("Whether the rules after it are left out when it applies."))
    fallback: OptionalText = Field(
        default=None, description=N_("Channel for a direct message whose person is not in Slack.")
    )
    enabled: bool = Field(default=True, description=N_("Whether it applies at all."))


class Role(Section):
    commands: Texts = Field(default=(), description=N_("Commands that the role may use; * for all."))
    actions: Texts = Field(default=(), description=N_("Actions that the role may take; * for all."))


_ROLES = {
    "admin": Role(commands=("*",), actions=("*",)),
    "operator": Role(commands=("status", "search", "report"), actions=("acknowledge", "comment", "assign")),
    "viewer": Role(commands=("status", "search"), actions=("view",)),
}


class Permissions(Section):
    roles: dict[Text, Role] = Field(default=_ROLES, description=N_("What each role may do."))
    user_mappings: dict[Text, Text] = Field(
        default={}, description=N_("Role of each person, by Slack user id or e-mail address.")
    )
    default: OptionalText = Field(
        default=None, description=N_("Role of everybody else; without it they may do nothing.")
    )


class Network(Section):
    allow: Annotated[tuple[Cidr, ...], BeforeValidator(listed)] = Field(
        default=(),
        description=N_("Private networks (CIDR) that outgoing requests may reach, on any port, also by plain http."),
    )
    proxy: Annotated[OptionalText, AfterValidator(checks.optional_http_url)] = Field(
        default=None, repr=False, description=N_("HTTP proxy for outgoing requests.")
    )
    ca_file: OptionalPath = Field(default=None, description=N_("Certificates (PEM) to trust beside the system's."))
    allow_http: bool = Field(default=False, description=N_("Whether outgoing requests may use plain http everywhere."))


class Receive(Section):
    max_body_bytes: Count = Field(default=1_048_576, description=N_("Largest body of a request; above it, 413."))
    header_timeout_s: Positive = Field(default=10.0, description=N_("Longest time for a request's headers to arrive."))
    body_timeout_s: Positive = Field(default=30.0, description=N_("Longest time for a request's body to arrive."))
    max_wait_s: Positive = Field(default=2.0, description=N_("Longest wait of a request for the disk; after it, 503."))
    max_queue_bytes: Count = Field(
        default=67_108_864, description=N_("Most bytes waiting for the disk; above it, 503.")
    )
    max_queue_rows: Count = Field(default=10_000, description=N_("Most requests waiting for the disk; above it, 503."))
    dedupe_days: Positive = Field(
        default=7.0, description=N_("How long a sender's id is remembered, to tell duplicates.")
    )


class Deliver(Section):
    in_flight: Count = Field(default=256, description=N_("Most deliveries under way at once in one process."))
    lease_s: float = Field(
        default=30.0, ge=3, le=3600, description=N_("After how long another process takes over a dead one's work.")
    )
    drain_s: Positive = Field(default=20.0, description=N_("How long a stopping process lets its deliveries finish."))


class Retention(Section):
    receipts_days: Count = Field(default=30, description=N_("How long the raw bytes of requests are kept."))
    events_days: Count = Field(default=365, description=N_("How long events are kept."))
    history_days: Count = Field(default=90, description=N_("How long finished deliveries are kept."))
    attempts_days: Count = Field(default=30, description=N_("How long each attempt's details are kept."))
    rollup_minutes_days: Count = Field(default=7, description=N_("How long the statistics of each minute are kept."))
    rollup_hours_days: Count = Field(default=90, description=N_("How long the statistics of each hour are kept."))
    rollup_days_days: Count = Field(default=1100, description=N_("How long the statistics of each day are kept."))


class Logs(Section):
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description=N_("Least severity that is logged.")
    )
    format: Literal["auto", "console", "json"] = Field(
        default="auto", description=N_("auto: console on a terminal, else json.")
    )
    file: OptionalPath = Field(
        default=None, description=N_("File to log to as well, as json: 10 MB each, the last five kept.")
    )


class Settings(Section):
    """The whole configuration, checked. Build it with ``load``."""

    server: Server = Field(default=Server(), description=N_("Where the hub listens."))
    database: Database = Field(default=Database(), description=N_("Where everything is kept."))
    data_dir: Path = Field(
        default=Path("centralita-data"), description=N_("Directory of what the hub keeps on this machine.")
    )
    secret_key: OptionalSecret = Field(
        default=None, description=N_("Key that encrypts secrets at rest; else a key file is made in data_dir.")
    )
    webhook_secret: OptionalSecret = Field(
        default=None, description=N_("Signs the webhooks that have no secret of their own.")
    )
    locale: Locale = Field(default="es", description=N_("Language of messages when nothing says otherwise."))
    slack: Slack = Field(default=Slack(), description=N_("The Slack workspace."))
    ops: Ops = Field(default=Ops(), description=N_("Whoever runs the hub."))
    approvals: Approvals = Field(default=Approvals(), description=N_("Who approves what, and how long it may take."))
    invgate: Invgate = Field(default=Invgate(), description=N_("InvGate, to read and to write."))
    assets: AssetOwners = Field(default=AssetOwners(), description=N_("When an asset's last user becomes its owner."))
    cmdb: Cmdb = Field(default=Cmdb(), description=N_("Configuration items."))
    directory: Directory = Field(
        default=Directory(), description=N_("Who knows whose an account is, when InvGate does not say.")
    )
    sources: tuple[Source, ...] = Field(default=(), description=N_("Senders of inbound webhooks."))
    rules: tuple[Rule, ...] = Field(default=(), description=N_("Who is told about which event, in this order."))
    webhooks: tuple[Webhook, ...] = Field(default=(), description=N_("Outgoing webhooks."))
    mail: Mail = Field(default=Mail(), description=N_("The server that mail is sent by."))
    permissions: Permissions = Field(default=Permissions(), description=N_("Who may do what."))
    dashboard: Dashboard = Field(default=Dashboard(), description=N_("The dashboard, and who signs in to it."))
    network: Network = Field(default=Network(), description=N_("What outgoing requests may reach, and how."))
    receive: Receive = Field(default=Receive(), description=N_("Limits of the inbound side."))
    deliver: Deliver = Field(default=Deliver(), description=N_("Limits of the outbound side."))
    retention: Retention = Field(default=Retention(), description=N_("How long things are kept."))
    logs: Logs = Field(default=Logs(), description=N_("What is logged, and where."))

    _places: dict[Keys, Place] = PrivateAttr(default_factory=dict)
    _notices: tuple[Notice, ...] = PrivateAttr(default=())

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What was read and has no effect (yet), for the start of ``serve`` and for ``config check``."""
        return self._notices

    def place(self, path: Keys) -> Place | None:
        """Where the value of ``path`` (``("rules", 0, "condition")``) was written; None for a default."""
        return self._places.get(path)

    def written(self) -> Mapping[Keys, Place]:
        """The place of everything that is not a default."""
        return self._places

    @property
    def database_url(self) -> str:
        """``database.url`` with a relative SQLite file resolved against ``data_dir``."""
        scheme, _, file = self.database.url.partition(":///")
        if scheme != "sqlite" or file in ("", ":memory:"):
            return self.database.url
        return f"sqlite:///{(self.data_dir / file).absolute()}"

    @property
    def socket_path(self) -> Path:
        """``server.socket``, or its default."""
        return self.server.socket or self.data_dir / "centralita.sock"
