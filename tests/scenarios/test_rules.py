"""What people see in Slack of tickets and alerts, as a team's rules ask for it."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from centralita.sandbox.control import SlackControl
from tests.scenarios.conftest import World, slack_settings, world_of
from tests.scenarios.ledger import Sender
from tests.scenarios.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

RULES = {
    "rules": [
        {"name": "Changes end here", "condition": "title startswith 'Change'", "channel": "#changes", "stop": True},
        {"name": "Alerts", "condition": "type startswith 'alert.'", "channel": "#alerts"},
        {
            "name": "Requester",
            "condition": "type startswith 'ticket.' AND title != 'Nobody'",
            "dm": ["requester"],
            "fallback": "#mesa-de-ayuda",
        },
        {"name": "Only the requester", "condition": "title == 'Nobody'", "dm": ["requester"]},
    ]
}
ANA = "U0ANAGOMEZ"


class Desk:
    """One hub with its workspace, shared by the tests of this module."""

    def __init__(self, world: World, slack: SlackControl, alerts: Sender, tickets: Sender) -> None:
        self.world, self.slack, self._alerts, self._tickets = world, slack, alerts, tickets

    async def alert(self, subject: str, **facts: Any) -> str:
        body = {"type": "alert.fired", "subject": subject, "severity": "high", "title": subject, **facts}
        return await self._event(self._alerts, body)

    async def ticket(self, number: int, event: str = "new_ticket", **facts: Any) -> str:
        person = {"requester_name": "Ana Gómez", "requester_email": "ana@example.com"}
        body = {"event": event, "request_id": number, "title": f"Pedido {number}", "status": "Nuevo", **person, **facts}
        return await self._event(self._tickets, body)

    async def _event(self, sender: Sender, body: dict[str, Any]) -> str:
        status, answer = await sender.post(json.dumps(body).encode())
        assert status == 202, answer
        return "evt_" + str(answer["id"]).removeprefix("rcp_")

    async def ended(self, event_id: str, count: int = 1) -> list[tuple[str, str, str]]:
        """(rule, state, reason) of an event's deliveries, once all are finished."""
        sql = "select rule, state, reason from history where event_id = ? order by id"

        def finished() -> list[tuple[str, str, str]]:
            rows = self.world.reader.rows(sql, event_id)
            return [(row[0], row[1], row[2]) for row in rows] if len(rows) >= count else []

        return await until(finished)

    async def texts(self, channel: str) -> list[str]:
        """The messages that a channel holds, replies among them, whole."""
        return [json.dumps(message, ensure_ascii=False) for message in await self.slack.messages(channel)]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory, slack_url: str, migrated_file: Path) -> AsyncIterator[Desk]:
    directory = tmp_path_factory.mktemp("desk")
    url = f"sqlite:///{shutil.copyfile(migrated_file, directory / 'hub.db')}"
    async with SlackControl(slack_url) as slack, world_of(directory, url) as world:
        await slack.reset()
        await slack.heal()
        await slack.limits(enabled=False)
        hub = await world.hub(slack_settings(slack), RULES)
        yield Desk(world, slack, await world.sender(hub), await world.sender(hub, "invgate"))
        await world.settle()


async def test_a_rule_with_stop_is_the_last_one(desk: Desk) -> None:
    event_id = await desk.alert("Change of the router")
    assert await desk.ended(event_id) == [("Changes end here", "delivered", "")]
    assert len(await desk.texts("#changes")) == 1


async def test_a_subject_has_one_message_that_changes_and_a_thread(desk: Desk) -> None:
    await desk.ended(await desk.alert("db1", description="disk at 91 %"))
    await desk.ended(await desk.alert("db1", type="alert.updated", description="disk at 95 %"))
    posts = await desk.slack.wait_for(lambda call: "db1" in json.dumps(call.args), method="chat.postMessage", count=2)
    root, reply = posts
    assert root.result is not None
    assert reply.args["thread_ts"] == root.result["ts"]
    assert "95" in json.dumps((await desk.slack.thread("#alerts", root.result["ts"]))[0])


async def test_a_refired_alert_is_told_anew(desk: Desk) -> None:
    await desk.ended(await desk.alert("web1"))
    await desk.ended(await desk.alert("web1", type="alert.resolved", phase="closed"))
    await desk.ended(await desk.alert("web1", phase="open"))
    assert len([text for text in await desk.texts("#alerts") if "web1" in text and _is_root(text)]) == 2


async def test_a_raised_severity_is_told_anew_and_a_lower_one_is_not(desk: Desk) -> None:
    for severity in ("medium", "critical", "low"):
        await desk.ended(await desk.alert("app7", severity=severity))
    assert len([text for text in await desk.texts("#alerts") if "app7" in text and _is_root(text)]) == 2


def _is_root(text: str) -> bool:
    message = json.loads(text)
    return message.get("thread_ts") in (None, "", message["ts"])


async def test_a_requester_gets_a_direct_message(desk: Desk) -> None:
    await desk.ended(await desk.ticket(100))
    assert [text for text in await desk.texts(ANA) if "Pedido 100" in text]


async def test_somebody_who_is_not_in_slack_is_told_of_in_the_fallback(desk: Desk) -> None:
    event_id = await desk.ticket(101, requester_email="nobody@example.com", requester_name="Nadie")
    assert await desk.ended(event_id) == [("Requester", "delivered", "")]
    assert [text for text in await desk.texts("#mesa-de-ayuda") if "Pedido 101" in text and "Nadie" in text]


async def test_without_a_fallback_it_is_skipped_and_no_dead_letter(desk: Desk) -> None:
    event_id = await desk.ticket(102, title="Nobody", requester_email="nobody@example.com", requester_name="Nadie")
    assert await desk.ended(event_id) == [("Only the requester", "skipped", "slack.user_not_found")]
    assert desk.world.reader.value("select count(*) from dead_letters") == 0


async def test_an_internal_comment_never_reaches_the_requester(desk: Desk) -> None:
    await desk.ended(await desk.ticket(103))
    comment = {"comment": "Es un usuario dificil", "comment_author": "Luis Paredes"}
    hidden = await desk.ticket(103, "comment_added", **comment, customer_visible="0")
    unsaid = await desk.ticket(103, "comment_added", **{**comment, "comment": "Otro usuario dificil"})
    shown = await desk.ticket(103, "comment_added", **{**comment, "comment": "Ya va"}, customer_visible="1")
    assert await desk.ended(shown) == [("Requester", "delivered", "")]
    for event_id in (hidden, unsaid):
        assert "comment.internal" in desk.world.reader.value("select skipped from events where id = ?", event_id)
        assert not desk.world.reader.rows("select 1 from history where event_id = ?", event_id)
    said = "".join([*await desk.texts(ANA), *(json.dumps(call.args) for call in await desk.slack.posted())])
    assert "Ya va" in said
    assert "usuario dificil" not in said


async def test_a_form_is_read_like_json(desk: Desk) -> None:
    form = b"event=new_ticket&request_id=104&title=Pedido+104&requester_email=ana%40example.com&status=Nuevo"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    status, answer = await desk._tickets.post(form, headers=headers)
    assert status == 202
    await desk.ended("evt_" + answer["id"].removeprefix("rcp_"))
    assert [text for text in await desk.texts(ANA) if "Pedido 104" in text]
