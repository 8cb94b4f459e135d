"""The local InvGate's Service Desk, as a client of its API sees it."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from centralita.sandbox.control import ControlRefused
from centralita.sandbox.invgate import API_TOKEN, API_USER, CLIENT_ID, CLIENT_SECRET
from centralita.sandbox.invgate.control import InvGateControl
from tests.sandbox.credentials import basic

ANA, LUIS, MARTA, SAM, DIEGO, JULIA, OMAR = range(11, 18)
NEW = {
    "title": "Impresora sin tóner",
    "type_id": "1",
    "creator_id": str(ANA),
    "customer_id": str(ANA),
    "priority_id": "3",
    "category_id": "2",
    "description": "<p>No imprime &amp; pita</p>",
}


class Desk:
    """A bare client: what comes back, and its status."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session, self.url = session, url

    async def ask(self, method: str, endpoint: str, status: int = 200, **sent: Any) -> Any:
        async with self.session.request(method, f"{self.url}/api/v1/{endpoint}", **sent) as response:
            assert response.status == status, await response.text()
            return await response.json()

    async def get(self, endpoint: str, query: str = "", status: int = 200) -> Any:
        return await self.ask("GET", f"{endpoint}?{query}", status)

    async def post(self, endpoint: str, status: int = 200, **form: Any) -> Any:
        return await self.ask("POST", endpoint, status, data=form)

    async def put(self, endpoint: str, status: int = 200, **form: Any) -> Any:
        return await self.ask("PUT", endpoint, status, data=form)


@pytest.fixture
async def desk(invgate: InvGateControl) -> AsyncIterator[Desk]:
    async with aiohttp.ClientSession(headers=basic(API_USER, API_TOKEN)) as session:
        yield Desk(session, invgate.url)


async def test_a_ticket_from_form_or_json(invgate: InvGateControl, desk: Desk) -> None:
    made = await desk.post("incident", **NEW)
    assert (made["status"], made["request_id"]) == ("OK", 4521)
    again = await desk.ask("POST", "incident", json={**NEW, "type_id": 2})
    found = await desk.get("incident", "id=4521")
    assert (found["title"], found["pretty_id"], found["user_id"]) == (NEW["title"], "#4521", ANA)
    assert found["description"] == NEW["description"]
    assert (found["status_id"], found["source_id"], found["custom_fields"]) == (1, 8, [])
    assert isinstance(found["created_at"], int)
    assert "comments" not in found
    assert "T" in (await desk.get("incident", "id=4521&date_format=iso8601"))["created_at"]
    decoded = await desk.get("incident", "id=4521&decoded_special_characters=1")
    assert decoded["description"] == "<p>No imprime & pita</p>"
    both = await desk.get("incidents", f"ids[]=4521&ids[]={again['request_id']}&ids[]=9")
    assert list(both) == ["4521", "4522"]
    assert await desk.get("incidents", "ids[]=9") == []
    assert await invgate.writes() == {"POST incident": 2}


async def test_what_is_missing_or_of_another_type_is_a_428(desk: Desk) -> None:
    refused = await desk.post("incident", 428, **{**NEW, "title": ""})
    assert refused == {"error": "The parameter title is required in POST", "status": 428}
    await desk.get("incidents", "ids=4521,4522", 428)
    await desk.get("incident", "id=x", 428)
    assert (await desk.get("incident", "id=7", 404))["status"] == 404
    await desk.get("nothing", "", 404)
    await desk.ask("DELETE", "incident", 405)
    await desk.ask("POST", "incident", 400, data=b"{", headers={"Content-Type": "application/json"})
    refused = await desk.post("incident", **{**NEW, "category_id": "99"})
    assert refused["status"] == "ERROR"
    assert "category" in refused["error"]


