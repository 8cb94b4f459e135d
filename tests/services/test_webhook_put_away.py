"""A webhook that somebody removed by mistake comes back whole; one that nobody restores ends by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from centralita.services import webhook_changes, webhooks
from centralita.services.source_changes import InTheWay
from centralita.services.webhook_trial import config_of
from centralita.store import stored_webhooks, timers
from tests.api.webhook_world import WebhookWorld, webhook_world

ACTOR = "user:ana"


@pytest.fixture
async def world(tmp_path: Path, migrated_url: str) -> AsyncIterator[WebhookWorld]:
    async with webhook_world(tmp_path, migrated_url) as made:
        await made.make("made")
        yield made


async def test_what_is_put_away_is_sent_nothing_and_comes_back_with_everything(world: WebhookWorld) -> None:
    before = await world.hub.database.read(lambda tx: stored_webhooks.revision(tx, "made", 1))
    until = await webhook_changes.put_away(world.hub, ACTOR, "made")
    assert until == pytest.approx(world.hub.clock.now() + webhook_changes.UNDO_S, abs=30)
    assert "made" not in webhooks.names(world.hub)
    assert [name for name, _until in webhook_changes.restorable(world.hub)] == ["made"]
    assert (await world.api("GET", "/api/v1/webhooks/made")).status == 404
    assert (await world.api("DELETE", "/api/v1/webhooks/made?restorable=true")).status == 404
    with pytest.raises(LookupError):
        config_of(world.hub, "made")
    with pytest.raises(InTheWay, match="put_away"):
        await webhook_changes.add(world.hub, ACTOR, {"name": "made", "url": f"{world.sink.url}/other"})
    event = await world.receive(title="Meanwhile")
    await world.settled(event, "delivered")  # to the other webhook
    assert [each.path for each in await world.sink.received()] == ["/erp/s3cret-path"]
    view = await webhook_changes.restore(world.hub, ACTOR, "made")
    assert view.state == "on" and webhook_changes.restorable(world.hub) == []
    await world.settled(event, "delivered", 2)
    assert "/made" in [each.path for each in await world.sink.received()]
    after = await world.hub.database.read(lambda tx: stored_webhooks.revision(tx, "made", 1))
    assert before is not None and after is not None and after.sealed == before.sealed
    assert await world.hub.database.read(lambda tx: timers.find(tx, webhook_changes.LEAVE_TIMER, "made")) is None


async def test_what_nobody_restores_ends_with_a_reason_for_what_waited(world: WebhookWorld) -> None:
    await webhook_changes.put_away(world.hub, ACTOR, "made")
    event = await world.receive(title="Meanwhile")
    await world.settled(event, "delivered")
    now = world.hub.clock.now()
    await world.hub.database.write(lambda tx: timers.set_timer(tx, webhook_changes.LEAVE_TIMER, "made", now))
    world.hub.alarms.look()
    [ended] = await world.settled(event, "skipped")
    assert ended["reason"] == "webhook.removed"
    with pytest.raises(LookupError):
        await webhook_changes.restore(world.hub, ACTOR, "made")
    row = await world.hub.database.write(lambda tx: stored_webhooks.find(tx, "made"))  # it holds the row
    assert row is not None and row.sealed == b""
    entries = (await world.get("/audit"))["items"]
    assert [(each["actor"], each["action"]) for each in entries[:2]] == [
        ("system", "webhook.removed"),
        (ACTOR, "webhook.put_away"),
    ]


async def test_what_was_put_away_can_be_ended_at_once(world: WebhookWorld) -> None:
    await webhook_changes.put_away(world.hub, ACTOR, "made")
    event = await world.receive(title="Meanwhile")
    await world.settled(event, "delivered")
    assert (await world.api("DELETE", "/api/v1/webhooks/made")).json() == {"waiting": 1, "restorable_until": None}
    [ended] = await world.settled(event, "skipped")
    assert ended["reason"] == "webhook.removed"
    assert webhook_changes.restorable(world.hub) == []
    assert await world.hub.database.read(lambda tx: timers.find(tx, webhook_changes.LEAVE_TIMER, "made")) is None
    assert (await world.api("DELETE", "/api/v1/webhooks/made")).status == 404
    made = await webhook_changes.add(world.hub, ACTOR, {"name": "made", "url": f"{world.sink.url}/other"})
    assert made.view.state == "on"


async def test_the_files_webhooks_are_not_put_away(world: WebhookWorld) -> None:
    with pytest.raises(InTheWay, match="provided"):
        await webhook_changes.put_away(world.hub, ACTOR, "erp")
