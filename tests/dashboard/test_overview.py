"""The first page: one sentence, what needs somebody with its one click, who sends, where it goes."""

from __future__ import annotations

import pytest

from centralita.sandbox.sink.answers import AnswerPlan
from centralita.services import lanes
from centralita.services.lanes import listing
from centralita.store import history
from tests.dashboard.bench import Bench
from tests.dashboard.office import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")
CANARY = '"><img src=x onerror=alert(1)>'


async def delivered(office: Office, title: str) -> str:
    """An event that has reached the webhook."""
    event_id = await office.receive(type="printer.jammed", severity="critical", title=title, id=title)
    ulid = event_id.removeprefix("evt_").partition("_")[0]
    with office.hub.bell.listening((ulid, "desk")) as ear:
        while not await office.hub.database.read(lambda tx: history.of_event(tx, event_id)):
            await ear.wait()
            ear.clear()
    return event_id


async def test_an_empty_hub_teaches(office: Office) -> None:
    admin, viewer = await office.as_role("admin"), await office.as_role("viewer")
    seen = await admin.get("/")
    assert "Everything is ready; no event has come yet." in seen.text
    assert "/setup" in seen.links() and "/test-event" in seen.links()
    seen = await viewer.get("/")
    assert seen.status == 200 and not {"/setup", "/test-event"} & set(seen.links())


async def test_what_flows_is_told(office: Office) -> None:
    admin = await office.as_role("admin")
    await delivered(office, "Sin tóner")
    seen = await admin.get("/")
    assert "Everything is flowing. Last event" in seen.text
    assert "1 / 30 min" in seen.text
    assert "/sources/desk" in seen.links() and "/webhooks/erp" in seen.links()
    assert "Nothing. Whatever is given up" in seen.text


async def test_a_paused_lane_is_told_and_goes_on_by_one_click(office: Office) -> None:
    admin, operator, viewer = [await office.as_role(role) for role in ("admin", "operator", "viewer")]
    await delivered(office, "Papel")
    pause = next(action for action in (await operator.get("/")).forms() if action.startswith("/lanes/pause"))
    seen = await operator.post(pause)
    assert "webhook:erp is paused. What comes in waits; none is lost." in seen.text
    assert "1 lane is paused: webhook:erp" in seen.text
    undo = "/lanes/resume?lane=webhook%3Aerp"
    assert undo in seen.forms()
    assert not [action for action in (await viewer.get("/")).forms() if action.startswith("/lanes/")]
    assert (await viewer.post(undo)).status == 403
    await office.receive(type="printer.jammed", severity="critical", title="Waits", id="Waits")
    assert "webhook:erp is paused. Waiting there: 1; none is lost." in (await admin.get("/")).text
    assert "webhook:erp goes on." in (await operator.post(undo)).text
    assert [each.state for each in await listing(office.hub)] != ["paused"]
    assert (await operator.post("/lanes/resume?lane=nobody")).status == 404


async def test_the_part_that_looks_again_brings_its_sentence_with_it(office: Office) -> None:
    admin = await office.as_role("admin")
    await lanes.set_paused(office.hub, "tests", "webhook:erp", True)
    seen = await admin.get("/", **{"hx-request": "true", "hx-target": "now"})
    assert "<html" not in seen.html and 'id="now"' in seen.html and "hx-swap-oob" in seen.html
    assert "hx-swap-oob" not in (await admin.get("/")).html
    await lanes.set_paused(office.hub, "tests", "webhook:erp", False)


async def test_a_test_event_goes_the_whole_way(office: Office) -> None:
    admin = await office.as_role("admin")
    seen = await admin.get("/test-event?source=desk")
    name = seen.html.partition('value="desk/')[2].partition('"')[0]
    sent = await admin.post("/test-event", {"example": f"desk/{name}"}, follow=False)
    assert sent.status == 303 and sent.headers["location"].startswith("/events/evt_")
    for wrong in ("desk/nothing", "nobody/nothing", "", CANARY):
        seen = await admin.post("/test-event", {"example": wrong})
        assert seen.status == 422 and "There is no such" in seen.text and "<img" not in seen.html
    assert (await (await office.as_role("operator")).post("/test-event", {"example": "desk/x"})).status == 403


async def test_what_somebody_else_named_is_text(office: Office) -> None:
    admin = await office.as_role("admin")
    await office.hub.database.write(
        lambda tx: tx.connection.cursor().execute(
            "update lanes set last_error = ?, paused_reason = ?", (CANARY, CANARY)
        )
    )
    await lanes.set_paused(office.hub, "tests", "webhook:erp", True)
    html = (await admin.get("/")).html
    assert "<img" not in html and "&lt;img src=x" in html
    await lanes.set_paused(office.hub, "tests", "webhook:erp", False)


async def test_open_errors_lead_to_a_webhook_that_is_there(bench: Bench) -> None:
    for name in ("stays", "goes"):
        await bench.sink.answer(AnswerPlan(path=f"/{name}", status=410))
        await bench.make(name, types=[f"printer.{name}"])
        await bench.tried(name, await bench.office.receive(type=f"printer.{name}", subject=f"printer/{name}"))

    async def led_to() -> list[str]:
        return [link for link in (await bench.ana.get("/")).links() if "/errors" in link]

    assert await led_to() == ["/webhooks/goes/errors?state=open"]
    await bench.ana.post("/webhooks/goes/remove")
    assert await led_to() == ["/webhooks/stays/errors?state=open"]
    await bench.ana.post("/webhooks/stays/remove")
    assert await led_to() == []
    assert "webhook error" not in (await bench.ana.get("/")).text
