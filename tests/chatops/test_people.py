"""Who is who costs Slack no call for each thing that they do: the workspace's people are read once, many at a time."""

from __future__ import annotations

import asyncio
from collections import Counter

from slack_sdk.web.async_client import AsyncWebClient

from centralita.chatops.people import People
from centralita.sandbox.control import SlackControl
from centralita.sandbox.slack import BOT_TOKEN
from centralita.services import incidents
from centralita.services.access import Principal
from centralita.services.incidents import NewIncident
from tests.chatops.conftest import Start
from tests.chatops.test_incidents import LAYER, ROOM, entries, told

LUIS = Principal("slack:luis@example.com", "luis@example.com", frozenset())
PEOPLE, ROUNDS = 8, 3


async def test_names_cost_no_call_a_message(app: Start, slack: SlackControl) -> None:
    users = [await slack.add_user(f"agent{number}", channels=[ROOM], **called(number)) for number in range(PEOPLE)]
    async with app(LAYER, {"permissions": {"default": "operator"}}) as hub:
        await incidents.create(hub, LUIS, NewIncident(title="No hay red", priority="high"))
        root = await told(slack, "#incidents", "INC-1")
        # Everybody writes once, and names somebody who never did anything: read with all the others.
        await slack.add_user("silent", email="silent@example.com", locale="en-US")
        await asyncio.gather(*(slack.person(user).say(ROOM, "0 @silent", root["ts"]) for user in users))
        await entries(hub, lambda found: len(found) == 1 + PEOPLE)
        before = await _lookups(slack)
        assert before["users.list"] <= 2 + 1, "when the app connected, and for whom nobody knew"
        for number in range(1, ROUNDS + 1):
            said = (slack.person(user).say(ROOM, f"{number} @silent @agent0", root["ts"]) for user in users)
            await asyncio.gather(*said)
            asked = (slack.person(user).command("#alerts", "/incident", "list") for user in users)
            assert all(answer["ok"] for answer in await asyncio.gather(*asked))
        found = await entries(hub, lambda found: len(found) == 1 + PEOPLE * (ROUNDS + 1))
        assert sum("Agent 0" in each.text for each in found) == PEOPLE * ROUNDS, "names stand in the timeline"
        assert await _lookups(slack) == before, "and nobody was looked up again"


async def test_who_is_not_there_is_looked_for_once(slack: SlackControl) -> None:
    people, team = People(), "T0MESAAYUDA"
    client = AsyncWebClient(token=BOT_TOKEN, base_url=f"{slack.url}/api/")
    for _again in range(3):
        found = await asyncio.gather(*(people.find_all(client, team, ["U0SAMCARTER", "U0NOBODY"]) for _ in range(5)))
        assert {each["U0NOBODY"].called for each in found} == {"U0NOBODY"}
        assert {each["U0SAMCARTER"].called for each in found} == {"Sam Carter"}
    assert await _lookups(slack) == {"users.list": 1}


def called(number: int) -> dict[str, str]:
    return {"email": f"agent{number}@example.com", "locale": "en-US", "real_name": f"Agent {number}"}


async def _lookups(slack: SlackControl) -> Counter[str]:
    """The calls by which people are looked up, by method."""
    calls = [call.method for call in await slack.posted() if call.method.startswith("users.")]
    return Counter(calls)
