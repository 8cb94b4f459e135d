"""Approvals at the dashboard, without a script: what waits for whom, answering, asking, handing over, standing in."""

from __future__ import annotations

import pytest

from centralita.core.approvers import StageSpec, read_approver
from centralita.services import approvals
from centralita.services.access import Principal
from centralita.services.approvals import NewApproval
from tests.dashboard.office import ADMINISTRATOR, Office, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="module")
CANARY = "<script>alert(1)</script>"


async def _asked(office: Office, *approvers: str, **more: object) -> str:
    """The id of an approval that ana has asked for."""
    stage = StageSpec(approvers=tuple(read_approver(f"{name}@example.com") for name in approvers))
    ana = Principal("user:ana", "ana@example.com", ADMINISTRATOR.permissions)
    given = {"title": f"Notebook {CANARY}", "amount": 1500.5, "currency": "USD", **more}
    made = await approvals.request(office.hub, ana, NewApproval(stages=(stage,), **given))  # type: ignore[arg-type]  # as it is named
    return made.id


async def _person(office: Office, name: str, role: str = "operator") -> Visitor:
    if name not in office.known:
        office.known[name] = await office.person(name, role)
    return office.known[name]


async def test_what_waits_for_somebody_is_answered_once(office: Office) -> None:
    marta, luis = await _person(office, "marta"), await _person(office, "luis")
    id_ = await _asked(office, "marta", "luis", justification="It broke", subject="ticket/4521", source="invgate")
    listed = await marta.get("/approvals")
    assert "1 waits for your answer." in listed.text and "1,500.50 USD" in listed.text and CANARY not in listed.html
    page = await marta.get(f"/approvals/{id_}")
    assert "It broke" in page.text and "ana@example.com" in page.text and CANARY not in page.html
    done = await marta.post(f"/approvals/{id_}/approve", {"note": f"Fine {CANARY}", "stage": "1"})
    assert "It is approved by you." in done.text and "Fine" in done.text and CANARY not in done.html
    late = await luis.post(f"/approvals/{id_}/reject", {"stage": "1"})
    assert late.status == 422 and "marta" in late.text and "approved" in late.text
    assert f"/approvals/{id_}/approve" not in (await luis.get(f"/approvals/{id_}")).forms()
    assert "Nothing waits for your answer." in (await luis.get("/approvals")).text
    assert "Nothing waits" in (await marta.get("/approvals?view=mine")).text
    assert "approved" in (await marta.get("/approvals?view=all&state=approved")).text
    assert "Nothing matches." in (await marta.get("/approvals?view=all&subject=ticket/1")).text


async def test_the_requester_is_asked_and_answers_and_takes_it_back(office: Office) -> None:
    marta, ana = await _person(office, "marta"), await _person(office, "ana")
    id_ = await _asked(office, "marta", note_required="reject")
    unsaid = await marta.post(f"/approvals/{id_}/reject", {"stage": "1"})
    assert unsaid.status == 422 and "It has to be said why." in unsaid.text and 'id="note-fault"' in unsaid.html
    assert (await marta.post(f"/approvals/{id_}/ask", {"text": " "})).status == 422
    asked = await marta.post(f"/approvals/{id_}/ask", {"text": "Which model?"})
    assert "the times stand still" in asked.text and f"/approvals/{id_}/answer" not in asked.forms()
    answered = await ana.post(f"/approvals/{id_}/answer", {"text": "The small one"})
    assert "The approver is told." in answered.text and "The small one" in answered.text
    told = answered.text.partition("Story")[2]
    assert told.index("asked for it") < told.index("Which model?") < told.index("The small one") and "1970" not in told
    assert f"/approvals/{id_}/approve" not in answered.forms()  # nobody approves what they asked for
    back = await ana.post(f"/approvals/{id_}/cancel")
    assert "It is taken back." in back.text and "cancelled" in back.text


async def test_it_is_handed_over_and_decided_on_behalf(office: Office) -> None:
    marta, luis, boss = await _person(office, "marta"), await _person(office, "luis"), await office.as_role("admin")
    id_ = await _asked(office, "marta")
    assert (await marta.post(f"/approvals/{id_}/reassign", {"to": "somebody"})).status == 422
    assert (
        "Somebody else is asked now."
        in (await marta.post(f"/approvals/{id_}/reassign", {"to": "luis@example.com"})).text
    )
    assert "1 waits for your answer." in (await luis.get("/approvals")).text
    page = await boss.get(f"/approvals/{id_}")
    assert "not asked for an answer" in page.text and 'value="luis@example.com"' in page.html
    done = await boss.post(f"/approvals/{id_}/reject", {"on_behalf_of": "luis@example.com", "note": "No"})
    assert "It is rejected by you." in done.text
    assert "rejected luis@example.com, entered by the-admin" in done.text


async def test_somebody_stands_in_and_it_is_ended(office: Office) -> None:
    marta, luis = await _person(office, "marta"), await _person(office, "luis")
    for given in (
        {"to": "luis"},
        {"to": "luis@example.com", "ends": "soon"},
        {"to": "marta@example.com", "ends": "2099-01-05"},
    ):
        assert (await marta.post("/approvals/delegates", given)).status == 422
    made = await marta.post("/approvals/delegates", {"to": "luis@example.com", "ends": "2099-01-05"})
    assert "luis@example.com stands in." in made.text
    id_ = await _asked(office, "marta")
    assert "1 waits for your answer." in (await luis.get("/approvals")).text
    assert "It is approved by you." in (await luis.post(f"/approvals/{id_}/approve")).text
    zoned = await marta.get("/approvals/delegates", cookie="centralita_tz=America%2FLima")
    assert "2099-01-05 19:00:00 -05" in zoned.text  # without a zone of the reader's days are those of UTC
    end = next(form for form in made.forms() if form.endswith("/end"))
    assert "Only for oneself" in (await luis.post(end)).text
    assert "It is over." in (await marta.post(end)).text


async def test_viewers_only_read(office: Office) -> None:
    sam = await office.as_role("viewer")
    id_ = await _asked(office, "marta")
    assert not any(form.startswith("/approvals") for form in (await sam.get(f"/approvals/{id_}")).forms())
    for action in ("approve", "reject", "ask", "reassign", "answer", "cancel"):
        assert (await sam.post(f"/approvals/{id_}/{action}", {"text": "x", "to": "a@example.com"})).status == 403
    assert (await sam.post("/approvals/delegates")).status == 403
    assert (await sam.get("/approvals/apr_x")).status == 404
    assert (await sam.post(f"/approvals/{id_}/explode")).status == 404
