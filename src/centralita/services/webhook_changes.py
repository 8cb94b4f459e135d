"""Webhooks that people make: added, changed, given another secret, switched off and removed, each with its audit entry.

What the configuration file provides is the file's alone. A removed webhook's row stays: what waited for it ends as
skipped, and what it was sent can still be read. One that is put away is sent nothing either, but for ``UNDO_S`` it can
be restored as if nothing had been: its secrets, its queue and what happens meanwhile are kept that long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from pydantic import ValidationError

from centralita.core.secrets import SecretError
from centralita.core.shown_urls import shown_url
from centralita.integrations.webhook.receiver import SigningKey
from centralita.services import webhook_checks, webhook_keys, webhook_queue, webhooks
from centralita.services.audit import record
from centralita.services.hub import Hub
from centralita.services.keys import KeyFault
from centralita.services.source_changes import InTheWay
from centralita.services.times import shown
from centralita.services.webhook_catalogue import Sealed, seal
from centralita.services.webhook_checks import Fault, WebhookFaulty
from centralita.services.webhook_keys import Scheme
from centralita.services.webhooks import WebhookView
from centralita.settings.webhooks import Webhook, joined, parted
from centralita.store import stored_webhooks, timers
from centralita.store.database import Conflict, Transaction
from centralita.store.stored_webhooks import WebhookRow
from centralita.store.timers import Timer

T = TypeVar("T")

DAY_S = 86_400.0
UNDO_S = 600.0
SYSTEM = "system"
LEAVE_TIMER = "webhook.leave"


@dataclass(frozen=True)
class Made:
    """A webhook that was added, or whose secret was replaced. The secret is nowhere else afterwards."""

    view: WebhookView
    secret: str
    """``whsec_...``, or ``whsk_...`` of a key pair."""
    public_key: str = ""
    """``whpk_...`` of a key pair: what the receiver has to be given."""
    old_until: float | None = None
    """Seconds since 1970: how long the secrets before it sign too; None when there were none."""
    warnings: tuple[Fault, ...] = ()

    def __repr__(self) -> str:
        return f"Made({self.view.name})"


async def add(hub: Hub, actor: str, given: Mapping[str, Any], scheme: Scheme | None = "v1") -> Made:
    """Adds a webhook: the very next event that it subscribes to reaches it.

    ``given`` says what ``settings.webhooks.Webhook`` does; without ``secret`` or ``secrets`` one of ``scheme`` is made,
    or none: then the hub's own signs. Raises WebhookFaulty, InTheWay.
    """
    hook = webhook_checks.read(given)
    _refuse_provided(hub, hook.name)
    webhook_checks.check(hub, hook)
    now = hub.clock.now()
    secrets = [each.get_secret_value() for each in hook.signing_secrets]
    secrets = secrets or ([webhook_keys.made_key(scheme)] if scheme else [])
    for secret in secrets:
        _refuse_unusable(hook, secret)
    keys = tuple(webhook_keys.key_of(secret) for secret in secrets)
    fresh = _row(hub, hook, keys, WebhookRow(name=hook.name, created_at=now), now)

    def write(tx: Transaction) -> bool:
        before = stored_webhooks.find(tx, hook.name)
        if before is not None and before.removed_at is None:
            raise InTheWay("webhook.taken", name=hook.name)
        if before is not None and before.put_away:
            raise InTheWay("webhook.put_away", name=hook.name)
        if before is not None and webhook_queue.give_up(tx, hook.name, now):
            return False  # what waited for the one before would be sent to the address of the new one
        if before is None:
            stored_webhooks.add(tx, fresh)
        else:
            stored_webhooks.change(tx, msgspec.structs.replace(fresh, revision=before.revision + 1))
        record(tx, now, actor, "webhook.added", f"webhook/{hook.name}", {"after": _told(fresh)})
        return True

    try:
        added = await _change(hub, write)
    except Conflict:
        raise InTheWay("webhook.taken", name=hook.name) from None
    if not added:
        raise InTheWay("webhook.queue_waiting", name=hook.name)
    return await _made(hub, hook, secrets[0] if secrets else "")


async def change(hub: Hub, actor: str, name: str, given: Mapping[str, Any]) -> Made:
    """Changes what ``given`` names, as RFC 7396 says: null resets, a mapping changes only the keys that it names.

    The answer's ``secret`` is "". Raises LookupError, WebhookFaulty, InTheWay.
    """
    _refuse_provided(hub, name)
    fixed = [Fault(key, f"webhook.{key}_fixed") for key in ("name", "secret", "secrets") if key in given]
    if fixed:
        raise WebhookFaulty(fixed)

    def write(tx: Transaction) -> Webhook:
        before = _alive(tx, name)
        hook, keys = _opened(hub, before)
        hook = webhook_checks.read(merged(_whole(hook), given))
        webhook_checks.check(hub, hook)
        _write(tx, hub, actor, before, hook, keys)
        return hook

    return await _made(hub, await _change(hub, write), "")


async def set_enabled(hub: Hub, actor: str, name: str, enabled: bool) -> WebhookView:
    """Switches it on or off. While it is off nothing is sent, what waits is kept, and new events are not queued.

    On also ends a stop by the hub. Raises LookupError, InTheWay.
    """
    _refuse_provided(hub, name)

    def write(tx: Transaction) -> None:
        before = _alive(tx, name)
        if enabled:
            webhook_queue.release(tx, name, only_hubs=True)
        hook, keys = _opened(hub, before)
        _write(tx, hub, actor, before, hook.model_copy(update={"enabled": enabled}), keys)

    await _change(hub, write)
    return await webhooks.find(hub, name)


async def remove(hub: Hub, actor: str, name: str) -> int:
    """Sends nothing more to it; what waited (the answer says how many) ends as skipped. One that was put away ends now.

    Raises LookupError, InTheWay.
    """
    _refuse_provided(hub, name)
    now = hub.clock.now()

    def write(tx: Transaction) -> int:
        before = stored_webhooks.find(tx, name)
        if before is None or not before.put_away:
            return _end(tx, _alive(tx, name), actor, now)
        timers.cancel(tx, LEAVE_TIMER, name)
        return _end(tx, before, actor, now)

    return await _change(hub, write)


def _end(tx: Transaction, before: WebhookRow, actor: str, now: float) -> int:
    waiting = webhook_queue.give_up(tx, before.name, now)
    changed = {"sealed": b"", "enabled": False, "removed_at": now, "updated_at": now}
    stored_webhooks.change(tx, msgspec.structs.replace(before, revision=before.revision + 1, **changed))
    details = {"before": _told(before), "waiting": waiting}
    record(tx, now, actor, "webhook.removed", f"webhook/{before.name}", details)
    return waiting


def join(hub: Hub) -> None:
    """Has webhooks that were put away, and that nobody restores, end."""
    hub.alarms.on(LEAVE_TIMER, _leave)


async def put_away(hub: Hub, actor: str, name: str) -> float:
    """Removes it so that ``restore`` brings it back until the time (seconds since 1970) that this gives; after that
    it ends as by ``remove``. Its name stays taken until then. Raises LookupError, InTheWay.
    """
    _refuse_provided(hub, name)
    now = hub.clock.now()

    def write(tx: Transaction) -> float:
        before = _alive(tx, name)
        after = msgspec.structs.replace(before, revision=before.revision + 1, removed_at=now, updated_at=now)
        if not after.put_away:  # nothing is kept of it that could come back
            _end(tx, before, actor, now)
            return now
        stored_webhooks.change(tx, after)
        timers.set_timer(tx, LEAVE_TIMER, name, now + UNDO_S)
        details = {"before": _told(before), "restorable_until": shown(now + UNDO_S)}
        record(tx, now, actor, "webhook.put_away", f"webhook/{name}", details)
        return now + UNDO_S

    until = await _change(hub, write)
    hub.alarms.look()
    return until


async def restore(hub: Hub, actor: str, name: str) -> WebhookView:
    """Brings back what was put away, as it was: what waited and what happened meanwhile is sent now.

    Raises LookupError when it has ended.
    """
    now = hub.clock.now()

    def write(tx: Transaction) -> None:
        before = stored_webhooks.find(tx, name)
        if before is None or not before.put_away:
            raise LookupError(name)
        after = msgspec.structs.replace(before, revision=before.revision + 1, removed_at=None, updated_at=now)
        stored_webhooks.change(tx, after)
        timers.cancel(tx, LEAVE_TIMER, name)
        record(tx, now, actor, "webhook.restored", f"webhook/{name}", {"after": _told(after)})

    await _change(hub, write)
    return await webhooks.find(hub, name)


def restorable(hub: Hub) -> list[tuple[str, str]]:
    """Names of those that were put away, each with the time until when it can be restored (RFC 3339)."""
    away = (row for row in hub.webhooks.rows.values() if row.put_away and row.name not in hub.webhooks.provided)
    return sorted((row.name, shown((row.removed_at or 0.0) + UNDO_S) or "") for row in away)


async def _leave(hub: Hub, timer: Timer) -> None:
    now = hub.clock.now()

    def write(tx: Transaction) -> None:
        before = stored_webhooks.find(tx, timer.key)
        if timers.take(tx, timer) and before is not None and before.put_away:
            _end(tx, before, SYSTEM, now)

    await _change(hub, write)


async def rotate(
    hub: Hub, actor: str, name: str, secret: str = "", keep_s: float = DAY_S, scheme: Scheme = "v1"
) -> Made:
    """Gives a webhook another secret ("" has one of ``scheme`` made); those before it sign too for ``keep_s`` seconds.

    Raises LookupError, WebhookFaulty, InTheWay.
    """
    _refuse_provided(hub, name)
    new = secret or webhook_keys.made_key(scheme)
    now = hub.clock.now()

    def write(tx: Transaction) -> Webhook:
        before = _alive(tx, name)
        hook, keys = _opened(hub, before)
        _refuse_unusable(hook, new)
        after = webhook_keys.rotated(keys, webhook_keys.key_of(new), keep_s, now)
        stored_webhooks.change(tx, _row(hub, hook, after, before, now))
        record(tx, now, actor, "webhook.secret_added", f"webhook/{name}", {"old_good_for_s": keep_s})
        return hook

    hook = await _change(hub, write)
    return await _made(hub, hook, new, now + keep_s if keep_s else None)


def _refuse_unusable(hook: Webhook, secret: str) -> None:
    if not webhook_keys.is_usable(secret, hook.signing.scheme):
        raise WebhookFaulty([Fault("secret", "webhook.secret_malformed")])


def merged(target: Any, patch: Any) -> Any:
    """``target`` with ``patch`` applied: https://www.rfc-editor.org/rfc/rfc7396#section-2"""
    if not isinstance(patch, Mapping):
        return patch
    kept = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            kept.pop(key, None)
        else:
            kept[key] = merged(kept.get(key), value)
    return kept


