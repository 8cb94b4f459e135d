"""What the local InvGate's rules send is understood by the source's defaults: the whole ticket, and the id alone."""

from __future__ import annotations

from centralita.core.events import Event
from centralita.sandbox.invgate import LocalInvGate
from centralita.sandbox.invgate.control import InvGateControl
from centralita.sandbox.server import serve
from tests.contracts.test_invgate_sender import SECRET, receiver


async def test_all_that_a_rule_can_send() -> None:
    events: list[Event] = []
    async with (
        receiver(events) as url,
        serve(LocalInvGate()) as address,
        InvGateControl(address.url) as invgate,
    ):
        await invgate.add_rule(url, secret=SECRET)
        ticket = await invgate.add_ticket("Sin red", description="<p>Sala&nbsp;3</p>", priority_id=5, category_id=5)
        await invgate.assign(ticket)
        await invgate.comment(ticket, "<p>Voy</p>")
        approval = await invgate.add_approval(ticket)
        await invgate.answer_approval(approval, "approved", user="marta@example.com", note="Sí")
        await invgate.breach_sla(ticket)
        await invgate.act(ticket, "solve")
        await invgate.act(ticket, "accept_solution")
        sent = await invgate.wait_for_sent(10)
    assert {one.status for one in sent} == {202}
    assert [event.type for event in events] == [
        "ticket.created",
        "ticket.assigned",
        "ticket.status_changed",
        "ticket.commented",
        "approval.requested",
        "approval.answered",
        "ticket.sla_breached",
        "ticket.status_changed",
        "ticket.status_changed",
        "ticket.closed",
    ]
    assert {event.subject for event in events} == {events[0].subject}
    assert events[0].title == "Sin red"


async def test_a_rule_that_sends_the_id_alone() -> None:
    events: list[Event] = []
    async with (
        receiver(events) as url,
        serve(LocalInvGate()) as address,
        InvGateControl(address.url) as invgate,
    ):
        await invgate.add_rule(url, event="new_ticket", fields=["request_id"], secret=SECRET)
        ticket = await invgate.add_ticket("Sin red")
        await invgate.wait_for_sent()
    (event,) = events
    assert str(ticket) in event.subject
