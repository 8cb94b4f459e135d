"""Apps in the local workspace, by Slack's own framework: Bolt over Socket Mode and over signed requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from centralita.sandbox.control import ControlRefused, SlackControl
from centralita.sandbox.slack import APP_ID, APP_TOKEN, BOT_TOKEN, SIGNING_SECRET

LUIS, SAM = "U0LUISPARED", "U0SAMCARTER"
Json = dict[str, Any]


def manifest(url: str = "") -> Json:
    at = {"request_url": url} if url else {}
    return {
        "display_information": {"name": "Centralita"},
        "features": {
            "app_home": {"home_tab_enabled": True},
            "slash_commands": [
                {"command": "/centralita", "description": "Ask", "usage_hint": "status", "url": url},
                {"command": "/named", "description": "Ids", "url": url, "should_escape": True},
            ],
            "shortcuts": [
                {"name": "New incident", "type": "global", "callback_id": "new_incident"},
                {"name": "Make a ticket", "type": "message", "callback_id": "make_ticket"},
            ],
        },
        "settings": {
            "event_subscriptions": {
                "bot_events": ["app_mention", "message.channels", "message.im", "app_home_opened"],
                **at,
            },
            "interactivity": {"is_enabled": True, **at},
            "socket_mode_enabled": not url,
        },
    }


def modal(title: str = "Incident", **more: Any) -> Json:
    label = {"type": "plain_text", "text": "Title"}
    blocks = [
        {
            "type": "input",
            "block_id": "title",
            "label": label,
            "element": {"type": "plain_text_input", "action_id": "text"},
        },
        {
            "type": "input",
            "block_id": "severity",
            "optional": True,
            "label": label,
            "element": {
                "type": "static_select",
                "action_id": "choice",
                "options": [{"text": {"type": "plain_text", "text": one}, "value": one} for one in ("high", "low")],
            },
        },
    ]
    text = {name: {"type": "plain_text", "text": said} for name, said in (("title", title), ("submit", "Create"))}
    return {"type": "modal", "callback_id": "incident", "blocks": blocks, **text, **more}


BUTTONS = [
    {
        "type": "actions",
        "block_id": "row",
        "elements": [
            {"type": "button", "action_id": "ack", "value": "42", "text": {"type": "plain_text", "text": "Acknowledge"}}
        ],
    }
]


class Bolt:
    """An app of Bolt's, and what reached it."""

    def __init__(self, slack: SlackControl) -> None:
        self.slack = slack
        self.client = AsyncWebClient(token=BOT_TOKEN, base_url=f"{slack.url}/api/")
        self.app = AsyncApp(client=self.client, signing_secret=SIGNING_SECRET)
        self.got: asyncio.Queue[tuple[str, Json]] = asyncio.Queue()

    async def next(self, kind: str) -> Json:
        """The next thing of a kind that reached the app."""
        async with asyncio.timeout(40):
            while True:
                found, body = await self.got.get()
                if found == kind:
                    return body

    def keep(self, kind: str, answer: Json | str | None = None) -> Callable[..., Awaitable[None]]:
        """A listener that acknowledges with ``answer`` and keeps the body."""

        async def listener(ack: Any, body: Json) -> None:
            await (ack(answer) if isinstance(answer, str) else ack(**answer) if answer else ack())
            self.got.put_nowait((kind, body))

        return listener


@asynccontextmanager
async def by_socket(bolt: Bolt) -> AsyncIterator[AsyncSocketModeHandler]:
    await bolt.slack.install(manifest())
    client = AsyncWebClient(token=APP_TOKEN, base_url=f"{bolt.slack.url}/api/")
    handler = AsyncSocketModeHandler(bolt.app, APP_TOKEN, web_client=client, ping_interval=1)
    await handler.connect_async()
    try:
        yield handler
    finally:
        await handler.close_async()


@asynccontextmanager
async def by_http(bolt: Bolt) -> AsyncIterator[str]:
    async def receive(request: web.Request) -> web.Response:
        response = await to_aiohttp_response(await bolt.app.async_dispatch(await to_bolt_request(request)))
        return response

    served = web.Application()
    served.router.add_post("/slack/events", receive)
    runner = web.AppRunner(served)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    try:
        await bolt.slack.install(manifest(url))
        yield url
    finally:
        await runner.cleanup()


@pytest.fixture(params=["socket", "http"])
async def bolt(request: pytest.FixtureRequest, slack: SlackControl) -> AsyncIterator[Bolt]:
    made = Bolt(slack)
    reach = by_socket if request.param == "socket" else by_http
    async with reach(made):
        yield made


