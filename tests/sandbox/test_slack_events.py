"""What an app is told beside messages, and what Slack does by itself before or after the app is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from centralita.sandbox.control import ControlRefused, SlackControl
from centralita.sandbox.slack import BOT_TOKEN
from tests.sandbox.test_slack_apps import LUIS, SAM, Bolt, by_socket, manifest, modal, open_modal

ANA = "U0ANAGOMEZ"
Json = dict[str, Any]
EVENTS = (
    *("app_mention", "message.channels", "message.groups", "reaction_added", "reaction_removed", "user_change"),
    *("team_join", "member_joined_channel", "member_left_channel", "channel_created", "channel_rename"),
    *("channel_archive", "channel_unarchive", "group_rename"),
)


@pytest.fixture
async def bolt(slack: SlackControl) -> AsyncIterator[Bolt]:
    """An app that hears of everything."""
    made = Bolt(slack)
    for name in EVENTS:
        made.app.event(name.partition(".")[0])(made.keep(name.partition(".")[0]))
    async with by_socket(made):
        wanted = manifest()
        wanted["settings"]["event_subscriptions"]["bot_events"] = list(EVENTS)
        await slack.install(wanted)
        yield made


async def test_reactions_of_people_and_of_the_app(bolt: Bolt) -> None:
    luis = bolt.slack.person(LUIS)
    ts = await luis.say("C0ALERTS", "disk full")
    await luis.react("C0ALERTS", ts, ":eyes:")
    event = (await bolt.next("reaction_added"))["event"]
    assert (event["user"], event["reaction"], event["item"]) == (
        LUIS,
        "eyes",
        {"type": "message", "channel": "C0ALERTS", "ts": ts},
    )
    await luis.react("C0ALERTS", ts, "eyes", remove=True)
    assert (await bolt.next("reaction_removed"))["event"]["item_user"] == LUIS
    await bolt.client.reactions_add(channel="C0ALERTS", timestamp=ts, name="tada")
    assert [one.name for one in await bolt.slack.told(count=4)][-1] == "reaction_added", "Bolt ignores its own"
    for name, remove, error in (("tada", True, "no_reaction"), ("no_emoji", False, "invalid_name")):
        with pytest.raises(ControlRefused, match=error):
            await luis.react("C0ALERTS", ts, name, remove=remove)


async def test_who_comes_and_goes(bolt: Bolt) -> None:
    await bolt.client.conversations_invite(channel="C0ALERTS", users=[ANA])
    joined = (await bolt.next("member_joined_channel"))["event"]
    assert (joined["user"], joined["channel"], joined["inviter"]) == (ANA, "C0ALERTS", "U0CENTRALIT")
    await bolt.client.conversations_kick(channel="C0ALERTS", user=ANA)
    assert (await bolt.next("member_left_channel"))["event"]["user"] == ANA
    await bolt.slack.change_channel("#alerts", bot=False)
    assert (await bolt.next("member_left_channel"))["event"]["user"] == "U0CENTRALIT"
    await bolt.slack.change_channel("#alerts", bot=True)
    assert (await bolt.next("member_joined_channel"))["event"]["user"] == "U0CENTRALIT"


async def test_people_change(bolt: Bolt) -> None:
    await bolt.slack.change_user(ANA, locale="en-US", email="ana.gomez@example.com")
    user = (await bolt.next("user_change"))["event"]["user"]
    assert (user["id"], user["locale"], user["profile"]["email"]) == (ANA, "en-US", "ana.gomez@example.com")
    new = await bolt.slack.add_user("nora")
    assert (await bolt.next("team_join"))["event"]["user"]["id"] == new


async def test_channels_change(bolt: Bolt) -> None:
    channel = (await bolt.client.conversations_create(name="printers"))["channel"]["id"]
    assert (await bolt.next("channel_created"))["event"]["channel"]["name"] == "printers"
    await bolt.client.conversations_rename(channel=channel, name="plotters")
    assert (await bolt.next("channel_rename"))["event"]["channel"]["name"] == "plotters"
    await bolt.client.conversations_archive(channel=channel)
    await bolt.client.conversations_unarchive(channel=channel)
    private = (await bolt.client.conversations_create(name="war-room", is_private=True))["channel"]["id"]
    await bolt.client.conversations_rename(channel=private, name="peace-room")
    assert (await bolt.next("group_rename"))["event"]["channel"]["name"] == "peace-room"
    # Bolt keeps from its listeners what the app itself did; it is told all the same.
    told = {one.name for one in await bolt.slack.told(count=5)}
    assert told == {"channel_created", "channel_rename", "channel_archive", "channel_unarchive", "group_rename"}


async def test_an_app_is_told_no_more_than_its_scopes_allow(bolt: Bolt) -> None:
    await bolt.slack.add_bot(BOT_TOKEN, scopes=["chat:write", "channels:history"])
    ts = await bolt.slack.person(LUIS).say("C0ALERTS", "@centralita hola")
    await bolt.slack.person(LUIS).react("C0ALERTS", ts, "eyes")
    await bolt.slack.person(LUIS).edit("C0ALERTS", ts, "adiós")
    told = await bolt.slack.told(count=2, kind="events_api")
    assert [one.name for one in told] == ["message", "message"], "neither app_mention nor reaction_added"
    answer = await bolt.slack.person(LUIS).command("#alerts", "/centralita")
    assert answer["error"] == "/centralita is not a valid command", "nor does it have the scope for commands"


async def test_an_external_select_in_a_message_asks_the_app_that_wrote_it(bolt: Bolt) -> None:
    options = [{"text": {"type": "plain_text", "text": "Mail"}, "value": "mail"}]
    bolt.app.options("service")(bolt.keep("options", {"options": options}))
    select = {"type": "external_select", "action_id": "service", "placeholder": {"type": "plain_text", "text": "?"}}
    blocks = [{"type": "actions", "block_id": "row", "elements": [select]}]
    ts = (await bolt.client.chat_postMessage(channel="C0ALERTS", text="which?", blocks=blocks))["ts"]
    luis = bolt.slack.person(LUIS)
    offered = await luis.suggest("service", "ma", channel="C0ALERTS", ts=ts)
    assert offered["payload"]["options"] == options
    body = await bolt.next("options")
    assert (body["value"], body["block_id"], body["channel"]["id"]) == ("ma", "row", "C0ALERTS")
    assert body["container"]["message_ts"] == ts and "trigger_id" not in body


async def test_a_form_can_be_answered_where_the_person_chose(bolt: Bolt) -> None:
    select = {"type": "conversations_select", "action_id": "where", "response_url_enabled": True}
    view = modal()
    label = {"type": "plain_text", "text": "Where"}
    view["blocks"].append({"type": "input", "block_id": "place", "label": label, "element": select})
    bolt.app.view("incident")(bolt.keep("submission"))
    opened = await open_modal(bolt, view)
    values = {"title": {"text": "Down"}, "place": {"where": "C0REPORTS"}}
    assert (await bolt.slack.person(LUIS).submit(opened["id"], values))["ok"]
    [given] = (await bolt.next("submission"))["response_urls"]
    assert (given["block_id"], given["action_id"], given["channel_id"]) == ("place", "where", "C0REPORTS")
    async with aiohttp.ClientSession() as session:
        async with session.post(given["response_url"], json={"text": "taken", "response_type": "in_channel"}) as done:
            assert await done.text() == "ok"
    assert [one["text"] for one in await bolt.slack.messages("#reports")] == ["taken"]
    [used] = await bolt.slack.posted(method="response_url")
    assert (used.channel, used.args["text"], used.ok) == ("C0REPORTS", "taken", True)


FIELDS: list[tuple[Json, Any, str]] = [
    ({"type": "plain_text_input", "min_length": 3}, "ab", "at least 3"),
    ({"type": "plain_text_input", "max_length": 3}, "abcd", "no more than 3"),
    ({"type": "email_text_input"}, "ana@", "valid email"),
    ({"type": "url_text_input"}, "example", "valid URL"),
    ({"type": "number_input", "is_decimal_allowed": False}, "1.5", "enter a number"),
    ({"type": "number_input", "is_decimal_allowed": True, "min_value": "2"}, "1.5", "at least 2"),
    ({"type": "number_input", "is_decimal_allowed": True, "max_value": "1"}, "1.5", "at most 1"),
    ({"type": "multi_users_select", "max_selected_items": 1}, [ANA, SAM], "no more than 1"),
]
FINE = ("abc", "abc", "ana@example.com", "https://example.com", "15", "2.0", "-1", [ANA])


async def test_slack_itself_refuses_what_a_field_does_not_take(bolt: Bolt) -> None:
    label = {"type": "plain_text", "text": "Field"}
    blocks = [
        {"type": "input", "block_id": f"b{n}", "label": label, "element": {**element, "action_id": "a"}}
        for n, (element, _, _) in enumerate(FIELDS)
    ]
    bolt.app.view("incident")(bolt.keep("submission"))
    view, luis = await open_modal(bolt, modal(blocks=blocks)), bolt.slack.person(LUIS)
    wrong = await luis.submit(view["id"], {f"b{n}": {"a": given} for n, (_, given, _) in enumerate(FIELDS)})
    assert not wrong["ok"]
    for n, (_, _, fault) in enumerate(FIELDS):
        assert fault in wrong["errors"][f"b{n}"]
    assert (await luis.submit(view["id"], {f"b{n}": {"a": given} for n, given in enumerate(FINE)}))["ok"]
    values = (await bolt.next("submission"))["view"]["state"]["values"]
    assert [next(iter(values[f"b{n}"].values()))["type"] for n in range(2)] == ["plain_text_input"] * 2


async def test_an_app_may_ask_not_to_be_told_again(slack: SlackControl) -> None:
    async def refuse(request: web.Request) -> web.Response:
        body = await request.json()
        if body["type"] == "url_verification":
            return web.Response(text=body["challenge"])
        headers = {"X-Slack-No-Retry": "1"} if body["event"]["text"] == "once" else {}
        return web.Response(status=500, headers=headers)

    served = web.Application()
    served.router.add_post("/slack/events", refuse)
    runner = web.AppRunner(served)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        await slack.install(manifest(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"))
        await slack.change_app(retry_waits_s=[0.0])
        await slack.person(LUIS).say("C0ALERTS", "once")
        await slack.person(LUIS).say("C0ALERTS", "twice")
        told = await slack.told(count=3, kind="events_api")
        assert sorted(one.attempt for one in told) == [0, 0, 1]
    finally:
        await runner.cleanup()
