"""Approvals by the API: who may, what happens twice, and what others are told."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from centralita.services import announcements
from centralita.services.access import create_token
from centralita.store import approvals, schema, timers
from tests.api.conftest import ADMINISTRATOR, Api

PATH = "/api/v1/approvals"
MARTA, LUIS, ANA, JEFA = (f"{name}@example.com" for name in ("marta", "luis", "ana", "jefa"))


async def as_(api: Api, name: str, *scopes: str) -> Api:
    """The API for a person: the holder of a token that bears their address."""
    wanted = scopes or ("approval.read", "approval.request", "approval.decide")
    token, _ = await create_token(api.hub, ADMINISTRATOR, name, wanted, None)
    return Api(api.hub, api.app, token)


async def asked(api: Api, by: str = ANA, **more: Any) -> str:
    """The id of a new approval, which Marta may give."""
    body = {"title": "Notebook", "stages": [{"approvers": [MARTA]}], **more}
    reply = await (await as_(api, by))("POST", PATH, body)
    assert reply.status == 201, reply.body
    return str(reply.json()["id"])


async def told(api: Api) -> list[tuple[str, list[tuple[str, str]]]]:
    """The events of ours that wait to be routed: type, and to whom their effects go (target, action)."""

    def read(tx: Any) -> list[announcements.Own]:
        rows = tx.execute(schema.receipts.select().order_by(schema.receipts.c.id)).all()
        return [announcements.read_own(row.body) for row in rows if row.source == "centralita"]

    found = await api.hub.database.read(read)
    return [(own.event.type, [(each.target, each.action) for each in own.effects]) for own in found]


async def test_a_request_is_answered_once_and_the_next_one_hears_who_did(api: Api) -> None:
    id_ = await asked(api, stages=[{"approvers": [MARTA, LUIS]}], amount=1500.5, justification="Se rompió")
    marta, luis = await as_(api, MARTA), await as_(api, LUIS)
    first = await marta("POST", f"{PATH}/{id_}/approve", {"note": "Dale"})
    assert (first.status, first.json()["state"]) == (200, "approved")
    again = await marta("POST", f"{PATH}/{id_}/approve")
    assert (again.status, again.json()["outcome"]) == (200, first.json()["outcome"])
    for verb in ("approve", "reject"):
        late = await luis("POST", f"{PATH}/{id_}/{verb}")
        problem = late.json()
        assert (late.status, problem["code"], problem["who"], problem["answer"]) == (
            409, "approval.decided", MARTA, "approved",
        )  # fmt: skip
        assert problem["at"] == first.json()["outcome"]["at"]
        assert MARTA in problem["detail"] and problem["detail"].endswith(": approved.")
    assert await told(api) == [
        ("approval.requested", [(MARTA, "approval.tell"), (LUIS, "approval.tell"), (ANA, "")]),
        ("approval.answered", [(ANA, ""), (MARTA, ""), (LUIS, "")]),
    ]
    entries = (await api("GET", "/api/v1/audit")).json()["items"]
    assert [entry["action"] for entry in entries if entry["action"].startswith("approval")] == [
        "approval.approve",
        "approval.requested",
    ]


async def test_two_at_once_are_both_counted_once(api: Api) -> None:
    id_ = await asked(api, stages=[{"approvers": [MARTA, LUIS, JEFA], "mode": "quorum", "quorum": 2}])
    people = [await as_(api, name) for name in (MARTA, MARTA, LUIS)]
    replies = await asyncio.gather(*(person("POST", f"{PATH}/{id_}/approve") for person in people))
    assert [reply.status for reply in replies] == [200, 200, 200]
    shown = (await api("GET", f"{PATH}/{id_}")).json()
    assert shown["state"] == "approved"
    assert sorted(vote["by"]["email"] for vote in shown["stages"][0]["votes"]) == [LUIS, MARTA]
    assert [type_ for type_, _ in await told(api)] == ["approval.requested", "approval.voted", "approval.answered"]


@pytest.mark.parametrize(
    ("who", "verb", "status", "code"),
    [
        (ANA, "approve", 403, "approval.self"),
        (LUIS, "approve", 403, "approval.not_approver"),
        (LUIS, "cancel", 403, "approval.not_requester"),
        ("robot", "approve", 403, "approval.not_approver"),
    ],
)
async def test_who_may_not(api: Api, who: str, verb: str, status: int, code: str) -> None:
    id_ = await asked(api)
    reply = await (await as_(api, who))("POST", f"{PATH}/{id_}/{verb}", {})
    assert (reply.status, reply.json()["code"]) == (status, code)


async def test_deciding_needs_the_permission_and_for_others_more(api: Api) -> None:
    id_ = await asked(api)
    reader = await as_(api, MARTA, "approval.read")
    assert (await reader("POST", f"{PATH}/{id_}/approve")).json()["code"] == "permission.missing"
    luis = await as_(api, LUIS)
    refused = await luis("POST", f"{PATH}/{id_}/approve", {"on_behalf_of": MARTA})
    assert (refused.status, refused.json()["code"]) == (403, "approval.behalf")
    requester = await as_(api, ANA, "approval.*")
    own = await requester("POST", f"{PATH}/{id_}/approve", {"on_behalf_of": MARTA})
    assert own.json()["code"] == "approval.self"
    manager = await as_(api, LUIS, "approval.*")
    given = await manager("POST", f"{PATH}/{id_}/approve", {"on_behalf_of": MARTA})
    assert given.status == 200 and given.json()["outcome"]["entered_by"]["email"] == LUIS
    entry = (await api("GET", "/api/v1/audit")).json()["items"][0]
    assert entry["actor"].startswith("token:") and entry["details"]["after"]["on_behalf_of"] == MARTA


async def test_nobody_disabled_and_never_the_requester_is_asked(api: Api) -> None:
    await api("POST", "/api/v1/users", {"name": "marta", "role": "viewer", "email": MARTA})
    await api("PATCH", "/api/v1/users/marta", {"enabled": False})
    ana = await as_(api, ANA)
    for stage in ({"approvers": [MARTA]}, {"approvers": [ANA]}):
        reply = await ana("POST", PATH, {"title": "x", "stages": [stage]})
        assert (reply.status, reply.json()["code"]) == (422, "approval.nobody")
    reply = await ana("POST", PATH, {"title": "x", "stages": [{"approvers": [MARTA], "fallbacks": [ANA, LUIS]}]})
    assert [each["email"] for each in reply.json()["waits_for"]] == [LUIS]
    wrong: dict[str, Any]
    for wrong in ({"approvers": [MARTA, LUIS], "mode": "quorum", "quorum": 3}, {"approvers": ["x"]}, {"approvers": []}):
        assert (await ana("POST", PATH, {"title": "x", "stages": [wrong]})).status == 422


async def test_a_question_and_its_answer(api: Api) -> None:
    id_ = await asked(api, expire_s=3600)
    marta, ana = await as_(api, MARTA), await as_(api, ANA)
    assert (await marta("POST", f"{PATH}/{id_}/ask", {"text": "¿Qué modelo?"})).json()["state"] == "asked"
    assert await api.hub.database.read(lambda tx: timers.find(tx, "approval.due", id_)) is None
    assert (await marta("POST", f"{PATH}/{id_}/answer", {"text": "x"})).json()["code"] == "approval.not_requester"
    answered = (await ana("POST", f"{PATH}/{id_}/answer", {"text": "T14"})).json()
    assert (answered["state"], answered["answer"]) == ("open", "T14")
    assert await api.hub.database.read(lambda tx: timers.find(tx, "approval.due", id_)) is not None
    assert (await told(api))[1:] == [
        ("approval.info_requested", [(ANA, ""), (MARTA, "")]),
        ("approval.info_given", [(MARTA, "approval.tell"), (ANA, "")]),
    ]


async def test_giving_a_place_away_and_standing_in(api: Api) -> None:
    marta, luis = await as_(api, MARTA), await as_(api, LUIS)
    made = await marta("POST", "/api/v1/delegations", {"delegate": JEFA, "ends": "2999-12-31"})
    assert (made.status, made.json()["person"], made.json()["ends_at"]) == (201, MARTA, "3000-01-01T00:00:00.000000Z")
    assert (
        await luis("POST", "/api/v1/delegations", {"delegate": LUIS, "person": MARTA, "ends": "2999-12-31"})
    ).json()["code"] == "approval.not_yours"
    id_ = await asked(api)
    assert (await told(api))[-1] == ("approval.requested", [(JEFA, "approval.tell"), (ANA, "")])
    done = (await (await as_(api, JEFA))("POST", f"{PATH}/{id_}/approve")).json()
    assert (done["outcome"]["by"]["email"], done["outcome"]["on_behalf_of"]["email"]) == (JEFA, MARTA)
    number = (await luis("GET", "/api/v1/delegations")).json()["items"][0]["id"]
    assert (await luis("DELETE", f"/api/v1/delegations/{number}")).status == 403
    assert (await marta("DELETE", f"/api/v1/delegations/{number}")).status == 204
    assert (await marta("DELETE", f"/api/v1/delegations/{number}")).status == 404
    other = await asked(api)
    await marta("POST", "/api/v1/delegations", {"delegate": JEFA, "ends": "2999-12-31"})
    assert (await told(api))[-1] == ("approval.delegated", [(JEFA, ""), (MARTA, "")])
    assert (await marta("POST", f"{PATH}/{other}/reassign", {"to": LUIS})).status == 200
    assert (await luis("POST", f"{PATH}/{other}/reject")).json()["state"] == "rejected"


@pytest.mark.parametrize(
    ("on_expiry", "state", "type_"),
    [("deny", "expired", "approval.expired"), ("escalate", "open", "approval.escalated")],
)
async def test_time_passes(api: Api, on_expiry: str, state: str, type_: str) -> None:
    stages = [{"approvers": [MARTA], "escalate_to": [JEFA]}]
    id_ = await asked(api, stages=stages, expire_s=3600, on_expiry=on_expiry)

    def an_hour_ago(tx: Any) -> None:
        approval = approvals.lock(tx, id_)
        assert approval is not None
        past = approval.created_at - 3600
        approvals.save(tx, msgspec.structs.replace(approval, expire_at=past), approval.version)
        timers.set_timer(tx, "approval.due", id_, past)

    await api.hub.database.write(an_hour_ago)
    running = asyncio.ensure_future(api.hub.alarms.run(api.hub))
    try:
        while len(events := await told(api)) < 2:
            pass
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert events[1][0] == type_
    targets = {target for target, _ in events[1][1]}
    assert targets == ({ANA, MARTA} if state == "expired" else {ANA, MARTA, JEFA})
    assert (await api("GET", f"{PATH}/{id_}")).json()["state"] == state
    timer = await api.hub.database.read(lambda tx: timers.find(tx, "approval.due", id_))
    assert (timer is None) == (state == "expired")


async def test_what_waits_for_me(api: Api) -> None:
    first, second = await asked(api), await asked(api, stages=[{"approvers": [LUIS]}])
    marta = await as_(api, MARTA)
    assert [each["id"] for each in (await marta("GET", f"{PATH}?approver=me")).json()["items"]] == [first]
    await (await as_(api, LUIS))("POST", f"{PATH}/{second}/approve")
    assert [each["id"] for each in (await marta("GET", f"{PATH}?state=waiting")).json()["items"]] == [first]
    assert [each["id"] for each in (await marta("GET", f"{PATH}?limit=1")).json()["items"]] == [second]
    assert (await marta("GET", f"{PATH}/apr_no")).status == 404
    assert (await marta("POST", f"{PATH}/apr_no/approve")).status == 404


async def test_an_idempotency_key_makes_one_approval(api: Api) -> None:
    ana = await as_(api, ANA)
    body = {"title": "Notebook", "stages": [{"approvers": [MARTA]}]}
    replies = [await ana("POST", PATH, body, {"idempotency-key": "k1"}) for _ in range(2)]
    assert replies[0].json() == replies[1].json()
    assert len((await ana("GET", PATH)).json()["items"]) == 1