async def test_a_command_is_answered_for_the_person_alone(bolt: Bolt) -> None:
    bolt.app.command("/centralita")(bolt.keep("command", "all *fine*"))
    luis = bolt.slack.person(LUIS)
    assert (await luis.command("#alerts", "/centralita", "status now"))["ok"]
    body = await bolt.next("command")
    assert (body["text"], body["user_id"], body["channel_name"]) == ("status now", LUIS, "alerts")
    assert (await luis.seen("C0ALERTS"))[-1]["text"] == "all *fine*"
    assert await bolt.slack.person(SAM).seen("C0ALERTS") == []
    unknown = await luis.command("#alerts", "/nothing")
    assert (unknown["ok"], unknown["error"]) == (False, "/nothing is not a valid command")


async def test_a_command_gets_people_and_channels_by_their_ids_when_it_wants_them(bolt: Bolt) -> None:
    bolt.app.command("/centralita")(bolt.keep("plain"))
    bolt.app.command("/named")(bolt.keep("escaped"))
    luis = bolt.slack.person(LUIS)
    for name in ("/centralita", "/named"):
        await luis.command("#alerts", name, "to:@sam in #incidents ana@example.com @nobody <@U0MARTARIOS>")
    assert (await bolt.next("plain"))["text"] == "to:@sam in #incidents ana@example.com @nobody <@U0MARTARIOS>"
    said = "to:<@U0SAMCARTER|sam> in <#C0INCIDENTS|incidents> ana@example.com @nobody <@U0MARTARIOS>"
    assert (await bolt.next("escaped"))["text"] == said


async def test_an_app_that_does_not_answer_fails_to_the_person(slack: SlackControl) -> None:
    await slack.install(manifest())
    luis = slack.person(LUIS)
    answer = await luis.command("#alerts", "/centralita")
    assert (answer["ok"], answer["error"]) == (False, "no_connection")
    assert "failed with the error" in (await luis.seen("C0ALERTS"))[-1]["text"]


async def test_a_button_its_response_url_and_its_trigger(bolt: Bolt) -> None:
    bolt.app.action("ack")(bolt.keep("action"))
    posted = await bolt.client.chat_postMessage(channel="#alerts", text="fire", blocks=BUTTONS)
    pressed = await bolt.slack.person(LUIS).press("#alerts", posted["ts"], "ack")
    assert pressed["ok"]
    body = await bolt.next("action")
    assert body["actions"][0]["value"] == "42"
    assert body["message"]["ts"] == posted["ts"]
    assert (body["user"]["id"], body["channel"]["name"]) == (LUIS, "alerts")
    opened = await bolt.client.views_open(trigger_id=body["trigger_id"], view=modal())
    assert opened["view"]["id"] == (await bolt.slack.person(LUIS).modals())[0]["id"]
    for trigger, error in ((body["trigger_id"], "exchanged_trigger_id"), ("1.2.x", "invalid_trigger_id")):
        with pytest.raises(SlackApiError, match=error):
            await bolt.client.views_open(trigger_id=trigger, view=modal())


async def test_a_trigger_expires(bolt: Bolt) -> None:
    bolt.app.action("ack")(bolt.keep("action"))
    await bolt.slack.change_app(trigger_s=0.0)
    posted = await bolt.client.chat_postMessage(channel="#alerts", text="fire", blocks=BUTTONS)
    await bolt.slack.person(LUIS).press("#alerts", posted["ts"], "ack")
    with pytest.raises(SlackApiError, match="expired_trigger_id"):
        await bolt.client.views_open(trigger_id=(await bolt.next("action"))["trigger_id"], view=modal())


async def test_response_urls_replace_delete_and_run_out(bolt: Bolt) -> None:
    answers: asyncio.Queue[Any] = asyncio.Queue()

    async def respond_often(ack: Any, respond: Any) -> None:
        await ack()
        for number in range(6):
            answers.put_nowait(await respond(text=f"take {number}", replace_original=number < 4))

    bolt.app.action("ack")(respond_often)
    posted = await bolt.client.chat_postMessage(channel="#alerts", text="fire", blocks=BUTTONS)
    luis = bolt.slack.person(LUIS)
    await luis.press("#alerts", posted["ts"], "ack")
    async with asyncio.timeout(40):
        statuses = [(await answers.get()).status_code for _ in range(6)]
    assert statuses == [200, 200, 200, 200, 200, 404]
    seen = await luis.seen("C0ALERTS")
    assert [one["text"] for one in seen] == ["take 3", "take 4"]
    assert seen[1]["is_ephemeral"]


