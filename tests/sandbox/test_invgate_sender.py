import json
from typing import Any

import pytest

from centralita.sandbox.control import SinkControl
from centralita.sandbox.invgate.sender import EVENTS, LUIS, InvGateSender, Ticket
from centralita.sandbox.sink import AnswerPlan


async def test_every_event_is_flat_and_carries_the_ticket(sink: SinkControl) -> None:
    async with InvGateSender(f"{sink.url}/in/invgate", "X-Webhook-Secret", "s3cret") as invgate:
        ticket = Ticket(4521, "Impresora sin tóner", "<p>No imprime &amp; pita</p>", priority="Alta")
        await invgate.ticket_created(ticket)
        await invgate.status_changed(4521, "En curso")
        await invgate.agent_assigned(4521, LUIS)
        await invgate.comment_added(4521, "<p>hola</p>", customer_visible=True)
        await invgate.approval_requested(4521)
        await invgate.approval_answered(4521, "approved", "dale")
        await invgate.sla_breached(4521)
        sent = await invgate.ticket_closed(4521)
        with pytest.raises(KeyError):
            await invgate.ticket_closed(1)
    came = await sink.received()
    bodies: list[dict[str, Any]] = [json.loads(one.body) for one in came]
    assert tuple(body["event"] for body in bodies) == EVENTS
    assert sent.body == came[-1].body
    for one, body in zip(came, bodies, strict=True):
        assert dict(one.headers)["x-webhook-secret"] == "s3cret"
        assert all(isinstance(value, str | int) for value in body.values())
        assert (body["request_id"], body["title"]) == (4521, "Impresora sin tóner")
    assert "agent_name" not in bodies[0]
    assert (bodies[1]["previous_status"], bodies[1]["status"]) == ("Nuevo", "En curso")
    assert bodies[3]["agent_email"] == "luis@example.com"
    assert bodies[3]["customer_visible"] == 1


async def test_the_answer_is_handed_back(sink: SinkControl) -> None:
    await sink.answer(AnswerPlan(status=401, body="no"))
    async with InvGateSender(sink.url) as invgate:
        sent = await invgate.send_raw(b"{")
    assert (sent.status, sent.answer) == (401, b"no")
    assert "x-webhook-secret" not in dict((await sink.received())[0].headers)
