"""A webhook comes in and reaches Slack and an outgoing webhook: every part a process, on both databases."""

from __future__ import annotations

import json

import pytest
from standardwebhooks import Webhook

from centralita.sandbox.control import SinkControl, SlackControl
from tests.scenarios.conftest import WEBHOOK_SECRET, World, slack_settings, webhooks
from tests.scenarios.judges import judge_acknowledged, judge_delivered


@pytest.fixture
def world(usual_world: World) -> World:
    """The same story on PostgreSQL in the long run."""
    return usual_world


TICKET = {
    "event": "new_ticket",
    "request_id": 4521,
    "title": "La impresora no imprime",
    "status": "Nuevo",
    "priority": "Alta",
    "requester_name": "Ana Gómez",
    "requester_email": "ana@example.com",
}


async def test_a_ticket_reaches_slack_and_a_signed_webhook(
    world: World, slack: SlackControl, sink: SinkControl
) -> None:
    rules = {"rules": [{"name": "Todo", "channel": "#mesa-de-ayuda"}]}
    hub = await world.hub(slack_settings(slack), webhooks(sink, "erp"), rules)
    sender = await world.sender(hub, "invgate")
    status, answer = await sender.post(json.dumps(TICKET).encode())
    assert status == 202

    [post] = await slack.wait_for(method="chat.postMessage", channel="#mesa-de-ayuda")
    assert "La impresora no imprime" in json.dumps(post.args, ensure_ascii=False)
    [arrival] = await sink.wait_for(path="/erp")
    sent = Webhook(WEBHOOK_SECRET).verify(arrival.body, dict(arrival.headers))
    assert sent["type"] == "ticket.created"
    assert dict(arrival.headers)["webhook-id"] == "evt_" + answer["id"].removeprefix("rcp_")

    await world.settle()
    assert judge_acknowledged(world.reader, sender.ledger) == []
    assert judge_delivered(world.reader, sender.ledger.events(), {"webhook:erp": "/erp"}, [arrival]) == []
    assert await slack.posted(method="chat.postMessage", ok=True) == [post]
