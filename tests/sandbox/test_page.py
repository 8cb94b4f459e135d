"""The workspace's page in a real browser."""

import re
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from slack_sdk.web.async_client import AsyncWebClient

from centralita.sandbox.control import SinkControl, SlackControl
from centralita.sandbox.server import serve
from centralita.sandbox.sink import WebhookSink
from centralita.sandbox.slack import LimitSettings, LocalSlack

LUIS, ANA, SAM = "U0LUISPARED", "U0ANAGOMEZ", "U0SAMCARTER"
DESK = "C0MESAAYUDA"


# One browser for all: everything of this file lives in one event loop.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def slack() -> AsyncIterator[SlackControl]:
    async with serve(LocalSlack(LimitSettings.off())) as address, SlackControl(address.url) as control:
        yield control


@pytest_asyncio.fixture(loop_scope="module")
async def sink() -> AsyncIterator[SinkControl]:
    async with serve(WebhookSink()) as address, SinkControl(address.url) as control:
        yield control


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, slack: SlackControl, sink: SinkControl) -> AsyncIterator[Page]:
    """A page that fails the test for any error or broken policy; closed before what it shows."""
    faults: list[str] = []
    context = await browser.new_context(viewport={"width": 1300, "height": 800}, locale="es-ES")
    page = await context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: faults.append(f"dialog: {dialog.message}"))
    yield page
    await context.close()
    assert faults == []


async def visit(page: Page, slack: SlackControl, path: str = "/", user: str = LUIS) -> None:
    await page.goto(f"{slack.url}{path}{'&' if '?' in path else '?'}user={user}")
    await page.wait_for_selector("body[data-live=yes]")


async def test_a_post_appears_live_and_is_counted_where_nobody_looks(
    page: Page, slack: SlackControl, client: AsyncWebClient
) -> None:
    await visit(page, slack)
    await expect(page.locator("h1")).to_have_text("#mesa-de-ayuda")
    posted = await client.chat_postMessage(channel="#mesa-de-ayuda", text="Nuevo ticket <@U0LUISPARED>")
    message = page.locator("#messages .message")
    await expect(message).to_have_count(1)
    await expect(message.locator(".author")).to_have_text("Centralita")
    await expect(message.locator(".badge")).to_have_text("APP")
    await expect(message.locator(".mention.mine")).to_have_text("@Luis Paredes")
    await client.chat_update(channel=DESK, ts=posted["ts"], text="Ticket cerrado")
    await expect(message.locator(".edited")).to_have_text("(editado)")
    await client.chat_postMessage(channel="#incidents", text="<!channel> caído")
    rail = page.locator(f"#lists a[data-channel={'C0INCIDENTS'}]")
    await expect(rail.locator(".mentions")).to_have_text("1")
    await rail.click()
    await expect(rail.locator(".mentions")).to_have_count(0)
    await expect(page.locator("#messages .mention.mine")).to_have_text("@channel")
    await client.chat_delete(channel=DESK, ts=posted["ts"])
    await page.locator(f"#lists a[data-channel={DESK}]").click()
    await expect(page.locator("#messages .empty")).to_be_visible()


async def test_nothing_that_is_posted_becomes_markup(page: Page, slack: SlackControl, client: AsyncWebClient) -> None:
    evil = '<img src=x onerror=alert(1)><script>alert(2)</script> <javascript:alert(3)|click> <https://e.com/"x|*b*>'
    plain = {"type": "plain_text", "text": evil}
    await client.chat_postMessage(
        channel=DESK,
        text=evil,
        username=evil[:60],
        attachments=[{"fallback": evil, "title": evil, "title_link": "javascript:alert(4)", "color": "red;x:url(//e)"}],
    )
    await client.chat_postMessage(
        channel=DESK,
        text="x",
        blocks=[
            {"type": "header", "text": plain},
            {"type": "section", "fields": [{"type": "mrkdwn", "text": evil}]},
            {
                "type": "actions",
                "elements": [{"type": "button", "text": plain | {"text": evil[:75]}, "url": "javascript:x()"}],
            },
            {"type": "table", "rows": [[{"type": "raw_text", "text": evil}]]},
            {"type": "markdown", "text": f"{evil} [x](javascript:alert(5))"},
        ],
    )
    await visit(page, slack)
    messages = page.locator("#messages")
    await expect(messages.locator(".b-header")).to_contain_text("<script>alert(2)</script>")
    assert await messages.locator("script, img[src='x'], a[href^='javascript:']").count() == 0
    assert await messages.locator(".text").first.inner_text() != ""


