"""The first run, as somebody new goes through it: from the empty hub to the first message in Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from centralita.integrations import registry
from centralita.sandbox.control import SlackControl
from centralita.sandbox.server import serve
from centralita.sandbox.slack import APP_TOKEN, BOT_TOKEN, LimitSettings, LocalSlack
from centralita.services.hub import Hub
from centralita.serving import serving
from centralita.settings import load
from tests.browser.conftest import DEADLINE_MS
from tests.browser.keys import Keys
from tests.scenarios.processes import write_config

pytestmark = pytest.mark.asyncio(loop_scope="module")
PASSWORD = "zapato lima nube cuarenta"
WORDS = {
    "en": {
        "create": "Create the account", "connect": "Connect Slack", "add_source": "Add the source",
        "missing": "The secret is missing.", "go_on": "Go on", "here": "Here it is, and this is what was understood:",
        "try": "Try it on the last events",
        "would": "1 of 1 events would have gone to #alerts", "add_rule": "Add the rule",
        "send": "Send it", "arrived": "arrived", "all": "Everything is set up",
    },
    "es": {
        "create": "Crear la cuenta", "connect": "Conectar Slack", "add_source": "Agregar el origen",
        "missing": "Falta el secreto.", "go_on": "Continuar", "here": "Aquí está, y esto es lo que se entendió:",
        "try": "Probarla con los últimos eventos",
        "would": "1 de 1 eventos habría ido a #alerts", "add_rule": "Agregar la regla",
        "send": "Enviarlo", "arrived": "llegó", "all": "Todo está configurado",
    },
}  # fmt: skip


@dataclass
class New:
    """A hub that nobody has set up, and the workspace that it may be connected to."""

    hub: Hub
    url: str
    slack: SlackControl

    async def post(self, address: str, secret: str) -> int:
        """What InvGate posts; the answer's status."""
        fixture = next(iter(registry.fixtures("invgate").values()))
        headers = {**fixture.headers, **({"x-webhook-secret": secret} if secret else {})}
        async with aiohttp.ClientSession() as http, http.post(address, data=fixture.body, headers=headers) as answer:
            return answer.status

    async def tell(self, address: str, secret: str) -> int:
        """What any tool posts by hand; the answer's status."""
        proof = {"authorization": f"Bearer {secret}"}
        async with (
            aiohttp.ClientSession(headers=proof) as http,
            http.post(address, json={"title": "Sin tóner"}) as answer,
        ):
            return answer.status


@pytest_asyncio.fixture(loop_scope="module")
async def new(tmp_path: Path, migrated_sqlite: str) -> AsyncIterator[New]:
    async with AsyncExitStack() as stack:
        slack_address = await stack.enter_async_context(serve(LocalSlack(LimitSettings.off())))
        slack = await stack.enter_async_context(SlackControl(slack_address.url))
        content: dict[str, Any] = {
            "server": {"port": 0},
            "slack": {"api_url": f"{slack_address.url}/api/"},
            "network": {"allow": ["127.0.0.0/8"]},
        }
        config = write_config(tmp_path, migrated_sqlite, content, {})
        hub, url = await stack.enter_async_context(serving(load(config, {})))
        yield New(hub, url, slack)


@pytest.mark.parametrize(("locale", "width"), [("en", 1360), pytest.param("es", 390, marks=pytest.mark.long)])
async def test_somebody_new_has_a_first_message_in_slack(new: New, browser: Browser, locale: str, width: int) -> None:
    words, faults = WORDS[locale], list[str]()
    context = await browser.new_context(viewport={"width": width, "height": 900}, locale=locale)
    context.set_default_timeout(DEADLINE_MS)
    page = await context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)

    def button(name: str) -> Locator:
        return page.get_by_role("button", name=words[name], exact=True)

    await page.goto(new.url)
    await page.locator("#name").fill("ana")
    await page.locator("#password").fill(PASSWORD)
    await button("create").click()

    await page.locator("#bot_token").fill(BOT_TOKEN)
    await page.locator("#app_token").fill(APP_TOKEN)
    await button("connect").click()

    await page.locator("#kind").select_option("invgate")
    await button("add_source").click()
    address = await page.locator("#address").inner_text()
    secret = await page.locator("#secret-shown").inner_text()
    arrived = page.locator("#arrived")
    assert await new.post(address, "") == 401
    await expect(arrived).to_contain_text(words["missing"])
    assert await new.post(address, secret) == 202
    await expect(arrived).to_contain_text(words["here"])
    await arrived.get_by_role("link", name=words["go_on"]).click()

    await page.locator("#channel").fill("#alerts")
    await button("try").click()
    await expect(page.locator("#rule .notice")).to_contain_text(words["would"])
    await button("add_rule").click()

    await button("send").click()
    await expect(page.locator("#sent")).to_contain_text(words["arrived"])
    await new.slack.wait_for(lambda call: "#alerts" in str(call.args), method="chat.postMessage", timeout_s=10)
    await page.goto(f"{new.url}/setup")
    await expect(page.locator(".sentence")).to_contain_text(words["all"])
    assert faults == []
    await context.close()


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_somebody_new_needs_no_mouse(new: New, browser: Browser) -> None:
    words = WORDS["es"]
    context = await browser.new_context(viewport={"width": 1360, "height": 900}, locale="es", reduced_motion="reduce")
    context.set_default_timeout(DEADLINE_MS)
    page = await context.new_page()
    keys, faults = Keys(page), list[str]()

    async def press(name: str) -> None:
        await keys.named("button", words[name]).wait_for()
        faults.extend(await keys.walk())
        await keys.enter(keys.named("button", words[name]))

    await page.goto(new.url)
    await keys.write(page.locator("#name"), "ana")
    await keys.write(page.locator("#password"), PASSWORD)
    await press("create")
    await keys.write(page.locator("#bot_token"), BOT_TOKEN)
    await keys.write(page.locator("#app_token"), APP_TOKEN)
    await press("connect")
    await keys.choose(page.locator("#kind"), "invgate")
    await press("add_source")
    address = await page.locator("#address").inner_text()
    assert await new.post(address, await page.locator("#secret-shown").inner_text()) == 202
    await expect(page.locator("#arrived")).to_contain_text(words["here"])
    await keys.enter(page.locator("#arrived").get_by_role("link", name=words["go_on"]))
    await keys.write(page.locator("#channel"), "#alerts")
    await press("try")
    await expect(page.locator("#rule .notice")).to_contain_text(words["would"])
    await press("add_rule")
    await press("send")
    await expect(page.locator("#sent")).to_contain_text(words["arrived"])
    assert faults == []
    await context.close()


