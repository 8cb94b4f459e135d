"""Sources that people make: added, changed, given another secret, switched off and removed, each with its audit entry.

What the configuration file provides is the file's alone. A removed source takes nothing more; its row stays, so that
what it had sent can still be read. For ``UNDO_S`` its secrets stay too, sealed, so that it can be restored as it was.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from centralita.core.secrets import SecretError
from centralita.core.signing import generate_secret
from centralita.integrations import registry
from centralita.ports import Source
from centralita.services.access import Refused
from centralita.services.audit import record
from centralita.services.hub import Hub
from centralita.services.ingest import ConfiguredSource
from centralita.services.keys import KeyFault
from centralita.services.source_catalogue import KeptSecret, Sealed, seal, unseal
from centralita.services.sources import address_of
from centralita.services.times import shown
from centralita.settings.checks import SLUG
from centralita.store import stored_sources, timers
from centralita.store.database import Conflict, Transaction
from centralita.store.stored_sources import SourceRow
from centralita.store.timers import Timer

T = TypeVar("T")

SECRET_BYTES = 32
UNDO_S = 600.0
LEAVE_TIMER = "source.leave"
SYSTEM = "system"
USER = "centralita"
"""User of a new user:password."""


class InTheWay(Exception):
    """It cannot be done as things stand: a message id and its arguments."""

    def __init__(self, reason: str, **arguments: str) -> None:
        super().__init__(reason)
        self.reason, self.arguments = reason, arguments


class Faulty(Exception):
    """The settings or the secret of a source are wrong; ``faults`` as ``ports.Source.check`` gives them."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class NewSource:
    """A source to be added."""

    kind: str
    slug: str
    name: str
    settings: Mapping[str, Any]
    secret: str
    """The sender's own; "" has one made."""

    def __repr__(self) -> str:
        return f"NewSource({self.kind}, {self.slug})"


@dataclass(frozen=True)
class Handover:
    """What is to be entered at the sender. The secret is nowhere else afterwards."""

    address: str
    secret: str
    proof: str
    """How the sender proves itself, as the source's setting ``auth`` names it; "" where the kind has one way only."""
    headers: tuple[str, ...]
    """The headers that carry the proof."""
    old_until: float | None = None
    """Seconds since 1970: how long the secrets before it are good; None when there were none."""

    def __repr__(self) -> str:
        return f"Handover({self.proof})"


async def add(hub: Hub, actor: str, given: NewSource) -> tuple[ConfiguredSource, Handover]:
    """Adds a source and has it take requests. Raises InTheWay, Faulty, Refused."""
    if not SLUG.fullmatch(given.slug):
        raise Refused("source.slug_invalid", slug=given.slug)
    _refuse_provided(hub, given.slug)
    try:
        integration, settings = registry.configured(given.kind, given.settings)
    except LookupError as unknown:
        known = str(unknown).partition("one of ")[2]
        raise Refused("source.kind_unknown", kind=given.kind, known=known) from None
    secret = given.secret or made_secret(integration, settings)
    _check(integration, settings, [secret])
    now = hub.clock.now()
    plain, hidden = _parted(integration, given.settings)
    sealed = seal(hub.vault, given.slug, Sealed((KeptSecret(secret),), hidden))
    row = SourceRow(
        slug=given.slug, kind=given.kind, name=given.name, settings=plain, secrets=sealed, created_at=now
    )  # fmt: skip

    def write(tx: Transaction) -> None:
        before = stored_sources.find(tx, given.slug)
        if before is not None and before.removed_at is None:
            raise InTheWay("source.taken", slug=given.slug)
        if before is not None and stored_sources.has_waiting(tx, given.slug):
            # They would be read by the settings of the new one.
            raise InTheWay("source.receipts_waiting", slug=given.slug)
        timers.cancel(tx, LEAVE_TIMER, given.slug)
        write_row = stored_sources.add if before is None else stored_sources.change
        write_row(tx, row)
        record(tx, now, actor, "source.added", f"source/{given.slug}", {"after": _told(row)})

    try:
        await _change(hub, write)
    except Conflict:
        raise InTheWay("source.taken", slug=given.slug) from None
    source = hub.sources[given.slug]
    return source, handover(hub, source, secret)


