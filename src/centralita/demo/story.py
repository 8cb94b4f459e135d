"""The demo's story, told once: each step says what it does, does it, and waits until the receiving end has seen it."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import urlencode

import msgspec

from centralita.core.signing import verify_standard
from centralita.demo.world import ADMIN, HELP_DESK, INCIDENTS, World
from centralita.i18n import N_
from centralita.ports import HttpRequest, HttpResponse

TITLE = "La impresora del segundo piso no tiene tóner"
DESCRIPTION = "<p>Desde esta mañana imprime en blanco.</p><p>Modelo: <b>HP M404</b>, etiqueta <i>IMP-0217</i>.</p>"
REQUESTER, AGENT, APPROVER = "ana@example.com", "luis@example.com", "marta@example.com"
AGENT_NAME, APPROVER_NAME = "Luis Paredes", "Marta Ríos"
LUIS, SAM = "U0LUISPARED", "U0SAMCARTER"
INCIDENTS_ID = "C0INCIDENTS"
OUTAGE = "El ERP no responde"
HIGH, PRINTERS, APPROVED = 3, 2, 1
"""Ids of InvGate's."""
STEP_TIMEOUT_S = 15.0
_SENTENCE = re.compile(r'<p class="sentence"[^>]*><i class="is-(\w+)"[^>]*>[^<]*</i>([^<]*)<')
"""How the dashboard begins: its lamp and its words."""


@dataclass(frozen=True)
class Step:
    """How a step went."""

    name: str
    seen: bool
    elapsed_ms: float
    """From sending the webhook to its arrival at the receiving end."""
    detail: str = ""


class NotSeen(Exception):
    """The receiving end did not see what it should have."""


async def _created(world: World) -> str:
    facts = {"requester": REQUESTER, "description": DESCRIPTION, "priority_id": HIGH, "category_id": PRINTERS}
    world.ticket = await world.invgate.add_ticket(TITLE, **facts)
    await _posted(world, HELP_DESK, TITLE)
    [sent] = await world.invgate.sent()
    return f"{sent.body} → {HELP_DESK}"


async def _told_requester(world: World) -> str:
    await world.slack.wait_for(
        lambda call: call.args.get("channel", "").startswith("D") and TITLE in str(call.args),
        method="chat.postMessage",
        timeout_s=STEP_TIMEOUT_S,
    )
    return REQUESTER


async def _repeated(world: World) -> str:
    body = {"event": "sla_breached", "request_id": world.ticket, "sla": "first_reply", "updated_at": 1}
    calls = await world.slack.posted()
    first, second = [await _post(world, "invgate", world.invgate_secret, body) for _ in range(2)]
    if (first.status, second.status) != (202, 200) or first.body != second.body:
        raise NotSeen(f"HTTP {first.status}, {second.status}")
    await _posted(world, HELP_DESK, "", after=max((call.seq for call in calls), default=0))
    return f"HTTP {first.status}, HTTP {second.status}"


async def _changed(world: World) -> str:
    await world.invgate.assign(world.ticket, AGENT)
    for method in ("chat.update", "chat.postMessage"):
        await world.slack.wait_for(
            lambda call: (
                "Luis Paredes" in str(call.args) and (call.method == "chat.update" or "thread_ts" in call.args)
            ),
            method=method,
            channel=HELP_DESK,
            timeout_s=STEP_TIMEOUT_S,
        )
    return HELP_DESK


async def _asked_to_approve(world: World) -> str:
    calls = await world.slack.posted()
    world.approval = await world.invgate.add_approval(world.ticket, [APPROVER], description="Comprar dos cartuchos")
    await world.slack.wait_for(
        lambda call: call.args.get("channel", "").startswith("D") and "cartuchos" in str(call.args),
        method="chat.postMessage",
        after=max((call.seq for call in calls), default=0),
        timeout_s=STEP_TIMEOUT_S,
    )
    return APPROVER


async def _approved(world: World) -> str:
    token = (await _api(world, "POST", "/tokens", {"name": APPROVER, "role": "operator"}))["token"]
    [waiting] = (await _api(world, "GET", "/approvals?state=waiting"))["items"]
    calls = await world.slack.posted()
    await _api(world, "POST", f"/approvals/{waiting['id']}/approve", {"note": "De acuerdo"}, token)
    await world.invgate.wait_for(endpoint="incident.approval.accept", timeout_s=STEP_TIMEOUT_S)
    if (await world.invgate.approval(world.approval)).status != APPROVED:
        raise NotSeen("InvGate")
    await _posted(world, HELP_DESK, APPROVER_NAME, after=max((call.seq for call in calls), default=0))
    return f"{APPROVER} → InvGate → {HELP_DESK}"


