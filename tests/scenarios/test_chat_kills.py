"""SIGKILL between what somebody does in Slack and its effect: a form that seemed to fail is submitted again, Slack
tells again of a reply that nobody acknowledged, and either takes effect once. A few here; ``make crash`` makes it fifty
on each database."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from centralita.sandbox.control import SlackControl, SlackPerson
from tests.scenarios.chat import INCIDENTS, ROOM, desk_hub, filled, holding, open_form, settled, text_of
from tests.scenarios.conftest import World
from tests.scenarios.processes import HubProcess
from tests.scenarios.waiting import until

KILLS = int(os.environ.get("CENTRALITA_TEST_CHAT_KILLS", "2"))
SEED = int(os.environ.get("CENTRALITA_TEST_SEED", "20260101"))
MOMENTS = ("chat.postMessage", "users.info", "")
"""What Slack holds back while the hub is killed: the answer to a message that is there already; whom it is given to,
which is asked before anything is written; nothing, at any moment."""
LONGEST_MS = 60


@dataclass(frozen=True)
class Round:
    """One form and one reply in the thread of another incident."""

    number: int
    moment: str

    @property
    def title(self) -> str:
        return f"Form {self.number}."

    @property
    def reply(self) -> str:
        return f"Reply {self.number}."


async def play(
    hub: HubProcess, slack: SlackControl, who: SlackPerson, thread: str, each: Round, chance: random.Random
) -> bool:
    """Submits the form and writes the reply while the hub is killed, and the form again until it is taken; whether it
    had to be submitted again."""
    view = (await open_form(who))["id"]
    assignee = await slack.add_user(f"new{each.number}")
    values = {**filled(each.title), "assignee": {"assignee_select": assignee}}
    before = max((call.seq for call in await slack.posted()), default=0)
    if each.moment:
        about = INCIDENTS if each.moment == "chat.postMessage" else ""
        await slack.slow(60_000, each.moment, 1, after_apply=True, channel=about)
    submitted = asyncio.ensure_future(who.submit(view, values))
    if each.moment:
        await slack.wait_for(method=each.moment, after=before)
    await who.say(ROOM, each.reply, thread)
    await asyncio.sleep(chance.random() * LONGEST_MS / 1000)  # any moment is as good as another
    await hub.kill()
    await slack.heal()
    await hub.start()
    await slack.connections(least=1)
    failed = not (await submitted)["ok"]
    if failed:
        assert (await who.submit(view, values))["ok"]
    assert await who.modals() == []
    return failed


@pytest.mark.timeout(120 if KILLS <= 10 else 3600)
async def test_a_kill_between_a_form_and_its_effect_loses_nothing(usual_world: World, slack: SlackControl) -> None:
    world, chance = usual_world, random.Random(SEED)
    hub = await desk_hub(world, slack, {"deliver": {"lease_s": 3}})
    await slack.change_app(retry_waits_s=[1.0] * 30)
    luis = slack.person("U0LUISPARED")
    await luis.submit((await open_form(luis))["id"], filled("The first one"))
    [root] = await holding(slack, INCIDENTS, lambda message: "The first one" in text_of(message))
    await settled(world)

    rounds = [Round(number, MOMENTS[number % len(MOMENTS)]) for number in range(KILLS)]
    again = [await play(hub, slack, luis, root["ts"], each, chance) for each in rounds]
    await holding(slack, INCIDENTS, lambda message: any(each.title in text_of(message) for each in rounds), KILLS)
    await settled(world)
    await _told_of_all(world, rounds)
    print(f"{KILLS} kills, {sum(again)} forms were submitted again")
    await _judge(world, slack, rounds)
    await world.settle()


async def _told_of_all(world: World, rounds: list[Round]) -> None:
    """Waits for the last reply, of which Slack tells again by itself."""
    await until(lambda: len(_noted(world)) >= len(rounds), timeout_s=40)


def _noted(world: World) -> Counter[str]:
    found = world.reader.rows("select text from incident_entries where kind = 'comment'")
    return Counter(str(row[0]) for row in found)


async def _judge(world: World, slack: SlackControl, rounds: list[Round]) -> None:
    wanted: dict[str, int] = {"The first one": 1} | {each.title: 1 for each in rounds}
    assert Counter(str(row[0]) for row in world.reader.rows("select title from incidents")) == wanted
    events = "select title, count(*) from events where type = 'incident.created' group by title"
    created: list[tuple[Any, ...]] = world.reader.rows(events)
    assert len(created) == len(wanted) and all(count == 1 for _title, count in created), created
    assert _noted(world) == {each.reply: 1 for each in rounds}
    roots = [
        message for message in await slack.messages(INCIDENTS) if message.get("thread_ts") in (None, message["ts"])
    ]
    for title in wanted:
        assert sum(title in text_of(message) for message in roots) == 1, (title, roots)
