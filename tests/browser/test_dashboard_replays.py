"""Doing it again, by the pointer: one event in each of its ways, one delivery, the ticked ones."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.browser.looks import Look, Setting, in_every_setting
from tests.dashboard.office import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")


@in_every_setting()
async def test_an_event_is_replayed_in_each_way_and_its_story_says_by_whom(
    office: Office, look: Look, setting: Setting
) -> None:
    event = await office.receive(type="printer.jammed", title=f"De nuevo {setting.slug}", severity="critical")
    await office.settled(event)
    ana = await look("admin")
    await ana.go(f"/events/{event}")
    queued = ana.words("Replayed. Deliveries queued: {deliveries}.", deliveries=1)
    for number, (way, said) in enumerate((
        ("By today's rules", queued),
        ("As it was sent", queued),
        ("From its bytes", ana.words("It is being read from its bytes again.")),
    )):  # fmt: skip
        choice = ana.page.locator("button.choice").filter(has_text=ana.words(way))
        await expect(choice).to_be_hidden()
        await ana.page.locator("details.replay > summary").click()
        await choice.click()
        await expect(ana.told).to_have_text(said)
        await expect(ana.page).to_have_url(re.compile(f"/events/{event}$"))
        await office.settled(event, min(3, 2 + number))
    await ana.page.reload()
    story = ana.page.locator("ol.story")
    for did in ("had the rules decide again", "sent a delivery again", "read from its bytes again"):
        await expect(story).to_contain_text(ana.words(did))

    await ana.press("Attempts")
    await expect(ana.page.get_by_text(ana.words("replay {number}", number=2))).to_be_visible()
    await ana.press("Send again")
    await expect(ana.told).to_contain_text(ana.words("It is sent again as {id}.", id="dlv_").rstrip("."))
    await office.settled(event, 4)
    await ana.page.reload()
    await expect(ana.page.get_by_text(ana.words("replay {number}", number=3))).to_be_visible()


@in_every_setting()
async def test_the_ticked_ones_are_replayed_and_the_filters_stay(office: Office, look: Look, setting: Setting) -> None:
    subject = f"printer/ticked-{setting.slug}"
    for number in range(3):
        title = f"Lote {number} {setting.slug}"
        event = await office.receive(type="printer.jammed", title=title, subject=subject, severity="critical")
        await office.settled(event)
    ana = await look("admin")
    ticks = ana.page.locator("[data-row] input[name=event]")
    await ana.go(f"/events?text=lote&subject=printer%2Fticked-{setting.slug}")
    await ana.press("Replay the ticked ones")
    await expect(ana.told).to_have_text(ana.words("Nothing was ticked."))
    await ticks.nth(0).check()
    await ticks.nth(2).check()
    await ana.page.locator("select[name=mode]").select_option(label=ana.words("as it was sent"))
    await ana.press("Replay the ticked ones")
    counted = "Events replayed: {events}. Deliveries queued: {deliveries}."
    await expect(ana.told).to_have_text(ana.words(counted, events=2, deliveries=2))
    await expect(ana.page.locator(".filters [name=text]")).to_have_value("lote")
    await ana.field("The whole page").check()
    await expect(ana.page.locator("[data-row] input[name=event]:checked")).to_have_count(3)
    await ana.press("Replay the ticked ones")
    await expect(ana.told).to_have_text(ana.words(counted, events=3, deliveries=3))


@in_every_setting()
async def test_from_bytes_only_single_ones_and_a_large_replay_can_be_left(
    office: Office, look: Look, setting: Setting
) -> None:
    event = await office.receive(type="printer.cleaned", title=f"Bytes {setting.slug}")
    ana = await look("operator")
    await ana.go(f"/events?text=bytes+{setting.slug}")
    await ana.page.locator("select[name=mode]").select_option(label=ana.words("from its bytes"))
    await ana.press("Replay all that match…")
    await expect(ana.told).to_have_text(ana.words("From its bytes only single events are replayed: tick them."))
    await ana.press("Replay all that match…")
    await expect(ana.page.locator("#replaying")).to_contain_text(f"bytes {setting.slug}")
    await ana.press("Back to the events")
    await ana.page.wait_for_url("**/events")
    sam = await look("viewer")
    await sam.go(f"/events/{event}")
    await expect(sam.page.locator("details.replay")).to_have_count(0)
    await sam.go("/events")
    await expect(sam.page.locator("[data-row] input")).to_have_count(0)
