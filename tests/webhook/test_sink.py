"""The outgoing webhook over real sockets, through the hub's own client, into a receiver that answers well or badly."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import msgspec
import pytest
from standardwebhooks import Webhook

from centralita.integrations.webhook.destination import WebhookDestination
from centralita.integrations.webhook.test_destination import NEW, OLD, config_with, delivery
from centralita.net import Client
from centralita.ports import HttpRequest, Outcome
from centralita.sandbox.control import SinkControl
from centralita.sandbox.server import serve
from centralita.sandbox.sink import WebhookSink
from centralita.sandbox.sink.answers import AnswerPlan


@pytest.fixture
async def sink() -> AsyncIterator[SinkControl]:
    async with serve(WebhookSink()) as address, SinkControl(address.url) as control:
        yield control


async def deliver(
    url: str, attempt: int = 1, timeout_s: float = 15.0, allow: tuple[str, ...] = ("127.0.0.0/8",)
) -> Outcome:
    config = config_with(url=url, headers=(("X-Team", "mesa"),), timeout_s=timeout_s)
    generator = WebhookDestination().perform(delivery(attempt), config, {}, time.time())
    request = next(generator)
    assert isinstance(request, HttpRequest)
    async with Client(allow=allow) as client:
        response = await client.request(request)
    with pytest.raises(StopIteration) as stop:
        generator.send(response)
    assert isinstance(stop.value.value, Outcome)
    return stop.value.value


async def test_a_receiver_verifies_it_with_the_specifications_own_library(sink: SinkControl) -> None:
    await sink.answer(AnswerPlan(status=500, count=1))
    assert (await deliver(f"{sink.url}/hook")).state == "retry"
    assert (await deliver(f"{sink.url}/hook", attempt=2)).state == "delivered"
    first, second = await sink.received()
    assert first.body == second.body
    for arrival in (first, second):
        headers = dict(arrival.headers)
        assert headers["webhook-id"] == delivery().event.id
        assert headers["x-team"] == "mesa"
        assert headers["user-agent"].startswith("Centralita/")
        assert headers["content-type"] == "application/json"
        for secret in (NEW, OLD):
            assert Webhook(secret).verify(arrival.body, headers) == msgspec.json.decode(arrival.body)


@pytest.mark.parametrize(
    ("plan", "state", "reason"),
    [
        (AnswerPlan(status=204, body=""), "delivered", ""),
        (AnswerPlan(status=410), "retry", "http.gone"),
        (AnswerPlan(status=302, headers={"location": "/elsewhere"}), "retry", "http.redirect"),
        (AnswerPlan(status=429, headers={"retry-after": "9"}), "retry", "http.throttled"),
        (AnswerPlan(mode="truncate", size=100), "delivered", ""),
        (AnswerPlan(mode="huge"), "delivered", ""),
        (AnswerPlan(mode="drop"), "retry", "net.reset"),
    ],
)
async def test_what_a_receiver_may_answer(sink: SinkControl, plan: AnswerPlan, state: str, reason: str) -> None:
    await sink.answer(plan)
    outcome = await deliver(f"{sink.url}/hook")
    assert (outcome.state, outcome.reason) == (state, reason)
    assert [arrival.path for arrival in await sink.received()] == ["/hook"]


async def test_a_receiver_that_hangs_is_given_up(sink: SinkControl) -> None:
    await sink.answer(AnswerPlan(mode="hang"))
    assert (await deliver(f"{sink.url}/hook", timeout_s=0.2)).reason == "net.timeout"


async def test_an_address_that_the_policy_forbids_is_dead_and_sees_nothing(sink: SinkControl) -> None:
    outcome = await deliver(f"{sink.url}/hook", allow=())
    assert (outcome.state, outcome.reason) == ("dead", "net.blocked")
    assert await sink.received() == []
