"""Sending something again as it was sent then: by an earlier revision of its webhook, signed with today's keys."""

from __future__ import annotations

import msgspec

from centralita.core.effects import Effect
from centralita.integrations.webhook.receiver import receiver_of
from centralita.services.destinations import Address
from centralita.services.webhook_catalogue import WebhookCatalogue
from centralita.store import stored_webhooks
from centralita.store.database import Database

ARGUMENT = "revision"
"""Of an effect: the revision of the webhook that it is to be sent by."""


class Originals:
    """Finds how a webhook was."""

    def __init__(self, database: Database, catalogue: WebhookCatalogue) -> None:
        self._database, self._catalogue = database, catalogue

    async def __call__(self, effect: Effect, today: Address) -> Address:
        """``today`` with what the revision said that the effect names; ``today`` itself when that is not kept, or when
        the webhook is no more. Raises StoreUnavailable."""
        number = effect.arguments.get(ARGUMENT)
        current = receiver_of(today.config)
        if not isinstance(number, int) or current.state != "there":
            return today
        row = await self._database.read(lambda tx: stored_webhooks.revision(tx, effect.target, number))
        if row is None:
            return today
        then = self._catalogue.config_of(row)
        receiver = msgspec.structs.replace(receiver_of(then), keys=current.keys)
        return msgspec.structs.replace(today, config={**then, "receiver": receiver})
