"""Tickets from Slack, against the local InvGate, which tells back by webhooks what happens there."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from centralita.sandbox.control import SlackControl, SlackPerson
from centralita.sandbox.invgate.control import InvGateControl
from centralita.services.hub import Hub
from tests.chatops.conftest import Start
from tests.scenarios.conftest import invgate as invgate
from tests.scenarios.conftest import invgate_settings
from tests.scenarios.conftest import invgate_url as invgate_url
from tests.scenarios.ledger import SECRET

RULES: dict[str, Any] = {
    "sources": [{"slug": "invgate", "kind": "invgate", "secrets": [SECRET], "settings": {"header": "X-Secret"}}],
    "rules": [
        {"name": "Mesa", "condition": "type startswith 'ticket.'", "channel": "#alerts"},
        {"name": "Avisar", "condition": "type == 'ticket.commented'", "dm": ["requester"]},
    ],
}
Desk = Callable[..., AbstractAsyncContextManager[Hub]]


def text_of(found: Any) -> str:
    return json.dumps(found, ensure_ascii=False)


@pytest.fixture
async def desk(app: Start, invgate: InvGateControl) -> AsyncIterator[Desk]:
    """Starts a hub that InvGate tells of everything."""

    @asynccontextmanager
    async def start(*layers: dict[str, Any], database_url: str = "") -> AsyncIterator[Hub]:
        async with app(invgate_settings(invgate), RULES, *layers, database_url=database_url) as hub:
            await invgate.add_rule(f"{hub.url}/in/invgate", header="X-Secret", secret=SECRET)
            yield hub

    yield start


async def told(slack: SlackControl, words: str, channel: str = "#alerts", after: int = 0) -> dict[str, Any]:
    """The arguments of the first message there that says so."""
    [call] = await slack.wait_for(
        lambda one: words in text_of(one.args), method="chat.postMessage", channel=channel, after=after
    )
    return dict(call.args)


async def told_directly(slack: SlackControl, words: str) -> dict[str, Any]:
    """The same of a direct message, whoever gets it."""
    [call] = await slack.wait_for(
        lambda one: words in text_of(one.args) and one.args["channel"].startswith("D"), method="chat.postMessage"
    )
    return dict(call.args)


async def root(slack: SlackControl, words: str) -> str:
    """The ts of the ticket's message."""
    await told(slack, words)
    return str(next(one["ts"] for one in await slack.messages("#alerts") if words in text_of(one)))


async def whispered(slack: SlackControl, words: str) -> dict[str, Any]:
    """What somebody alone was told, as the call that did so; with its ts."""
    [call] = await slack.wait_for(lambda one: words in text_of(one.args), method="chat.postEphemeral")
    return {**call.args, "ts": (call.result or {})["message_ts"]}


async def test_a_ticket_is_created_by_a_command_and_its_number_told(
    desk: Desk, slack: SlackControl, invgate: InvGateControl, luis: SlackPerson
) -> None:
    async with desk():
        answer = await luis.command("#alerts", "/ticket", 'crear "Sin tóner en el 2º" prioridad:alta')
        assert "Se le pidió a InvGate" in text_of(answer["payload"])
        direct = await told_directly(slack, "creado")
    [number] = [part for part in text_of(direct).split("#")[1:]][:1]
    ticket = await invgate.ticket(int(number.split()[0]))
    assert (ticket["title"], ticket["creator_id"]) == ("Sin tóner en el 2º", 12), "written by whoever asked"


async def test_what_invgate_refuses_is_told_to_whoever_asked(desk: Desk, slack: SlackControl, sam: SlackPerson) -> None:
    async with desk():
        await sam.command("#alerts", "/ticket", "create Something priority:highest")
        direct = await told_directly(slack, "could not be created")
    assert "highest" in text_of(direct)


async def test_the_buttons_of_a_message_assign_and_resolve(
    desk: Desk, slack: SlackControl, invgate: InvGateControl, luis: SlackPerson
) -> None:
    async with desk():
        number = await invgate.add_ticket("Sin red", requester="ana@example.com")
        await invgate.assign(number, "sam@example.com", group_id=3)
        ts = await root(slack, "Sin red")
        pressed = await luis.press("C0ALERTS", ts, "assign_ticket")
        assert pressed["ok"], pressed
        await told(slack, "Asignado a Luis")
        await luis.press("C0ALERTS", ts, "resolve_ticket")
        await slack.wait_for(lambda one: "Solucionado" in text_of(one.args), method="chat.update", channel="#alerts")
        [message] = [one for one in await slack.messages("#alerts") if one["ts"] == ts]
    ticket = await invgate.ticket(number)
    assert ticket["assigned_id"] == 12 and ticket["solved_at"]
    assert "assign_ticket" not in text_of(message), "what is over can't be pressed"


