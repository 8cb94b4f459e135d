"""Outgoing webhooks by the names and shapes of the troubleshooting assistant's interface: what its users' programs send
and read. They are the hub's webhooks like any others; only the words differ.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from centralita.core.signing import parse_key
from centralita.integrations import registry
from centralita.integrations.registry import Fixture
from centralita.services import webhook_changes, webhooks
from centralita.services.audit import record
from centralita.services.hub import Hub
from centralita.services.ingest import ConfiguredSource
from centralita.services.source_changes import InTheWay
from centralita.services.times import shown
from centralita.services.webhook_checks import Fault, WebhookFaulty
from centralita.services.webhooks import LANE, WebhookView
from centralita.settings.webhooks import Webhook
from centralita.store import support_webhooks as stored
from centralita.store.database import Transaction
from centralita.store.support_webhooks import Counts

KIND = "troubleshooting"
_FORMATS = {
    # Addresses of chats, whose incoming webhooks understand nothing but their own messages.
    "hooks.slack.com": "slack",
    "discord.com": "discord",
    "discordapp.com": "discord",
    ".webhook.office.com": "teams",
    ".logic.azure.com": "teams",
    ".api.powerplatform.com": "teams",
}
ERRORS = 5
"""So many of the most common errors are told."""


@dataclass(frozen=True, kw_only=True)
class Registration:
    """What somebody registers; the defaults are the assistant's."""

    url: str
    events: tuple[str, ...]
    secret: str = field(default="", repr=False)
    timeout: float = 10
    """Seconds."""
    retry_attempts: int = 3
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    enabled: bool = True
    webhook_id: str = ""
    """"" has one made."""


@dataclass(frozen=True, kw_only=True)
class SupportWebhook:
    """A registered webhook."""

    webhook_id: str
    url: str
    """As far as people may see it."""
    events: list[str]
    enabled: bool
    format: str
    timeout: float
    retry_attempts: int
    created_at: str | None


@dataclass(frozen=True, kw_only=True)
class Error:
    """A kind of failure, and how often it happened."""

    error: str
    """A message id, with the status that the receiver answered."""
    count: int
    last_at: str | None


@dataclass(frozen=True, kw_only=True)
class SentEvent:
    """An event that a webhook was sent, or will be."""

    id: str
    event_id: str
    event: str
    """Its type; "" when its retention is over."""
    status: str
    """``pending``, ``delivered``, ``failed``, ``skipped``, ``superseded``."""
    attempts: int
    status_code: int | None
    error: str
    triggered_at: str | None
    completed_at: str | None


@dataclass(frozen=True, kw_only=True)
class Stats:
    """How a webhook does, over what is on record."""

    webhook_id: str
    total_events: int
    successful_events: int
    failed_events: int
    pending_events: int
    success_rate: float | None
    """Per cent of those that have ended; None while none has."""
    last_event: SentEvent | None
    common_errors: list[Error]
    """The most common first."""


async def register(hub: Hub, actor: str, given: Registration) -> tuple[SupportWebhook, str]:
    """Registers a webhook. Second, the secret that was made for it and is nowhere else afterwards; "" when it has the
    sender's own, or the hub's signs. Raises WebhookFaulty, InTheWay."""
    wanted = {"name": given.webhook_id or f"wh_{secrets.token_hex(8)}", **_settings(given)}
    if given.secret:
        wanted["secret"] = _signing_secret(given.secret)
    made = await webhook_changes.add(hub, actor, wanted, None if hub.webhooks.defaults.secret else "v1")
    return _view(made.view), "" if given.secret else made.secret


async def replace(hub: Hub, actor: str, given: Registration) -> SupportWebhook:
    """Has a webhook that is there say what is given. Another secret than before takes over, and the one before it signs
    too for a day. Raises LookupError, WebhookFaulty, InTheWay."""
    name = given.webhook_id
    hook, keys = webhooks.opened(hub, name)
    wanted = _settings(given)
    wanted["headers"] = {**dict.fromkeys(hook.headers if hook is not None else ()), **wanted["headers"]}
    await webhook_changes.change(hub, actor, name, wanted)
    secret = _signing_secret(given.secret) if given.secret else ""
    if secret and not (keys and keys[0].secret == secret):
        await webhook_changes.rotate(hub, actor, name, secret)
    return _view(await webhooks.find(hub, name))


async def listing(hub: Hub) -> list[SupportWebhook]:
    """Every webhook of the hub, by name."""
    found, _cursor = await webhooks.listing(hub, len(webhooks.names(hub)))
    return [_view(view) for view in found]


