"""Coming in and one's own things in real Chromium: signing in and out, preferences, the password, other browsers."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.looks import Look, Looking, Setting, in_every_setting
from tests.dashboard.office import PASSWORD, Office

pytestmark = pytest.mark.asyncio(loop_scope="module")
OTHER = "cuatro llamas en la azotea"


async def signs_in(who: Looking, name: str, password: str = PASSWORD) -> None:
    """By the form."""
    await who.field("Name or e-mail").fill(name)
    await who.field("Password").fill(password)
    await who.press("Sign in")


async def signs_out(who: Looking) -> None:
    """By the menu at the top."""
    await who.page.locator("header.top summary").click()
    await who.press("Sign out")
    await who.page.wait_for_url("**/sign-in")


@in_every_setting("es-1360-dark")
async def test_who_mistypes_signs_in_then_is_led_to_the_page_that_was_wanted_and_leaves(
    office: Office, look: Look, setting: Setting
) -> None:
    await office.person(f"bea-{setting.slug}", "viewer")
    bea = await look("")
    await bea.go("/events?type=printer.jammed")
    await signs_in(bea, f"bea-{setting.slug}", "not hers")
    await expect(bea.page.get_by_role("alert")).to_be_in_viewport()
    await expect(bea.field("Name or e-mail")).to_have_value(f"bea-{setting.slug}")
    await expect(bea.field("Password")).to_have_value("")
    await signs_in(bea, f"bea-{setting.slug}")
    await bea.page.wait_for_url("**/events?type=printer.jammed")
    await signs_out(bea)
    await bea.page.go_back()
    await bea.go("/profile")
    await expect(bea.field("Name or e-mail")).to_be_visible()


@in_every_setting()
async def test_language_colours_and_zone_are_kept_and_hold_from_then_on(
    office: Office, look: Look, setting: Setting
) -> None:
    cleo = await look("viewer", person=f"cleo-{setting.slug}")
    other = Setting({"es": "en", "en": "es"}[setting.locale], setting.width, setting.theme)
    colours = {"light": "dark", "dark": "light"}[setting.theme]
    event = await office.receive(type="printer.cleaned", title=setting.slug, time="2026-01-15T12:00:00Z")
    await cleo.go("/")  # the first page learns where the browser is
    await cleo.go(f"/events/{event}")
    await expect(cleo.page.locator("main")).to_contain_text("07:00")  # in Lima
    await cleo.go("/profile")
    await cleo.page.locator("#locale").select_option(other.locale)
    await cleo.page.locator("#theme").select_option(colours)
    await cleo.field("Time zone").select_option("Asia/Tokyo")
    await cleo.press("Save")
    await expect(cleo.told).to_contain_text(other.words("Saved."))
    cleo = cleo._replace(setting=other)
    await cleo.go(f"/events/{event}")
    await expect(cleo.page.locator("html")).to_have_attribute("lang", other.locale)
    await expect(cleo.page.locator("html")).to_have_attribute("data-bs-theme", colours)
    await expect(cleo.page.locator("main")).to_contain_text("21:00")
    await signs_out(cleo)
    elsewhere = await look("", other)
    await elsewhere.go("/profile")
    await signs_in(elsewhere, f"cleo-{setting.slug}")
    await expect(elsewhere.page.locator("html")).to_have_attribute("data-bs-theme", colours)
    await expect(elsewhere.field("Time zone")).to_have_value("Asia/Tokyo")


@in_every_setting()
async def test_a_password_is_changed_after_two_slips_and_every_other_browser_has_to_sign_in_again(
    look: Look, setting: Setting
) -> None:
    name = f"dina-{setting.slug}"
    here, there = await look("viewer", person=name), await look("")
    await there.go("/profile")
    await signs_in(there, name)
    await there.page.wait_for_url("**/profile")
    await here.go("/profile")
    await _changes(here, "not hers", OTHER)
    await expect(here.page.locator("#old-fault")).to_be_in_viewport()
    await expect(here.field("Present password")).to_be_focused()
    await _changes(here, PASSWORD, "short")
    await expect(here.page.locator("#new-fault")).to_be_in_viewport()
    await _changes(here, PASSWORD, OTHER)
    told = here.words("The password was changed. Every other browser was signed out.")
    await expect(here.told).to_contain_text(told)
    await here.go("/events")
    await there.go("/events")
    await signs_in(there, name)
    await expect(there.page.get_by_role("alert")).to_be_visible()
    await signs_in(there, name, OTHER)
    await there.page.wait_for_url("**/events")


async def _changes(who: Looking, old: str, new: str) -> None:
    await who.field("Present password").fill(old)
    await who.field("New password").fill(new)
    await who.field("Once more").fill(new)
    await who.press("Change the password")


@in_every_setting()
async def test_one_browser_is_signed_out_from_another(look: Look, setting: Setting) -> None:
    name = f"elsa-{setting.slug}"
    there = await look("viewer", person=name)
    await there.go("/rules")  # a page that asks for nothing by itself
    here = await look("")
    await here.go("/profile")
    await signs_in(here, name)
    counted = setting.counted("{n} browser is signed in.", "{n} browsers are signed in.", 2)
    await expect(here.page.locator("#sentence")).to_contain_text(counted)
    rows = here.page.locator("tr[data-row]")
    await expect(rows.filter(has_text=here.words("this one")).get_by_role("button")).to_have_count(0)
    await rows.get_by_role("button", name=here.words("Sign out")).click()
    await expect(here.told).to_contain_text(here.words("Signed out there."))
    await expect(rows).to_have_count(1)
    await there.go("/events")
    await expect(there.field("Name or e-mail")).to_be_visible()
