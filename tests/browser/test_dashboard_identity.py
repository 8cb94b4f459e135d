"""Coming in by an identity provider in real Chromium: by the button, there and back; and what a refusal looks like."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.access.provider import Provider
from tests.browser.looks import Look, in_every_setting
from tests.dashboard.test_identity import office, provider, public

__all__ = ["office", "provider", "public"]

pytestmark = pytest.mark.asyncio(loop_scope="module")
BUTTON = "Sign in with {provider}"


@in_every_setting()
async def test_the_button_leads_to_the_provider_and_back_to_the_page_that_was_wanted(look: Look) -> None:
    ana = await look("")
    await ana.go("/profile?x=1")
    await ana.press(BUTTON, provider="Acme")
    await ana.page.wait_for_url("**/profile?x=1")
    await expect(ana.page.locator("main")).to_contain_text("ana@example.com")
    vouched = ana.words("There is none here: the identity provider vouches for this account.")
    await expect(ana.page.locator("main")).to_contain_text(vouched)
    await ana.page.locator("header.top summary").click()
    await ana.press("Sign out")
    await expect(ana.link(BUTTON, provider="Acme")).to_be_visible()
    await ana.go("/profile")
    await expect(ana.field("Name or e-mail")).to_be_visible()


@in_every_setting()
async def test_whom_the_provider_does_not_vouch_for_is_told_so_and_can_try_again(
    look: Look, provider: Provider
) -> None:
    ana = await look("")
    await ana.go("/events")
    kept, provider.sign = provider.sign, provider.signed_by_stranger
    try:
        await ana.press(BUTTON, provider="Acme")
        await expect(ana.page.get_by_role("alert")).to_be_in_viewport()
    finally:
        provider.sign = kept
    await ana.press(BUTTON, provider="Acme")
    await expect(ana.page.locator("header.top summary")).to_have_accessible_name("ana.g")
