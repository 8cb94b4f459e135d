"""The rest of the Web API as Slack's own client uses it: channels, files, pins, what is scheduled, installing."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from centralita.sandbox.control import SlackControl

ANA, LUIS = "U0ANAGOMEZ", "U0LUISPARED"


async def error_of(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


async def test_a_channel_from_beginning_to_end(client: AsyncWebClient) -> None:
    made = (await client.conversations_create(name="incident-42", is_private=True))["channel"]
    assert made["is_private"]
    channel = made["id"]
    assert await error_of(client.conversations_create(name="incident-42")) == "name_taken"
    assert await error_of(client.conversations_create(name="No Such")) == "invalid_name_specials"
    await client.conversations_invite(channel=channel, users=[ANA, LUIS])
    assert await error_of(client.conversations_invite(channel=channel, users=[ANA])) == "already_in_channel"
    assert await error_of(client.conversations_invite(channel=channel, users=["U1"])) == "user_not_found"
    assert ANA in (await client.conversations_members(channel=channel))["members"]
    mine = await client.users_conversations(user=ANA, types="private_channel")
    assert [one["id"] for one in mine["channels"]] == [channel]
    await client.conversations_kick(channel=channel, user=ANA)
    assert await error_of(client.conversations_kick(channel=channel, user=ANA)) == "not_in_channel"
    topic = await client.conversations_setTopic(channel=channel, topic="Disk")
    assert topic["channel"]["topic"]["value"] == "Disk"
    await client.conversations_setPurpose(channel=channel, purpose="To mend it")
    assert (await client.conversations_rename(channel=channel, name="incident-43"))["channel"]["name"] == "incident-43"
    await client.conversations_archive(channel=channel)
    assert await error_of(client.chat_postMessage(channel=channel, text="x")) == "is_archived"
    assert await error_of(client.conversations_archive(channel=channel)) == "already_archived"
    await client.conversations_unarchive(channel=channel)
    await client.conversations_leave(channel=channel)
    assert await error_of(client.conversations_setTopic(channel=channel, topic="x")) == "channel_not_found"


async def test_a_file_is_uploaded_as_the_client_does_it(client: AsyncWebClient, tmp_path: Path) -> None:
    report = tmp_path / "informe.csv"
    report.write_bytes(b"ticket;estado\n42;abierto\n")
    answer = await client.files_upload_v2(
        file=str(report), title="Informe", channel="C0REPORTS", initial_comment="El de hoy"
    )
    assert (answer["file"]["title"], answer["file"]["mimetype"]) == ("Informe", "text/csv")
    info = (await client.files_info(file=answer["file"]["id"]))["file"]
    assert list(info["shares"]["public"]) == ["C0REPORTS"]
    history = await client.conversations_history(channel="C0REPORTS")
    assert (history["messages"][0]["text"], history["messages"][0]["files"][0]["name"]) == ("El de hoy", "informe.csv")
    mine = {"Authorization": f"Bearer {client.token}"}
    async with aiohttp.ClientSession() as session:
        async with session.get(info["url_private"], headers=mine) as response:
            assert await response.read() == report.read_bytes()
        async with session.get(info["url_private"]) as response:
            assert response.status == 404, "a file's address needs a token"


async def test_an_upload_that_is_not_what_was_announced(client: AsyncWebClient) -> None:
    got = await client.files_getUploadURLExternal(filename="x.txt", length=5)
    async with aiohttp.ClientSession() as session:
        async with session.post(got["upload_url"], data=b"1234") as response:
            assert response.status == 400
        async with session.post(got["upload_url"] + "x", data=b"12345") as response:
            assert response.status == 404
    files = [{"id": got["file_id"], "title": "x"}]
    assert await error_of(client.files_completeUploadExternal(files=files)) == "file_not_found"


async def test_pins_and_bookmarks(client: AsyncWebClient) -> None:
    ts = (await client.chat_postMessage(channel="C0ALERTS", text="runbook"))["ts"]
    await client.pins_add(channel="C0ALERTS", timestamp=ts)
    assert await error_of(client.pins_add(channel="C0ALERTS", timestamp=ts)) == "already_pinned"
    assert [one["message"]["ts"] for one in (await client.pins_list(channel="C0ALERTS"))["items"]] == [ts]
    await client.pins_remove(channel="C0ALERTS", timestamp=ts)
    assert await error_of(client.pins_remove(channel="C0ALERTS", timestamp=ts)) == "no_pin"
    link = "https://example.com/runbook"
    mark = (await client.bookmarks_add(channel_id="C0ALERTS", title="Runbook", type="link", link=link))["bookmark"]
    await client.bookmarks_edit(channel_id="C0ALERTS", bookmark_id=mark["id"], title="Guía")
    assert [one["title"] for one in (await client.bookmarks_list(channel_id="C0ALERTS"))["bookmarks"]] == ["Guía"]
    await client.bookmarks_remove(channel_id="C0ALERTS", bookmark_id=mark["id"])
    assert (await client.bookmarks_list(channel_id="C0ALERTS"))["bookmarks"] == []


async def test_what_is_scheduled(client: AsyncWebClient, slack: SlackControl) -> None:
    now = int(time.time())
    soon = await client.chat_scheduleMessage(channel="C0ALERTS", text="soon", post_at=now + 1)
    later = await client.chat_scheduleMessage(channel="C0ALERTS", text="later", post_at=now + 3600)
    listed = await client.chat_scheduledMessages_list()
    assert [one["id"] for one in listed["scheduled_messages"]] == [
        soon["scheduled_message_id"],
        later["scheduled_message_id"],
    ]
    gone = {"channel": "C0ALERTS", "scheduled_message_id": later["scheduled_message_id"]}
    await client.chat_deleteScheduledMessage(**gone)
    assert await error_of(client.chat_deleteScheduledMessage(**gone)) == "invalid_scheduled_message_id"
    assert await error_of(client.chat_scheduleMessage(channel="C0ALERTS", text="x", post_at=now - 1)) == "time_in_past"
    far = now + 121 * 86_400
    assert await error_of(client.chat_scheduleMessage(channel="C0ALERTS", text="x", post_at=far)) == "time_too_far"
    while not (seen := await slack.person(LUIS).seen("C0ALERTS")):
        pass
    assert [one["text"] for one in seen] == ["soon"]


async def test_who_somebody_is(client: AsyncWebClient) -> None:
    profile = (await client.users_profile_get(user=ANA))["profile"]
    assert profile["email"] == "ana@example.com"
    assert (await client.usergroups_users_list(usergroup="S0ONCALL"))["users"] == [LUIS]
    assert await error_of(client.usergroups_users_list(usergroup="S1")) == "no_such_subteam"
    me = await client.auth_test()
    assert (await client.bots_info(bot=me["bot_id"]))["bot"]["user_id"] == me["user_id"]


@pytest.mark.filterwarnings("ignore:BasicAuth is deprecated")  # Slack's client uses it
async def test_an_app_is_installed_in_another_workspace(client: AsyncWebClient, slack: SlackControl) -> None:
    other = await slack.add_workspace("Sucursal Norte")
    back = "http://127.0.0.1:9/oauth"
    query = {"client_id": "1000000000.2000000000", "scope": "chat:write,commands", "state": "s", "redirect_uri": back}
    page = f"{slack.url}/oauth/v2/authorize?{urlencode(query)}"
    async with aiohttp.ClientSession() as session:
        async with session.get(page) as response:
            assert "Sucursal Norte" in await response.text()
        form = {"team": other["team"], "answer": "allow"}
        async with session.post(page, data=form, allow_redirects=False) as response:
            given = parse_qs(urlsplit(response.headers["Location"]).query)
        async with session.post(page, data={**form, "answer": "deny"}, allow_redirects=False) as response:
            assert "error=access_denied" in response.headers["Location"]
    assert given["state"] == ["s"]
    redeem = {"client_id": query["client_id"], "client_secret": "local-client-secret", "code": given["code"][0]}
    assert await error_of(client.oauth_v2_access(**{**redeem, "client_secret": "x"})) == "bad_client_secret"
    access = await client.oauth_v2_access(**redeem, redirect_uri=back)
    assert (access["team"]["id"], access["scope"]) == (other["team"], "chat:write,commands")
    assert await error_of(client.oauth_v2_access(**redeem)) == "invalid_code"
    there = AsyncWebClient(token=access["access_token"], base_url=f"{slack.url}/api/")
    assert (await there.auth_test())["team_id"] == other["team"]
    assert await error_of(there.chat_postMessage(channel=other["channel"], text="x")) == "not_in_channel"
    assert await error_of(there.chat_postMessage(channel="C0ALERTS", text="x")) == "channel_not_found"
    assert await error_of(there.users_info(user=ANA)) == "missing_scope"
