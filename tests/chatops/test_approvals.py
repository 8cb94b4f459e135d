"""Approvals in Slack, with real parts: a hub in this process, the local workspace, people who press and write."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from centralita.core.approvals import Approval
from centralita.core.approvers import StageSpec, read_approver
from centralita.sandbox.control import SlackControl, SlackPerson
from centralita.sandbox.invgate.control import InvGateControl
from centralita.sandbox.slack import APP_TOKEN, SIGNING_SECRET
from centralita.sandbox.slack.seed import APP_ID
from centralita.services import approvals, incidents
from centralita.services.access import Principal
from centralita.services.approvals import NewApproval
from centralita.services.hub import Hub
from centralita.services.incidents import NewIncident
from tests.chatops.conftest import MANIFEST, ROLES, Start
from tests.scenarios.conftest import World, invgate_settings, slack_settings
from tests.scenarios.conftest import invgate as invgate
from tests.scenarios.conftest import invgate_url as invgate_url
from tests.scenarios.conftest import sqlite_world as sqlite_world
from tests.scenarios.test_approvals import PEOPLE
from tests.scenarios.test_tickets import connect
from tests.scenarios.waiting import until_answered

ANA, LUIS, MARTA, SAM = (f"{name}@example.com" for name in ("ana", "luis", "marta", "sam"))
CALLED = {"marta": "Marta Ríos", "sam": "Sam Carter"}
REQUESTER = Principal("test", ANA, frozenset({"approval.request", "approval.read"}))


async def asked(hub: Hub, *stages: Sequence[str], mode: Any = "any", **wanted: Any) -> Approval:
    """What Ana asks for, of these people in turn."""
    specs = tuple(StageSpec(approvers=tuple(map(read_approver, stage)), mode=mode) for stage in stages)
    facts = {"title": "Notebook", "justification": "Se rompió la anterior", "amount": 1500.5, "currency": "USD"}
    return await approvals.request(hub, REQUESTER, NewApproval(**{**facts, **wanted}, stages=specs))


def buttons(message: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The buttons of a message or a view, by action_id; not those that open a page."""
    blocks = [*(message.get("blocks") or []), *(b for a in message.get("attachments") or [] for b in a["blocks"])]
    found = [element for block in blocks if block["type"] == "actions" for element in block["elements"]]
    return {element["action_id"]: element for element in found if "url" not in element}