async def change(
    hub: Hub, actor: str, slug: str, *, name: str | None, enabled: bool | None, settings: Mapping[str, Any]
) -> ConfiguredSource:
    """Changes what is not None, and the settings that are named (None takes one away).

    Raises LookupError, InTheWay, Faulty.
    """
    _refuse_provided(hub, slug)

    def write(tx: Transaction) -> None:
        before = _alive(tx, slug)
        content, after = _opened(hub, before), before
        if settings:
            whole = {**before.settings, **content.settings, **settings}
            whole = {key: value for key, value in whole.items() if value is not None}
            integration, effective = registry.configured(before.kind, whole)
            _check(integration, effective, [kept.secret for kept in content.secrets if kept.until is None])
            plain, hidden = _parted(integration, whole)
            sealed = seal(hub.vault, slug, msgspec.structs.replace(content, settings=hidden))
            after = msgspec.structs.replace(after, settings=plain, secrets=sealed)
        after = msgspec.structs.replace(
            after,
            name=after.name if name is None else name,
            enabled=after.enabled if enabled is None else enabled,
        )
        stored_sources.change(tx, after)
        details = {"before": _told(before), "after": _told(after)}
        record(tx, hub.clock.now(), actor, "source.changed", f"source/{slug}", details)

    await _change(hub, write)
    return hub.sources[slug]


def join(hub: Hub) -> None:
    """Has the secrets of removed sources that nobody restores erased."""
    hub.alarms.on(LEAVE_TIMER, _leave)


async def remove(hub: Hub, actor: str, slug: str) -> float:
    """Takes nothing more from it; until the time (seconds since 1970) that this gives ``restore`` brings it back.

    Another source may have its slug at once; then it is gone. Raises LookupError, InTheWay.
    """
    _refuse_provided(hub, slug)
    now = hub.clock.now()

    def write(tx: Transaction) -> None:
        before = _alive(tx, slug)
        stored_sources.change(tx, msgspec.structs.replace(before, removed_at=now))
        timers.set_timer(tx, LEAVE_TIMER, slug, now + UNDO_S)
        details = {"before": _told(before), "restorable_until": shown(now + UNDO_S)}
        record(tx, now, actor, "source.removed", f"source/{slug}", details)

    await _change(hub, write)
    hub.alarms.look()
    return now + UNDO_S


async def restore(hub: Hub, actor: str, slug: str) -> ConfiguredSource:
    """Brings back what was removed, as it was. Raises LookupError when it is gone, InTheWay."""
    _refuse_provided(hub, slug)
    now = hub.clock.now()

    def write(tx: Transaction) -> None:
        before = stored_sources.find(tx, slug)
        if before is None or not before.put_away:
            raise LookupError(slug)
        after = msgspec.structs.replace(before, removed_at=None)
        stored_sources.change(tx, after)
        timers.cancel(tx, LEAVE_TIMER, slug)
        record(tx, now, actor, "source.restored", f"source/{slug}", {"after": _told(after)})

    await _change(hub, write)
    return hub.sources[slug]


def restorable(hub: Hub) -> list[tuple[str, str]]:
    """Slugs of those that were removed and can be restored, each with the time until when (RFC 3339)."""
    return sorted((slug, shown(at + UNDO_S) or "") for slug, at in hub.catalogue.away.items())


async def _leave(hub: Hub, timer: Timer) -> None:
    now = hub.clock.now()

    def write(tx: Transaction) -> None:
        before = stored_sources.find(tx, timer.key)
        if timers.take(tx, timer) and before is not None and before.put_away:
            stored_sources.change(tx, msgspec.structs.replace(before, secrets=b""))
            record(tx, now, SYSTEM, "source.erased", f"source/{timer.key}", {})

    await _change(hub, write)


