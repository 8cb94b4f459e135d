"""Which outgoing webhooks there are: those of the configuration file, and those that people made.

Routing asks ``subscriptions`` who takes an event, delivering asks ``config`` how it is sent. Both know every change
that ``version`` counts; a routing transaction that finds a newer one in the database has it read first, so that no
event is routed past a webhook that was there before it came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any

import msgspec
import structlog

from centralita.core.lanes import LanePolicy, OnDead, Order
from centralita.core.rule_specs import WebhookSpec, webhook_problems
from centralita.core.secrets import SecretError
from centralita.core.subscriptions import Subscriptions
from centralita.core.webhook_formats import Format
from centralita.integrations.webhook.receiver import Auth, Receiver, Signing, SigningKey
from centralita.ports import Config
from centralita.services.following import Follower
from centralita.services.keys import KeyFault
from centralita.services.vault import Vault
from centralita.settings.webhooks import Webhook, joined, parted
from centralita.store import lanes, stored_webhooks
from centralita.store.database import Database
from centralita.store.stored_webhooks import WebhookRow

log = structlog.get_logger(__name__)

DAY_S = 86_400.0


class Defaults(msgspec.Struct, frozen=True, kw_only=True):
    """What every webhook has that does not say otherwise."""

    secret: str = ""
    """Signs those without a secret of their own; "" for none."""
    aliases: Mapping[str, str] = {}
    """Other names of event types to the real ones."""
    locale: str = "es"
    public_url: str = ""
    mail_from: str = ""

    def __repr__(self) -> str:
        return "Defaults()"


class Sealed(msgspec.Struct, frozen=True):
    """What a webhook's row keeps sealed."""

    hidden: dict[str, Any] = {}
    """``settings.webhooks.parted``: the secret half."""
    keys: tuple[SigningKey, ...] = ()
    """The newest first."""

    def __repr__(self) -> str:
        return f"Sealed({len(self.keys)} keys)"


def seal(vault: Vault, name: str, content: Sealed) -> bytes:
    """``content`` for the row of ``name``. Raises KeyFault."""
    return vault.seal_struct(content, _place(name))


def unseal(vault: Vault, row: WebhookRow) -> Sealed:
    """What ``seal`` was given. Raises SecretError, KeyFault."""
    if not row.sealed:
        return Sealed()
    return vault.unseal_struct(row.sealed, _place(row.name), Sealed)


def _place(name: str) -> str:
    return f"webhook/{name}/secrets"


def spec_of(hook: Webhook) -> WebhookSpec:
    """Who subscribes to what."""
    return WebhookSpec(
        name=hook.name,
        types=list(hook.types),
        condition=hook.condition,
        channels=list(hook.channels),
        enabled=hook.enabled,
    )


def spec_of_row(row: WebhookRow) -> WebhookSpec:
    """The same of a webhook whose secrets stay shut."""
    return WebhookSpec(
        name=row.name,
        types=list(row.types),
        condition=str(row.spec.get("condition") or ""),
        channels=list(row.spec.get("channels") or ()),
        enabled=row.enabled,
    )


_Count = Annotated[int, msgspec.Meta(ge=1)]
_Positive = Annotated[float, msgspec.Meta(gt=0)]
_NotNegative = Annotated[float, msgspec.Meta(ge=0)]


