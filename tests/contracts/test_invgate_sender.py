"""What the stand-in for InvGate sends is understood by the source's defaults: over a real socket, signed and read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from centralita.core.events import Event
from centralita.integrations.invgate.source import InvgateSource
from centralita.ports import RawRequest, Receipt
from centralita.sandbox.invgate.sender import InvGateSender, Ticket

SOURCE = InvgateSource()
SECRET = "s3cret-of-the-desk"


@asynccontextmanager
async def receiver(events: list[Event]) -> AsyncIterator[str]:
    """An address that verifies and parses whatever is posted to it."""

    async def take(request: web.Request) -> web.Response:
        raw = RawRequest(
            method=request.method,
            query=request.query_string,
            headers=tuple((name.lower(), value) for name, value in request.headers.items()),
            body=await request.read(),
        )
        verdict = SOURCE.verify(raw, [SECRET.encode()], 0, {})
        if not verdict.ok:
            return web.Response(status=401, text=verdict.reason)
        receipt = Receipt(
            id=f"rcp_{len(events):026d}",
            source="invgate",
            received_at=1763805991.0,
            content_type=request.headers["content-type"],
            headers={},
            body=raw.body,
        )
        events.extend(SOURCE.parse(receipt, {}))
        return web.Response(status=202)

    app = web.Application()
    app.router.add_post("/in/invgate", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}/in/invgate"
    finally:
        await runner.cleanup()


async def test_the_life_of_a_ticket() -> None:
    events: list[Event] = []
    async with receiver(events) as url, InvGateSender(url, secret=SECRET) as invgate:
        ticket = Ticket(4521, "Sin red", "<p>Sala&nbsp;3</p>", priority="Crítica", category="Redes")
        answers = [
            await invgate.ticket_created(ticket),
            await invgate.agent_assigned(4521),
            await invgate.status_changed(4521, "En curso"),
            await invgate.comment_added(4521, "<p>Vamos para <b>allá</b></p>", customer_visible=True),
            await invgate.comment_added(4521, "Otra vez el switch"),
            await invgate.approval_requested(4521),
            await invgate.approval_answered(4521, "approved", "Sí"),
            await invgate.sla_breached(4521),
            await invgate.ticket_closed(4521),
        ]
    assert {answer.status for answer in answers} == {202}
    assert [event.type for event in events] == [
        "ticket.created",
        "ticket.assigned",
        "ticket.status_changed",
        "ticket.commented",
        "ticket.commented",
        "approval.requested",
        "approval.answered",
        "ticket.sla_breached",
        "ticket.closed",
    ]
    assert {(event.subject, event.severity, event.title) for event in events} == {
        ("ticket/4521", "critical", "Sin red")
    }
    assert [event.phase for event in events] == ["open"] * 8 + ["closed"]
    assert all(event.url.endswith("/requests/show/index/id/4521") for event in events)
    created, assigned, changed, public, internal, asked, answered, _, _ = (event.data for event in events)
    assert created["ticket"]["description"] == "Sala 3"
    assert created["requester"] == {"name": "Ana Gómez", "email": "ana@example.com"}
    assert assigned["agent"]["email"] == "luis@example.com"
    assert changed["previous_status"] == "Nuevo"
    assert public["comment"] == {"text": "Vamos para allá", "author": "Luis Paredes", "visible_to_customer": True}
    assert internal["comment"]["visible_to_customer"] is False
    assert asked["approver"]["email"] == "marta@example.com"
    assert answered["approval"] == {"status": "approved", "note": "Sí"}


async def test_a_wrong_secret_is_refused() -> None:
    events: list[Event] = []
    async with receiver(events) as url, InvGateSender(url, secret=SECRET + "x") as invgate:
        answer = await invgate.ticket_created(Ticket(1, "x"))
    assert (answer.status, answer.answer, events) == (401, b"credential.mismatch", [])
