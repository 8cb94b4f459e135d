"""Getting to one event: by its id in the search field or the palette, and by sending a test event."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.looks import Look, Setting, in_every_setting
from tests.dashboard.office import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")


@in_every_setting()
async def test_an_event_is_found_by_its_id_or_its_words_from_anywhere(
    office: Office, look: Look, setting: Setting
) -> None:
    event = await office.receive(type="printer.jammed", title=f"Perdida {setting.slug}")
    ana = await look("viewer")
    field, found = ana.page.locator("#find"), ana.page.locator("#palette-list a")
    await ana.go("/")
    await field.fill(f" {event} ")
    await field.press("Enter")
    await ana.page.wait_for_url(f"**/events/{event}")
    await ana.go("/webhooks")
    await field.fill(f"perdida {setting.slug}")
    await field.press("Enter")
    await expect(ana.page.locator("[data-row] a.open")).to_have_text([f"Perdida {setting.slug}"])

    await ana.go("/webhooks")
    await ana.page.keyboard.press("Control+k")
    await ana.page.keyboard.type(event)
    await expect(found.first).to_have_text(event)
    await found.first.click()
    await ana.page.wait_for_url(f"**/events/{event}")
    await ana.page.keyboard.press("Control+k")
    await ana.page.keyboard.type(f"perdida {setting.slug}")
    await found.get_by_text(ana.words("Search the events for “{text}”", text=f"perdida {setting.slug}")).click()
    await ana.page.wait_for_url("**/events?text=*")
    await expect(ana.page.locator("[data-row] a.open")).to_have_text([f"Perdida {setting.slug}"])
    await field.fill("evt_01KAN7A5YR0000000000000000")
    await field.press("Enter")
    await expect(ana.page.locator("h1")).to_be_visible()
    await expect(ana.page.get_by_role("link", name=ana.words("Overview"), exact=True).first).to_be_visible()


@in_every_setting("es-390-dark")
async def test_a_test_event_is_sent_from_the_overview_and_shows_where_it_went(office: Office, look: Look) -> None:
    ana = await look("admin")
    await ana.go("/")
    await ana.press("Send a test event")
    example = ana.field("Example")
    chosen = await example.locator("option").first.get_attribute("value")
    await example.select_option(chosen)
    await ana.press("Send it")
    await ana.page.wait_for_url("**/events/evt_*")
    said = ana.words("The test event went in by {source}, and this is what came of it.", source="desk")
    await expect(ana.told).to_have_text(said)
    await expect(ana.page.locator("section.cable")).to_contain_text("desk")
    await expect(ana.page.locator("ol.story")).to_contain_text(ana.words("Came in from {source}", source="desk"))
