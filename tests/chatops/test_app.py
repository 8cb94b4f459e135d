"""The app itself: who may, what is understood, in whose language."""

from __future__ import annotations

from centralita.sandbox.control import SlackControl, SlackPerson
from tests.chatops.conftest import Start


async def test_help_lists_the_commands_in_the_readers_language(app: Start, luis: SlackPerson, sam: SlackPerson) -> None:
    async with app():
        spanish = await luis.command("#alerts", "/centralita", "ayuda")
        english = await sam.command("#alerts", "/centralita", "help")
    assert "muestra lo que se puede hacer" in str(spanish["payload"])
    assert "shows what can be done" in str(english["payload"])


async def test_what_is_not_understood_is_answered_with_what_may_have_been_meant(app: Start, sam: SlackPerson) -> None:
    async with app():
        answer = await sam.command("#alerts", "/centralita", "hepl")
    assert "Did you mean `/centralita help`?" in answer["payload"]["text"]


async def test_the_command_can_have_another_name(app: Start, slack: SlackControl, sam: SlackPerson) -> None:
    from tests.chatops.conftest import MANIFEST

    commands = [{"command": "/nopesight", "description": "Interact with NopeSight CMDB and monitoring"}]
    await slack.install({**MANIFEST, "features": {**MANIFEST["features"], "slash_commands": commands}})
    async with app({"slack": {"command": "/nopesight"}}):
        answer = await sam.command("#alerts", "/nopesight", "")
    assert "/nopesight help" in str(answer["payload"])


async def test_who_mentions_the_app_is_told_what_it_can_do(app: Start, slack: SlackControl, sam: SlackPerson) -> None:
    async with app():
        await sam.say("C0ALERTS", "@centralita what can you do?")
        [told] = await slack.wait_for(method="chat.postEphemeral", channel="#alerts")
    assert told.args["user"] == sam.user and "/incident create" in str(told.args["blocks"])
