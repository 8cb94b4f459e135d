"""A receiver fails: what a person at a terminal sees of it, and how what was lost is sent again once it is mended."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from typing import Any

from standardwebhooks import Webhook

from centralita import cli
from centralita.sandbox.control import SinkControl
from centralita.sandbox.sink.answers import AnswerPlan
from tests.scenarios.conftest import WEBHOOK_SECRET, World, webhooks
from tests.scenarios.processes import HubProcess
from tests.scenarios.waiting import until_answered

TICKET = {"event": "new_ticket", "request_id": 4521, "title": "La impresora no imprime", "priority": "Alta"}


async def command(hub: HubProcess, *words: str) -> str:
    """What a command prints; it speaks with the running hub by its socket."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = await asyncio.to_thread(cli.run, ["--config", str(hub.config), *words])
    assert code == 0, said.getvalue()
    return said.getvalue()


async def asked(hub: HubProcess, *words: str) -> Any:
    """The same as JSON."""
    return json.loads(await command(hub, *words, "--json"))


async def test_a_failure_is_seen_as_an_issue_looked_into_mended_and_sent_again(
    usual_world: World, sink: SinkControl
) -> None:
    hub = await usual_world.hub(webhooks(sink, "erp", schedule_s=[0.01]))
    sender = await usual_world.sender(hub, "invgate")
    plan = AnswerPlan(path="/erp", status=500, headers={"X-Trace": "t-4521"}, body="no space left on device")
    await sink.answer(plan)
    status, answer = await sender.post(json.dumps(TICKET).encode())
    assert status == 202
    event = "evt_" + answer["id"].removeprefix("rcp_")

    async def given_up() -> Any:
        return (await asked(hub, "webhook", "deliveries", "erp", "--state", "dead"))["items"]

    [dead] = await until_answered(given_up)
    assert (dead["event"], dead["type"], dead["attempts"]) == (event, "ticket.created", 2)

    issues = (await asked(hub, "webhook", "issues", "--webhook", "erp"))["items"]
    [issue] = [each for each in issues if each["event"] == event]
    assert (issue["reason"], issue["status"], issue["count"], issue["state"]) == ("http.status", 500, 2, "open")
    number = str(issue["id"])
    assert (await asked(hub, "webhook", "issue", number, "acknowledge"))["state"] == "acknowledged"

    where = "data.ticket.id == '4521'"
    tries = (await asked(hub, "webhook", "attempts", "erp", "--status", "5xx", "--where", where, "--since", "1d"))[
        "items"
    ]
    assert [each["number"] for each in tries] == [2, 1]
    shown = await command(hub, "webhook", "attempt", issue["attempt"])
    for text in ("no space left on device", "x-trace: t-4521", f"webhook-id: {event}", "500", event):
        assert text in shown
    assert WEBHOOK_SECRET not in shown

    await sink.heal()
    before = await sink.count()
    assert (await asked(hub, "webhook", "replay", "erp", "--failed-since", "1d", "--yes"))["deliveries"] >= 1
    [arrival] = [each for each in await sink.wait_for(path="/erp", after=before) if _id(each.headers) == event]
    assert Webhook(WEBHOOK_SECRET).verify(arrival.body, dict(arrival.headers))["type"] == "ticket.created"

    async def delivered() -> bool:
        found = await asked(hub, "webhook", "deliveries", "erp", "--where", where)
        return [each["state"] for each in found["items"]] == ["delivered", "superseded"]

    assert await until_answered(delivered)
    assert (await asked(hub, "webhook", "replay", "erp", "--failed-since", "1d", "--yes"))["deliveries"] == 0
    assert (await asked(hub, "webhook", "issue", number, "resolve"))["state"] == "resolved"
    assert number not in [str(each["id"]) for each in (await asked(hub, "webhook", "issues"))["items"]]
    await usual_world.settle()


def _id(headers: Any) -> str:
    return str(dict(headers)["webhook-id"])