async def open_modal(bolt: Bolt, view: Json | None = None) -> Json:
    bolt.app.shortcut("new_incident")(bolt.keep("shortcut"))
    luis = bolt.slack.person(LUIS)
    # On a busy machine an app may be late, and whoever saw that presses again.
    assert (await luis.shortcut("new_incident"))["ok"] or (await luis.shortcut("new_incident"))["ok"]
    trigger = (await bolt.next("shortcut"))["trigger_id"]
    return dict((await bolt.client.views_open(trigger_id=trigger, view=view or modal()))["view"])


async def test_a_modal_is_filled_in(bolt: Bolt) -> None:
    bolt.app.view("incident")(bolt.keep("submission"))
    luis = bolt.slack.person(LUIS)
    view = await open_modal(bolt)
    refused = await luis.submit(view["id"])
    assert refused == {"ok": False, "errors": {"title": "Please complete this required field."}}
    done = await luis.submit(view["id"], {"title": {"text": "Down"}, "severity": {"choice": "high"}})
    assert done == {"ok": True, "errors": {}}
    values = (await bolt.next("submission"))["view"]["state"]["values"]
    assert values["title"]["text"] == {"type": "plain_text_input", "value": "Down"}
    assert values["severity"]["choice"]["selected_option"]["value"] == "high"
    assert await luis.modals() == []


@pytest.mark.parametrize(
    ("answer", "ok", "titles"),
    [
        ({"response_action": "errors", "errors": {"title": "too short"}}, False, ["Incident"]),
        ({"response_action": "update", "view": modal("Second")}, True, ["Second"]),
        ({"response_action": "push", "view": modal("Second")}, True, ["Incident", "Second"]),
        ({"response_action": "clear"}, True, []),
        ({"response_action": "errors", "errors": {"nothing": "x"}}, False, ["Incident"]),
    ],
)
async def test_what_a_submission_is_answered(bolt: Bolt, answer: Json, ok: bool, titles: list[str]) -> None:
    bolt.app.view("incident")(bolt.keep("submission", answer))
    luis = bolt.slack.person(LUIS)
    view = await open_modal(bolt)
    done = await luis.submit(view["id"], {"title": {"text": "Down"}})
    assert done["ok"] is ok
    if answer.get("errors") == {"title": "too short"}:
        assert done["errors"] == {"title": "too short"}
    assert [one["title"]["text"] for one in await luis.modals()] == titles


async def test_views_are_updated_with_their_hash_and_stack_three_deep(bolt: Bolt) -> None:
    view = await open_modal(bolt)
    updated = await bolt.client.views_update(view_id=view["id"], hash=view["hash"], view=modal("Later"))
    assert updated["view"]["hash"] != view["hash"]
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await bolt.client.views_update(view_id=view["id"], hash=view["hash"], view=modal())
    for expected in ("", "", "push_limit_reached"):
        await bolt.slack.person(LUIS).shortcut("new_incident")
        trigger = (await bolt.next("shortcut"))["trigger_id"]
        if not expected:
            pushed = await bolt.client.views_push(trigger_id=trigger, view=modal())
            assert pushed["view"]["root_view_id"] == view["id"]
            continue
        with pytest.raises(SlackApiError, match=expected):
            await bolt.client.views_push(trigger_id=trigger, view=modal())
    with pytest.raises(SlackApiError, match="not_found"):
        await bolt.client.views_update(view_id="V1", view=modal())


async def test_closing_is_told_to_who_asked_for_it(bolt: Bolt) -> None:
    bolt.app.view_closed("incident")(bolt.keep("closed"))
    view = await open_modal(bolt, modal(notify_on_close=True))
    await bolt.slack.person(LUIS).close(view["id"])
    assert (await bolt.next("closed"))["is_cleared"] is False


async def test_a_mention_is_a_message_too(bolt: Bolt) -> None:
    bolt.app.event("app_mention")(bolt.keep("mention"))
    bolt.app.event("message")(bolt.keep("message"))
    user_id = (await bolt.client.auth_test())["user_id"]
    luis = bolt.slack.person(LUIS)
    ts = await luis.say("C0ALERTS", "@centralita <@U1> & @nobody")
    both = [await bolt.got.get(), await bolt.got.get()]
    assert sorted(kind for kind, _ in both) == ["mention", "message"]
    assert {body["event"]["text"] for _, body in both} == {f"<@{user_id}> &lt;@U1&gt; &amp; @nobody"}
    assert len({body["event_id"] for _, body in both}) == 2
    await luis.edit("C0ALERTS", ts, "never mind")
    edited = (await bolt.next("message"))["event"]
    assert (edited["subtype"], edited["message"]["text"]) == ("message_changed", "never mind")
    await luis.delete("C0ALERTS", ts)
    assert (await bolt.next("message"))["event"]["subtype"] == "message_deleted"


