"""The webhooks of the configuration file, written where whoever reads the database finds them beside the others."""

from __future__ import annotations

from centralita.core.shown_urls import shown_url
from centralita.services.hub import Hub
from centralita.settings.webhooks import Webhook, parted
from centralita.store import stored_webhooks
from centralita.store.stored_webhooks import WebhookRow


async def show_provided(hub: Hub) -> None:
    """Writes them down as they are in the file now, without what is secret. Raises StoreUnavailable."""
    now = hub.clock.now()
    rows = [_row(hook, now) for _, hook in sorted(hub.webhooks.provided.items())]
    await hub.database.write(lambda tx: stored_webhooks.shadow(tx, rows))


def _row(hook: Webhook, now: float) -> WebhookRow:
    return WebhookRow(
        name=hook.name,
        origin="file",
        description=hook.description,
        address=shown_url(hook.url),
        types=hook.types,
        enabled=hook.enabled,
        spec=parted(hook)[0],
        revision=0,
        created_at=now,
        updated_at=now,
    )
