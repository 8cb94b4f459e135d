"""Deliveries that were given up, seen to without a script."""

from __future__ import annotations

import msgspec
import pytest

from centralita.services.replays import dead_letters
from centralita.store import deliveries, history
from centralita.store.database import Transaction
from tests.dashboard.office import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")
CANARY = '"><img src=x onerror=alert(1)>'


async def give_up(office: Office, event_id: str, reason: str = "http.status") -> str:
    """Makes another delivery of an event's first one, that was given up; its id."""
    found = await office.hub.database.read(lambda tx: history.of_event(tx, event_id))

    def write(tx: Transaction) -> int:
        number = deliveries.allocate_ids(tx, 1)[0]
        before = found[0]
        dead = msgspec.structs.replace(
            before, id=number, state="dead", rule=f"Again {number}", reason=reason, detail=f"500 {CANARY}"
        )
        history.append(tx, [dead], [])
        return number

    return f"dlv_{await office.hub.database.write(write)}"


async def printed(office: Office, title: str = "Sin tóner") -> str:
    """An event that was delivered."""
    event_id = await office.receive(
        type="printer.jammed", severity="critical", title=title, id=title, data={"place": "Lima"}
    )
    ear_for = (event_id.removeprefix("evt_").partition("_")[0], "desk")
    with office.hub.bell.listening(ear_for) as ear:
        while not await office.hub.database.read(lambda tx: history.of_event(tx, event_id)):
            await ear.wait()
            ear.clear()
    return event_id


async def left(office: Office) -> list[str]:
    """Ids of the dead letters that there are."""
    return [each.id for each in await dead_letters(office.hub, "", None, 500, 0)]


async def test_the_empty_list_says_what_would_be_here(office: Office) -> None:
    admin = await office.as_role("admin")
    seen = await admin.get("/dead-letters")
    assert seen.status == 200
    assert "Nothing was given up." in seen.text and "Nothing is dropped in silence." in seen.text


async def test_one_is_sent_again_and_another_laid_to_rest(office: Office) -> None:
    admin = await office.as_role("admin")
    event_id = await printed(office)
    again, rest = await give_up(office, event_id), await give_up(office, event_id)
    seen = await admin.get("/dead-letters")
    assert "2 deliveries were given up" in seen.text
    assert "Sin tóner" in seen.text and "webhook:erp" in seen.text and "500" in seen.text
    assert f"/events/{event_id}" in seen.links()

    seen = await admin.post("/dead-letters/resend", {"only": again})
    assert "Sent again: 1." in seen.text
    assert await left(office) == [rest]
    seen = await admin.post("/dead-letters/dismiss", {"delivery": [rest, again]})
    assert "Laid to rest: 1. Somebody had seen to 1 already." in seen.text
    assert await left(office) == []


async def test_all_of_a_lane_but_those_that_have_to_be_looked_at(office: Office) -> None:
    admin = await office.as_role("admin")
    event_id = await printed(office, "Atasco")
    for _number in range(3):
        await give_up(office, event_id)
    doubtful = await give_up(office, event_id, "invgate.outcome_unknown")
    assert "Look first" in (await admin.get("/dead-letters")).text
    seen = await admin.post("/dead-letters/resend-all", {"lane": "webhook:erp"})
    assert "Sent again: 3." in seen.text
    assert await left(office) == [doubtful]
    assert "Nothing matches." in (await admin.get("/dead-letters?lane=webhook:other")).text
    await admin.post("/dead-letters/dismiss", {"only": doubtful})


@pytest.mark.parametrize("ids", [[], ["dlv_"], ["dlv_x"], ["-1"], ["dlv_" + "9" * 30]])
async def test_what_is_no_delivery_changes_nothing(office: Office, ids: list[str]) -> None:
    admin = await office.as_role("admin")
    seen = await admin.post("/dead-letters/resend", {"delivery": ids})
    assert seen.status == 200 and "Nothing was ticked." in seen.text


async def test_what_a_sender_or_receiver_wrote_is_text(office: Office) -> None:
    admin = await office.as_role("admin")
    letter = await give_up(office, await printed(office, f"Papel {CANARY}"))
    html = (await admin.get("/dead-letters")).html
    assert "<img" not in html and "&lt;img src=x onerror=alert(1)&gt;" in html
    await admin.post("/dead-letters/dismiss", {"only": letter})


async def test_who_may_only_look_sees_no_buttons(office: Office) -> None:
    letter = await give_up(office, await printed(office, "Bandeja"))
    viewer, operator = await office.as_role("viewer"), await office.as_role("operator")
    seen = await viewer.get("/dead-letters")
    assert "Bandeja" in seen.text and "Send again" not in seen.text
    assert (await viewer.post("/dead-letters/dismiss", {"only": letter})).status == 403
    assert (await operator.post("/dead-letters/dismiss", {"only": letter})).status == 200
    assert letter not in await left(office)


async def test_the_list_goes_on(office: Office) -> None:
    admin = await office.as_role("admin")
    event_id = await printed(office, "Página")
    found = (await office.hub.database.read(lambda tx: history.of_event(tx, event_id)))[0]

    def write(tx: Transaction) -> None:
        numbers = deliveries.allocate_ids(tx, 60)
        rows = [
            msgspec.structs.replace(found, id=each, state="dead", rule=f"Rule {each}", reason="http.status")
            for each in numbers
        ]
        history.append(tx, rows, [])

    await office.hub.database.write(write)
    first = await admin.get("/dead-letters")
    next_ = next(link for link in first.links() if link.startswith("/dead-letters?after="))
    second = await admin.get(next_)
    assert first.html.count("<tr data-row>") == 50 and second.html.count("<tr data-row>") == 10
    assert "/dead-letters" in second.links()