def whole(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


async def press(person: SlackPerson, message: dict[str, Any], action_id: str) -> dict[str, Any]:
    """Presses a button of a direct message."""
    return await person.press(message["channel"], message["ts"], action_id)


async def modal(person: SlackPerson) -> dict[str, Any]:
    """The modal that the person sees. Opened before the press was answered."""
    return (await person.modals())[-1]


async def dm(slack: SlackControl, target: str, *texts: str) -> dict[str, Any]:
    """The newest direct message with somebody, as it stands, that says all of these; with its channel."""
    seen = 0
    while True:
        held = [
            message
            for message in await slack.messages(PEOPLE[target])
            if message.get("thread_ts") in (None, message["ts"])
        ]
        found = [message for message in held if all(text in whole(message) for text in texts)]
        if found:
            calls = await slack.posted(method="chat.postMessage", ok=True)
            by_ts = {call.result["ts"]: call.channel for call in calls if call.result}
            return {**found[-1], "channel": by_ts[found[-1]["ts"]]}
        [call] = await slack.wait_for(lambda call: call.method.startswith("chat."), after=seen)
        seen = call.seq


async def state(hub: Hub, approval: Approval) -> Approval:
    found = await approvals.show(hub, approval.id)
    assert found is not None
    return found


ALERTS = "C0ALERTS"


async def heard(person: SlackPerson, channel: str, text: str) -> None:
    """Waits until the person sees a text there."""

    async def look() -> bool:
        return text in whole(await person.seen(channel))

    await until_answered(look)


async def test_rejecting_needs_a_reason_and_is_asked_once_more(
    app: Start, slack: SlackControl, marta: SlackPerson
) -> None:
    async with app() as hub:
        approval = await asked(hub, [MARTA])
        message = await dm(slack, MARTA, "Espera aprobación: Notebook", "1.500,50 USD", "Se rompió la anterior")
        assert list(buttons(message)) == ["approve_request", "reject_request", "request_info", "delegate_request"]
        assert "confirm" in buttons(message)["approve_request"]
        progress = await dm(slack, ANA, "Espera aprobación: Notebook", "Falta que marta@example.com")
        assert not buttons(progress)

        await press(marta, message, "reject_request")
        view = await modal(marta)
        assert "reason" in (await marta.submit(view["id"]))["errors"]
        blank = await marta.submit(view["id"], {"reason": {"value": "   "}})
        assert blank["errors"] == {"reason": "Falta escribir algo."}
        assert (await state(hub, approval)).state == "open"
        await marta.submit(view["id"], {"reason": {"value": "Este mes <!channel> no"}})
        sure = await modal(marta)
        assert sure["callback_id"] == "reject_sure_modal" and "<!channel>" not in whole(sure["blocks"])
        assert (await state(hub, approval)).state == "open"
        assert (await marta.submit(sure["id"]))["ok"]

        assert (await state(hub, approval)).state == "rejected"
        told_why = await dm(slack, ANA, "Se rechazó: Notebook", "Este mes", "Marta Ríos")
        assert told_why["ts"] == progress["ts"]
        over = await dm(slack, MARTA, "Se rechazó: Notebook")
        assert (over["ts"], buttons(over)) == (message["ts"], {})


async def test_the_same_submission_twice_is_one_rejection(app: Start, slack: SlackControl, marta: SlackPerson) -> None:
    from slack_bolt.request.async_request import AsyncBoltRequest

    from centralita.chatops.app import ChatApp

    async with app() as hub:
        approval = await asked(hub, [MARTA, LUIS], mode="all")
        value = f"{approval.id}:1:1"
        view = {
            "id": "V1",
            "type": "modal",
            "callback_id": "approve_modal",
            "private_metadata": json.dumps({"value": value, "origin": "message"}),
            "state": {"values": {"note": {"value": {"type": "plain_text_input", "value": "Dale"}}}},
        }
        body = {"type": "view_submission", "user": {"id": "U0MARTARIOS", "team_id": "T0MESAAYUDA"}, "view": view}
        chat = ChatApp(hub)
        for _ in range(2):
            response = await chat.bolt.async_dispatch(
                AsyncBoltRequest(body={**body, "team": {"id": "T0MESAAYUDA"}, "api_app_id": "A"}, mode="socket_mode")
            )
            assert (response.status, response.body) == (200, "")
        await chat.close()
        kept = await state(hub, approval)
        assert (kept.version, [vote.note for vote in kept.current.votes]) == (2, ["Dale"])


async def test_two_press_at_once_and_the_second_hears_who_decided(
    app: Start, slack: SlackControl, marta: SlackPerson, sam: SlackPerson
) -> None:
    async with app() as hub:
        approval = await asked(hub, [MARTA, SAM])
        first, second = await dm(slack, MARTA, "Espera"), await dm(slack, SAM, "waits for approval")
        await asyncio.gather(press(marta, first, "approve_request"), press(sam, second, "approve_request"))
        kept = await state(hub, approval)
        assert kept.state == "approved" and len(kept.current.votes) == 1
        assert kept.outcome is not None
        late, message = (sam, second) if kept.outcome.by.called == MARTA else (marta, first)
        await heard(late, message["channel"], kept.outcome.by.called)
        for target, text in ((MARTA, "Se aprobó"), (SAM, "was approved"), (ANA, "Se aprobó")):
            assert not buttons(await dm(slack, target, text))


async def test_a_stage_that_is_over_loses_its_buttons_and_the_next_one_is_asked(
    app: Start, slack: SlackControl, marta: SlackPerson, luis: SlackPerson, sam: SlackPerson
) -> None:
    async with app() as hub:
        approval = await asked(hub, [MARTA, LUIS], [SAM, LUIS], mode="all")
        mine = await dm(slack, MARTA, "Espera")
        await press(marta, mine, "approve_request")
        assert not buttons(await dm(slack, MARTA, "Aprobaciones hasta ahora: 1"))
        assert "approve_request" in buttons(await dm(slack, LUIS, "Aprobaciones hasta ahora: 1"))
        assert await dm(slack, ANA, "Aprobaciones hasta ahora: 1")
        old = await dm(slack, LUIS, "Espera")
        stale = buttons(old)["approve_request"]["value"]
        await press(luis, old, "approve_request")
        await dm(slack, SAM, "waits for approval", "2 of 2")
        fresh = await dm(slack, LUIS, "2 de 2")
        assert buttons(fresh)["approve_request"]["value"] != stale
        assert not buttons(await dm(slack, MARTA, "2 de 2"))
        # Luis presses once more what he saw at the first stage: it must not count for the second.
        await approvals.give(hub, Principal("x", LUIS, frozenset()), approval.id, "approve", stage=1, version=2)
        assert len((await state(hub, approval)).current.votes) == 0


async def test_a_question_is_answered_by_whoever_asked_for_it(
    app: Start, slack: SlackControl, sam: SlackPerson, ana: SlackPerson
) -> None:
    async with app() as hub:
        approval = await asked(hub, [SAM])
        message = await dm(slack, SAM, "Notebook waits for approval")
        await press(sam, message, "request_info")
        view = await modal(sam)
        assert view["title"]["text"] == "Request info"
        await sam.submit(view["id"], {"question": {"value": "Which model?"}})
        question = await dm(slack, ANA, "Pregunta sobre la aprobación de Notebook", "Which model?")
        assert list(buttons(question)) == ["answer_question"]
        assert "request_info" not in buttons(await dm(slack, SAM, "Which model?"))
        await press(ana, question, "answer_question")
        view = await modal(ana)
        assert "Sam Carter quiere saber: Which model?" in whole(view)
        await ana.submit(view["id"], {"answer": {"value": "El de 14"}})
        answered = await dm(slack, SAM, "answered the question", "El de 14")
        assert "request_info" in buttons(answered)
        assert not buttons(await dm(slack, ANA, "El de 14"))
        assert (await state(hub, approval)).state == "open"


async def test_somebody_else_answers_instead(
    app: Start, slack: SlackControl, marta: SlackPerson, luis: SlackPerson
) -> None:
    async with app() as hub:
        approval = await asked(hub, [MARTA])
        message = await dm(slack, MARTA, "Espera")
        await press(marta, message, "delegate_request")
        view = await modal(marta)
        await marta.submit(view["id"], {"to": {"value": "U0LUISPARED"}})
        old = await dm(slack, MARTA, "Luis Paredes responde en lugar de marta@example.com")
        assert (old["ts"], buttons(old)) == (message["ts"], {})
        new = await dm(slack, LUIS, "Espera aprobación: Notebook")
        await press(luis, new, "approve_request")
        assert (await state(hub, approval)).state == "approved"
        assert await dm(slack, ANA, "Se aprobó", "Luis Paredes")


async def test_who_stands_in_until_a_time_is_asked_at_once_and_both_may_answer(
    app: Start, slack: SlackControl, marta: SlackPerson, luis: SlackPerson
) -> None:
    async with app() as hub:
        approval = await asked(hub, [MARTA])
        await press(marta, await dm(slack, MARTA, "Espera"), "delegate_request")
        view = await modal(marta)
        values = {"to": {"value": "U0LUISPARED"}, "what": {"value": "all"}}
        assert "until" in (await marta.submit(view["id"], values))["errors"]
        tomorrow = int(hub.clock.now()) + 86_400
        assert (await marta.submit(view["id"], {**values, "until": {"value": tomorrow}}))["ok"]
        stands_in = await dm(slack, LUIS, "luis@example.com", "en reemplazo de Marta Ríos")
        assert "approve_request" in buttons(await dm(slack, MARTA, "en reemplazo"))
        await press(luis, stands_in, "approve_request")
        kept = await state(hub, approval)
        assert kept.outcome is not None
        assert (kept.outcome.by.email, kept.outcome.seat.email) == (LUIS, MARTA)
        for target in (LUIS, MARTA):
            assert not buttons(await dm(slack, target, "Se aprobó"))


async def test_what_expires_loses_its_buttons_and_says_why(app: Start, slack: SlackControl) -> None:
    async with app() as hub:
        await asked(hub, [SAM], expire_s=0.5)
        over = await dm(slack, SAM, "was not approved in time", "Nobody answered in time: denied.")
        assert not buttons(over)
        assert await dm(slack, ANA, "No se aprobó a tiempo")


async def test_who_may_not_decide_is_told_so_and_nothing_happens(
    app: Start, slack: SlackControl, ana: SlackPerson
) -> None:
    async with app({"approvals": {"rules": []}}) as hub:
        approval = await approvals.request(
            hub,
            Principal("test", LUIS, frozenset({"approval.request"})),
            NewApproval(title="VPN", stages=(StageSpec(approvers=(read_approver(ANA),)),)),
        )
        message = await dm(slack, ANA, "Espera aprobación: VPN")
        await press(ana, message, "approve_request")
        await heard(ana, message["channel"], "approval.decide")
        assert (await state(hub, approval)).state == "open"


@pytest.mark.parametrize(
    ("who", "word", "shown", "none"),
    [
        ("marta", "aprobar", "aprobada", "No hay nada pendiente de aprobar"),
        ("sam", "approve", "approved", "Nothing waits"),
    ],
)
async def test_the_command_lists_and_answers(
    app: Start, slack: SlackControl, who: str, word: str, shown: str, none: str
) -> None:
    person = slack.person("U0MARTARIOS" if who == "marta" else "U0SAMCARTER")
    async with app() as hub:
        nothing = await person.command("#alerts", "/approve")
        assert none in nothing["payload"]["text"]
        made = [await asked(hub, [f"{who}@example.com"], title=f"Silla {number}") for number in range(7)]
        listed = (await person.command("#alerts", "/approve"))["payload"]
        assert "Silla 6" in whole(listed) and "Silla 2" in whole(listed) and "Silla 1" not in whole(listed)
        assert "more_approvals" in buttons(listed)
        answered = await person.command("#alerts", "/approve", f"{word} {made[3].id} Dale")
        assert "Silla 3" in answered["payload"]["text"]
        kept = await state(hub, made[3])
        assert kept.state == "approved" and kept.outcome is not None and kept.outcome.note == "Dale"
        again = await person.command("#alerts", "/approve", f"reject {made[3].id} no")
        assert CALLED[who] in again["payload"]["text"] and "<!date^" in again["payload"]["text"]
        missing = await person.command("#alerts", "/approve", "show apr_0")
        assert "apr_0" in missing["payload"]["text"]
        details = await person.command("#alerts", "/approve", f"show {made[1].id}")
        assert "approve_request" in buttons(details["payload"])
        wrong = await person.command("#alerts", "/approve", "aprove x")
        assert "`/approve approve`" in wrong["payload"]["text"]


async def test_the_next_page_and_a_press_there(app: Start, slack: SlackControl, marta: SlackPerson) -> None:
    async with app() as hub:
        made = [await asked(hub, [MARTA], title=f"Silla {number}") for number in range(6)]
        await marta.command("#alerts", "/approve")
        first = (await marta.seen(ALERTS))[-1]
        await marta.press("#alerts", first["ts"], "more_approvals")
        await heard(marta, ALERTS, "Silla 0")
        page = next(each for each in await marta.seen(ALERTS) if "Silla 0" in whole(each))
        await marta.press("#alerts", page["ts"], "approve_request")
        assert (await state(hub, made[0])).state == "approved"
        await heard(marta, ALERTS, "*Silla 0*: aprobada")


async def test_asking_for_an_approval(app: Start, slack: SlackControl, luis: SlackPerson, marta: SlackPerson) -> None:
    async with app() as hub:
        refused = await luis.command("#alerts", "/approve", 'pedir "Un monitor" monto:"1.500,50 ARS"')
        assert "Nadie puede aprobarlo" in refused["payload"]["text"] or refused["ok"]
        text = 'pedir "Un monitor" monto:"1.500,50 ARS" motivo:"Para diseño" para:<@U0MARTARIOS>'
        assert "Un monitor" in (await luis.command("#alerts", "/approve", text))["payload"]["text"]
        assert await dm(slack, MARTA, "Espera aprobación: Un monitor", "1.500,50 ARS", "Para diseño")
        bad = await luis.command("#alerts", "/approve", 'pedir "Un monitor" monto:mucho')
        assert "`mucho`" in bad["payload"]["text"]

        await luis.command("#alerts", "/approve", "pedir")
        view = await modal(luis)
        assert view["callback_id"] == "approval_request_modal"
        values: dict[str, Any] = {"title": {"value": "Otro monitor"}, "amount": {"value": "x"}}
        assert "amount" in (await luis.submit(view["id"], values))["errors"]
        values["amount"] = {"value": "20"}
        assert "approvers" in (await luis.submit(view["id"], values))["errors"]
        values["approvers"] = {"value": ["U0MARTARIOS"]}
        assert (await luis.submit(view["id"], values))["ok"]
        assert "approve_request" in buttons(await dm(slack, MARTA, "Espera aprobación: Otro monitor"))
        found = await approvals.listing(hub, approvals.Filter(), 10, "")
        assert [each.title for each in found] == ["Otro monitor", "Un monitor"]


async def test_what_invgate_asks_for_is_decided_by_a_button(
    sqlite_world: World, slack: SlackControl, invgate: InvGateControl, marta: SlackPerson
) -> None:
    connected = slack_settings(slack, app_token=APP_TOKEN, signing_secret=SIGNING_SECRET)
    await slack.install(MANIFEST)
    hub = await sqlite_world.hub(connected, invgate_settings(invgate), {"permissions": ROLES}, {"rules": []})
    await slack.connections(least=1)
    await connect(hub, invgate, ["event", "request_id", "approval_id"], "approval_requested")
    await connect(hub, invgate, None, "approval_answered")
    number = await invgate.add_ticket("Notebook nueva", requester=ANA, description="Se rompió la anterior")
    approval = await invgate.add_approval(number, [MARTA])
    message = await dm(slack, MARTA, "Espera aprobación: Notebook nueva")
    await press(marta, message, "request_info")
    await marta.submit((await modal(marta))["id"], {"question": {"value": "¿Qué modelo?"}})
    question = await dm(slack, ANA, "¿Qué modelo?")
    assert "answer_question" in buttons(question)
    await press(marta, await dm(slack, MARTA, "¿Qué modelo?"), "approve_request")
    over = await dm(slack, MARTA, "Se aprobó: Notebook nueva")
    assert (over["ts"], buttons(over)) == (message["ts"], {})
    assert not buttons(await dm(slack, ANA, "Se aprobó: Notebook nueva"))
    kept = await invgate.approval(approval)
    assert (kept.status, [vote.status for vote in kept.votes]) == (1, [1])
    assert (await invgate.writes()).get("PUT incident.approval.accept") == 1


async def test_the_home_shows_what_is_theirs_and_changes_with_it(
    app: Start, slack: SlackControl, marta: SlackPerson, ana: SlackPerson, sam: SlackPerson
) -> None:
    async def home(person: SlackPerson, *texts: str, gone: str = "nothing") -> dict[str, Any]:
        async def look() -> dict[str, Any]:
            found = await person.home(APP_ID) or {}
            shown = whole(found)
            return found if all(text in shown for text in texts) and gone not in shown else {}

        return await until_answered(look)

    async with app() as hub:
        assert "`/approve request`" in whole(await home(sam, "Nothing waits for you"))
        made = [await asked(hub, [MARTA], title=f"Silla {number}") for number in range(6)]
        wanted = NewIncident(title="No hay red", priority="high")
        await incidents.create(hub, Principal("test", SAM, frozenset()), wanted)
        view = await home(marta, "Silla 5", "No hay red")
        assert "Silla 0" not in whole(view) and "`/approve`" in whole(view)
        assert "Todo fluye" in whole(view)
        block = next(each for each in view["blocks"] if made[5].id in whole(each) and each["type"] == "actions")
        await marta.press_in_view(view["id"], "approve_request", block_id=block["block_id"])
        assert (await state(hub, made[5])).state == "approved"
        view = await home(marta, "Silla 0")
        assert "Silla 5" not in whole(view)
        block = next(each for each in view["blocks"] if made[4].id in whole(each) and each["type"] == "actions")
        await marta.press_in_view(view["id"], "reject_request", block_id=block["block_id"])
        await marta.submit((await modal(marta))["id"], {"reason": {"value": "No"}})
        await marta.submit((await modal(marta))["id"])
        assert (await state(hub, made[4])).state == "rejected"
        await home(marta, "Silla 3", gone="Silla 4")
        assert (await marta.press_in_view((await home(marta, "Silla 3"))["id"], "refresh_home"))["ok"]
        theirs = whole(await home(ana, "Todo fluye"))
        assert "Silla" not in theirs and "approve_request" not in theirs
