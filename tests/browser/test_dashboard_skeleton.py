"""What holds on every page of the dashboard, in real Chromium: the palette, the keys, languages, colours, axe."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Look
from tests.dashboard.office import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_palette_opens_by_ctrl_k_and_leads_to_what_is_named(office: Office, look: Look) -> None:
    ana = await look("admin", "es")
    await ana.go("/")
    await ana.page.keyboard.press("Control+k")
    await expect(ana.page.locator("#palette")).to_be_visible()
    await ana.page.keyboard.type("origenes")  # without its accent
    await ana.page.keyboard.press("Enter")
    await ana.page.wait_for_url("**/sources")


async def test_a_question_mark_explains_the_keys_and_escape_leaves(look: Look) -> None:
    ana = await look("admin", "es")
    await ana.go("/")
    await ana.page.keyboard.press("?")
    await expect(ana.page.get_by_role("heading", name="Teclado")).to_be_visible()
    await ana.page.keyboard.press("Escape")
    await expect(ana.page.get_by_role("heading", name="Teclado")).not_to_be_visible()
    await ana.page.keyboard.press("/")
    assert await ana.page.evaluate("document.activeElement.id") == "find"


async def test_colours_and_language_change_by_one_click_and_stay(look: Look) -> None:
    sam = await look("viewer", "en", theme="dark")
    await sam.go("/")
    await expect(sam.page.locator("html")).to_have_attribute("data-bs-theme", "dark")  # as the system
    await sam.page.get_by_role("button", name="Colours: as the system").click()
    await expect(sam.page.locator("html")).to_have_attribute("data-bs-theme", "light")
    await sam.page.get_by_role("button", name="Español").click()
    await expect(sam.page.locator("html")).to_have_attribute("lang", "es")
    await sam.page.get_by_role("button", name="English").click()
    await expect(sam.page.locator("html")).to_have_attribute("lang", "en")


async def test_everything_is_reached_without_a_script(look: Look) -> None:
    ana = await look("admin", "en", script=False)
    await ana.go("/")
    await ana.page.get_by_label("Search or command").first.fill("erp")
    await ana.page.keyboard.press("Enter")
    await ana.page.wait_for_url("**/webhooks/erp")
    await ana.page.get_by_role("button", name="Sign out").or_(ana.page.locator("summary")).first.click()
    await ana.page.get_by_role("button", name="Sign out").click()
    await ana.page.wait_for_url("**/sign-in")


PLACES = (
    *("/", "/events", "/webhooks", "/approvals", "/sources", "/rules", "/audit", "/users", "/tokens", "/profile"),
    *("/dead-letters", "/setup", "/test-event", "/users/the-admin", "/approvals/delegates"),
)