async def stats(hub: Hub, webhook_id: str) -> Stats:
    """How a webhook does. Raises LookupError."""
    await webhooks.find(hub, webhook_id)

    def read(tx: Transaction) -> tuple[Counts, list[stored.Sent], list[stored.Failure]]:
        key = LANE + webhook_id
        return stored.counts(tx, key), stored.newest(tx, key, 1), stored.failures(tx, key, ERRORS)

    counts, newest, failures = await hub.database.read(read)
    ended = counts.delivered + counts.dead
    return Stats(
        webhook_id=webhook_id,
        total_events=ended + counts.pending,
        successful_events=counts.delivered,
        failed_events=counts.dead,
        pending_events=counts.pending,
        success_rate=round(100 * counts.delivered / ended, 2) if ended else None,
        last_event=_sent(newest[0]) if newest else None,
        common_errors=[Error(error=each.error, count=each.count, last_at=shown(each.last_at)) for each in failures],
    )


async def history(hub: Hub, webhook_id: str, limit: int) -> list[SentEvent]:
    """What a webhook was sent, the newest first. Raises LookupError."""
    await webhooks.find(hub, webhook_id)
    return [_sent(row) for row in await hub.database.read(lambda tx: stored.newest(tx, LANE + webhook_id, limit))]


async def trigger(hub: Hub, actor: str, event: str, data: Mapping[str, Any]) -> str:
    """Takes in an event as if the assistant had sent it, for whoever subscribes to it; the receipt's id.

    Raises InTheWay when no source takes it.
    """
    now = hub.clock.now()
    source = next((each for _, each in sorted(hub.ingest.sources.items()) if _can_take(each, now)), None)
    if source is None:
        raise InTheWay("support.no_source", kind=KIND)
    body = msgspec.json.encode({"event": event, "timestamp": _precisely(now), "data": data})
    message = Fixture(
        name=event, content_type="application/json", body=body, settings={}, expected=[],
        headers={"content-type": "application/json"},
    )  # fmt: skip
    request = registry.signed(KIND, message, source.secrets_at(now), source.settings, now)
    answer = await hub.ingest.receive(source.slug, request)
    if answer.status >= 300:
        raise InTheWay("support.refused", status=str(answer.status))
    receipt = str(msgspec.json.decode(answer.body, type=dict[str, str])["id"])
    details = {"event": event, "receipt": receipt}
    await hub.database.write(lambda tx: _record(tx, now, actor, source, details))
    return receipt


def _precisely(now: float) -> str:
    # What is signed has to differ from what was signed a moment ago: the same signature is the same request.
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _record(tx: Transaction, now: float, actor: str, source: ConfiguredSource, details: Mapping[str, str]) -> None:
    record(tx, now, actor, "event.triggered", f"source/{source.slug}", dict(details))


def _can_take(source: ConfiguredSource, now: float) -> bool:
    return source.integration.kind == KIND and bool(source.secrets_at(now))


def _settings(given: Registration) -> dict[str, Any]:
    """What a registration means in the hub's own words. Raises WebhookFaulty."""
    schedule_s = Webhook.model_fields["schedule_s"].default
    waits = [schedule_s[min(number, len(schedule_s) - 1)] for number in range(given.retry_attempts)]
    own = {"content-type": "application/json"}
    return {
        "url": given.url,
        "types": list(given.events),
        "format": _format(given.url),
        "timeout_s": given.timeout,
        "schedule_s": waits,
        # The one that every request has anyway may be said; another would be a lie about the body.
        "headers": {name: value for name, value in given.headers.items() if own.get(name.lower()) != value.lower()},
        "enabled": given.enabled,
    }


def _format(url: str) -> str:
    host = (urlsplit(url).hostname or "").lower()
    known = (format for name, format in _FORMATS.items() if host == name or (name[0] == "." and host.endswith(name)))
    return next(known, KIND)


def _signing_secret(secret: str) -> str:
    """Any text signs by its bytes; what is a key of Standard Webhooks already stays one."""
    if secret.startswith(("whsec_", "whsk_")):
        if parse_key(secret.encode()) is None:
            raise WebhookFaulty([Fault("secret", "webhook.secret_malformed")])
        return secret
    return "whsec_" + base64.b64encode(secret.encode()).decode()


def _view(view: WebhookView) -> SupportWebhook:
    return SupportWebhook(
        webhook_id=view.name,
        url=view.address,
        events=view.types,
        enabled=view.state != "off",
        format=view.format,
        timeout=view.policy.timeout_s,
        retry_attempts=len(view.policy.schedule_s),
        created_at=view.created_at,
    )


def _sent(row: stored.Sent) -> SentEvent:
    return SentEvent(
        id=f"dlv_{row.id}",
        event_id=row.event_id,
        event=row.type,
        status=row.status,
        attempts=row.attempts,
        status_code=row.status_code or None,
        error="" if row.status == "delivered" else f"{row.reason} {row.detail}".strip(),
        triggered_at=shown(row.created_at),
        completed_at=shown(row.finished_at),
    )
