"""The control API of the local workspace."""

import asyncio

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncConnectionErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from centralita.sandbox.control import ControlRefused, SlackControl
from centralita.sandbox.slack import BOT_TOKEN


@pytest.fixture
def once(slack: SlackControl) -> AsyncWebClient:
    """A client that doesn't try again behind our back."""
    return AsyncWebClient(token=BOT_TOKEN, base_url=f"{slack.url}/api/", retry_handlers=[])


async def test_calls_are_listed_with_times_and_without_the_token(slack: SlackControl, client: AsyncWebClient) -> None:
    await client.api_call("chat.postMessage", params={"channel": "#alerts", "text": "x", "token": BOT_TOKEN})
    await client.auth_test()
    calls = await slack.posted()
    assert [(call.seq, call.method, call.channel, call.ok) for call in calls] == [
        (1, "chat.postMessage", "C0ALERTS", True),
        (2, "auth.test", "", True),
    ]
    assert calls[0].args["text"] == "x"
    assert calls[0].arrived_mono_ms <= calls[1].arrived_mono_ms
    assert calls[0].arrived_wall_ms > 1.7e12
    assert BOT_TOKEN not in repr(calls)
    assert [call.seq for call in await slack.posted(after=1)] == [2]
    assert [call.seq for call in await slack.posted(method="chat.postMessage", channel="#alerts")] == [1]


async def test_waiting_ends_with_the_post(slack: SlackControl, client: AsyncWebClient) -> None:
    waiting = asyncio.create_task(slack.wait_for(lambda call: call.args["text"] == "second", channel="#alerts"))
    await client.chat_postMessage(channel="#reports", text="second")
    await client.chat_postMessage(channel="#alerts", text="first")
    await client.chat_postMessage(channel="#alerts", text="second")
    assert [call.seq for call in await waiting] == [3]
    assert len(await slack.wait_for(count=3)) == 3
    with pytest.raises(TimeoutError, match="0 of 1"):
        await slack.wait_for(after=3, timeout_s=0.01)


async def test_failures_on_request(slack: SlackControl, once: AsyncWebClient) -> None:
    await slack.fail_next("chat.postMessage", 2, error="internal_error")
    await slack.fail_next("auth.test", status=503, headers={"Retry-After": "7"}, body="down")
    for _ in range(2):
        with pytest.raises(SlackApiError, match="internal_error"):
            await once.chat_postMessage(channel="#alerts", text="x")
    await once.chat_postMessage(channel="#alerts", text="third")
    async with aiohttp.ClientSession() as session, session.post(f"{slack.url}/api/auth.test") as response:
        assert (response.status, response.headers["Retry-After"]) == (503, "7")
        assert await response.text() == "down"
    assert [one["text"] for one in await slack.messages("#alerts")] == ["third"]


async def test_dropped_connections(slack: SlackControl, once: AsyncWebClient) -> None:
    await slack.drop_next("chat.postMessage")
    with pytest.raises(aiohttp.ClientError):
        await once.chat_postMessage(channel="#alerts", text="lost")
    await slack.drop_next("chat.postMessage", applied=True)
    with pytest.raises(aiohttp.ClientError):
        await once.chat_postMessage(channel="#alerts", text="uncertain")
    assert [one["text"] for one in await slack.messages("#alerts")] == ["uncertain"]
    assert [(call.outcome, call.ok) for call in await slack.posted()] == [
        ("dropped", False),
        ("applied_and_dropped", True),
    ]


async def test_the_sdks_hidden_retry_posts_twice(slack: SlackControl, once: AsyncWebClient) -> None:
    """Why deliveries don't go through the SDK."""
    once.retry_handlers.append(AsyncConnectionErrorRetryHandler(max_retry_count=1))
    await slack.drop_next("chat.postMessage", applied=True)
    await once.chat_postMessage(channel="#alerts", text="double")
    assert [one["text"] for one in await slack.messages("#alerts")] == ["double", "double"]


async def test_a_fault_can_be_for_one_channel(slack: SlackControl, once: AsyncWebClient) -> None:
    await slack.fail_next(error="fatal_error", channel="#reports", count=None)
    await once.chat_postMessage(channel="C0ALERTS", text="x")
    for channel in ("#reports", "reports", "C0REPORTS"):
        with pytest.raises(SlackApiError, match="fatal_error"):
            await once.chat_postMessage(channel=channel, text="x")
    await slack.heal()
    await once.chat_postMessage(channel="#reports", text="x")


async def test_slow_after_the_post_took_effect(slack: SlackControl, once: AsyncWebClient) -> None:
    await slack.slow(60_000, "chat.postMessage", 1, after_apply=True)
    posting = asyncio.create_task(once.chat_postMessage(channel="#alerts", text="x"))
    await slack.wait_for(channel="#alerts")
    assert len(await slack.messages("#alerts")) == 1
    assert not posting.done()
    posting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await posting


async def test_slow_before_it(slack: SlackControl, once: AsyncWebClient) -> None:
    await slack.slow(30, "auth.test", 1)
    loop = asyncio.get_running_loop()
    start = loop.time()
    await once.auth_test()
    assert loop.time() - start >= 0.03


async def test_people_and_reset(slack: SlackControl, client: AsyncWebClient) -> None:
    await slack.change_user("U0SAMCARTER", locale="es-ES")
    assert (await client.users_info(user="U0SAMCARTER", include_locale=True))["user"]["locale"] == "es-ES"
    group = await slack.add_usergroup("nightshift", users=["U0SAMCARTER"])
    assert group in [one["id"] for one in (await client.usergroups_list())["usergroups"]]
    await client.chat_postMessage(channel="#alerts", text="x")
    last = (await slack.posted())[-1].seq
    await slack.reset()
    assert await slack.posted() == []
    assert await slack.messages("#alerts") == []
    assert (await client.users_info(user="U0SAMCARTER", include_locale=True))["user"]["locale"] == "en-US"
    assert (await slack.posted())[0].seq == last + 1


async def test_nonsense_is_explained(slack: SlackControl) -> None:
    with pytest.raises(ControlRefused, match="no channel 'x'"):
        await slack.messages("x")
    with pytest.raises(ControlRefused, match="name that no other has"):
        await slack.add_channel("alerts")
    with pytest.raises(ControlRefused, match="no such user"):
        await slack.change_user("U404", locale="es")
    async with aiohttp.ClientSession() as session:
        for path, body in (("faults", b"{"), ("faults", b'{"kind": "nap"}'), ("faults", b'{"kind": "slow", "x": 1}')):
            async with session.post(f"{slack.url}/_control/{path}", data=body) as response:
                assert response.status == 400
                assert (await response.json())["error"]
        async with session.get(f"{slack.url}/_control/calls?after=-1") as response:
            assert response.status == 400
        foreign = {"Origin": "https://evil.example"}
        async with session.post(f"{slack.url}/_control/reset", headers=foreign) as response:
            assert response.status == 403
