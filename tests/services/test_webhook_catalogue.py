"""Webhooks that another process changed: the next event that is routed knows of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from centralita.core.events import event_id
from centralita.services import source_trial, timers
from centralita.services.hub import Hub
from centralita.services.running import running
from centralita.services.source_watch import until
from centralita.services.webhook_catalogue import Sealed, seal
from centralita.settings import load
from centralita.settings.webhooks import Webhook, parted
from centralita.store import events, stored_webhooks
from centralita.store.database import Transaction
from centralita.store.events import StoredEvent
from centralita.store.stored_webhooks import WebhookRow
from centralita.wiring import open_hub

ACTOR = "local:tests"
CONFIG = """
data_dir: {data}
database: {{url: "{url}"}}
slack: {{enabled: false}}
sources: [{{slug: tools, kind: cmmshere, secrets: [s3cret-s3cret-s3cret-s3cret]}}]
webhooks: [{{name: filed, url: "https://filed.example.com/", types: []}}]
"""


@pytest.fixture
async def hub(migrated_url: str, tmp_path: Path) -> AsyncIterator[Hub]:
    file = tmp_path / "centralita.yaml"
    file.write_text(CONFIG.format(data=tmp_path / "data", url=migrated_url))
    async with open_hub(load(file, environ={})) as opened, running(opened):
        yield opened


async def write(hub: Hub, hook: Webhook, revision: int = 1, removed_at: float | None = None) -> None:
    """As another process would: nobody here is told."""
    plain, hidden = parted(hook)
    row = WebhookRow(
        name=hook.name,
        types=hook.types,
        enabled=hook.enabled,
        spec=plain,
        sealed=seal(hub.vault, hook.name, Sealed(hidden)),
        revision=revision,
        created_at=1.0,
        updated_at=float(revision),
        removed_at=removed_at,
    )
    put = stored_webhooks.add if revision == 1 else stored_webhooks.change
    await hub.database.write(lambda tx: put(tx, row))


async def matched(hub: Hub, fixture: str = "order-created") -> list[str]:
    """Sends an example; the webhooks that its event went to."""
    sent = await source_trial.send_fixture(hub, ACTOR, "tools", fixture)
    assert sent.status == 202

    async def routed() -> StoredEvent | None:
        return await hub.database.read(lambda tx: events.get(tx, event_id(sent.receipt, 0)))

    stored = await until(hub, ("tools",), 10.0, routed)
    assert stored is not None
    return sorted(stored.matched)


async def test_what_another_process_makes_changes_and_removes(hub: Hub) -> None:
    assert await matched(hub) == []
    await write(hub, Webhook(name="assets", types=("act.created",)))
    await write(hub, Webhook(name="requests", types=("sol.created",)))
    assert await matched(hub, "order-updated") == []
    assert await matched(hub, "request-created") == ["webhook:requests"]
    await write(hub, Webhook(name="assets", types=("ticket.*",), condition="severity == 'info'"), 2)
    assert await matched(hub, "request-updated") == []
    await write(hub, Webhook(name="requests", types=("*",), enabled=False), 2)
    assert await matched(hub, "contact-created") == []
    await write(hub, Webhook(name="requests", types=("*",)), 3)
    assert await matched(hub, "asset-created") == ["webhook:requests"]
    await write(hub, Webhook(name="requests", types=("*",)), 4, removed_at=9.0)
    assert await matched(hub, "asset-updated") == []


async def test_how_it_is_sent_is_read_when_it_is_needed(hub: Hub) -> None:
    await write(hub, Webhook(name="erp", url="https://erp.example.com/hook?key=s3cret", headers={"X-A": "s3cret"}))  # type: ignore[dict-item]  # pydantic makes it a SecretStr
    await hub.webhooks.refresh()
    config = hub.webhooks.config("erp")
    assert config is not None
    receiver = config["receiver"]
    assert (receiver.url, receiver.headers) == ("https://erp.example.com/hook?key=s3cret", (("X-A", "s3cret"),))
    assert "s3cret" not in repr(config) + repr(hub.webhooks.rows["erp"])
    earlier = await hub.database.read(lambda tx: stored_webhooks.revision(tx, "erp", 1))
    assert earlier is not None
    assert hub.webhooks.config_of(earlier)["receiver"].url == receiver.url
    assert hub.webhooks.config("filed") is not None
    assert hub.webhooks.config("nobody") is None


async def test_the_files_own_wins(migrated_url: str, tmp_path: Path) -> None:
    file = tmp_path / "centralita.yaml"
    whole = CONFIG.format(data=tmp_path / "data", url=migrated_url)
    file.write_text(whole[: whole.index("webhooks:")])
    async with open_hub(load(file, environ={})) as before, running(before):
        await write(before, Webhook(name="filed", types=("*",)))
        assert await matched(before) == ["webhook:filed"]
    file.write_text(whole)
    async with open_hub(load(file, environ={})) as after, running(after):
        assert await matched(after, "order-updated") == []


async def test_what_a_webhook_was_like_is_kept_as_long_as_its_attempts(hub: Hub) -> None:
    await write(hub, Webhook(name="erp", url="https://one.example.com/"))
    await write(hub, Webhook(name="erp", url="https://two.example.com/"), 2)
    await write(hub, Webhook(name="gone", url="https://three.example.com/"))
    await write(hub, Webhook(name="gone", url="https://three.example.com/"), 2, removed_at=2.0)

    def known(tx: Transaction) -> list[bool]:
        wanted = (("erp", 1), ("erp", 2), ("gone", 1), ("gone", 2))
        return [stored_webhooks.revision(tx, name, number) is not None for name, number in wanted]

    assert await hub.database.read(known) == [True, True, False, False]
    await timers.every_hour(hub)
    assert await hub.database.read(known) == [False, True, False, False]


async def test_a_row_that_cannot_be_opened_sends_nothing(hub: Hub) -> None:
    await write(hub, Webhook(name="erp", url="https://erp.example.com/"))
    damage = stored_webhooks.WebhookRow(name="erp", sealed=b"AAAA", revision=2, created_at=1.0)
    await hub.database.write(lambda tx: stored_webhooks.change(tx, damage))
    await hub.webhooks.refresh()
    config = hub.webhooks.config("erp")
    assert config is not None
    assert config["receiver"].state == "shut"


async def test_one_that_makes_no_sense_holds_up_no_other(hub: Hub) -> None:
    await write(hub, Webhook(name="odd", condition="severity == 'unheard-of'"))
    await write(hub, Webhook(name="even"))
    assert await matched(hub) == ["webhook:even"]
    assert hub.webhooks.unreadable == {"odd": "condition.unknown_severity"}
