"""The events in real Chromium: rows that come by themselves, keys, one event whole, replays."""

from __future__ import annotations

import asyncio
import secrets

import msgspec
import pytest
from playwright.async_api import CDPSession, Route, expect

from centralita.ports import RawRequest
from centralita.services import replays
from centralita.services.events import detail
from centralita.web.dashboard import event_replays
from tests.browser.looks import Look, Setting, in_every_setting
from tests.dashboard.office import SECRET, Office

pytestmark = pytest.mark.asyncio(loop_scope="module")


@in_every_setting("es-390-light")
async def test_rows_come_by_themselves_until_somebody_is_at_one(office: Office, look: Look, setting: Setting) -> None:
    ana = await look("admin")
    await office.receive(type="printer.cleaned", title=f"there before {setting.slug}")
    await ana.go("/events")
    await ana.page.wait_for_selector("[data-following=yes]")
    await office.receive(type="printer.cleaned", title=f"came by itself {setting.slug}")
    await expect(ana.page.locator("a.open").first).to_have_text(f"came by itself {setting.slug}")
    await ana.page.locator("input[name=event]").first.check()
    await office.receive(type="printer.cleaned", title=f"waits behind the bar {setting.slug}")
    bar = ana.page.locator("[data-newer]")
    await expect(bar).to_have_text(ana.words("{count} new: show them", count=1))
    await expect(ana.page.locator("a.open").first).to_have_text(f"came by itself {setting.slug}")
    await ana.page.keyboard.press("u")
    await expect(ana.page.locator("a.open").first).to_have_text(f"waits behind the bar {setting.slug}")
    await expect(bar).to_be_hidden()


async def _burst(office: Office, count: int) -> str:
    """As many events as come at once; the newest, when all can be seen."""
    headers = (("authorization", f"Bearer {SECRET}"), ("content-type", "application/json"))

    async def send() -> str:
        body = msgspec.json.encode({"type": "printer.cleaned", "title": f"burst {secrets.token_hex(6)}"})
        request = RawRequest(method="POST", query="", headers=headers, body=body)
        answer = await office.hub.ingest.receive("desk", request)
        assert answer.status == 202
        return str(msgspec.json.decode(answer.body)["id"]).replace("rcp_", "evt_")

    newest = max(await asyncio.gather(*(send() for _ in range(count))))
    with office.hub.bell.listening(["desk", newest.removeprefix("evt_")]) as ear:
        while await detail(office.hub, newest) is None:
            await ear.wait()
            ear.clear()
    return newest


async def _nodes(session: CDPSession) -> int:
    """All that the page holds, what it has thrown away left out."""
    await session.send("HeapProfiler.collectGarbage")
    metrics = (await session.send("Performance.getMetrics"))["metrics"]
    return int(next(each["value"] for each in metrics if each["name"] == "Nodes"))


@pytest.mark.parametrize(
    "setting",
    [
        Setting("en", 1360, "dark"),
        *(pytest.param(each, marks=pytest.mark.long) for each in (Setting("es"), Setting("es", 390, "dark"))),
        pytest.param(Setting("en", 390), marks=pytest.mark.long),
    ],
    ids=lambda each: each.slug,
)
async def test_a_burst_moves_nothing_that_somebody_reads_and_the_page_does_not_grow(office: Office, look: Look) -> None:
    await _burst(office, 60)
    ana = await look("admin")
    await ana.go("/events")
    await ana.page.wait_for_selector("[data-following=yes]")
    session = await ana.page.context.new_cdp_session(ana.page)
    await session.send("Performance.enable")
    rows, bar = ana.page.locator("tr[data-row]"), ana.page.locator("[data-newer]")
    await expect(rows).to_have_count(50)
    before = await _nodes(session)
    for _ in range(3):
        newest = await _burst(office, 500)
        await expect(rows.first.locator("input")).to_have_attribute("value", newest)
        await expect(rows).to_have_count(50)
    assert await _nodes(session) < before * 1.5

    await ana.page.evaluate("window.scrollTo(0, 700)")
    read = rows.nth(25)
    place, said = await read.bounding_box(), await read.locator("a.open").inner_text()
    await _burst(office, 500)
    await expect(bar).to_have_text(ana.words("{count} new: show them", count=500))
    await expect(bar).to_be_in_viewport()
    assert (await read.bounding_box(), await read.locator("a.open").inner_text()) == (place, said)
    await bar.click()
    await expect(bar).to_be_hidden()
    assert await ana.page.evaluate("window.scrollY") == 0