async def test_a_reply_is_published_only_by_its_authors_button_and_not_told_twice(
    desk: Desk, slack: SlackControl, invgate: InvGateControl, luis: SlackPerson, ana: SlackPerson
) -> None:
    async with desk():
        number = await invgate.add_ticket("Sin red", requester="ana@example.com")
        ts = await root(slack, "Sin red")
        await ana.say("C0ALERTS", "¿Para cuándo?", thread_ts=ts)
        said = await luis.say("C0ALERTS", "Cambié el <http://sw.example.com|switch> & el cable", thread_ts=ts)
        await luis.edit("C0ALERTS", said, "Cambié el switch & el cable")
        offer = await whispered(slack, "Publicar como comentario")
        assert offer["user"] == luis.user and offer["thread_ts"] == ts
        assert (await invgate.ticket(number))["comments"] == [], "nothing is published by itself"
        await luis.press("C0ALERTS", offer["ts"], "publish_ticket_comment")
        [modal] = await luis.modals()
        assert "Cambié el switch & el cable" in text_of(modal), "as it is now"
        before = len(await invgate.sent())
        assert (await luis.submit(modal["id"])).get("ok")
        await invgate.wait_for_sent(before + 1)
        again = await invgate.comment(number, "Cambié el switch & el cable", author="sam@example.com")
        assert again
        await told(slack, "Comentario de Sam")
        thread = [text_of(one) for one in await slack.thread("#alerts", ts)]
    comments = (await invgate.ticket(number))["comments"]
    assert [bool(one["customer_visible"]) for one in comments] == [False, True]
    assert comments[0]["author_id"] == 12
    assert sum("Comentario de" in one for one in thread) == 1, "only the one that a person wrote again"
    assert not [one for one in await slack.posted(method="chat.postEphemeral") if one.args["user"] == ana.user]


async def test_a_comment_is_visible_only_by_the_checkbox(
    desk: Desk, slack: SlackControl, invgate: InvGateControl, sam: SlackPerson
) -> None:
    async with desk():
        number = await invgate.add_ticket("No network", requester="ana@example.com")
        ts = await root(slack, "No network")
        await sam.press("C0ALERTS", ts, "comment_ticket")
        [modal] = await sam.modals()
        visible = {"visible_for_requester": ["visible_for_requester"]}
        values: dict[str, dict[str, Any]] = {"text": {"text_input": "It works again"}, "visible_for_requester": visible}
        assert (await sam.submit(modal["id"], values)).get("ok")
        await told(slack, "It works again")
        await told_directly(slack, "It works again")
    [comment] = (await invgate.ticket(number))["comments"]
    assert comment["customer_visible"] and comment["author_id"] == 14


async def test_a_ticket_is_made_of_a_message_and_its_thread_told_the_number(
    desk: Desk, slack: SlackControl, invgate: InvGateControl, sam: SlackPerson
) -> None:
    async with desk():
        ts = await sam.say("C0ALERTS", "The printer smokes\nsince nine")
        await sam.shortcut("create_ticket_from_message", "C0ALERTS", ts)
        [modal] = await sam.modals()
        assert "The printer smokes" in text_of(modal)
        assert (await sam.submit(modal["id"])).get("ok")
        told_there = await slack.wait_for(
            lambda one: one.args.get("thread_ts") == ts and "#4" in text_of(one.args), method="chat.postMessage"
        )
    assert told_there


async def test_commands_that_only_look(
    desk: Desk, slack: SlackControl, invgate: InvGateControl, sam: SlackPerson
) -> None:
    async with desk():
        number = await invgate.add_ticket("No network", requester="ana@example.com")
        await root(slack, "No network")
        shown = await sam.command("#alerts", "/ticket", f"show #{number}")
        assert "No network" in text_of(shown["payload"]) and "Ana Gómez" in text_of(shown["payload"])
        assert "No network" in text_of((await sam.command("#alerts", "/ticket", "list"))["payload"])
        assert "No open ticket" in text_of((await sam.command("#alerts", "/ticket", "list mine"))["payload"])
        assert "There is no ticket" in text_of((await sam.command("#alerts", "/ticket", "show 99"))["payload"])
        assert "Which ticket?" in text_of((await sam.command("#alerts", "/ticket", "show x"))["payload"])


@pytest.mark.parametrize("webhook_first", [True, False], ids=["webhook-first", "answer-first"])
async def test_what_we_wrote_is_told_once_whichever_comes_first(
    desk: Desk,
    slack: SlackControl,
    invgate: InvGateControl,
    sam: SlackPerson,
    migrated_url: str,
    webhook_first: bool,
) -> None:
    async with desk(database_url=migrated_url):
        number = await invgate.add_ticket("No network", requester="ana@example.com")
        ts = await root(slack, "No network")
        before = len(await invgate.sent())
        if webhook_first:
            await invgate.slow(700, "POST incident.comment", 1, after_apply=True)
        await sam.command("#alerts", "/ticket", f"comment {number} The switch was changed")
        await invgate.wait_for_sent(1, after=before)
        await told(slack, "The switch was changed")
        await invgate.comment(number, "The switch was changed", author="luis@example.com")
        await invgate.comment(number, "And that is the end", author="luis@example.com")
        await told(slack, "And that is the end")
        thread = [text_of(one) for one in await slack.thread("#alerts", ts)]
    assert sum("The switch was changed" in one for one in thread) == 2, "ours, and the one that Luis wrote again"
