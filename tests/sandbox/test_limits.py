"""Rate limits: the buckets on a clock of their own, and the 429 on the wire."""

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from centralita.sandbox.control import ControlRefused, SlackControl
from centralita.sandbox.server import serve
from centralita.sandbox.slack import BOT_TOKEN, LimitSettings, LocalSlack, Rate
from centralita.sandbox.slack.limits import RateLimiter


def test_a_channel_takes_its_burst_then_one_a_second() -> None:
    limiter = RateLimiter(LimitSettings())
    assert [limiter.admit("chat.postMessage", 0, "C1", 100.0) for _ in range(6)] == [0, 0, 0, 0, 0, 1]
    assert limiter.admit("chat.postMessage", 0, "C2", 100.0) == 0, "another channel is another bucket"
    assert limiter.admit("chat.postMessage", 0, "C1", 100.5) == 1, "a refused call takes no token"
    assert limiter.admit("chat.postMessage", 0, "C1", 101.0) == 0
    assert limiter.admit("chat.postMessage", 0, "C1", 101.0) == 1


def test_exactly_the_limit_is_never_refused_for_being_early() -> None:
    limiter = RateLimiter(LimitSettings(channel_post=Rate(1, 1)))
    assert [limiter.admit("chat.postMessage", 0, "C1", 100 + n + 0.02 * (-1) ** n) for n in range(20)] == [0] * 20


def test_tiers_are_per_method() -> None:
    limiter = RateLimiter(LimitSettings())
    assert [limiter.admit("conversations.list", 2, "", 0.0) for _ in range(21)] == [0] * 20 + [3]
    assert limiter.admit("users.list", 2, "", 0.0) == 0
    exempt = RateLimiter(LimitSettings(methods={"users.list": None}))
    assert [exempt.admit("users.list", 2, "", 0.0) for _ in range(50)] == [0] * 50


async def test_the_answer_on_the_wire() -> None:
    # So slow that nothing comes back while the test runs, however busy the machine.
    slow = LocalSlack(LimitSettings(channel_post=Rate(0.05, 5)))
    async with serve(slow) as address, SlackControl(address.url) as control, aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {BOT_TOKEN}"}
        statuses = []
        for _ in range(7):
            body = {"channel": "#alerts", "text": "x"}
            async with session.post(f"{address}/api/chat.postMessage", json=body, headers=headers) as response:
                statuses.append(response.status)
                last = response
                answer = await response.json()
        assert statuses[:6] == [200] * 5 + [429]
        assert answer == {"ok": False, "error": "ratelimited"}
        assert 1 <= int(last.headers["Retry-After"]) <= 19
        assert len(await control.messages("#alerts")) == 5
        assert [call.outcome for call in await control.posted(ok=False)] == ["limited", "limited"]
        other = AsyncWebClient(token=BOT_TOKEN, base_url=f"{address}/api/")
        assert (await other.chat_postMessage(channel="#reports", text="x"))["ok"]


async def test_a_person_is_one_channel_by_either_id() -> None:
    slow = LocalSlack(LimitSettings(channel_post=Rate(0.05, 2)))
    async with serve(slow) as address:
        client = AsyncWebClient(token=BOT_TOKEN, base_url=f"{address}/api/")
        direct = (await client.conversations_open(users="U0ANAGOMEZ"))["channel"]["id"]
        await client.chat_postMessage(channel="U0ANAGOMEZ", text="x")
        await client.chat_postMessage(channel=direct, text="x")
        with pytest.raises(SlackApiError, match="ratelimited"):
            await client.chat_postMessage(channel="U0ANAGOMEZ", text="x")


async def test_limits_can_be_set(slack: SlackControl, client: AsyncWebClient) -> None:
    set_to = await slack.limits(
        channel_post={"per_s": 2, "burst": 1}, methods={"auth.test": {"per_s": 0.01, "burst": 1}}
    )
    assert set_to["channel_post"] == {"per_s": 2.0, "burst": 1}
    assert (await client.auth_test())["ok"]
    with pytest.raises(SlackApiError, match="ratelimited"):
        await client.auth_test()
    assert (await slack.limits(enabled=False))["channel_post"] is None
    for wrong in (
        {"channel_post": 3},
        {"tiers_per_min": {"2": 0}},
        {"speed": 1},
        {"channel_post": {"per_s": 0, "burst": 1}},
    ):
        with pytest.raises(ControlRefused):
            await slack.limits(**wrong)