@in_every_setting("es-1360-dark")
async def test_news_come_where_no_stream_does_and_none_is_held_by_a_tab_that_nobody_sees(
    office: Office, look: Look, setting: Setting
) -> None:
    streams: list[str] = []

    async def keep_back(route: Route) -> None:
        if "text/event-stream" not in (route.request.headers.get("accept") or ""):
            await route.continue_()
            return
        streams.append(route.request.url)
        await route.fulfill(status=204)

    ana = await look("admin")
    await ana.page.clock.install()
    await ana.page.route("**/events/live?*", keep_back)
    await ana.go("/events")
    await office.receive(type="printer.cleaned", title=f"came without a stream {setting.slug}")
    newest = ana.page.locator("a.open").first
    async with ana.page.expect_response(lambda answer: "/events/live" in answer.url and answer.status == 200):
        await ana.page.clock.run_for(6_000)
    await expect(newest).to_have_text(f"came without a stream {setting.slug}")
    await ana.page.clock.run_for(2_000)

    await ana.page.unroute("**/events/live?*")
    await ana.page.evaluate(_SEEN, False)
    assert await ana.page.locator("[data-following]").count() == 0
    await office.receive(type="printer.cleaned", title=f"while nobody saw the tab {setting.slug}")
    await ana.page.evaluate(_SEEN, True)
    await expect(newest).to_have_text(f"while nobody saw the tab {setting.slug}")
    await expect(ana.page.locator("[data-following=yes]")).to_have_count(1)
    assert len(streams) >= 1


_SEEN = """(seen) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => !seen });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
"""What a browser does when its tab goes to the back, or comes to the front."""


@in_every_setting("es-1360-light")
async def test_an_event_is_found_opened_and_replayed_by_keys(office: Office, look: Look, setting: Setting) -> None:
    title = f"Sin tóner en {setting.slug}"
    event = await office.receive(type="printer.jammed", title=title, severity="critical")
    ana = await look("admin")
    await ana.go("/events")
    await ana.page.keyboard.press("/")
    await ana.page.keyboard.type(title.replace("tóner", "TÓNER"))
    await ana.page.keyboard.press("Enter")
    await ana.page.wait_for_url("**/events?text=*")
    await ana.page.keyboard.press("j")
    await ana.page.keyboard.press("o")
    await ana.page.wait_for_url(f"**/events/{event}")
    await ana.page.locator("details.replay summary").focus()
    await ana.page.keyboard.press("Enter")
    await ana.page.keyboard.press("Tab")
    await ana.page.keyboard.press("Enter")
    await expect(ana.told).to_have_text(ana.words("Replayed. Deliveries queued: {deliveries}.", deliveries=1))


@in_every_setting("en-390-dark")
async def test_all_that_match_go_on_by_themselves(
    office: Office, look: Look, setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "SLICE", 1)
    monkeypatch.setattr(event_replays, "BUDGET_S", 0.0)
    for number in range(3):
        await office.receive(type="printer.jammed", title=f"again {number}", subject=f"printer/{setting.slug}")
    ana = await look("admin")
    await ana.go(f"/events?subject=printer%2F{setting.slug}")
    await ana.press("Replay all that match…")
    await ana.press("Replay them")
    done = ana.words("Events replayed: {events}. Deliveries queued: {deliveries}.", events=3, deliveries=0)
    await expect(ana.page.locator("#replaying")).to_contain_text(done)