async def test_comments_and_the_way_of_a_ticket(invgate: InvGateControl, desk: Desk) -> None:
    request_id = (await desk.post("incident", **NEW))["request_id"]
    await desk.post("incident.reassign", request_id=request_id, author_id=LUIS, group_id=3, agent_id=LUIS)
    await desk.post("incident.comment", request_id=request_id, comment="<p>Voy</p>", author_id=LUIS)
    shown = await desk.get("incident", f"id={request_id}&comments=1")
    assert (shown["status_id"], shown["assigned_id"], shown["assigned_group_id"]) == (2, LUIS, 3)
    assert shown["comments"][0]["customer_visible"] == 0
    assert shown["comments"][0]["customer_visible"] is not False
    alone = await desk.get("incident.comment", f"request_id={request_id}")
    assert (alone[0]["customer_visible"], alone[0]["msg_num"]) == (False, 1)
    hidden = {"request_id": request_id, "comment": "x", "author_id": LUIS, "is_solution": 1, "customer_visible": 0}
    await desk.post("incident.comment", 409, **hidden)
    assert (await desk.put("incident.solution.accept", id=request_id, rating=5))["status"] == "ERROR"
    await desk.post("incident.comment", **{**hidden, "customer_visible": 1})
    assert (await desk.get("incident", f"id={request_id}"))["status_id"] == 5
    await desk.put("incident.solution.accept", 428, id=request_id, rating=2)
    await desk.put("incident.solution.reject", id=request_id, comment="Sigue igual")
    assert (await desk.get("incident", f"id={request_id}"))["solved_at"] is None
    await desk.post("incident.comment", **{**hidden, "customer_visible": 1})
    await desk.put("incident.solution.accept", id=request_id, rating=5)
    closed = await desk.get("incident", f"id={request_id}")
    assert (closed["status_id"], closed["closed_reason"], closed["rating"]) == (6, 1, 5)
    assert (await desk.post("incident.cancel", request_id=request_id, author_id=LUIS))["status"] == "ERROR"
    await desk.put("incident.reopen", request_id=request_id)
    await desk.post("incident.waitingfor.date", request_id=request_id, timestamp=1)
    assert (await invgate.ticket(request_id))["status_id"] == 4
    await desk.post("incident.cancel", request_id=request_id, author_id=LUIS, comment="Duplicado")
    assert (await invgate.ticket(request_id))["status_id"] == 8


async def test_put_changes_fields_and_can_want_them_in_the_query(invgate: InvGateControl, desk: Desk) -> None:
    request_id = (await desk.post("incident", **NEW))["request_id"]
    assert (await desk.put("incident", id=request_id, priority_id=5, title="Otra"))["title"] == "Otra"
    await invgate.switch(puts_in_query=True)
    await desk.put("incident", 428, id=request_id, priority_id=1)
    await desk.ask("PUT", f"incident?id={request_id}&priority_id=1")
    assert (await invgate.ticket(request_id))["priority_id"] == 1
    refused = await desk.ask("PUT", f"incident?id={request_id}&category_id=99&priority_id=2")
    assert refused["status"] == "ERROR"
    assert (await invgate.ticket(request_id))["priority_id"] == 1


async def test_custom_fields_are_a_list_when_empty_and_a_map_otherwise(desk: Desk) -> None:
    request_id = (await desk.post("incident", **NEW))["request_id"]
    field = {"request_id": request_id, "author_id": LUIS, "custom_field_uid": "17"}
    form = aiohttp.FormData([(name, str(value)) for name, value in field.items()])
    form.add_field("values[]", "Norte")
    form.add_field("values[]", "Sur")
    await desk.ask("POST", "incident.custom_field", data=form)
    found = (await desk.get("incident", f"id={request_id}"))["custom_fields"]
    assert list(found) == ["17"]
    assert sorted(found["17"].values()) == ["Norte", "Sur"]
    query = "&".join(f"{name}={value}" for name, value in field.items())
    await desk.ask("DELETE", f"incident.custom_field?{query}")
    assert (await desk.get("incident", f"id={request_id}"))["custom_fields"] == []


async def test_lists_by_offset_and_by_key(invgate: InvGateControl, desk: Desk) -> None:
    assert (await desk.get("incidents.by.agent", f"id={LUIS}"))["requests"] == []
    tickets = [await invgate.add_ticket(f"Ticket {number}") for number in range(5)]
    for ticket in tickets:
        await invgate.assign(ticket)
    await invgate.act(tickets[0], "cancel")
    page = await desk.get("incidents.by.status", "status_ids[]=2&status_ids[]=8&limit=3&offset=1")
    assert page["requestIds"] == tickets[2:]
    assert (page["total"], page["limit"], page["offset"]) == (4, 3, 1)
    assert (await desk.get("incidents.by.status"))["status"] == "ERROR"
    await desk.get("incidents.by.view", "", 428)
    assert (await desk.get("incidents.by.view", "view_id=2"))["requestIds"] == tickets
    assert (await desk.get("incidents.by.helpdesk", "helpdesk_id=3"))["total"] == 4
    seen, key = [], ""
    while True:
        answer = await desk.get("incidents.by.agent", f"username=lparedes&limit=3&page_key={key}")
        seen += [int(one) for one in answer["requests"]]
        key = answer["next_page_key"]
        if key is None:
            break
    assert seen == tickets[1:]
    assert len((await desk.get("incidents.by.customer", "email=ana@example.com"))["requests"]) == 4
    assert len((await desk.get("incidents.last.hour"))["data"]) == 5


