"""Incidents over the API: what is answered, what is refused, and the timeline as a document."""

from __future__ import annotations

import pytest

from tests.api.conftest import Api


async def test_an_incident_over_the_api(api: Api) -> None:
    body = {"title": "No *network*", "priority": "high", "affected_cis": [{"id": "SW-02"}]}
    created = await api("POST", "/api/v1/incidents", body)
    assert (created.status, created.json()["id"], created.json()["state"]) == (201, "INC-1", "open")
    assert (await api("POST", "/api/v1/incidents", {"title": " "})).json()["code"] == "incident.title_missing"
    changed = await api("PATCH", "/api/v1/incidents/inc-1", {"priority": "critical"})
    assert changed.json()["priority"] == "critical"
    assert (await api("POST", "/api/v1/incidents/1/assign", {"to": "luis@example.com"})).json()["assignee"]["email"]
    assert (await api("POST", "/api/v1/incidents/1/acknowledge")).json()["state"] == "acknowledged"
    assert (await api("POST", "/api/v1/incidents/1/comments", {"text": "# It is\nthe switch"})).status == 201
    assert (await api("POST", "/api/v1/incidents/1/resolve", {"note": "Replaced"})).json()["resolution"] == "Replaced"
    refused = await api("POST", "/api/v1/incidents/1/assign", {"to": ""})
    assert (refused.status, refused.json()["code"]) == (409, "incident.is_resolved")
    assert (await api("POST", "/api/v1/incidents/1/reopen")).json()["state"] == "open"
    assert (await api("GET", "/api/v1/incidents/99")).status == 404
    listed = (await api("GET", "/api/v1/incidents?state=unresolved&assignee=luis@example.com")).json()
    assert [each["id"] for each in listed["items"]] == ["INC-1"]

    lines = (await api("GET", "/api/v1/incidents/1/timeline")).json()["entries"]
    assert [each["kind"] for each in lines] == [
        *("create", "change", "assign", "acknowledge", "comment", "resolve", "reopen"),
    ]
    document = await api("GET", "/api/v1/incidents/1/timeline", headers={"accept": "text/markdown"})
    text = document.body.decode()
    assert document.headers["content-type"].startswith("text/markdown")
    assert "# INC-1 · No \\*network\\*" in text and "> \\# It is" in text and "Priority: High → Critical" in text


async def test_whoever_may_only_look_changes_nothing(api: Api) -> None:
    await api("POST", "/api/v1/incidents", {"title": "No network"})
    viewer = await api.holding("incident.read")
    assert (await viewer("GET", "/api/v1/incidents/1")).status == 200
    for path in ("", "/1/acknowledge", "/1/assign", "/1/resolve", "/1/reopen", "/1/comments"):
        body = {"title": "x"} if not path else {"text": "x"} if path.endswith("comments") else {}
        assert (await viewer("POST", f"/api/v1/incidents{path}", body)).status == 403, path


@pytest.mark.parametrize("query", ["state=gone", "priority=urgent"])
async def test_what_there_cannot_be_is_not_looked_for(api: Api, query: str) -> None:
    assert (await api("GET", f"/api/v1/incidents?{query}")).status == 422


async def test_somebody_takes_charge_of_an_event_once(api: Api) -> None:
    event = await api.receive(type="printer.jammed", subject="printer/1", title="Jam", severity="high", phase="open")
    taken = await api("POST", f"/api/v1/events/{event}/acknowledge")
    assert (taken.status, taken.json()["event"]) == (200, event)
    assert (await api("POST", f"/api/v1/events/{event}/acknowledge")).json() == taken.json()
    other = await api.holding("incident.acknowledge")
    late = await other("POST", f"/api/v1/events/{event}/acknowledge")
    assert (late.status, late.json()["code"]) == (409, "alert.is_acknowledged")
    assert (await api("POST", "/api/v1/events/evt_nothing/acknowledge")).status == 404
