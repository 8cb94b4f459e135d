"""Apps on the workspace's page, in a real browser: buttons, modals, commands, shortcuts and home tabs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from centralita.sandbox.control import SlackControl
from centralita.sandbox.server import serve
from centralita.sandbox.slack import APP_ID, APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, LimitSettings, LocalSlack

LUIS, SAM = "U0LUISPARED", "U0SAMCARTER"
pytestmark = pytest.mark.asyncio(loop_scope="module")


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def options(*names: str) -> list[dict[str, Any]]:
    return [{"text": plain(name.title()), "value": name} for name in names]


MODAL = {
    "type": "modal",
    "callback_id": "incident",
    "title": plain("Nuevo incidente"),
    "submit": plain("Crear"),
    "close": plain("Volver"),
    "blocks": [
        {"type": "section", "text": {"type": "mrkdwn", "text": "Lo verá *todo* el equipo."}},
        {
            "type": "input",
            "block_id": "title",
            "label": plain("Título"),
            "element": {"type": "plain_text_input", "action_id": "text", "placeholder": plain("Qué pasa")},
        },
        {
            "type": "input",
            "block_id": "severity",
            "label": plain("Severidad"),
            "element": {"type": "static_select", "action_id": "choice", "options": options("alta", "baja")},
        },
        {
            "type": "input",
            "block_id": "who",
            "optional": True,
            "label": plain("Responsable"),
            "element": {"type": "users_select", "action_id": "person"},
        },
        {
            "type": "input",
            "block_id": "what",
            "optional": True,
            "label": plain("Afecta a"),
            "element": {
                "type": "checkboxes",
                "action_id": "things",
                "options": options("correo", "red"),
            },
        },
    ],
}
BUTTONS = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "*Disco lleno* en db-01"}},
    {
        "type": "actions",
        "block_id": "row",
        "elements": [
            {"type": "button", "action_id": "open", "style": "primary", "text": plain("Crear incidente")},
            {
                "type": "button",
                "action_id": "close",
                "style": "danger",
                "text": plain("Descartar"),
                "confirm": {
                    "title": plain("¿Descartar?"),
                    "text": plain("Nadie más lo verá."),
                    "confirm": plain("Sí"),
                    "deny": plain("No"),
                },
            },
        ],
    },
]
MANIFEST = {
    "features": {
        "app_home": {"home_tab_enabled": True},
        "slash_commands": [
            {"command": "/centralita", "description": "Preguntar", "usage_hint": "status"},
            {"command": "/cmdb", "description": "Buscar"},
        ],
        "shortcuts": [
            {"name": "Nuevo incidente", "type": "global", "callback_id": "new"},
            {"name": "Crear ticket", "type": "message", "callback_id": "ticket"},
        ],
    },
    "settings": {
        "event_subscriptions": {"bot_events": ["app_home_opened"]},
        "interactivity": {"is_enabled": True},
        "socket_mode_enabled": True,
    },
}


def make_app(client: AsyncWebClient) -> AsyncApp:
    app = AsyncApp(client=client, signing_secret=SIGNING_SECRET)

    async def open_modal(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    async def submitted(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        values = body["view"]["state"]["values"]
        title = values["title"]["text"]["value"]
        if len(title) < 5:
            await ack(response_action="errors", errors={"title": "Es muy corto."})
            return
        await ack()
        chosen = values["severity"]["choice"]["selected_option"]["value"]
        things = [one["value"] for one in values["what"]["things"]["selected_options"]]
        text = f"{title} / {chosen} / {values['who']['person']['selected_user']} / {things}"
        await client.chat_postMessage(channel="#incidents", text=text)

    async def answer(ack: Any, body: dict[str, Any]) -> None:
        await ack(f"Todo bien: {body['text']}")

    async def discard(ack: Any, respond: Any) -> None:
        await ack()
        await respond(text="Descartado", replace_original=True)

    async def ticket(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        said = f"Ticket de: {body['message']['text']}"
        await client.chat_postMessage(channel=body["channel"]["id"], text=said, thread_ts=body["message"]["ts"])

    async def home(event: dict[str, Any], client: AsyncWebClient) -> None:
        blocks = [{"type": "header", "text": plain("Mis aprobaciones")}, *BUTTONS]
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    app.action("open")(open_modal)
    app.shortcut("new")(open_modal)
    app.action("close")(discard)
    app.view("incident")(submitted)
    app.command("/centralita")(answer)
    app.shortcut("ticket")(ticket)
    app.event("app_home_opened")(home)
    return app


@pytest_asyncio.fixture(loop_scope="module")
async def slack() -> AsyncIterator[SlackControl]:
    async with serve(LocalSlack(LimitSettings.off())) as address, SlackControl(address.url) as control:
        await control.install(MANIFEST)
        client = AsyncWebClient(token=BOT_TOKEN, base_url=f"{control.url}/api/")
        own = AsyncWebClient(token=APP_TOKEN, base_url=f"{control.url}/api/")
        handler = AsyncSocketModeHandler(make_app(client), APP_TOKEN, web_client=own)
        await handler.connect_async()
        yield control
        await handler.close_async()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, slack: SlackControl) -> AsyncIterator[Page]:
    faults: list[str] = []
    context = await browser.new_context(viewport={"width": 1300, "height": 800}, locale="es-ES")
    opened = await context.new_page()
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    yield opened
    await context.close()
    assert faults == []


async def visit(page: Page, slack: SlackControl, path: str, user: str = LUIS) -> None:
    await page.goto(f"{slack.url}{path}?user={user}")
    await page.wait_for_selector("body[data-live=yes]")


async def post(slack: SlackControl) -> str:
    client = AsyncWebClient(token=BOT_TOKEN, base_url=f"{slack.url}/api/")
    return str((await client.chat_postMessage(channel="C0ALERTS", text="Disco lleno", blocks=BUTTONS))["ts"])


async def test_a_button_opens_a_modal_that_is_filled_in(page: Page, slack: SlackControl) -> None:
    await post(slack)
    await visit(page, slack, "/archives/C0ALERTS")
    await page.get_by_role("button", name="Crear incidente").click()
    modal = page.get_by_role("dialog", name="Nuevo incidente")
    await modal.get_by_role("button", name="Crear").click()
    await expect(modal.locator(".b-error")).to_have_text(["Completa este campo obligatorio."] * 2)
    await modal.get_by_label("Título").fill("Uy")
    await modal.get_by_label("Severidad").select_option(label="Alta")
    await modal.get_by_role("button", name="Crear").click()
    await expect(modal.locator(".b-error")).to_have_text(["Es muy corto."])
    await modal.get_by_label("Título").fill("Sin correo")
    await modal.get_by_label("Responsable").select_option(label="Sam Carter")
    await modal.get_by_label("Red").check()
    await modal.get_by_role("button", name="Crear").click()
    await expect(page.locator("#modal")).not_to_be_visible()
    [call] = await slack.wait_for(method="chat.postMessage", channel="#incidents")
    assert call.args["text"] == f"Sin correo / alta / {SAM} / ['red']"


async def test_a_modal_is_closed_by_the_keyboard(page: Page, slack: SlackControl) -> None:
    await visit(page, slack, "/archives/C0ALERTS")
    await page.locator(".shortcuts").select_option("new")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#modal")).not_to_be_visible()
    assert await slack.person(LUIS).modals() == []


async def test_a_dangerous_button_asks_first(page: Page, slack: SlackControl) -> None:
    await post(slack)
    await visit(page, slack, "/archives/C0ALERTS", SAM)
    await page.get_by_role("button", name="Descartar").click()
    asked = page.get_by_role("dialog")
    await asked.get_by_role("button", name="No").click()
    await expect(page.locator("#messages .b-actions")).to_have_count(1)
    await page.get_by_role("button", name="Descartar").click()
    await asked.get_by_role("button", name="Sí").click()
    await expect(page.locator("#messages .text")).to_have_text("Descartado ")


async def test_a_command_is_completed_and_answered(page: Page, slack: SlackControl) -> None:
    await visit(page, slack, "/archives/C0ALERTS")
    field = page.locator("#say textarea")
    await field.press_sequentially("/c")
    await expect(page.locator(".completion li")).to_have_count(2)
    await field.press("ArrowDown")
    await field.press("ArrowUp")
    await field.press("Tab")
    await expect(field).to_have_value("/centralita ")
    await field.press_sequentially("status")
    await field.press("Enter")
    answered = page.locator("#messages .message.ephemeral")
    await expect(answered).to_contain_text("Todo bien: status")
    await field.fill("/nada")
    await field.press("Enter")
    await expect(page.locator("#toast")).to_contain_text("/nada is not a valid command")
    await expect(answered).to_have_count(2)


async def test_ones_own_message_is_changed_and_becomes_a_ticket(page: Page, slack: SlackControl) -> None:
    await visit(page, slack, "/archives/C0ALERTS")
    await page.locator("#say textarea").fill("La impresora no anda, @sam")
    await page.locator("#say textarea").press("Enter")
    message = page.locator("#messages .message")
    await expect(message.locator(".mention")).to_have_text("@Sam Carter")
    await message.locator(".message-menu").select_option("edit")
    await message.locator("textarea").fill("La impresora anda")
    await message.get_by_role("button", name="Guardar").click()
    await expect(message.locator(".text")).to_contain_text("La impresora anda")
    await message.locator(".message-menu").select_option(label="Crear ticket · Centralita")
    await expect(message.locator(".thread-bar")).to_contain_text("1 respuesta")
    await message.locator(".message-menu").select_option("delete")
    await expect(page.locator("#messages")).to_contain_text("Este mensaje fue eliminado.")


async def test_a_home_tab_is_one_persons(page: Page, slack: SlackControl) -> None:
    await visit(page, slack, "/archives/C0ALERTS")
    await page.locator(f"#lists a[data-app={APP_ID}]").click()
    await expect(page.locator(".home .b-header")).to_have_text("Mis aprobaciones")
    await page.locator(".home").get_by_role("button", name="Crear incidente").click()
    await expect(page.get_by_role("dialog", name="Nuevo incidente")).to_be_visible()
    assert await slack.person(SAM).modals() == []
