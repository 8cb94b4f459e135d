"""What holds on every page of the dashboard, in real Chromium: the palette, the keys, languages, colours."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.looks import Look, Setting, in_every_setting

pytestmark = pytest.mark.asyncio(loop_scope="module")


@in_every_setting("es-1360-light")
async def test_the_palette_opens_by_ctrl_k_and_leads_to_what_is_named(look: Look) -> None:
    ana = await look("admin")
    await ana.go("/")
    await ana.page.keyboard.press("Control+k")
    await expect(ana.page.locator("#palette")).to_be_visible()
    await ana.page.keyboard.type({"es": "origenes", "en": "SOURCES"}[ana.setting.locale])  # without its accent
    await ana.page.keyboard.press("Enter")
    await ana.page.wait_for_url("**/sources")


@in_every_setting("es-1360-dark")
async def test_a_question_mark_explains_the_keys_and_escape_leaves(look: Look) -> None:
    ana = await look("admin")
    keyboard = ana.page.get_by_role("heading", name=ana.words("Keyboard"))
    await ana.go("/")
    await ana.page.keyboard.press("?")
    await expect(keyboard).to_be_visible()
    await ana.page.keyboard.press("Escape")
    await expect(keyboard).not_to_be_visible()
    await ana.page.keyboard.press("/")
    assert await ana.page.evaluate("document.activeElement.id") == "find"


@in_every_setting("en-390-dark")
async def test_colours_and_language_change_by_one_click_and_stay(look: Look, setting: Setting) -> None:
    sam = await look("viewer", person=f"sam-{setting.slug}")
    html, other = sam.page.locator("html"), {"es": "English", "en": "Español"}[setting.locale]
    await sam.go("/")
    await expect(html).to_have_attribute("data-bs-theme", setting.theme)  # as the system
    await sam.press("Colours: as the system")
    await expect(html).to_have_attribute("data-bs-theme", "light")
    await sam.press("Colours: light")
    await expect(html).to_have_attribute("data-bs-theme", "dark")
    await sam.page.get_by_role("button", name=other).click()
    await expect(html).to_have_attribute("lang", {"es": "en", "en": "es"}[setting.locale])
    await sam.go("/events")
    await expect(html).to_have_attribute("lang", {"es": "en", "en": "es"}[setting.locale])
    await expect(html).to_have_attribute("data-bs-theme", "dark")


@in_every_setting("en-1360-light")
async def test_everything_is_reached_without_a_script(look: Look, setting: Setting) -> None:
    ana = await look("admin", script=False, person=f"ana-{setting.slug}")
    await ana.go("/")
    await ana.field("Search or command").fill("erp")
    await ana.page.keyboard.press("Enter")
    await ana.page.wait_for_url("**/webhooks/erp")
    await ana.page.locator("details.menu > summary").first.click()
    await ana.press("Sign out")
    await ana.page.wait_for_url("**/sign-in")
