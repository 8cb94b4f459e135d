"""People, tokens and the log in real Chromium: from an account to a session, and from a token to its end."""

from __future__ import annotations

import aiohttp
import pytest
from playwright.async_api import Dialog, expect

from tests.browser.looks import Look, Looking, Setting, in_every_setting
from tests.dashboard.office import PASSWORD, Office

pytestmark = pytest.mark.asyncio(loop_scope="module")


@in_every_setting()
async def test_somebody_is_added_and_comes_in_by_a_link_that_works_once(look: Look, setting: Setting) -> None:
    ana, stranger, name = await look("admin"), await look(""), f"eva-{setting.slug}"
    await ana.go("/users")
    await ana.field("Name").fill(f"{name} with blanks")
    await ana.field("E-mail").fill(f"{name}@example.com")
    await ana.press("Add")
    await expect(ana.page.locator("#name-fault")).to_be_in_viewport()
    await expect(ana.field("E-mail")).to_have_value(f"{name}@example.com")
    await ana.field("Name").fill(name)
    await ana.field("Role").select_option("operator")
    await ana.field("Language").select_option({"es": "en", "en": "es"}[setting.locale])
    await ana.press("Add")
    await expect(ana.told).to_contain_text(ana.words("{name} was added.", name=name))
    await expect(ana.page.locator("main dl.facts")).to_contain_text(ana.words("not set"))
    await ana.press("Make a link")
    link = await ana.page.locator("#link").inner_text()
    await ana.go(f"/users/{name}")
    await expect(ana.page.locator("#link")).to_have_count(0)

    await stranger.page.goto(link)
    await expect(stranger.page.get_by_role("heading", level=1)).to_have_text(
        stranger.words("An account for {name}", name=name)
    )
    await _sets(stranger, PASSWORD, "another one altogether")
    await expect(stranger.page.locator("#again-fault")).to_contain_text(stranger.words("The two are not the same."))
    await _sets(stranger, "short", "short")
    await expect(stranger.page.locator("#password-fault")).to_be_visible()
    await _sets(stranger, PASSWORD, PASSWORD)
    await expect(stranger.page.locator("html")).to_have_attribute("lang", {"es": "en", "en": "es"}[setting.locale])
    await expect(stranger.page.locator("header.top summary")).to_have_accessible_name(name)
    again = await look("")
    answer = await again.page.goto(link)
    assert answer is not None and answer.status == 410
    await expect(again.page.locator("h1")).to_have_text(again.words("This link does not work any more."))


async def _sets(stranger: Looking, password: str, again: str) -> None:
    await stranger.field("New password").fill(password)
    await stranger.field("Once more").fill(again)
    await stranger.press("Set the password")


@in_every_setting()
async def test_a_role_is_changed_and_an_account_disabled_with_its_undo(look: Look, setting: Setting) -> None:
    name = f"hugo-{setting.slug}"
    ana, hugo = await look("admin"), await look("viewer", person=name)
    await hugo.go("/rules")
    await expect(hugo.link("New rule")).to_have_count(0)
    await ana.go(f"/users/{name}")
    await ana.field("Role").select_option("admin")
    await ana.press("Save")
    await expect(ana.told).to_contain_text(ana.words("Saved."))
    await hugo.go("/rules")  # under another role one signs in again, and is led back
    await _signs_in(hugo, name)
    await expect(hugo.link("New rule")).to_be_visible()

    await ana.press("Disable")
    told = ana.words("{name} is disabled, and signed out everywhere.", name=name)
    await expect(ana.told).to_contain_text(told)
    await hugo.go("/rules")
    await _signs_in(hugo, name)
    await expect(hugo.page.get_by_role("alert")).to_be_visible()
    await ana.press("Undo")
    await expect(ana.told).to_contain_text(ana.words("{name} may come in again.", name=name))
    await _signs_in(hugo, name)
    await hugo.page.wait_for_url("**/rules")
    await ana.page.reload()
    await ana.press("Sign out everywhere")
    await expect(ana.told).to_contain_text(ana.words("Sessions ended: {count}", count=1))
    await hugo.go("/")
    await expect(hugo.field("Name or e-mail")).to_be_visible()


async def _signs_in(who: Looking, name: str) -> None:
    await who.field("Name or e-mail").fill(name)
    await who.field("Password").fill(PASSWORD)
    await who.press("Sign in")


@in_every_setting()
async def test_a_token_is_shown_once_copied_and_opens_until_it_is_revoked(look: Look, setting: Setting) -> None:
    ana, name = await look("admin"), f"Robot {setting.slug}"
    await ana.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await ana.go("/tokens")
    await ana.field("What it is for").fill(name)
    await ana.field("Or these permissions").fill("event.reed")
    await ana.press("Make it")
    await expect(ana.page.locator("#scopes-fault")).to_be_in_viewport()
    await ana.field("Or these permissions").fill("event.read")
    await ana.press("Make it")
    token = await ana.page.locator("#token").inner_text()
    await ana.press("Copy")
    await expect(ana.page.locator("#announced")).to_have_text(ana.words("Copied."))
    assert await ana.page.evaluate("navigator.clipboard.readText()") == token
    assert await _opens(ana.url, token) == 200
    await ana.go("/tokens")
    await expect(ana.page.locator("#token")).to_have_count(0)

    row = ana.page.locator("tr[data-row]").filter(has_text=name)
    revoke = row.get_by_role("button", name=ana.words("Revoke"))
    question = ana.words("Whoever uses the token {name} is shut out at once, for good. Go on?", name=name)
    for goes_on in (False, True):

        async def answer(dialog: Dialog, goes_on: bool = goes_on) -> None:
            assert dialog.message == question
            await (dialog.accept() if goes_on else dialog.dismiss())

        ana.page.once("dialog", answer)
        await revoke.click()
        await expect(row).to_contain_text(ana.words("revoked" if goes_on else "active"))
    await expect(revoke).to_have_count(0)
    assert await _opens(ana.url, token) == 401


async def _opens(url: str, token: str) -> int:
    headers = {"authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession() as http, http.get(f"{url}/api/v1/events", headers=headers) as answer:
        return answer.status


@in_every_setting()
async def test_the_log_is_narrowed_by_what_one_presses_and_an_entry_opened(
    office: Office, look: Look, setting: Setting
) -> None:
    name = f"juan-{setting.slug}"
    await office.person(name, "viewer")
    ana = await look("admin")
    await ana.go(f"/users/{name}")
    await ana.field("Role").select_option("operator")
    await ana.press("Save")
    await ana.press("what was done to them")
    rows = ana.page.locator("tr[data-row]")
    await expect(rows.first).to_contain_text(f"user/{name}")
    await rows.first.get_by_role("link", name="user.changed").click()
    await expect(ana.field("What")).to_have_value("user.changed")
    await ana.field("To what").fill(f"user/{name}")
    await ana.field("Since").fill("yesterday")
    await ana.press("Show")
    await expect(ana.page.locator("#since-fault")).to_be_visible()
    await ana.field("Since").fill("1h")
    await ana.press("Show")
    await expect(rows).to_have_count(1)
    await rows.locator("summary").click()
    await expect(rows.locator("del")).to_have_text("viewer")
    await expect(rows.locator("ins")).to_have_text("operator")
    await ana.field("Who").fill("user:nobody")
    await ana.press("Show")
    await expect(rows).to_have_count(0)
    await ana.page.locator(".empty").get_by_role("link", name=ana.words("Clear the filters")).click()
    await expect(rows.nth(1)).to_be_visible()
