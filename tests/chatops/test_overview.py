"""How things stand, what is called so, what has happened: in both languages."""

from __future__ import annotations

import json
from typing import Any

from centralita.sandbox.control import SlackControl, SlackPerson
from centralita.services import ci_changes, events, incidents
from centralita.services.access import Principal
from centralita.services.hub import Hub
from centralita.services.incidents import NewIncident
from centralita.store.events import Filter
from tests.chatops.conftest import Start
from tests.scenarios.waiting import until_answered

LUIS = Principal("slack:luis@example.com", "luis@example.com", frozenset())


def text_of(answer: dict[str, Any]) -> str:
    return json.dumps(answer["payload"], ensure_ascii=False)


async def with_an_incident(hub: Hub) -> None:
    """One that is open, and told."""
    made = await incidents.create(hub, LUIS, NewIncident(title="No hay red", priority="high"))
    await incidents.assign(hub, LUIS, made.number)

    async def told() -> bool:
        return bool((await events.find(hub, Filter(type="incident.assigned"), None, 1, "")).items)

    await until_answered(told)


async def test_status_says_how_the_hub_is(app: Start, luis: SlackPerson, sam: SlackPerson) -> None:
    async with app() as hub:
        await with_an_incident(hub)
        english, spanish = text_of(await sam.command("#alerts", "/centralita", "status")), ""
        spanish = text_of(await luis.command("#alerts", "/centralita", "estado"))
    for words in ("🟢 Centralita System Status", "*API Status:* operational", "*Response Time:*", "*Open Events:* 1"):
        assert words in english
    # Luis has it; he, Sam, Marta and the administrator may.
    assert "*Active Agents:* 1/4" in english and "Last updated: <!date^" in english
    assert "*Estado de la API:* operativo" in spanish


async def test_search_finds_what_is_called_so_and_escapes_it(app: Start, sam: SlackPerson) -> None:
    async with app() as hub:
        await with_an_incident(hub)
        await ci_changes.create(hub, "local:tests", {"name": "Switch de red", "type": "switch", "attributes": {}})
        found = text_of(await sam.command("#alerts", "/centralita", "search RED"))
        assert "Switch de red" in found and "No hay red" in found
        none = text_of(await sam.command("#alerts", "/centralita", "search <!channel> zzz"))
        assert "<!channel>" not in none and "Nothing is called" in none
        assert "What is to be looked for?" in text_of(await sam.command("#alerts", "/centralita", "search"))


async def test_report_lists_events_of_a_kind_as_a_table(app: Start, sam: SlackPerson, ana: SlackPerson) -> None:
    async with app() as hub:
        await with_an_incident(hub)
        answer = (await sam.command("#alerts", "/centralita", "report incident.created 7d"))["payload"]
        [table] = [block for block in answer["blocks"] if block["type"] == "table"]
        assert [[cell["text"] for cell in row][2:] for row in table["rows"]] == [
            ["Type", "Title"],
            ["incident.created", "No hay red"],
        ]
        assert "Nothing of that kind" in text_of(await sam.command("#alerts", "/centralita", "report info 1h"))
        assert "is no severity" in text_of(await sam.command("#alerts", "/centralita", "report gestern"))
        assert "report.read" in text_of(await ana.command("#alerts", "/centralita", "report"))


async def test_a_mention_is_answered_with_what_can_be_done(app: Start, slack: SlackControl, sam: SlackPerson) -> None:
    async with app():
        await sam.say("C0ALERTS", "@centralita hello?")
        [answer] = await slack.wait_for(method="chat.postEphemeral")
    assert answer.args["user"] == "U0SAMCARTER" and "/incident create" in str(answer.args["blocks"])


async def test_who_changes_their_language_is_answered_in_it(app: Start, slack: SlackControl, sam: SlackPerson) -> None:
    async with app():
        assert "What can be done" in str((await sam.command("#alerts", "/centralita", "help"))["payload"])
        seen = len(await slack.told(count=0))
        await slack.change_user("U0SAMCARTER", locale="es-ES")
        await slack.told(after=seen, kind="events_api")
        assert "Lo que se puede hacer" in str((await sam.command("#alerts", "/centralita", "help"))["payload"])
