"""What webhooks were like: kept for as long as something may be sent again that way."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest

from centralita.store import stored_webhooks
from centralita.store.database import Database, Transaction, open_database
from centralita.store.stored_webhooks import WebhookRow


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    opened = await open_database(migrated_url)
    yield opened
    await opened.close()


async def test_a_revision_is_forgotten_when_its_successor_is_old_not_when_it_is_old_itself(database: Database) -> None:
    row = WebhookRow(name="erp", created_at=1.0, updated_at=1.0)
    still = WebhookRow(name="old", created_at=1.0, updated_at=1.0)

    def fill(tx: Transaction) -> None:
        stored_webhooks.add(tx, row)
        stored_webhooks.add(tx, still)
        for revision, at in ((2, 50.0), (3, 200.0)):
            stored_webhooks.change(tx, msgspec.structs.replace(row, revision=revision, updated_at=at))

    await database.write(fill)
    await database.write(lambda tx: stored_webhooks.forget_revisions(tx, 100.0))

    def kept(tx: Transaction) -> list[bool]:
        places = (("erp", 1), ("erp", 2), ("erp", 3), ("old", 1))
        return [stored_webhooks.revision(tx, name, number) is not None for name, number in places]

    # The second one was used until 200, though it is of 50.
    assert await database.read(kept) == [False, True, True, True]