async def test_people_and_the_literal_false(invgate: InvGateControl, desk: Desk) -> None:
    marta = await desk.get("user", f"id={MARTA}")
    assert (marta["email"], marta["is_disabled"]) == ("marta@example.com", False)
    assert (await desk.get("user", f"id={ANA}"))["manager_id"] == MARTA
    assert await desk.get("user", "id=999") is False
    assert await desk.get("user", f"id={JULIA}") is False
    assert (await desk.get("user", f"id={JULIA}&include_disabled=1"))["is_disabled"] is True
    assert (await desk.get("user.by", "username=AGOMEZ"))["id"] == ANA
    assert await desk.get("user.by", "email=nobody@example.com") is False
    assert [one["id"] for one in await desk.get("users", f"ids[]={LUIS}&ids[]={OMAR}")] == [LUIS]
    first = await desk.get("users.by", "email=example.com")
    assert len(first["data"]) == 10
    second = await desk.get("users.by", f"email=example.com&page_key={first['next_page_key']}")
    assert not set(first["data"]) & set(second["data"])
    exact = await desk.get("users.by", "username=agomez&exact_match=1")
    assert (list(exact["data"]), exact["next_page_key"]) == ([str(ANA)], None)
    assert (await desk.get("users.by", "username=zzz"))["data"] == []
    groups = (await desk.get("users.groups", f"ids[]={LUIS}"))[0]
    assert (groups["groups"], groups["helpdesks"]["3"]["name"]) == ([], "Mesa de Ayuda")
    await invgate.change_user(LUIS, is_disabled=True)
    assert await desk.get("user", f"id={LUIS}") is False


async def test_fixed_lists(invgate: InvGateControl, desk: Desk) -> None:
    assert {"id": 5, "name": "Crítica"} in await desk.get("incident.attributes.priority")
    assert await desk.get("incident.attributes.status", "id=8") == [{"id": 8, "name": "Cancelado"}]
    assert len(await desk.get("incident.attributes.type")) == 6
    assert len(await desk.get("incident.attributes.source")) == 14
    assert [one["name"] for one in await desk.get("categories", "page=2&page_size=2")] == ["Software", "Compras"]
    assert [one["name"] for one in await desk.get("helpdesks")] == ["Mesa de Ayuda", "Infraestructura"]
    assert len(await desk.get("helpdesksandlevels")) == 4
    assert (await desk.get("levels"))[0]["members_ids"] == [LUIS, SAM]
    assert [one["id"] for one in await desk.get("groups.users", "id=1")] == [MARTA, DIEGO]
    await invgate.switch(maps_for_lists=True)
    assert (await desk.get("helpdesks"))["3"]["name"] == "Mesa de Ayuda"
    assert await desk.get("triggers") == []


async def test_an_approval_is_answered_once(invgate: InvGateControl, desk: Desk) -> None:
    ticket = await invgate.add_ticket("Notebook nueva", category_id=4)
    approval = await invgate.add_approval(ticket, description="¿Se compra?")
    (shown,) = await desk.get("incident.approval", f"request_id={ticket}&only_pending=1")
    assert (shown["id"], shown["status"], shown["type"]) == (approval, -1, 1)
    voters = await desk.get("incident.approval.possible_voters", f"approval_id={approval}")
    assert voters == [{"user_id": MARTA, "status": -1}]
    stranger = await desk.put("incident.approval.accept", approval_id=approval, user_id=DIEGO)
    assert stranger["status"] == "ERROR"
    added = await desk.post("incident.approval.add_voter", approval_id=approval, user_id=DIEGO)
    assert added == {"approval_id": approval, "user_id": DIEGO}
    assert await desk.put("incident.approval.accept", approval_id=approval, user_id=DIEGO, note="Sí") == {
        "status": "OK"
    }
    late = await desk.put("incident.approval.reject", approval_id=approval, user_id=MARTA)
    assert (late["status"], "Aprobada" in late["error"]) == ("ERROR", True)
    kept = await invgate.approval(approval)
    assert kept.status == 1
    assert [(vote.user_id, vote.status, vote.note) for vote in kept.votes] == [(MARTA, -1, ""), (DIEGO, 1, "Sí")]
    assert (await desk.get("incident.approval.status"))["-2"] == "Cancelada"
    assert (await desk.get("incident.approval.type")) == {"1": "Predefinida", "2": "Espontánea"}
    assert (await desk.get("incident.approval.vote_status"))["2"] == "Expirado"


@pytest.mark.parametrize(("takes", "other"), [("approval_id", "request_id"), ("request_id", "approval_id")])
async def test_which_id_an_approval_takes(invgate: InvGateControl, desk: Desk, takes: str, other: str) -> None:
    ticket = await invgate.add_ticket("Notebook nueva")
    ids = {"request_id": ticket, "approval_id": await invgate.add_approval(ticket)}
    await invgate.switch(approval_key=takes)
    refused = await desk.put("incident.approval.accept", 428, user_id=MARTA, **{other: ids[other]})
    assert takes in refused["error"]
    await desk.put("incident.approval.accept", user_id=MARTA, **{takes: ids[takes]})
    assert (await invgate.approval(ids["approval_id"])).status == 1