async def test_a_thread(page: Page, slack: SlackControl, client: AsyncWebClient) -> None:
    parent = (await client.chat_postMessage(channel=DESK, text="Impresora"))["ts"]
    await client.chat_postMessage(channel=DESK, text="Estado: En curso", thread_ts=parent)
    await visit(page, slack)
    await page.get_by_role("button", name="1 respuesta").click()
    replies = page.locator("#replies .message")
    await expect(replies).to_have_count(2)
    reply = await client.chat_postMessage(channel=DESK, text="Agente: Luis", thread_ts=parent)
    await expect(replies).to_have_count(3)
    await expect(page.locator("#messages .message")).to_have_count(1)
    await page.get_by_label("Responder en el hilo").fill("Voy para allá <b>")
    await page.keyboard.press("Enter")
    await expect(replies.last).to_contain_text("Voy para allá <b>")
    assert (await slack.thread(DESK, parent))[-1]["user"] == LUIS
    await page.keyboard.press("Escape")
    await expect(page.locator("#thread")).to_be_hidden()
    link = await client.chat_getPermalink(channel=DESK, message_ts=reply["ts"])
    await page.goto(link["permalink"])
    await expect(page.locator("#replies .message.target")).to_contain_text("Agente: Luis")


@pytest.mark.parametrize("form", ["{link}", "{origin}/#/archives/{channel}/{tail}"])
async def test_a_permalink_opens_its_message_however_old(
    page: Page, slack: SlackControl, client: AsyncWebClient, form: str
) -> None:
    old = await client.chat_postMessage(channel="#alerts", text="la vieja")
    for number in range(130):
        await client.chat_postMessage(channel="#alerts", text=f"relleno {number}")
    link = (await client.chat_getPermalink(channel="C0ALERTS", message_ts=old["ts"]))["permalink"]
    tail = link.rsplit("/", 1)[1]
    await page.goto(form.format(link=link, origin=slack.url, channel="C0ALERTS", tail=tail))
    await expect(page.locator(".message.target")).to_contain_text("la vieja")
    await expect(page.locator(".message.target")).to_be_in_viewport()


async def test_through_whose_eyes(page: Page, slack: SlackControl, client: AsyncWebClient) -> None:
    direct = (await client.chat_postMessage(channel=ANA, text="Solo para Ana"))["channel"]
    await client.chat_postEphemeral(channel=DESK, user=LUIS, text="Solo para Luis")
    when = f"<!date^{int(time.time())}^{{date_long_pretty}}|hoy>"
    await client.chat_postMessage(channel=DESK, text=when)
    await visit(page, slack)
    await expect(page.locator(".ephemeral")).to_contain_text("Solo tú puedes verlo")
    await expect(page.locator("#messages time")).to_have_text("Hoy")
    assert await page.locator(f"#lists a[data-channel={direct}]").count() == 0
    await page.goto(f"{slack.url}/archives/{direct}")
    await page.get_by_role("button", name="Verla como Ana Gómez").click()
    await expect(page.locator("#messages .message")).to_contain_text("Solo para Ana")
    await page.locator("#viewer").select_option(SAM)
    await expect(page.locator("html")).to_have_attribute("lang", "en-US")
    await page.locator(f"#lists a[data-channel={DESK}]").click()
    await expect(page.locator("#messages time")).to_have_text("Today")
    assert await page.locator(".ephemeral").count() == 0
    await expect(page.get_by_label("Message #mesa-de-ayuda")).to_be_visible()


async def test_blocks_look_like_themselves(page: Page, slack: SlackControl, client: AsyncWebClient) -> None:
    def text(value: str, kind: str = "mrkdwn") -> dict[str, str]:
        return {"type": kind, "text": value}

    button: dict[str, Any] = {"type": "button", "text": text("Tomar :eyes:", "plain_text"), "action_id": "take"}
    linked = {"type": "button", "text": text("Ver", "plain_text"), "url": "https://example.com/1", "style": "primary"}
    rich = {"type": "rich_text_section", "elements": [{"type": "text", "text": "fuerte", "style": {"bold": True}}]}
    icon = {"type": "image", "image_url": f"{slack.url}/_static/icon.svg", "alt_text": "logo"}
    posted = await client.chat_postMessage(
        channel=DESK,
        text="x",
        blocks=[
            {"type": "header", "text": text("Título", "plain_text")},
            {
                "type": "section",
                "fields": [text("*Estado:*\nNuevo"), text("*Prioridad:*\n~Alta~ _Media_")],
                "accessory": icon,
            },
            {
                "type": "section",
                "text": text("> cita\n```a &lt; b```\n<!subteam^S0ONCALL> <#C0ALERTS> `code` <https://e.com|aquí>"),
            },
            {"type": "divider"},
            {"type": "context", "elements": [icon, text(":rotating_light: hace poco")]},
            {"type": "actions", "elements": [button, linked]},
            {"type": "rich_text", "elements": [{"type": "rich_text_list", "style": "bullet", "elements": [rich]}]},
            {"type": "image", **{name: icon[name] for name in ("image_url", "alt_text")}},
        ],
        attachments=[{"color": "#b3261e", "fallback": "f", "text": "con barra"}],
    )
    await client.reactions_add(channel=DESK, timestamp=posted["ts"], name="tada")
    await visit(page, slack)
    message = page.locator("#messages .message")
    for selector in ("h3", "hr", ".b-field b", "s", "i", "blockquote", "pre", "code", "li b", ".b-picture", ".b-icon"):
        await expect(message.locator(selector).first).to_be_visible()
    await expect(message.locator("pre")).to_have_text("a < b")
    await expect(message.locator(".mention")).to_have_text(["@oncall", "#alerts"])
    await expect(message.locator("a.b-button")).to_have_attribute("href", "https://example.com/1")
    await message.locator("button.b-button").click()
    await expect(page.locator("#toast")).to_contain_text("La aplicación no respondió")
    await expect(message.locator("button.b-button")).to_have_text("Tomar 👀")
    await expect(message.locator(".reaction")).to_have_text("🎉1")
    bar = await message.locator(".attachment-body").evaluate("one => getComputedStyle(one).borderLeftColor")
    assert bar == "rgb(179, 38, 30)"


