"""The Web API as Slack's own clients use it."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from centralita.sandbox.control import SlackControl
from centralita.sandbox.slack import BOT_TOKEN, HOOK_PATH

ANA = "U0ANAGOMEZ"


async def refusal(call: Any) -> dict[str, Any]:
    with pytest.raises(SlackApiError) as caught:
        await call
    return dict(caught.value.response.data)


async def test_post_update_delete(client: AsyncWebClient, slack: SlackControl) -> None:
    posted = await client.chat_postMessage(channel="#alerts", text="disk & co", blocks=[{"type": "divider"}])
    channel, ts = posted["channel"], posted["ts"]
    assert channel == "C0ALERTS"
    assert posted["message"]["text"] == "disk &amp; co"
    assert posted["message"]["blocks"][0]["block_id"]
    updated = await client.chat_update(channel=channel, ts=ts, text="disk &amp; co, again")
    assert updated["text"] == "disk &amp; co, again"
    assert updated["message"]["blocks"], "what isn't sent is retained"
    assert updated["message"]["edited"]["user"]
    assert "blocks" not in (await client.chat_update(channel=channel, ts=ts, text="x", blocks=[]))["message"]
    await client.chat_delete(channel=channel, ts=ts)
    assert await slack.messages("#alerts") == []


async def test_the_synchronous_client_works_too(slack: SlackControl) -> None:
    def talk() -> tuple[Any, Any]:
        client = WebClient(token=BOT_TOKEN, base_url=f"{slack.url}/api/")
        return client.auth_test(), client.chat_postMessage(channel="alerts", text="hola")

    who, posted = await asyncio.to_thread(talk)
    assert who["team"] == "Mesa de Ayuda"
    assert "chat:write" in who.headers["x-oauth-scopes"]
    assert posted["ok"]


async def test_threads_count_their_replies(client: AsyncWebClient) -> None:
    parent = (await client.chat_postMessage(channel="#alerts", text="parent"))["ts"]
    first = await client.chat_postMessage(channel="#alerts", text="one", thread_ts=parent)
    # A reply to a reply joins the same thread.
    second = await client.chat_postMessage(channel="#alerts", text="two", thread_ts=first["ts"], reply_broadcast=True)
    thread = await client.conversations_replies(channel="C0ALERTS", ts=parent)
    assert [one["text"] for one in thread["messages"]] == ["parent", "one", "two"]
    assert thread["messages"][0]["reply_count"] == 2
    assert thread["messages"][0]["latest_reply"] == second["ts"]
    history = await client.conversations_history(channel="C0ALERTS")
    assert [one["text"] for one in history["messages"]] == ["two", "parent"]
    await client.chat_delete(channel="C0ALERTS", ts=parent)
    thread = await client.conversations_replies(channel="C0ALERTS", ts=second["ts"])
    assert thread["messages"][0]["subtype"] == "tombstone"
    error = await refusal(client.chat_postMessage(channel="#alerts", text="x", thread_ts="1.000001"))
    assert error["error"] == "thread_not_found"


async def test_timestamps_are_unique_and_rise(client: AsyncWebClient) -> None:
    posted = await asyncio.gather(*(client.chat_postMessage(channel="#alerts", text=str(n)) for n in range(40)))
    assert len({one["ts"] for one in posted}) == 40
    history = await client.conversations_history(channel="C0ALERTS")
    stamps = [float(one["ts"]) for one in history["messages"]]
    assert stamps == sorted(stamps, reverse=True)


async def test_history_pages_and_bounds(client: AsyncWebClient) -> None:
    stamps = [(await client.chat_postMessage(channel="#alerts", text=f"m{n}"))["ts"] for n in range(5)]
    texts: list[str] = []
    async for page in await client.conversations_history(channel="C0ALERTS", limit=2):
        texts += [one["text"] for one in page["messages"]]
    assert texts == ["m4", "m3", "m2", "m1", "m0"]
    cut = await client.conversations_history(channel="C0ALERTS", oldest=stamps[1], latest=stamps[3])
    assert [one["text"] for one in cut["messages"]] == ["m2"]
    cut = await client.conversations_history(channel="C0ALERTS", oldest=stamps[1], latest=stamps[3], inclusive=True)
    assert [one["text"] for one in cut["messages"]] == ["m3", "m2", "m1"]
    assert (await refusal(client.conversations_history(channel="C0ALERTS", cursor="nonsense")))["error"] == (
        "invalid_cursor"
    )


async def test_metadata_comes_back_only_when_asked(client: AsyncWebClient) -> None:
    mark = {"event_type": "mark", "event_payload": {"id": "dlv_1"}}
    await client.chat_postMessage(channel="#alerts", text="x", metadata=mark)
    plain = await client.conversations_history(channel="C0ALERTS")
    assert "metadata" not in plain["messages"][0]
    full = await client.conversations_history(channel="C0ALERTS", include_all_metadata=True)
    assert full["messages"][0]["metadata"] == mark
    error = await refusal(client.chat_postMessage(channel="#alerts", text="x", metadata={"event_type": "mark"}))
    assert error["error"] == "invalid_metadata_format"


async def test_permalink_is_on_this_workspace(client: AsyncWebClient, slack: SlackControl) -> None:
    ts = (await client.chat_postMessage(channel="#alerts", text="x"))["ts"]
    link = await client.chat_getPermalink(channel="C0ALERTS", message_ts=ts)
    assert link["permalink"] == f"{slack.url}/archives/C0ALERTS/p{ts.replace('.', '')}"
    reply = (await client.chat_postMessage(channel="#alerts", text="y", thread_ts=ts))["ts"]
    link = await client.chat_getPermalink(channel="C0ALERTS", message_ts=reply)
    assert link["permalink"].endswith(f"?thread_ts={ts}&cid=C0ALERTS")


async def test_markdown_text(client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel="#alerts", markdown_text="**hola**")
    assert posted["message"]["blocks"][0]["type"] == "markdown"
    error = await refusal(client.chat_postMessage(channel="#alerts", markdown_text="**hola**", text="x"))
    assert error["error"] == "markdown_text_conflict"


async def test_people(client: AsyncWebClient, slack: SlackControl) -> None:
    found = await client.users_lookupByEmail(email="ANA@example.com")
    assert (found["user"]["id"], found["user"]["real_name"]) == (ANA, "Ana Gómez")
    assert "locale" not in found["user"]
    assert (await client.users_info(user=ANA, include_locale=True))["user"]["locale"].startswith("es")
    assert (await refusal(client.users_lookupByEmail(email="x@example.com")))["error"] == "users_not_found"
    assert (await refusal(client.users_info(user="U404")))["error"] == "user_not_found"
    groups = await client.usergroups_list(include_users=True)
    assert {group["handle"]: group["users"] for group in groups["usergroups"]}["oncall"] == ["U0LUISPARED"]
    left = await slack.add_user("gone", email="gone@example.com", deleted=True)
    assert (await refusal(client.users_lookupByEmail(email="gone@example.com")))["error"] == "users_not_found"
    assert (await refusal(client.conversations_open(users=left)))["error"] == "user_disabled"
    names = [user["name"] async for page in await client.users_list(limit=2) for user in page["members"]]
    assert names == ["ana", "luis", "marta", "sam", "admin", "centralita", "gone"]


async def test_direct_messages(client: AsyncWebClient, slack: SlackControl) -> None:
    opened = await client.conversations_open(users=ANA)
    channel = opened["channel"]["id"]
    assert channel.startswith("D")
    assert (await client.conversations_open(users=[ANA]))["already_open"]
    assert (await client.chat_postMessage(channel=ANA, text="by user id"))["channel"] == channel
    assert [one["text"] for one in await slack.messages(ANA)] == ["by user id"]
    assert [call.args["channel"] for call in await slack.posted(channel=channel)] == [ANA]
    listed = await client.conversations_list(types="im")
    assert [one["user"] for one in listed["channels"]] == [ANA]


async def test_channels_and_membership(client: AsyncWebClient, slack: SlackControl) -> None:
    names = [one["name"] async for page in await client.conversations_list(limit=4) for one in page["channels"]]
    assert names[0] == "mesa-de-ayuda"
    assert len(names) == 9
    outside = await slack.add_channel("outside", bot=False)
    assert (await client.chat_postMessage(channel="#outside", text="chat:write.public"))["channel"] == outside
    assert (await refusal(client.conversations_history(channel=outside)))["error"] == "not_in_channel"
    assert (await client.conversations_join(channel=outside))["channel"]["is_member"]
    assert (await client.conversations_history(channel=outside))["messages"]
    await slack.add_channel("secret", private=True, bot=False)
    assert (await refusal(client.chat_postMessage(channel="#secret", text="x")))["error"] == "channel_not_found"
    await slack.add_bot(BOT_TOKEN, scopes=["chat:write"])
    await slack.change_channel("#outside", bot=False)
    assert (await refusal(client.chat_postMessage(channel=outside, text="x")))["error"] == "not_in_channel"
    missing = await refusal(client.usergroups_list())
    assert (missing["error"], missing["needed"]) == ("missing_scope", "usergroups:read")


async def test_reactions(client: AsyncWebClient) -> None:
    ts = (await client.chat_postMessage(channel="#alerts", text="x"))["ts"]
    at = {"channel": "C0ALERTS", "timestamp": ts}
    await client.reactions_add(name="eyes", **at)
    assert (await refusal(client.reactions_add(name="eyes", **at)))["error"] == "already_reacted"
    assert (await refusal(client.reactions_add(name="not_an_emoji", **at)))["error"] == "invalid_name"
    message = (await client.reactions_get(**at))["message"]
    assert message["reactions"] == [{"name": "eyes", "users": ["U0CENTRALIT"], "count": 1}]
    await client.reactions_remove(name="eyes", **at)
    assert (await refusal(client.reactions_remove(name="eyes", **at)))["error"] == "no_reaction"


async def test_ephemerals_are_in_no_history(client: AsyncWebClient) -> None:
    await client.chat_postEphemeral(channel="C0ALERTS", user="U0LUISPARED", text="psst")
    assert (await client.conversations_history(channel="C0ALERTS"))["messages"] == []
    error = await refusal(client.chat_postEphemeral(channel="C0ALERTS", user=ANA, text="psst"))
    assert error["error"] == "user_not_in_channel"


async def test_refusals_have_slacks_names(client: AsyncWebClient, slack: SlackControl) -> None:
    stranger = AsyncWebClient(token="xoxb-nobody", base_url=f"{slack.url}/api/")
    assert (await refusal(stranger.auth_test()))["error"] == "invalid_auth"
    nobody = AsyncWebClient(base_url=f"{slack.url}/api/")
    assert (await refusal(nobody.auth_test()))["error"] == "not_authed"
    assert (await refusal(client.chat_postMessage(channel="#nope", text="x")))["error"] == "channel_not_found"
    assert (await refusal(client.api_call("chat.postMessage", json={"channel": "alerts", "text": " "})))[
        "error"
    ] == "no_text"
    assert (await refusal(client.chat_postMessage(channel="#alerts", text="x" * 40_001)))["error"] == "msg_too_long"
    assert (await refusal(client.chat_update(channel="C0ALERTS", ts="1.1", text="x")))["error"] == "message_not_found"
    ts = (await client.chat_postMessage(channel="#alerts", text="x"))["ts"]
    assert (await refusal(client.chat_update(channel="C0ALERTS", ts=ts, text="x" * 4001)))["error"] == "msg_too_long"
    await slack.add_bot("xoxb-other", "other")
    other = AsyncWebClient(token="xoxb-other", base_url=f"{slack.url}/api/")
    assert (await refusal(other.chat_update(channel="C0ALERTS", ts=ts, text="x")))["error"] == "cant_update_message"
    error = await refusal(client.api_call("chat.postMessage", data={"text": "x"}))
    assert error["error"] == "invalid_arguments"
    assert error["response_metadata"]["messages"] == ["[ERROR] missing required field: channel"]
    assert (await refusal(client.api_call("no.such")))["error"] == "unknown_method"
    await slack.change_channel("#alerts", archived=True)
    assert (await refusal(client.chat_postMessage(channel="#alerts", text="x")))["error"] == "is_archived"


@pytest.mark.parametrize(
    ("headers", "body", "error"),
    [
        ({"Content-Type": "application/json"}, b"{", "invalid_json"),
        ({"Content-Type": "application/json"}, b"[]", "json_not_object"),
        ({"Content-Type": "text/plain"}, b"x", "invalid_post_type"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"channel=%23alerts&blocks=[", "invalid_blocks_format"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"channel=%23alerts&text=form", ""),
        ({"Content-Type": "application/json"}, json.dumps({"channel": "alerts", "text": "json"}).encode(), ""),
    ],
)
async def test_bodies(slack: SlackControl, headers: dict[str, str], body: bytes, error: str) -> None:
    headers = {**headers, "Authorization": f"Bearer {BOT_TOKEN}"}
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{slack.url}/api/chat.postMessage", data=body, headers=headers) as response:
            answer = await response.json()
    assert response.status == 200
    assert answer.get("error", "") == error


async def test_incoming_webhook(slack: SlackControl) -> None:
    async with aiohttp.ClientSession() as session:

        async def post(path: str, **body: Any) -> tuple[int, str]:
            async with session.post(slack.url + path, **body) as response:
                return response.status, await response.text()

        assert await post(HOOK_PATH, json={"text": "hola"}) == (200, "ok")
        assert await post(HOOK_PATH, data={"payload": '{"text": "form", "channel": "#reports"}'}) == (200, "ok")
        assert await post(HOOK_PATH, data=b"{", headers={"Content-Type": "application/json"}) == (
            400,
            "invalid_payload",
        )
        assert await post(HOOK_PATH, json={"text": ""}) == (400, "no_text")
        assert await post(HOOK_PATH, json={"blocks": [{"type": "header"}]}) == (400, "invalid_blocks")
        assert await post("/services/T0/B0/wrong", json={"text": "x"}) == (404, "no_service")
        own = (await slack.add_hook("#reports")).removeprefix(slack.url)
        assert await post(own, json={"text": "otro"}) == (200, "ok")
    assert [one["text"] for one in await slack.messages("#alerts")] == ["hola", "form"]
    assert [one["text"] for one in await slack.messages("#reports")] == ["otro"]
