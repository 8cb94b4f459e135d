"""The Slack destination against the local workspace: real sockets, Slack's own limits on every block."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from centralita.integrations.slack.test_messages import KINDS, alert
from centralita.integrations.slack.test_scripted import ANA, TICKET, delivery
from centralita.net import Client
from centralita.sandbox.control import SlackControl
from centralita.sandbox.server import serve
from centralita.sandbox.slack import BOT_TOKEN, LimitSettings, LocalSlack
from tests.slack.driver import Hub

CHANNEL = "#mesa-de-ayuda"
LONG = "\n".join(f"línea {number}: <&> áéíóú 👩‍💻 @channel" for number in range(3000))


@pytest.fixture
async def slack() -> AsyncIterator[SlackControl]:
    async with serve(LocalSlack(LimitSettings.off())) as address, SlackControl(address.url) as control:
        yield control


@pytest.fixture
async def hub(slack: SlackControl) -> AsyncIterator[Hub]:
    config = {
        "api_url": f"{slack.url}/api/",
        "bot_token": BOT_TOKEN,
        "public_url": "https://desk.test",
        "locale": "es",
        "channels": {"#alerts": {"locale": "en"}},
    }
    async with Client(allow=["127.0.0.0/8"]) as client:
        yield Hub(client, config)


async def refusals(slack: SlackControl) -> list[Any]:
    return [call for call in await slack.posted(ok=False) if call.method.startswith("chat.")]


@pytest.mark.parametrize("target", [CHANNEL, "#alerts"], ids=["es", "en"])
async def test_slack_takes_every_kind_of_message_first_and_later(slack: SlackControl, hub: Hub, target: str) -> None:
    number = 0
    for kind, item in KINDS.items():
        for event in (1, 2):
            number += 1
            again = msgspec.structs.replace(
                item,
                id=f"dlv_{number}",
                effect=msgspec.structs.replace(item.effect, target=target, mentions=("@oncall", "@sam")),
                event=msgspec.structs.replace(item.event, subject=f"kind/{kind}"),
                subject=msgspec.structs.replace(item.subject, subject=f"kind/{kind}", events=event),
            )
            assert (await hub.deliver(again)).state == "delivered", kind
    assert await refusals(slack) == []
    messages = await slack.messages(target)
    roots = [message for message in messages if message.get("thread_ts", message["ts"]) == message["ts"]]
    assert len(roots) == len(KINDS)
    assert len(messages) == 2 * len(KINDS)
    assert all("<!subteam^S0ONCALL> <@U0SAMCARTER>" in message["text"] for message in roots)


@pytest.mark.parametrize("use_blocks", [True, False])
async def test_the_longest_texts_fit(slack: SlackControl, hub: Hub, use_blocks: bool) -> None:
    ticket = {**TICKET, **dict.fromkeys(["title", "description", "status", "priority", "category"], LONG)}
    data = {
        "requester": {"name": LONG},
        "agent": {"name": LONG},
        "comment": {"text": LONG, "author": LONG, "visible_to_customer": True},
        "ai_analysis": {"summary": LONG, "recommended_action": LONG},
        "affected_cis": [{"name": LONG, "url": f"https://cmdb.test/{number}"} for number in range(9)],
    }
    formatting = {"use_blocks": use_blocks}
    for number, kind in enumerate(["ticket.created", "ticket.commented", "ticket.closed"], 1):
        item = delivery(
            number, kind, events=number, ticket=ticket, data=data, event={"title": LONG}, formatting=formatting
        )
        assert (await hub.deliver(item)).state == "delivered"
    long_alert = msgspec.structs.replace(alert().event, title=LONG, data={**data, "description": LONG})
    item = msgspec.structs.replace(alert(), id="dlv_9", event=long_alert)
    assert (await hub.deliver(item)).state == "delivered"
    assert await refusals(slack) == []
    methods = [call.method for call in await slack.posted()]
    assert methods.count("chat.update") == 2
    assert methods.count("chat.postMessage") > 30


async def test_one_message_per_subject_whose_permalink_is_slacks_own(slack: SlackControl, hub: Hub) -> None:
    outcome = await hub.deliver(delivery())
    root = (await slack.messages(CHANNEL))[0]
    assert outcome.reference == f"{slack.url}/archives/C0MESAAYUDA/p{root['ts'].replace('.', '')}"
    client = AsyncWebClient(token=BOT_TOKEN, base_url=f"{slack.url}/api/")
    answer = await client.chat_getPermalink(channel="C0MESAAYUDA", message_ts=root["ts"])
    assert outcome.reference == answer["permalink"]
    changed = {**TICKET, "status": "En progreso"}
    await hub.deliver(delivery(2, "ticket.status_changed", events=2, ticket=changed, event={"status": "En progreso"}))
    closed = delivery(
        3, "ticket.closed", events=3, ticket=changed, phase="closed", formatting={"emoji_reactions": True}
    )
    await hub.deliver(closed)
    thread = await slack.thread(CHANNEL, root["ts"])
    assert len(thread) == len(await slack.messages(CHANNEL)) == 3
    assert "cerrado" in thread[0]["text"]
    assert "pasó" not in thread[0]["text"]
    assert "Estado: En progreso" in thread[1]["text"]
    assert thread[0]["reactions"][0]["name"] == "white_check_mark"


async def test_direct_messages_speak_the_persons_language(slack: SlackControl, hub: Hub) -> None:
    for number, address in enumerate(["ana@example.com", "sam@example.com"], 1):
        item = delivery(number, target=address, audience="agent", data={"requester": ANA})
        assert (await hub.deliver(item)).state == "delivered"
    assert "Nuevo ticket" in (await slack.messages("U0ANAGOMEZ"))[0]["text"]
    assert "New ticket" in (await slack.messages("U0SAMCARTER"))[0]["text"]


async def test_somebody_who_left_is_skipped_and_the_fallback_told(slack: SlackControl, hub: Hub) -> None:
    await slack.change_user("U0ANAGOMEZ", deleted=True)
    item = delivery(target="ana@example.com", audience="requester")
    assert (await hub.deliver(item)).reason == "slack.user_not_found"
    again = delivery(2, target="ana@example.com", audience="requester", fallback=CHANNEL)
    assert (await hub.deliver(again)).state == "delivered"
    assert "Para Ana Gómez, que no está en Slack." in (await slack.messages(CHANNEL))[0]["text"]


@pytest.mark.parametrize("target", [CHANNEL, "ana@example.com"])
async def test_a_post_whose_answer_was_lost_is_found_and_not_repeated(
    slack: SlackControl, hub: Hub, target: str
) -> None:
    ticket = {**TICKET, "description": LONG[:6000]}
    await slack.drop_next("chat.postMessage", applied=True)
    lost = await hub.deliver(delivery(target=target, ticket=ticket))
    assert (lost.state, lost.reason) == ("retry", "net.reset")
    assert (await hub.deliver(delivery(target=target, ticket=ticket, uncertain=True))).state == "delivered"
    where = CHANNEL if target == CHANNEL else "U0ANAGOMEZ"
    messages = await slack.messages(where)
    assert [message.get("thread_ts") for message in messages] == [None, *[messages[0]["ts"]] * (len(messages) - 1)] or (
        messages[0]["thread_ts"] == messages[0]["ts"]
    )
    texts = [message["text"] for message in messages]
    assert len(texts) == len(set(texts)) >= 3


async def test_a_reply_whose_answer_was_lost_is_found_and_not_repeated(slack: SlackControl, hub: Hub) -> None:
    await hub.deliver(delivery())
    await slack.drop_next("chat.postMessage", applied=True)
    assert (await hub.deliver(delivery(2, "ticket.assigned", events=2))).state == "retry"
    assert (await hub.deliver(delivery(2, "ticket.assigned", events=2, uncertain=True))).state == "delivered"
    assert len(await slack.messages(CHANNEL)) == 2


async def test_a_channel_without_the_bot_is_posted_to_again(slack: SlackControl, hub: Hub) -> None:
    """``chat:write.public`` lets it post there but not read."""
    await slack.change_channel(CHANNEL, bot=False)
    assert (await hub.deliver(delivery())).state == "delivered"
    assert (await hub.deliver(delivery(2, subject="ticket/2", uncertain=True))).state == "delivered"
    assert len(await slack.messages(CHANNEL)) == 2


@pytest.mark.parametrize(
    ("change", "state", "reason"),
    [({"archived": True}, "dead", "slack.is_archived"), ({}, "delivered", "")],
)
async def test_an_archived_channel_is_dead(
    slack: SlackControl, hub: Hub, change: dict[str, Any], state: str, reason: str
) -> None:
    await slack.change_channel(CHANNEL, **change)
    outcome = await hub.deliver(delivery())
    assert (outcome.state, outcome.reason) == (state, reason)


async def test_an_unknown_channel_and_a_wrong_token(slack: SlackControl, hub: Hub) -> None:
    assert (await hub.deliver(delivery(target="#nada"))).reason == "slack.channel_not_found"
    hub.config = {**hub.config, "bot_token": "xoxb-wrong"}
    outcome = await hub.deliver(delivery())
    assert (outcome.state, outcome.reason) == ("retry", "slack.invalid_auth")


async def test_the_workspaces_own_rate_limit_holds_the_lane(slack: SlackControl, hub: Hub) -> None:
    await slack.limits(channel_post={"per_s": 0.1, "burst": 2})
    outcomes = [await hub.deliver(delivery(number, subject=f"ticket/{number}")) for number in (1, 2, 3)]
    assert [outcome.state for outcome in outcomes] == ["delivered", "delivered", "retry"]
    assert (outcomes[2].hold, outcomes[2].spends_attempt) == ("lane", False)
    assert outcomes[2].retry_after_s is not None
    assert outcomes[2].retry_after_s >= 1


async def test_an_incoming_webhook_takes_every_kind(slack: SlackControl, hub: Hub) -> None:
    hub.config = {"webhook_url": await slack.add_hook("#alerts"), "locale": "es", "public_url": "https://desk.test"}
    for number, item in enumerate(KINDS.values(), 1):
        assert (await hub.deliver(msgspec.structs.replace(item, id=f"dlv_{number}"))).state == "delivered"
    assert len(await slack.messages("#alerts")) == len(KINDS)


async def test_an_event_about_a_ticket_stands_in_its_thread_and_leaves_its_message(
    slack: SlackControl, hub: Hub
) -> None:
    ticket = delivery(1)
    own = msgspec.structs.replace(ticket.event, source="centralita", type="approval.answered", subject="approval/apr_1")
    for item in (ticket, msgspec.structs.replace(ticket, id="dlv_2", event=own)):
        assert (await hub.deliver(item)).state == "delivered"
    root, reply = await slack.messages(ticket.effect.target)
    assert reply["thread_ts"] == root["ts"]
    assert not await slack.posted(method="chat.update")