def _whole(hook: Webhook) -> dict[str, Any]:
    """A webhook as it was given, but for its signing secrets."""
    plain, hidden = parted(hook)
    return joined(hook.name, hook.enabled, plain, hidden).model_dump(mode="python", exclude={"secret", "secrets"})


def _row(hub: Hub, hook: Webhook, keys: Iterable[SigningKey], before: WebhookRow, now: float) -> WebhookRow:
    plain, hidden = parted(hook)
    return msgspec.structs.replace(
        before,
        description=hook.description,
        address=shown_url(hook.url),
        types=hook.types,
        enabled=hook.enabled,
        spec=plain,
        sealed=seal(hub.vault, hook.name, Sealed(hidden, tuple(keys))),
        revision=before.revision + 1 if before.updated_at else 1,
        updated_at=now,
    )


def _write(
    tx: Transaction, hub: Hub, actor: str, before: WebhookRow, hook: Webhook, keys: Iterable[SigningKey]
) -> None:
    now = hub.clock.now()
    after = _row(hub, hook, (key for key in keys if key.until is None or key.until > now), before, now)
    stored_webhooks.change(tx, after)
    details = {"before": _told(before), "after": _told(after)}
    record(tx, now, actor, "webhook.changed", f"webhook/{hook.name}", details)


