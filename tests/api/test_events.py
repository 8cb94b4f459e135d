"""Events by the API: found, shown whole, replayed."""

from __future__ import annotations

import pytest

from centralita.services import saved_views
from tests.api.conftest import Api


async def test_events_are_found_newest_first_and_page_by_page(api: Api) -> None:
    ids = [await api.receive(type="printer.jammed", title=f"{n}", subject=f"printer/{n}") for n in range(5)]
    first = (await api("GET", "/api/v1/events?limit=2")).json()
    assert [item["id"] for item in first["items"]] == [ids[4], ids[3]]
    second = (await api("GET", f"/api/v1/events?limit=2&cursor={first['next']}")).json()
    assert [item["id"] for item in second["items"]] == [ids[2], ids[1]]
    third = (await api("GET", f"/api/v1/events?limit=2&cursor={second['next']}")).json()
    assert [item["id"] for item in third["items"]] == [ids[0]]
    assert third["next"] is None


async def test_filters_and_conditions_choose(api: Api) -> None:
    await api.receive(type="printer.jammed", subject="printer/1", severity="low", data={"place": "Lima"})
    wanted = await api.receive(type="printer.jammed", subject="printer/2", severity="high", data={"place": "Quito"})
    for query in (
        "severity=high",
        "subject=printer/2",
        "condition=data.place%20%3D%3D%20'Quito'",
        "since=1h&severity=high",
    ):
        found = (await api("GET", f"/api/v1/events?{query}")).json()
        assert [item["id"] for item in found["items"]] == [wanted], query
    assert (await api("GET", "/api/v1/events?until=1h")).json()["items"] == []
    looked = (await api("GET", "/api/v1/events?condition=data.place%20%3D%3D%20'Cusco'")).json()
    assert (looked["items"], looked["looked_at"], looked["next"]) == ([], 2, None)
    assert looked["back_to"].endswith("Z")


async def test_events_are_found_by_what_came_of_them(api: Api) -> None:
    waits = await api.receive(type="printer.jammed", severity="critical", subject="printer/1")
    nobody = await api.receive(type="printer.jammed", severity="low", subject="printer/2")

    async def found(outcome: str) -> list[tuple[str, str]]:
        reply = await api("GET", f"/api/v1/events?outcome={outcome}")
        return [(item["id"], item["outcome"]) for item in reply.json()["items"]]

    assert await found("waiting") == [(waits, "waiting")]
    assert await found("unmatched") == [(nobody, "unmatched")]
    for outcome in ("dead", "delivered", "incomplete"):
        assert await found(outcome) == [], outcome
    assert (await api("GET", "/api/v1/events?outcome=gone")).status == 422


async def test_a_wrong_condition_is_pointed_at(api: Api) -> None:
    reply = await api("GET", "/api/v1/events?condition=severity%20%3D%20'high'")
    assert (reply.status, reply.headers["content-type"]) == (422, "application/problem+json")
    problem = reply.json()
    assert (problem["code"], problem["line"], problem["column"]) == ("condition.slip", 1, 10)
    assert problem["point"].splitlines() == ["severity = 'high'", "         ^"]


async def test_an_event_tells_why_and_where_it_went(api: Api) -> None:
    event_id = await api.receive(
        type="printer.jammed", subject="printer/1", severity="critical", data={"place": "Lima"}
    )
    shown = (await api("GET", f"/api/v1/events/{event_id}")).json()
    assert shown["event"]["data"]["place"] == "Lima"
    assert shown["receipt"]["id"] == event_id.replace("evt_", "rcp_")
    assert "authorization" not in shown["receipt"]["headers"]
    assert shown["matched"] == ["Grave", "Printers"]
    why = {rule["name"]: rule for rule in shown["rules"]}
    assert why["Grave"]["matched"] and why["Printers"]["matched"]
    assert not why["webhook:erp"]["matched"]
    # Two rules named one webhook: it is told once.
    assert [(each["lane"], each["rule"]) for each in shown["deliveries"]] == [("webhook:erp", "Grave")]


async def test_why_not_names_the_comparison_that_failed(api: Api) -> None:
    event_id = await api.receive(type="printer.jammed", severity="low", data={"place": "Quito"})
    rules = (await api("GET", f"/api/v1/events/{event_id}")).json()["rules"]
    printers = next(rule for rule in rules if rule["name"] == "Printers")
    assert [why["arguments"]["comparison"] for why in printers["why"]] == ["data.place == 'Lima'"]
    assert printers["why"][0]["arguments"]["actual"] == {"data.place": '"Quito"'}


async def test_a_reroute_makes_new_deliveries_and_an_audit_entry(api: Api) -> None:
    event_id = await api.receive(type="printer.jammed", severity="critical")
    reply = await api("POST", f"/api/v1/events/{event_id}/replay", {"mode": "reroute"})
    assert (reply.status, reply.json()) == (202, {"events": 1, "deliveries": 1})
    deliveries = (await api("GET", f"/api/v1/events/{event_id}")).json()["deliveries"]
    assert [each["generation"] for each in deliveries] == [0, 1]
    entry = (await api("GET", "/api/v1/audit")).json()["items"][0]
    assert (entry["action"], entry["subject"], entry["details"]) == (
        "event.rerouted",
        f"event/{event_id}",
        {"deliveries": 1},
    )