async def test_no_step_is_lost_or_done_twice(new: New, browser: Browser) -> None:
    """Reloads, the browser's back button, a second browser, a double click, a session that ends in the middle."""
    words = WORDS["es"]
    context = await browser.new_context(viewport={"width": 1360, "height": 900}, locale="es")
    context.set_default_timeout(DEADLINE_MS)
    page = await context.new_page()

    await page.goto(new.url)
    await page.locator("#name").fill("ana")
    await page.locator("#password").fill(PASSWORD)
    late = await browser.new_context(locale="es")
    late.set_default_timeout(DEADLINE_MS)
    other = await late.new_page()
    await other.goto(f"{new.url}/setup")  # the form, while nobody was first
    await page.get_by_role("button", name=words["create"]).dblclick()
    await expect(page.locator("#bot_token")).to_be_visible()

    # Whoever comes second, with the form still open, is sent to sign in: it is closed for good.
    await other.locator("#name").fill("eva")
    await other.locator("#password").fill(PASSWORD)
    await other.get_by_role("button", name=words["create"]).click()
    await other.wait_for_url("**/sign-in*")
    await other.goto(f"{new.url}/setup")
    assert "/sign-in" in other.url

    await page.goto(f"{new.url}/setup?step=source")
    await page.locator("#kind").select_option("generic")
    await page.get_by_role("button", name=words["add_source"]).dblclick()
    await expect(page.locator("#secret-shown")).to_be_visible()  # of the one request that was sent
    await page.reload()  # sends the form again
    await expect(page.locator("main .notice")).to_contain_text("El origen generic ya existe.")
    await page.get_by_role("button", name="Mostrar otro secreto").click()
    address, secret = await page.locator("#address").inner_text(), await page.locator("#secret-shown").inner_text()
    await expect(page.locator("#trial")).to_contain_text(f"Bearer {secret}")

    # The second browser signs in and goes on; the first one's session ends in the middle of a step.
    await other.locator("#name").fill("ana")
    await other.locator("#password").fill(PASSWORD)
    await other.locator("#password").press("Enter")
    await other.wait_for_url("**/setup*")
    await page.goto(f"{new.url}/setup?step=rule")
    await page.locator("#channel").fill("#alerts")
    await context.clear_cookies()
    await page.locator("#rule button[value=add]").click()
    await page.wait_for_url("**/sign-in?next=*")
    await expect(page.locator("main")).to_contain_text("La sesión había terminado, así que no se hizo nada.")
    await page.locator("#name").fill("ana")
    await page.locator("#password").fill(PASSWORD)
    await page.locator("#password").press("Enter")
    await page.wait_for_url("**/setup?step=rule")
    assert [spec.name for spec in new.hub.ruleset.specs] == []

    status = await new.tell(address, secret)
    assert status == 202
    await other.goto(f"{new.url}/setup?step=rule")
    await expect(other.locator("#source-lamp")).to_contain_text("hecho")
    await other.locator("#channel").fill("#alerts")
    await other.locator("#rule button[value=add]").dblclick()
    await expect(other.locator("main .notice")).to_contain_text("La regla generic está en vigor")
    await other.go_back()
    await other.go_forward()
    assert [spec.name for spec in new.hub.ruleset.specs] == ["generic"]
    await context.close()
    await late.close()
