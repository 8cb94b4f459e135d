"""What ``doctor`` says of the outgoing webhooks: those of the file, and those that people made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from pydantic import ValidationError

from centralita.cli.stored import has_key
from centralita.core.lanes import LaneState
from centralita.core.secrets import SecretError
from centralita.i18n import gettext as _
from centralita.services.keys import KeyFault
from centralita.services.webhook_catalogue import WebhookCatalogue
from centralita.services.wording import in_words
from centralita.settings import Settings
from centralita.store import lanes
from centralita.store.database import Database
from centralita.wiring import vault_of, webhooks_of

Told = tuple[Literal["warn", "fail"], str, str]
"""How bad it is, what it is, and what to do about it."""


async def examine_webhooks(settings: Settings, database: Database, locale: str) -> list[Told]:
    """Everything that somebody should see to. Raises StoreUnavailable."""
    catalogue = webhooks_of(settings, database, vault_of(settings))
    await catalogue.refresh()
    queues = {lane.key: lane for lane in await database.read(lanes.listing)}
    alive = sorted(name for name, row in catalogue.rows.items() if row.removed_at is None)
    return [
        *_hidden(catalogue, alive, locale),
        *_shut(settings, catalogue, alive, locale),
        *_stopped([*catalogue.provided, *alive], queues, locale),
    ]


def unsigned(settings: Settings) -> list[str]:
    """Those of the file that are sent without a signature; the others always have a secret."""
    return [hook.name for hook in settings.webhooks if not (hook.signing_secrets or settings.webhook_secret)]


def _hidden(catalogue: WebhookCatalogue, alive: Sequence[str], locale: str) -> Iterator[Told]:
    for name in alive:
        if name in catalogue.provided:
            said = _("{name}: the database has a webhook of this name too; the one of the file is used.", locale)
            yield "warn", said.format(name=name), _("Rename the one of the file.", locale)


def _shut(settings: Settings, catalogue: WebhookCatalogue, alive: Sequence[str], locale: str) -> Iterator[Told]:
    readable = has_key(settings)  # opening what is sealed would make a key where there is none
    for name in alive:
        try:
            if not readable:
                raise SecretError("secret.key_unknown")
            catalogue.open(catalogue.rows[name])
        except (SecretError, KeyFault, ValidationError):
            cure = _("Give this machine the key that the others have.", locale)
            yield "fail", f"{name}: {in_words('webhook.shut', {}, locale)}", cure


def _stopped(names: Sequence[str], queues: Mapping[str, LaneState], locale: str) -> Iterator[Told]:
    for name in names:
        lane = queues.get(f"webhook:{name}")
        if lane is not None and lane.paused and lane.paused_reason:
            said = _("{name} was stopped by the hub: {reason}", locale)
            reason = in_words(lane.paused_reason, {}, locale)
            yield "warn", said.format(name=name, reason=reason), f"centralita webhook resume {name}"