async def test_a_receipt_without_an_event_is_read_again(api: Api) -> None:
    event_id = await api.receive(type="printer.jammed", title="one")
    receipt = event_id.replace("evt_", "rcp_")
    for path in (receipt, event_id):
        reply = await api("POST", f"/api/v1/events/{path}/replay", {"mode": "reparse"})
        assert (reply.status, reply.json()) == (202, {"events": 1, "deliveries": 0})
    subjects = [entry["subject"] for entry in (await api("GET", "/api/v1/audit")).json()["items"]]
    assert subjects == [f"receipt/{receipt}"] * 2
    unknown = "rcp_01KAN7A5YR0000000000000000"
    assert (await api("POST", f"/api/v1/events/{unknown}/replay", {"mode": "reparse"})).status == 404


async def test_everything_since_is_replayed_slice_by_slice(api: Api) -> None:
    for n in range(3):
        await api.receive(type="printer.jammed", severity="critical" if n else "low", title=f"{n}")
    done = (await api("POST", "/api/v1/replays", {"since": "1h", "condition": "severity == 'critical'"})).json()
    assert done == {"events": 2, "deliveries": 2, "next": None}
    for asked, events in (
        ({"outcome": "unmatched"}, 1),
        ({"outcome": "waiting", "condition": "title == '2'"}, 1),
        ({"outcome": "incomplete"}, 0),
        ({"outcome": "delivered", "since": "1h"}, 0),
    ):
        assert (await api("POST", "/api/v1/replays", asked)).json()["events"] == events, asked
    assert (await api("POST", "/api/v1/replays", {"outcome": "gone"})).status == 422
    assert (await api("POST", "/api/v1/replays", {})).status == 422


@pytest.mark.parametrize("path", ["evt_nonsense", "evt_01KAN7A5YR0000000000000000"])
async def test_an_unknown_event_is_a_problem(api: Api, path: str) -> None:
    for reply in (
        await api("GET", f"/api/v1/events/{path}"),
        await api("POST", f"/api/v1/events/{path}/replay", {"mode": "reroute"}),
    ):
        assert (reply.status, reply.headers["content-type"]) == (404, "application/problem+json")
        assert reply.json()["title"] == "There is no such thing."


async def test_what_came_in_is_given_as_it_came_without_its_secrets(api: Api) -> None:
    event_id = await api.receive(
        type="printer.jammed", data={"note": "ñ" * 70_000, "token": "xoxb-1234567890-abcdefghij"}
    )
    raw = (await api("GET", f"/api/v1/events/{event_id}/raw")).json()
    assert raw["truncated"] and len(raw["text"].encode()) <= 65_536 + 100 and "authorization" not in raw["headers"]
    whole = (await api("GET", f"/api/v1/events/{event_id}/raw?whole=true")).json()
    assert not whole["truncated"] and whole["text"].endswith("}") and "xoxb-1234567890" not in whole["text"]
    assert whole["curl"] == ""  # it would hold the secret
    plain = await api.receive(type="printer.jammed", data={"place": "Lima"})
    assert "Lima" in (await api("GET", f"/api/v1/events/{plain}/raw")).json()["curl"]
    for gone in ("evt_01KAN7A5YR0000000000000000", "nothing"):
        assert (await api("GET", f"/api/v1/events/{gone}/raw")).status == 404, gone
        assert (await api("GET", f"/api/v1/events/{gone}/related")).status == 404, gone


async def test_an_event_tells_what_it_belongs_together_with(api: Api) -> None:
    first = await api.receive(type="printer.jammed", subject="printer/1", title="first")
    second = await api.receive(type="printer.cleaned", subject="printer/1", title="second")
    await api.receive(type="printer.jammed", subject="printer/2", title="of another printer")
    [found] = (await api("GET", f"/api/v1/events/{first}/related")).json()["items"]
    assert (found["kind"], found["facts"]["id"], found["facts"]["title"]) == ("following", second, "second")
    assert (await api("GET", f"/api/v1/events/{second}/related")).json()["items"] == []


async def test_views_are_provided_to_a_person(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await api("POST", "/api/v1/users", {"name": "ana", "role": "viewer", "email": "ana@example.com"})
    place, critical = "/api/v1/users/ana/views", {"filters": {"severity": "critical", "since": "1d"}}
    assert (await api("PUT", f"{place}/Lo%20grave", critical)).status == 204
    assert (await api("PUT", f"{place}/Lo%20grave", {"filters": {"severity": "high"}})).status == 204
    [view] = (await api("GET", place)).json()["items"]
    assert (view["name"], view["filters"]) == ("Lo grave", {"severity": "high"})
    assert (await api("PUT", f"{place}/x", {"filters": {}})).status == 422
    assert (await api("PUT", f"{place}/%07", critical)).status == 422
    monkeypatch.setattr(saved_views, "MOST", 1)
    assert (await api("PUT", f"{place}/Lo%20grave", critical)).status == 204
    assert (await api("PUT", f"{place}/Otra", critical)).status == 422
    assert [each["name"] for each in (await api("GET", place)).json()["items"]] == ["Lo grave"]
    assert (await api("DELETE", f"{place}/Lo%20grave")).status == 204
    assert (await api("DELETE", f"{place}/Lo%20grave")).status == 404
    entries = (await api("GET", "/api/v1/audit")).json()["items"]
    told = [entry["action"] for entry in entries if entry["subject"] == "user/ana" and "view" in entry["action"]]
    assert told == ["view.removed", *["view.saved"] * 3]
    assert (await api("GET", "/api/v1/users/nobody/views")).status == 404