class _Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``settings.webhooks.parted`` gave, both halves. All of it was checked when it was written; here it has to
    have these names, types, words and signs. What a URL and a header may be, ``net`` judges before every request."""

    description: str
    url: str
    types: tuple[str, ...]
    condition: str
    channels: tuple[str, ...]
    format: Format
    template: str
    content_type: str
    signing: Signing
    headers: dict[str, str]
    auth: Auth | None
    client_certificate: str
    timeout_s: _Positive
    slow_s: _Positive
    rate_per_s: _NotNegative
    burst: _Count
    in_flight: _Count
    schedule_s: tuple[_Positive, ...]
    disable_after_days: _NotNegative
    order: Order
    on_dead: OnDead

    def __repr__(self) -> str:
        return "_Kept()"


_UNSAID: dict[str, Any] = {name: value for half in parted(Webhook(name="-")) for name, value in half.items()}
"""What holds where an earlier version wrote nothing."""


def _read(plain: Mapping[str, Any], hidden: Mapping[str, Any]) -> _Kept:
    """Raises msgspec.ValidationError."""
    given = {**_UNSAID, **plain, **hidden}
    if plain.get("auth"):
        auth = {**plain["auth"], **(hidden.get("auth") or {})}
        given["auth"] = {name: value for name, value in auth.items() if value is not None}
    return msgspec.convert(given, _Kept)


def _policy(kept: _Kept, enabled: bool) -> LanePolicy:
    return LanePolicy(
        rate_per_s=kept.rate_per_s,
        burst=kept.burst,
        in_flight=kept.in_flight,
        schedule_s=kept.schedule_s,
        order=kept.order,
        on_dead=kept.on_dead,
        # What is fetched by polling is never sent.
        off=not (enabled and kept.url),
        disable_after_s=kept.disable_after_days * DAY_S,
        slow_s=kept.slow_s,
    )


def make_receiver(hook: Webhook, keys: Sequence[SigningKey], defaults: Defaults) -> Receiver:
    """A webhook as its destination needs it."""
    return _receiver(hook.name, hook.enabled, _read(*parted(hook)), keys, defaults, 0)


def _receiver(
    name: str, enabled: bool, kept: _Kept, keys: Sequence[SigningKey], defaults: Defaults, revision: int
) -> Receiver:
    if not keys and defaults.secret:
        keys = (SigningKey(defaults.secret),)
    names = frozenset(name for name in kept.types if name in defaults.aliases)
    return Receiver(
        name=name,
        url=kept.url,
        format=kept.format,
        template=kept.template,
        content_type=kept.content_type,
        keys=tuple(keys),
        signing=kept.signing,
        headers=tuple(kept.headers.items()),
        auth=kept.auth,
        client_certificate=kept.client_certificate,
        timeout_s=kept.timeout_s,
        names=names,
        # Whoever subscribes by another name of a type gets the events under that name.
        aliases={defaults.aliases[name]: name for name in sorted(names)},
        locale=defaults.locale,
        public_url=defaults.public_url,
        mail_from=defaults.mail_from,
        policy=_policy(kept, enabled),
        revision=revision,
    )


def own_keys(hook: Webhook) -> tuple[SigningKey, ...]:
    """Those that the file gives."""
    return tuple(SigningKey(secret.get_secret_value()) for secret in hook.signing_secrets)


class WebhookCatalogue:
    """See above."""

    def __init__(self, provided: Sequence[Webhook], defaults: Defaults, database: Database, vault: Vault) -> None:
        self.provided = {hook.name: hook for hook in provided}
        """Those that only the file can change."""
        self.defaults = defaults
        self._database, self._vault = database, vault
        self.subscriptions = Subscriptions((), defaults.aliases)
        """Of those that people made; the file's are part of the ruleset."""
        self.version = 0
        self.rows: dict[str, WebhookRow] = {}
        """Those that people made, the removed ones included, by name."""
        self.unreadable: dict[str, str] = {}
        """Those whose subscription makes no sense to this version, by name: a message id."""
        self._configs: dict[str, Config] = {
            hook.name: {"receiver": make_receiver(hook, own_keys(hook), defaults), "session": {}} for hook in provided
        }
        self.on_changed: Callable[[Iterable[str]], None] = lambda names: None
        """Called with the names of webhooks that are not as they were."""
        self.news = Follower("webhook", self.refresh)
        """Of what other processes change."""
        self._refreshing = asyncio.Lock()

    def has(self, name: str) -> bool:
        """Whether there is a webhook of that name: one that was removed is not, even if it can be restored."""
        row = self.rows.get(name)
        return name in self.provided or (row is not None and row.removed_at is None)

    def config(self, name: str) -> Config | None:
        """How to send to a webhook; None when there never was one of that name."""
        found = self._configs.get(name)
        if found is None and name in self.rows:
            found = self._configs[name] = self.config_of(self.rows[name])
        return found

    def config_of(self, row: WebhookRow) -> Config:
        """How to send to a webhook as ``row`` has it (which may be an earlier revision)."""
        if row.removed_at is not None and not row.put_away:
            return {"receiver": Receiver(name=row.name, state="removed"), "session": {}}
        try:
            content = unseal(self._vault, row)
            kept = _read(row.spec, content.hidden)
        except (SecretError, KeyFault, msgspec.ValidationError) as fault:
            log.warning("webhook.shut", webhook=row.name, fault=type(fault).__name__)
            return {"receiver": Receiver(name=row.name, state="shut"), "session": {}}
        receiver = _receiver(
            row.name, row.enabled and not row.put_away, kept, content.keys, self.defaults, row.revision
        )
        return {"receiver": receiver, "session": {}}

    def open(self, row: WebhookRow) -> tuple[Webhook, tuple[SigningKey, ...]]:
        """A row with its secrets. Raises SecretError, KeyFault, pydantic's ValidationError."""
        content = unseal(self._vault, row)
        return joined(row.name, row.enabled, row.spec, content.hidden), content.keys

    async def refresh(self) -> None:
        """Reads what was changed since the last time. Raises StoreUnavailable."""
        async with self._refreshing:  # whoever read first must not adopt last
            since = self.version
            version, rows = await self._database.read(
                lambda tx: (stored_webhooks.version(tx), stored_webhooks.changed_since(tx, since))
            )
            if version != since or rows:
                # Rows may be newer than the version that was read: the rest is read again, and does no harm.
                self._adopt(rows)
                self.version = version
            if since and rows:
                # Whoever looked by the policy before may have left the queue of one that is switched on asleep.
                keys = [f"webhook:{row.name}" for row in rows]
                await self._database.write(lambda tx: lanes.look_at(tx, keys))

    def _adopt(self, rows: Sequence[WebhookRow]) -> None:
        put, gone = [], []
        for row in rows:
            self.rows[row.name] = row
            self.unreadable.pop(row.name, None)
            if row.name in self.provided:
                log.warning("webhook.hidden", webhook=row.name)  # the file's wins
                continue
            self._configs.pop(row.name, None)
            spec = self._subscription(row)
            if spec is None:
                gone.append(row.name)
            else:
                put.append(spec)
        self.subscriptions = self.subscriptions.changed(put, gone)
        self.on_changed([row.name for row in rows])

    def _subscription(self, row: WebhookRow) -> WebhookSpec | None:
        """Who subscribes to what; None for one that was removed, or that another version wrote in words that this one
        does not know: the others are not held up by it. One that can be restored misses nothing meanwhile."""
        spec, gone = spec_of_row(row), row.removed_at is not None and not row.put_away
        problem = next(webhook_problems(spec), None)
        if problem is not None and not gone:
            self.unreadable[row.name] = problem.id
            log.error("webhook.unreadable", webhook=row.name, key=problem.key, reason=problem.id)
        return spec if problem is None and not gone else None