async def _planned(world: World) -> str:
    before = max((call.seq for call in await world.invgate.calls()), default=0)
    world.plan = (await _api(world, "POST", "/assets/plans", {}))["id"]
    plan = await _plan_in(world, "ready")
    wrote = [
        call for call in await world.invgate.calls(before) if call.method != "GET" and "token" not in call.endpoint
    ]
    if wrote or not plan["states"].get("planned"):
        raise NotSeen(str(plan["counts"]))
    return f"{plan['done']} · {plan['states']['planned']}"


async def _applied_and_reverted(world: World) -> str:
    [row, *_] = (await _api(world, "GET", f"/assets/plans/{world.plan}/rows?state=planned"))["items"]
    asset = int(row["asset"])
    before = (await world.invgate.asset(asset))["owner_id"]
    await _api(world, "POST", f"/assets/plans/{world.plan}/apply", {})
    await _plan_in(world, "applied")
    changed = (await world.invgate.asset(asset))["owner_id"]
    await _api(world, "POST", f"/assets/plans/{world.plan}/revert")
    await _plan_in(world, "reverted")
    after = (await world.invgate.asset(asset))["owner_id"]
    if changed == before or after != before:
        raise NotSeen(f"{before} → {changed} → {after}")
    return f"{before} → {changed} → {after}"


async def _plan_in(world: World, state: str) -> Any:
    async with asyncio.timeout(STEP_TIMEOUT_S):
        while True:
            plan = await _api(world, "GET", f"/assets/plans/{world.plan}")
            if plan["state"] == state:
                return plan
            if plan["fault"]:
                raise NotSeen(plan["fault"])
            await asyncio.sleep(0.1)  # a plan is read at InvGate's pace; whoever waits looks again


