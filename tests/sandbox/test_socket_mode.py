"""Socket Mode on the wire: hello, envelopes to one connection, acknowledgements, repeats, pings, and how many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest

from centralita.sandbox.control import SlackControl
from centralita.sandbox.slack import APP_TOKEN
from tests.sandbox.test_slack_apps import LUIS, manifest

Json = dict[str, Any]
Connect = Callable[[], Awaitable[aiohttp.ClientWebSocketResponse]]


async def ticket(session: aiohttp.ClientSession, slack: SlackControl) -> Json:
    headers = {"Authorization": f"Bearer {APP_TOKEN}"}
    async with session.post(f"{slack.url}/api/apps.connections.open", headers=headers) as response:
        return dict(await response.json())


@pytest.fixture
async def connect(slack: SlackControl) -> AsyncIterator[Connect]:
    """Opens a connection and reads its hello."""
    await slack.install(manifest())
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())

        async def one() -> aiohttp.ClientWebSocketResponse:
            url = (await ticket(session, slack))["url"]
            socket = await stack.enter_async_context(session.ws_connect(url, autoping=False))
            hello = await socket.receive_json()
            assert (hello["type"], hello["connection_info"]) == ("hello", {"app_id": "A0CENTRALIT"})
            return socket

        yield one


async def test_ten_connections_and_no_more(slack: SlackControl, connect: Connect) -> None:
    for _ in range(10):
        await connect()
    assert await slack.connections() == 10
    async with aiohttp.ClientSession() as session:
        assert (await ticket(session, slack))["error"] == "too_many_websockets"


async def test_a_ping_is_answered_with_what_it_carries(connect: Connect) -> None:
    socket = await connect()
    await socket.ping(b"1732300000.5")
    message = await socket.receive()
    assert (message.type, message.data) == (aiohttp.WSMsgType.PONG, b"1732300000.5")


async def test_an_envelope_goes_to_one_connection_and_its_answer_comes_from_there(
    slack: SlackControl, connect: Connect
) -> None:
    sockets = [await connect() for _ in range(3)]
    counts = [0, 0, 0]

    async def serve(number: int) -> None:
        async for message in sockets[number]:
            envelope = message.json()
            assert envelope["type"] == "slash_commands" and envelope["accepts_response_payload"] is True
            counts[number] += 1
            await sockets[number].send_json(
                {"envelope_id": envelope["envelope_id"], "payload": {"text": f"from {number}"}}
            )

    tasks = [asyncio.ensure_future(serve(number)) for number in range(3)]
    said = [(await slack.person(LUIS).command("#alerts", "/centralita"))["payload"]["text"] for _ in range(6)]
    assert sorted(said) == [f"from {number}" for number in (0, 0, 1, 1, 2, 2)]
    assert counts == [2, 2, 2]
    for task in tasks:
        task.cancel()


async def test_an_event_comes_again_until_it_is_acknowledged(slack: SlackControl, connect: Connect) -> None:
    await slack.change_app(retry_waits_s=[0.0])
    first = await connect()
    await slack.person(LUIS).say("C0ALERTS", "hola")
    envelope = await first.receive_json()
    assert (envelope["retry_attempt"], envelope["retry_reason"]) == (0, "")
    again = await first.receive_json()
    assert (again["retry_attempt"], again["retry_reason"]) == (1, "http_timeout")
    assert again["envelope_id"] != envelope["envelope_id"]
    assert again["payload"]["event_id"] == envelope["payload"]["event_id"]
    await first.send_json({"envelope_id": again["envelope_id"]})
    told = await slack.told(count=2, kind="events_api")
    assert [one.acknowledged for one in told] == [False, True]


async def test_nonsense_from_an_app_is_no_acknowledgement(slack: SlackControl, connect: Connect) -> None:
    socket = await connect()
    command = asyncio.ensure_future(slack.person(LUIS).command("#alerts", "/centralita"))
    envelope = await socket.receive_json()
    for nonsense in ("", "{", "[]", '{"envelope_id": 7}', '{"envelope_id": "another"}'):
        await socket.send_str(nonsense)
    await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "at last"}})
    assert (await command)["payload"] == {"text": "at last"}


async def test_a_refresh_warns_then_ends_the_old_connection(slack: SlackControl, connect: Connect) -> None:
    old = await connect()
    refreshing = asyncio.ensure_future(slack.refresh(overlap_s=0.3))
    warning = await old.receive_json()
    assert (warning["type"], warning["reason"]) == ("disconnect", "warning")
    new = await connect()
    command = asyncio.ensure_future(slack.person(LUIS).command("#alerts", "/centralita"))
    envelope = await new.receive_json()
    await new.send_json({"envelope_id": envelope["envelope_id"]})
    assert (await command)["ok"]
    assert (await old.receive_json())["reason"] == "refresh_requested"
    assert (await old.receive()).type is aiohttp.WSMsgType.CLOSE
    assert await refreshing == 1
    assert await slack.connections(least=1) == 1
