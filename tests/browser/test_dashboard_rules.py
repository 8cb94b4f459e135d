"""Rules, sources and approvals in real Chromium: the flows as people do them, and what axe says of each page."""

from __future__ import annotations

import aiohttp
import pytest
from playwright.async_api import expect

from tests.browser.looks import Look, Setting
from tests.dashboard.office import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_rule_is_tried_kept_removed_and_brought_back(office: Office, look: Look) -> None:
    for number in range(3):
        await office.receive(type="printer.jammed", severity="high", title=f"Jam {number}", subject="printer/1")
    ana = await look("admin")
    await ana.go("/rules")
    await ana.press("New rule")
    await ana.page.get_by_label("Name").first.fill("Jams")
    await ana.page.get_by_label("Outgoing webhook").select_option("erp")
    await ana.page.get_by_label("Which events").fill("type == 'printer.jammed'")
    await ana.page.get_by_role("button", name="Try it over").click()
    await expect(ana.page.locator("#tried")).to_contain_text("3 would have gone elsewhere.")
    await ana.page.get_by_role("button", name="Save").click()
    await expect(ana.page.get_by_role("status").first).to_contain_text("The rule Jams is kept")
    await ana.page.get_by_role("button", name="Remove").click()
    await ana.page.get_by_role("button", name="Undo").click()
    await expect(ana.page.get_by_role("status").first).to_contain_text("is there again")


async def test_a_source_is_added_and_what_comes_appears_by_itself(office: Office, look: Look) -> None:
    ana = await look("admin", Setting("es"))
    await ana.go("/sources")
    await ana.press("New source")
    await ana.page.get_by_label("¿Qué clase de emisor es?").select_option("alertmanager")
    await ana.page.get_by_label("Nombre en la dirección").fill("prom")
    await ana.press("Add the source")
    address = await ana.page.locator("#address").inner_text()
    async with aiohttp.ClientSession() as http, http.post(address, json={}, headers={"authorization": "x"}) as answer:
        assert answer.status == 401
    await expect(ana.page.locator("#came")).to_contain_text("401")
    secret = await ana.page.locator("#secret-shown").inner_text()
    body = {"status": "firing", "alerts": [{"status": "firing", "labels": {"alertname": "Disk"}, "fingerprint": "a1",
            "annotations": {}, "startsAt": "2026-01-01T00:00:00Z"}], "version": "4", "groupKey": "g"}  # fmt: skip
    headers = {"authorization": f"Bearer {secret}"}
    async with aiohttp.ClientSession() as http, http.post(address, json=body, headers=headers) as answer:
        assert answer.status == 202, await answer.text()
    await expect(ana.page.locator("#came")).to_contain_text("Disk")


async def test_an_approval_is_given(office: Office, look: Look) -> None:
    id_ = await office.approval("Notebook for the new colleague")
    ana = await look("admin", Setting("en", 390))
    await ana.go("/approvals")
    await ana.page.get_by_role("link", name="Notebook for the new colleague").first.click()
    await ana.page.get_by_label("Why").fill("Fine")
    await ana.press("Approve")
    await expect(ana.page.get_by_role("status").first).to_contain_text("It is approved by you.")
    assert id_ in ana.page.url