async def test_a_home_tab(bolt: Bolt) -> None:
    bolt.app.event("app_home_opened")(bolt.keep("home"))
    luis = bolt.slack.person(LUIS)
    assert await luis.home(APP_ID) is None
    assert (await bolt.next("home"))["event"]["user"] == LUIS
    view = {"type": "home", "blocks": BUTTONS}
    await bolt.client.views_publish(user_id=LUIS, view=view)
    shown = await luis.home(APP_ID)
    assert shown is not None
    bolt.app.action("ack")(bolt.keep("action"))
    await luis.press_in_view(shown["id"], "ack")
    assert (await bolt.next("action"))["container"] == {"type": "view", "view_id": shown["id"]}


async def test_a_message_shortcut(bolt: Bolt) -> None:
    bolt.app.shortcut("make_ticket")(bolt.keep("shortcut"))
    luis = bolt.slack.person(LUIS)
    ts = await luis.say("C0ALERTS", "the printer is out of toner")
    await luis.shortcut("make_ticket", "C0ALERTS", ts)
    body = await bolt.next("shortcut")
    assert body["message"]["text"] == "the printer is out of toner"


async def test_an_event_that_nobody_takes_is_sent_again_with_its_id(slack: SlackControl) -> None:
    bolt, seen = Bolt(slack), list[tuple[str, str]]()

    async def deaf(request: web.Request) -> web.Response:
        body = await request.json()
        if body["type"] == "url_verification":
            return web.Response(text=body["challenge"])
        seen.append((body["event_id"], request.headers.get("X-Slack-Retry-Num", "")))
        return web.Response(status=500)

    served = web.Application()
    served.router.add_post("/slack/events", deaf)
    runner = web.AppRunner(served)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        await slack.install(manifest(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"))
        await slack.change_app(retry_waits_s=[0, 0.01, 0.02])
        await bolt.slack.person(LUIS).say("C0ALERTS", "hola")
        told = await slack.told(count=4, kind="events_api")
        assert [one.attempt for one in told] == [0, 1, 2, 3]
        assert {one.error for one in told} == {"http_500"}
        assert len({event_id for event_id, _ in seen}) == 1
        assert [number for _, number in seen] == ["", "1", "2", "3"]
    finally:
        await runner.cleanup()


async def test_an_address_that_does_not_answer_the_challenge_is_refused(slack: SlackControl) -> None:
    with pytest.raises(ControlRefused, match="url_verification"):
        await slack.install(manifest(f"{slack.url}/api/auth.test"))


async def test_connections_are_refreshed_with_an_overlap(slack: SlackControl) -> None:
    bolt = Bolt(slack)
    bolt.app.command("/centralita")(bolt.keep("command"))
    async with by_socket(bolt):
        luis = slack.person(LUIS)
        refreshing = asyncio.ensure_future(slack.refresh(overlap_s=3))
        for _ in range(20):
            assert (await luis.command("#alerts", "/centralita"))["ok"], "nothing is lost while it changes over"
        assert await refreshing == 1
        assert (await luis.command("#alerts", "/centralita"))["ok"]
        assert await slack.connections() == 1


async def test_a_ticket_opens_one_connection(slack: SlackControl) -> None:
    import aiohttp

    client = AsyncWebClient(base_url=f"{slack.url}/api/")
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        await client.apps_connections_open(app_token=BOT_TOKEN)
    url = (await client.apps_connections_open(app_token=APP_TOKEN))["url"]
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        hello = await socket.receive_json()
        assert (hello["type"], hello["num_connections"]) == ("hello", 1)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"title": {"type": "plain_text", "text": "x" * 25}}, "less than 25"),
        ({"title": None}, "missing required field: title"),
        ({"submit": None}, "missing required field: submit"),
        ({"private_metadata": "x" * 3001}, "less than 3001"),
        ({"blocks": [{"type": "divider"}] * 101, "submit": None}, "no more than 100"),
        ({"type": "home"}, "must be one of: modal"),
    ],
)
async def test_views_are_held_to_slacks_limits(slack: SlackControl, change: Json, fault: str) -> None:
    client = AsyncWebClient(token=BOT_TOKEN, base_url=f"{slack.url}/api/")
    with pytest.raises(SlackApiError) as refused:
        await client.views_open(trigger_id="x", view={**modal(), **change})
    assert refused.value.response["error"] == "invalid_arguments"
    assert fault in str(refused.value.response["response_metadata"]["messages"])