async def add_secret(hub: Hub, actor: str, slug: str, secret: str, keep_s: float) -> Handover:
    """Gives a source another secret ("" has one made); those before it are good for ``keep_s`` more seconds.

    Raises LookupError, InTheWay, Faulty.
    """
    _refuse_provided(hub, slug)
    now = hub.clock.now()
    end = now + keep_s

    def write(tx: Transaction) -> str:
        before = _alive(tx, slug)
        content = _opened(hub, before)
        integration, settings = registry.configured(before.kind, {**before.settings, **content.settings})
        new = secret or made_secret(integration, settings)
        _check(integration, settings, [new])
        old = [KeptSecret(kept.secret, min(kept.until or end, end)) for kept in content.secrets]
        good = [kept for kept in old if kept.until is not None and kept.until > now]
        sealed = seal(hub.vault, slug, Sealed((KeptSecret(new), *good), content.settings))
        stored_sources.change(tx, msgspec.structs.replace(before, secrets=sealed))
        record(tx, now, actor, "source.secret_added", f"source/{slug}", {"old_good_for_s": keep_s})
        return new

    made = await _change(hub, write)
    return handover(hub, hub.sources[slug], made, end if keep_s else None)


def handover(hub: Hub, source: ConfiguredSource, secret: str, old_until: float | None = None) -> Handover:
    """What is to be entered at the sender of ``source``."""
    proof = registry.proof(source.integration, source.settings)
    address = address_of(hub, source.slug, secret if proof == "key" else "")
    headers = registry.proof_headers(source.integration, source.settings, secret.encode(), hub.clock.now())
    return Handover(address, secret, proof, headers, old_until)


def made_secret(integration: Source, settings: Mapping[str, Any]) -> str:
    """A new strong secret in the form that the source's way of proof needs."""
    material = secrets.token_bytes(SECRET_BYTES)
    plain = base64.urlsafe_b64encode(material).decode().rstrip("=")
    forms = {"standard": generate_secret(material), "basic": f"{USER}:{plain}"}
    first = forms.get(registry.proof(integration, settings), plain)
    for form in (first, plain, *forms.values()):
        if "secrets: secret.malformed" not in integration.check(settings, [form.encode()]):
            return form
    return first


async def _change(hub: Hub, write: Callable[[Transaction], T]) -> T:
    name = hub.ids.new()

    def whole(tx: Transaction) -> T:
        result = write(tx)
        stored_sources.set_version(tx, name)
        return result

    result = await hub.database.write(whole)
    await hub.catalogue.refresh()
    hub.database.notify()
    return result


def _refuse_provided(hub: Hub, slug: str) -> None:
    provided = hub.catalogue.provided(slug)
    if provided is not None:
        raise InTheWay("source.provided" if provided.place else "source.own", slug=slug, place=provided.place)


def _alive(tx: Transaction, slug: str) -> SourceRow:
    row = stored_sources.find(tx, slug)
    if row is None or row.removed_at is not None:
        raise LookupError(slug)
    return row


def _opened(hub: Hub, row: SourceRow) -> Sealed:
    try:
        return unseal(hub.vault, row)
    except (SecretError, KeyFault) as fault:
        raise InTheWay(fault.reason) from None


def _check(integration: Source, settings: Mapping[str, Any], given: Sequence[str]) -> None:
    faults = integration.check(settings, [secret.encode() for secret in given])
    if faults:
        raise Faulty(faults)


def _parted(integration: Source, settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings that may be read, and those that are secret."""
    secret = {field.name for field in integration.fields if field.type == "secret"}
    plain = {name: value for name, value in settings.items() if name not in secret}
    return plain, {name: value for name, value in settings.items() if name in secret}


def _told(row: SourceRow) -> dict[str, Any]:
    return {"kind": row.kind, "name": row.name, "enabled": row.enabled, "settings": row.settings}