async def _change(hub: Hub, write: Callable[[Transaction], T]) -> T:
    try:
        result = await hub.database.write(write)
    except KeyFault as fault:
        raise InTheWay(fault.reason) from None
    await hub.webhooks.refresh()
    _look(hub)
    return result


def _look(hub: Hub) -> None:
    hub.deliverer.look()
    hub.database.notify()


async def _made(hub: Hub, hook: Webhook, secret: str, old_until: float | None = None) -> Made:
    return Made(
        view=await webhooks.find(hub, hook.name),
        secret=secret,
        public_key=webhook_keys.public_key(secret),
        old_until=old_until,
        warnings=tuple(webhook_checks.warnings(hook)),
    )


def _refuse_provided(hub: Hub, name: str) -> None:
    if name in hub.webhooks.provided:
        raise InTheWay("webhook.provided", name=name)


def _alive(tx: Transaction, name: str) -> WebhookRow:
    row = stored_webhooks.find(tx, name)
    if row is None or row.removed_at is not None:
        raise LookupError(name)
    return row


def _opened(hub: Hub, row: WebhookRow) -> tuple[Webhook, tuple[SigningKey, ...]]:
    try:
        return hub.webhooks.open(row)
    except (SecretError, KeyFault) as fault:
        raise InTheWay(fault.reason) from None
    except ValidationError:
        raise InTheWay("webhook.shut") from None


def _told(row: WebhookRow) -> dict[str, Any]:
    return {"address": row.address, "enabled": row.enabled, "settings": row.spec}
