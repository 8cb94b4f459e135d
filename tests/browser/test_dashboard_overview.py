"""The overview while one reads it: it looks again by itself, and takes nothing from under anybody's hands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from centralita.sandbox.server import serve
from centralita.sandbox.sink import WebhookSink
from centralita.services.sign_in import first_admin
from centralita.serving import serving
from centralita.settings import load
from tests.browser.conftest import DEADLINE_MS, SECRET
from tests.scenarios.processes import write_config

pytestmark = pytest.mark.asyncio(loop_scope="module")
PASSWORD = "zapato lima nube cuarenta"


@pytest_asyncio.fixture(loop_scope="module")
async def url(tmp_path: Path, migrated_sqlite: str) -> AsyncIterator[str]:
    """A hub with a source and a webhook, and an administrator."""
    async with AsyncExitStack() as stack:
        sink = await stack.enter_async_context(serve(WebhookSink()))
        content = {
            "server": {"port": 0},
            "network": {"allow": ["127.0.0.0/8"], "allow_http": True},
            "sources": [{"slug": "desk", "kind": "generic", "secrets": [SECRET], "settings": {"auth": "bearer"}}],
            "webhooks": [{"name": "erp", "url": f"{sink.url}/erp", "types": ["*"]}],
        }
        config = write_config(tmp_path, migrated_sqlite, content, {})
        hub, address = await stack.enter_async_context(serving(load(config, {})))
        await first_admin(hub, "ana", "", PASSWORD)
        yield address


async def test_it_looks_again_by_itself_but_not_under_ones_hands(url: str, browser: Browser) -> None:
    context = await browser.new_context(viewport={"width": 1360, "height": 900}, locale="en")
    context.set_default_timeout(DEADLINE_MS)
    page, faults = await context.new_page(), list[str]()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    await page.goto(url)
    await page.locator("#name").fill("ana")
    await page.locator("#password").fill(PASSWORD)
    await page.locator("#password").press("Enter")
    await expect(page.locator(".sentence")).to_contain_text("no event has come yet")

    headers = {"authorization": f"Bearer {SECRET}"}
    async with aiohttp.ClientSession() as http:
        body = {"type": "printer.jammed", "title": "Sin tóner", "id": "1"}
        async with http.post(f"{url}/in/desk", json=body, headers=headers) as answer:
            assert answer.status == 202
    await expect(page.locator(".sentence")).to_contain_text("Everything is flowing.", timeout=3 * DEADLINE_MS)
    await expect(page.locator(".sentence")).to_have_count(1)

    look = "htmx.ajax('GET', '/', {source: '#now', target: '#now', swap: 'outerHTML'})"
    pause = page.get_by_role("button", name="Pause").first
    await pause.focus()
    await page.evaluate("document.querySelector('#now').mark = 1")
    await page.evaluate(look)
    assert await page.evaluate("document.querySelector('#now').mark") == 1
    await pause.blur()
    await page.evaluate(look)
    await page.wait_for_function("document.querySelector('#now').mark === undefined")
    assert faults == []
    await context.close()