async def test_by_the_ticket_it_is_the_approval_that_waits_for_this_person(invgate: InvGateControl, desk: Desk) -> None:
    ticket = await invgate.add_ticket("Notebook nueva")
    others, own = await invgate.add_approval(ticket, [DIEGO]), await invgate.add_approval(ticket, [MARTA])
    await desk.put("incident.approval.reject", request_id=ticket, user_id=MARTA, note="No")
    assert ((await invgate.approval(others)).status, (await invgate.approval(own)).status) == (-1, 0)
    again = await desk.put("incident.approval.reject", request_id=ticket, user_id=MARTA)
    assert again["status"] == "ERROR"


async def test_spontaneous_custom_and_cancelled(invgate: InvGateControl, desk: Desk) -> None:
    ticket = await invgate.add_ticket("Servidor nuevo")
    asked = {"request_id": ticket, "author_id": LUIS}
    made = await desk.post("incident.spontaneous_approval", **asked, approval_user_id=MARTA, description="¿Va?")
    assert made == {"status": "OK"}
    assert (await desk.get("incident.custom_approval", f"request_id={ticket}"))[0]["id"] == 9
    await desk.post("incident.custom_approval", **asked, approval_id=9)
    first, second = await desk.get("incident.approval", f"request_id={ticket}")
    assert (first["type"], second["type"]) == (2, 1)
    await desk.put("incident.approval.accept", approval_id=second["id"], user_id=MARTA)
    assert (await invgate.approval(second["id"])).status == -1
    await desk.put("incident.approval.accept", approval_id=second["id"], user_id=DIEGO)
    assert (await invgate.approval(second["id"])).status == 1
    await desk.put("incident.approval.cancel", approval_id=first["id"], user_id=LUIS)
    assert (await invgate.approval(first["id"])).status == -2
    disabled = {"approval_user_id": JULIA, "description": "x"}
    assert (await desk.post("incident.spontaneous_approval", **asked, **disabled))["status"] == "ERROR"


async def test_a_person_answers_in_invgate(invgate: InvGateControl) -> None:
    approval = await invgate.add_approval(await invgate.add_ticket("x"), ["marta@example.com", "diego@example.com"])
    kept = await invgate.answer_approval(approval, "rejected", user="diego@example.com", note="No")
    assert kept.status == 0
    with pytest.raises(ControlRefused, match="already Rechazada"):
        await invgate.answer_approval(approval, "approved", user=MARTA)


async def test_who_may_call(invgate: InvGateControl) -> None:
    async with aiohttp.ClientSession() as session:
        bare = Desk(session, invgate.url)
        assert (await bare.get("helpdesks", "", 401))["status"] == 401
        wrong = basic(API_USER, "wrong")
        await bare.ask("GET", "helpdesks", 401, headers=wrong)
        await bare.ask("GET", "helpdesks", 401, headers={"Authorization": "Basic ñ"})
        await invgate.switch(basic=False)
        await bare.ask("GET", "helpdesks", 401, headers=basic(API_USER, API_TOKEN))


async def token(url: str, **changes: str) -> tuple[int, dict[str, Any]]:
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **changes}
    async with aiohttp.ClientSession() as session, session.post(f"{url}/oauth/token", data=form) as response:
        return response.status, await response.json()


async def test_oauth_tokens_have_a_scope_to_each_call(invgate: InvGateControl) -> None:
    assert (await token(invgate.url, client_secret="wrong"))[0] == 401
    assert (await token(invgate.url, grant_type="password"))[1]["error"] == "unsupported_grant_type"
    assert (await token(invgate.url, scope="api.v1.nothing:get"))[1]["error"] == "invalid_scope"
    _, given = await token(invgate.url, scope="api.v1.helpdesks:get api.v1.incident:get")
    headers = {"Authorization": f"Bearer {given['access_token']}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        desk = Desk(session, invgate.url)
        assert await desk.get("helpdesks")
        await desk.post("incident", 403, **NEW)
        await invgate.revoke_tokens()
        await desk.get("helpdesks", "", 401)
    await invgate.switch(empty_scopes=True)
    _, empty = await token(invgate.url, scope="api.v1.helpdesks:get")
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {empty['access_token']}"}) as session:
        await Desk(session, invgate.url).get("helpdesks", "", 403)
    assert CLIENT_SECRET not in repr(await invgate.calls())
