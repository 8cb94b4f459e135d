"""Webhooks at the dashboard in real Chromium: made by hand, looked at closely, sent to again by a click, axe."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from centralita.sandbox.server import serve
from centralita.sandbox.sink import WebhookSink
from tests.browser.looks import Look, Setting
from tests.dashboard.office import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")
CANARY = "<img src=x onerror=alert(1)>"


async def test_a_webhook_is_made_tried_removed_and_restored(office: Office, look: Look) -> None:
    ana = await look("admin", Setting("es"))
    async with serve(WebhookSink()) as sink:
        await ana.go("/webhooks")
        await ana.press("New webhook")
        await ana.page.get_by_label("Nombre").first.fill("mesa")
        await ana.page.get_by_label("URL").first.fill(f"{sink.url}/mesa")
        await ana.page.get_by_label("Descripción").fill(CANARY)
        await ana.page.locator("summary").filter(has_text="ticket").first.click()
        await ana.page.get_by_label("ticket.*").check()
        await ana.press("Create the webhook")
        await expect(ana.page.locator("#secret")).to_contain_text("whsec_")
        await ana.press("To the webhook")
        await ana.press("Send a test")
        await ana.press("Send it now")
        await expect(ana.page.locator("#outcome svg.phases")).to_be_visible()
        await expect(ana.page.locator("#outcome")).to_contain_text("webhook-test")
        assert ana.page.url.endswith("/webhooks/mesa/test")  # only that part of the page was fetched
        await ana.page.get_by_role("link", name="Configuración").click()
        await ana.page.locator('form[action$="/remove"] button').click()
        await ana.page.wait_for_url("**/webhooks")
        await ana.page.locator('form[action$="/mesa/restore"] button').first.click()
        await ana.page.wait_for_url("**/webhooks/mesa")
        await expect(ana.page.get_by_role("heading", name="mesa")).to_be_visible()


async def test_durations_are_drawn_and_the_window_changes_in_place(office: Office, look: Look) -> None:
    async with serve(WebhookSink()) as sink:
        ana = await look("admin")
        await ana.go("/webhooks/new")
        await ana.page.locator("#name").fill("drawn")
        await ana.page.locator("#url").fill(f"{sink.url}/drawn")
        await ana.page.get_by_label("everything that happens").check()
        await ana.press("Create the webhook")
        await expect(ana.page.locator("#secret")).to_be_visible()
        await office.receive(type="printer.drawn", title=CANARY, subject="printer/8")
        await ana.go("/webhooks/drawn")
        while not await ana.page.locator("svg.chart").count():  # until the attempt is counted
            await ana.go("/webhooks/drawn")
        await expect(ana.page.locator(".plot canvas")).to_be_visible()
        await ana.page.get_by_role("link", name="24 hours").click()
        await expect(ana.page.locator('.spans [aria-current="true"]')).to_have_text("24 hours")
        await expect(ana.page.locator(".plot canvas")).to_be_visible()
        await ana.page.get_by_text("The values").click()
        await expect(ana.page.locator("details table tbody tr").first).to_be_visible()