async def test_on_a_phone_one_pane_at_a_time(page: Page, slack: SlackControl, client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel="#alerts", text="x" * 300)
    await page.set_viewport_size({"width": 375, "height": 700})
    await visit(page, slack, "/archives/C0ALERTS")
    await expect(page.locator("#rail")).to_be_hidden()
    await page.locator("#to-rail").click()
    await page.locator(f"#lists a[data-channel={DESK}]").click()
    await expect(page.locator("h1")).to_have_text("#mesa-de-ayuda")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 375


async def test_what_arrives_takes_nobodys_focus_away(page: Page, slack: SlackControl, client: AsyncWebClient) -> None:
    parent = (await client.chat_postMessage(channel=DESK, text="Impresora"))["ts"]
    await client.chat_postMessage(channel=DESK, text="una", thread_ts=parent)
    await visit(page, slack)
    bar = page.get_by_role("button", name="1 respuesta")
    await bar.focus()
    await client.chat_postMessage(channel=DESK, text="otra cosa")
    await expect(page.locator("#messages .message")).to_have_count(2)
    await expect(bar).to_be_focused()
    first = page.locator(f"#lists a[data-channel={DESK}]")
    await first.focus()
    await client.chat_postMessage(channel="#alerts", text="x")
    await expect(page.locator("#lists a[data-channel=C0ALERTS].unread")).to_be_visible()
    await expect(first).to_be_focused()


async def test_where_reading_stopped_is_marked(page: Page, slack: SlackControl, client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel=DESK, text="leído")
    await visit(page, slack)
    await expect(page.locator("#messages .message")).to_have_count(1)
    async with page.expect_response("**/_view/messages*"):
        await page.keyboard.press("Alt+ArrowDown")
    await expect(page.locator("h1")).to_have_text("#alerts")
    await client.chat_postMessage(channel=DESK, text="nuevo")
    await expect(page.locator(f"#lists a[data-channel={DESK}].unread")).to_be_visible()
    await page.keyboard.press("Alt+ArrowUp")
    await expect(page.locator(".new-mark + .message")).to_contain_text("nuevo")


async def test_keys_and_theme(page: Page, slack: SlackControl) -> None:
    await visit(page, slack)
    await page.keyboard.press("Alt+ArrowDown")
    await expect(page.locator("h1")).to_have_text("#alerts")
    before = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    await page.get_by_role("button", name="Claro u oscuro").press("Enter")
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") != before


async def test_both_languages_say_everything(page: Page, slack: SlackControl) -> None:
    await visit(page, slack)
    missing = await page.evaluate(
        """async () => {
          const { TEXTS } = await import("/_static/texts.js");
          const names = (one) => Object.keys(one).sort().join();
          return [names(TEXTS.en) === names(TEXTS.es), Object.values(TEXTS).flatMap(Object.values).every(Boolean)];
        }"""
    )
    assert missing == [True, True]
    assert await page.locator("[data-text]:empty").count() == 0


async def test_the_pages_policy_allows_nothing_inline(page: Page, slack: SlackControl) -> None:
    response = await page.goto(slack.url)
    assert response is not None
    policy = response.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    assert not re.search(r"<script(?![^>]*src)|style=|onclick", await response.text())
    await page.wait_for_selector("body[data-live=yes]")


async def test_the_sinks_page_lists_what_arrives(page: Page, sink: SinkControl) -> None:
    await page.goto(sink.url)
    await expect(page.locator(".empty")).to_be_visible()
    await page.request.post(f"{sink.url}/erp?x=1", data='{"a": "<b>ñ</b>"}', headers={"X-Test": "1"})
    row = page.locator("details")
    await expect(row.locator(".path")).to_have_text("/erp?x=1")
    await row.locator("summary").click()
    await expect(row.locator("pre").last).to_contain_text('"a": "<b>ñ</b>"')
    await expect(page.locator("#sentence")).to_contain_text("1 recibidos")
