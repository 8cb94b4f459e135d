"""The local InvGate's control API: what it remembers, how it misbehaves, and its webhooks."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from centralita.sandbox.control import ControlRefused, SinkControl
from centralita.sandbox.invgate import API_TOKEN, API_USER
from centralita.sandbox.invgate.control import InvGateControl
from centralita.sandbox.invgate.rules import FIELDS
from centralita.sandbox.invgate.sender import EVENTS, Ticket
from centralita.sandbox.sink import AnswerPlan
from tests.sandbox.credentials import basic

MARTA = "marta@example.com"


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers=basic(API_USER, API_TOKEN)) as session:
        yield session


async def comment(session: aiohttp.ClientSession, url: str, ticket: int) -> tuple[int, Any]:
    form = {"request_id": str(ticket), "comment": "Hola", "author_id": "12"}
    async with session.post(f"{url}/api/v1/incident.comment", data=form) as response:
        return response.status, await response.json(content_type=None)


async def test_requests_are_remembered_and_waited_for(invgate: InvGateControl, session: aiohttp.ClientSession) -> None:
    waiting = asyncio.create_task(invgate.wait_for(endpoint="incident.comment"))
    ticket = await invgate.add_ticket("x")
    async with session.get(f"{invgate.url}/api/v1/users?ids[]=11&ids[]=12"):
        pass
    await comment(session, invgate.url, ticket)
    (call,) = await waiting
    assert (call.name, call.status, call.outcome, call.wrote) == ("POST incident.comment", 200, "answered", True)
    assert call.form["comment"] == "Hola"
    first = (await invgate.calls())[0]
    assert (first.seq, first.query, first.wrote) == (1, {"ids": ["11", "12"]}, False)
    assert [one.seq for one in await invgate.calls(after=1)] == [2]
    assert API_TOKEN not in repr(await invgate.calls())
    with pytest.raises(TimeoutError, match="0 of 1"):
        await invgate.wait_for(after=2, timeout_s=0.01)


async def test_failures_on_request(invgate: InvGateControl, session: aiohttp.ClientSession) -> None:
    ticket, other = await invgate.add_ticket("x"), await invgate.add_ticket("y")
    await invgate.fail_next("POST incident.comment", status=503, headers={"Retry-After": "7"})
    assert await comment(session, invgate.url, ticket) == (503, {"error": "failed on request", "status": 503})
    await invgate.fail_next("incident.comment", error="Something went wrong")
    assert await comment(session, invgate.url, ticket) == (200, {"status": "ERROR", "error": "Something went wrong"})
    await invgate.fail_next("POST", None, status=500, about=ticket)
    assert (await comment(session, invgate.url, ticket))[0] == 500
    assert (await comment(session, invgate.url, other))[0] == 200
    await invgate.heal()
    assert (await comment(session, invgate.url, ticket))[0] == 200
    assert await invgate.writes() == {"POST incident.comment": 2}


async def test_dropped_before_and_after_it_took_effect(invgate: InvGateControl, session: aiohttp.ClientSession) -> None:
    ticket = await invgate.add_ticket("x")
    for applied in (False, True):
        await invgate.drop_next("incident.comment", applied=applied)
        with pytest.raises(aiohttp.ClientError):
            await comment(session, invgate.url, ticket)
    assert len((await invgate.ticket(ticket))["comments"]) == 1
    assert [(one.outcome, one.wrote) for one in await invgate.calls()] == [
        ("dropped", False),
        ("applied_and_dropped", True),
    ]
    assert await invgate.writes() == {"POST incident.comment": 1}


async def test_slow_after_it_took_effect(invgate: InvGateControl, session: aiohttp.ClientSession) -> None:
    ticket = await invgate.add_ticket("x")
    await invgate.slow(60_000, "incident.comment", 1, after_apply=True)
    asking = asyncio.create_task(comment(session, invgate.url, ticket))
    await invgate.wait_for(endpoint="incident.comment")
    assert len((await invgate.ticket(ticket))["comments"]) == 1
    assert not asking.done()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_reset_and_seed(invgate: InvGateControl, session: aiohttp.ClientSession) -> None:
    ticket = await invgate.add_ticket("x")
    await comment(session, invgate.url, ticket)
    await invgate.switch(ignore_filters=True)
    await invgate.seed(assets=50, people=10)
    assert (await invgate.asset(300))["name"].endswith("00300")
    await invgate.reset()
    assert await invgate.calls() == []
    assert await invgate.writes() == {}
    assert (await invgate.switch())["ignore_filters"] is False
    with pytest.raises(ControlRefused, match="no asset 300"):
        await invgate.asset(300)
    with pytest.raises(ControlRefused, match="no ticket"):
        await invgate.ticket(ticket)


async def test_nonsense_is_explained(invgate: InvGateControl) -> None:
    ticket = await invgate.add_ticket("x")
    for wrong, sentence in (
        (invgate.switch(approval_key="x"), "must be one of"),
        (invgate.switch(colour="red"), "no switch colour"),
        (invgate.switch(token_ttl_s="x"), "wrong type"),
        (invgate.switch(last_user_path="a..b"), "dots"),
        (invgate.switch(last_user_path="name.x"), "name"),
        (invgate.add_ticket("x", requester="nobody@example.com"), "no user"),
        (invgate.add_ticket("x", priority_id="high"), "wrong type"),
        (invgate.add_ticket("x", colour="red"), "no field colour"),
        (invgate.act(ticket, "reopen"), "not possible"),
        (invgate.act(ticket, "dance"), "no action dance"),
        (invgate.seed(assets=-1), "numbers up to"),
        (invgate.add_rule("ftp://x"), "needs a url"),
        (invgate.add_rule("http://127.0.0.1", event="x"), "event must be"),
        (invgate.add_rule("http://127.0.0.1", fields=["colour"]), "fields must be"),
        (invgate.change_user(12, manager_id="x"), "int"),
    ):
        with pytest.raises(ControlRefused, match=sentence):
            await wrong
    async with aiohttp.ClientSession() as session:
        foreign = {"Origin": "https://evil.example"}
        async with session.post(f"{invgate.url}/_control/reset", headers=foreign) as response:
            assert response.status == 403


async def test_webhooks_go_out_in_order_with_the_fields_of_their_author(
    invgate: InvGateControl, sink: SinkControl, session: aiohttp.ClientSession
) -> None:
    await invgate.add_rule(f"{sink.url}/all", secret="s3cret")
    await invgate.add_rule(f"{sink.url}/bare", event="new_ticket", fields=["request_id"], header="X-Key", secret="k")
    await invgate.add_rule(
        f"{sink.url}/own", event="approval_requested", fields={"nro": "request_id", "quien": "approver_email"}
    )
    ticket = await invgate.add_ticket("Impresora", description="<p>x</p>", priority_id=5, category_id=2)
    await invgate.assign(ticket)
    await comment(session, invgate.url, ticket)
    approval = await invgate.add_approval(ticket)
    await invgate.answer_approval(approval, "approved", user=MARTA, note="Sí")
    await invgate.breach_sla(ticket)
    await invgate.act(ticket, "solve")
    await invgate.act(ticket, "accept_solution")
    came = await sink.wait_for(10, path="/all")
    bodies: list[dict[str, Any]] = [json.loads(one.body) for one in came]
    assert [body["event"] for body in bodies] == [
        "new_ticket",
        "agent_assigned",
        "status_changed",
        "comment_added",
        "approval_requested",
        "approval_answered",
        "sla_breached",
        "status_changed",
        "status_changed",
        "ticket_closed",
    ]
    assert set(EVENTS) == {body["event"] for body in bodies}
    assert dict(came[0].headers)["x-webhook-secret"] == "s3cret"
    assert (bodies[0]["category"], bodies[0]["priority"]) == ("Hardware > Impresoras", "Crítica")
    assert (bodies[5]["approval_status"], bodies[5]["approver_email"], bodies[5]["approval_note"]) == (
        "approved",
        MARTA,
        "Sí",
    )
    assert (bodies[7]["previous_status"], bodies[7]["status"]) == ("Abierto", "Solucionado")
    (bare,) = await sink.received(path="/bare")
    assert (json.loads(bare.body), dict(bare.headers)["x-key"]) == ({"request_id": ticket}, "k")
    (own,) = await sink.received(path="/own")
    assert json.loads(own.body) == {"nro": ticket, "quien": MARTA}


async def test_the_fields_are_those_of_the_sender() -> None:
    assert set(Ticket(1, "x").fields()) <= set(FIELDS)


async def test_what_became_of_a_webhook_and_no_retries(invgate: InvGateControl, sink: SinkControl) -> None:
    await sink.answer(AnswerPlan(status=503, body="down"))
    await invgate.add_rule(f"{sink.url}/x", event="new_ticket")
    await invgate.add_rule("http://127.0.0.1:1/closed", event="new_ticket", secret="s3cret")
    await invgate.add_ticket("x")
    first, second = await invgate.wait_for_sent(2)
    assert (first.status, first.answer, first.event) == (503, "down", "new_ticket")
    assert (second.status, "Connect" in second.error) == (0, True)
    assert "s3cret" not in repr((first, second))
    await invgate.clear_rules()
    await invgate.add_ticket("y")
    assert len(await sink.received(path="/x")) == 1
    assert await invgate.sent(after=2) == []