async def _critical(world: World) -> str:
    now = datetime.now(UTC).isoformat()
    alert = {
        "status": "firing",
        "labels": {"alertname": "ServidorCaído", "severity": "critical", "instance": "erp-db-01", "ci_type": "server"},
        "annotations": {"summary": "erp-db-01 no responde", "description": "Sin respuesta desde hace 2 minutos."},
        "startsAt": now,
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example.com/graph",
        "fingerprint": "5f2b1c9a7d3e4f60",
    }
    body: dict[str, Any] = {
        "version": "4",
        "groupKey": "{}:{}",
        "status": "firing",
        "receiver": "centralita",
        "alerts": [alert],
    }
    body |= {"groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "", "truncatedAlerts": 0}
    answer = await _post(world, "alertmanager", f"Bearer {world.alertmanager_token}", body)
    if answer.status != 202:
        raise NotSeen(f"HTTP {answer.status} {answer.error}")
    await _posted(world, INCIDENTS, "erp-db-01")
    return INCIDENTS


async def _acknowledged(world: World) -> str:
    """Luis presses what anybody would press."""
    [alert] = [one for one in await world.slack.messages(INCIDENTS) if "erp-db-01" in str(one)]
    await world.slack.person(LUIS).press(INCIDENTS_ID, alert["ts"], "acknowledge_event")
    await world.slack.wait_for(
        lambda call: AGENT_NAME in str(call.args) and alert["ts"] == call.args.get("ts"),
        method="chat.update",
        channel=INCIDENTS,
        timeout_s=STEP_TIMEOUT_S,
    )
    return AGENT


async def _incident_created(world: World) -> str:
    """By the modal, as in the workspace's page."""
    luis = world.slack.person(LUIS)
    await luis.command(HELP_DESK, "/incident", "create")
    [modal] = await luis.modals()
    values = {"title": {"title_input": OUTAGE}, "priority": {"priority_select": "critical"}}
    answer = await luis.submit(modal["id"], {**values, "assignee": {"assignee_select": SAM}})
    if not answer.get("ok"):
        raise NotSeen(str(answer.get("errors") or answer.get("error")))
    [call] = await world.slack.wait_for(
        lambda call: OUTAGE in str(call.args) and "thread_ts" not in call.args,
        method="chat.postMessage",
        channel=INCIDENTS,
        timeout_s=STEP_TIMEOUT_S,
    )
    world.incident = str((call.result or {})["ts"])
    await world.slack.wait_for(
        lambda call: call.args.get("thread_ts") == world.incident,
        method="chat.postMessage",
        channel=INCIDENTS,
        timeout_s=STEP_TIMEOUT_S,
    )
    return f"{AGENT} → {INCIDENTS}"


async def _replied(world: World) -> str:
    """What people write in its thread is the incident's timeline."""
    said = "Reinicié el servicio; miro el registro."
    await world.slack.person(SAM).say(INCIDENTS_ID, said, thread_ts=world.incident)
    path = "/incidents/1/timeline"
    async with asyncio.timeout(STEP_TIMEOUT_S):
        while True:
            if said in str(await _api(world, "GET", path)):
                return f"GET /api/v1{path}"
            await asyncio.sleep(0.02)  # nothing tells that a line was written; whoever waits looks again


async def _webhook(world: World) -> str:
    arrived = await world.sink.wait_for(path="/erp", timeout_s=STEP_TIMEOUT_S)
    headers = tuple((name.lower(), value) for name, value in arrived[0].headers)
    fault = verify_standard(headers, arrived[0].body, [world.webhook_secret.encode()], time.time())
    if fault:
        raise NotSeen(fault)
    return "webhook-signature ✓"


async def _overviewed(world: World) -> str:
    form = urlencode({"name": ADMIN, "password": world.password}).encode()
    headers = (("content-type", "application/x-www-form-urlencoded"), ("origin", world.hub_url))
    entered = await world.hub.client.request(HttpRequest(url=f"{world.hub_url}/sign-in", headers=headers, body=form))
    cookie = (entered.header("set-cookie") or "").partition(";")[0]
    page = HttpRequest(
        method="GET", url=f"{world.hub_url}/", headers=(("cookie", cookie), ("accept", "text/html")),
        max_response_bytes=1_000_000,
    )  # fmt: skip
    answer = await world.hub.client.request(page)
    said = _SENTENCE.search(answer.body.decode(errors="replace"))
    if answer.status != 200 or said is None or said[1] != "flowing":
        raise NotSeen(f"{entered.status}, {answer.status}: {said[2].strip() if said else ''}")
    return unescape(said[2].strip())


async def _api(world: World, method: str, path: str, body: Any = None, token: str = "") -> Any:
    """What the hub's API answers, to ``token`` or to the administrator."""
    given = (("content-type", "application/json"), ("authorization", f"Bearer {token or world.admin_token}"))
    content = msgspec.json.encode(body) if body is not None else b""
    request = HttpRequest(method=method, url=f"{world.hub_url}/api/v1{path}", headers=given, body=content)
    answer = await world.hub.client.request(request)
    if not 200 <= answer.status < 300:
        raise NotSeen(f"{method} {path}: {answer.status} {answer.body.decode(errors='replace')[:200]}")
    return msgspec.json.decode(answer.body)


async def _post(world: World, source: str, proof: str, body: Any) -> HttpResponse:
    """What a sender would post to the hub."""
    name = "authorization" if proof.startswith("Bearer ") else "x-webhook-secret"
    headers = (("content-type", "application/json"), (name, proof))
    content = msgspec.json.encode(body)
    return await world.hub.client.request(
        HttpRequest(url=f"{world.hub_url}/in/{source}", headers=headers, body=content)
    )


async def _posted(world: World, channel: str, text: str, after: int = 0) -> None:
    await world.slack.wait_for(
        lambda call: text in str(call.args),
        method="chat.postMessage",
        channel=channel,
        after=after,
        timeout_s=STEP_TIMEOUT_S,
    )


STEPS: tuple[tuple[str, Callable[[World], Awaitable[str]]], ...] = (
    (
        N_("InvGate tells a new ticket's id and no more; the hub reads the rest, the help desk sees it in Slack"),
        _created,
    ),
    (N_("The requester gets a direct message"), _told_requester),
    (N_("The outgoing webhook arrives, signed"), _webhook),
    (N_("The ticket is assigned; its message is updated, with a reply in its thread"), _changed),
    (N_("InvGate wants an approval; the hub finds who has to answer, and asks by a direct message"), _asked_to_approve),
    (N_("Approved through the API; InvGate has it, and Slack says who"), _approved),
    (N_("Whose is each computer? A plan from who logged in last, with nothing written"), _planned),
    (N_("The plan is applied in InvGate, and reverted"), _applied_and_reverted),
    (N_("InvGate sends the same webhook twice; it counts once"), _repeated),
    (N_("A critical alert reaches the incidents channel and mentions whoever is on call"), _critical),
    (N_("Somebody takes charge of it by the message's button, which goes away"), _acknowledged),
    (N_("An incident is created in Slack's window, and told with its thread"), _incident_created),
    (N_("A reply in the thread is a line of the incident's timeline"), _replied),
    (N_("Somebody signs in to the dashboard, which says that everything flows"), _overviewed),
)


async def play(world: World) -> AsyncIterator[Step]:
    """Plays the story; a step that is not seen does not end it."""
    for name, act in STEPS:
        start = time.perf_counter()
        try:
            detail, seen = await act(world), True
        except (NotSeen, TimeoutError, OSError) as fault:
            detail, seen = f"{type(fault).__name__}: {fault}", False
        yield Step(name=name, seen=seen, elapsed_ms=(time.perf_counter() - start) * 1000, detail=detail)
