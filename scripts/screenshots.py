"""Takes the pictures of docs/images: the demo's story in the dashboard, the local Slack and the local InvGate,
light and dark.

Needs Chromium. Every picture is of a real run; nothing is drawn.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import shutil
import sys
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Literal

import aiohttp
from playwright.async_api import Page, async_playwright

from centralita.demo.story import play
from centralita.demo.world import ADMIN, World, world
from centralita.sandbox.sink.answers import AnswerPlan
from centralita.sandbox.slack import APP_ID
from centralita.services.access import NameTaken, add_user, local_administrator

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
READER, APPROVER, ENGLISH = "U0LUISPARED", "U0MARTARIOS", "U0SAMCARTER"
WISH = (
    'pedir "Dos notebooks para Contaduría" monto:"1.850,50 USD" motivo:"Las actuales no arrancan" para:<@U0MARTARIOS>'
)
QUALITY = 80
"""Of WebP: at twice the resolution a picture stays below 150 KB."""
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


def main() -> int:
    """0 done, 1 a step of the story was not seen, 2 there is no browser."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        sys.stderr.write("Chromium is missing: run scripts/need.sh chromium\n")
        return 2
    return asyncio.run(take(path, sys.argv[1:]))


async def take(chromium_path: str, wanted: Collection[str]) -> int:
    """Plays the story, then takes each picture from it; only those that are named, if any are."""
    pictures: dict[str, bytes] = {}
    async with world() as demo, async_playwright() as playwright:
        async for step in play(demo):
            sys.stdout.write(f"{'seen' if step.seen else 'NOT SEEN'}: {step.name} ({step.elapsed_ms:.0f} ms)\n")
            if not step.seen:
                return 1
        await demo.slack.person(READER).command("#mesa-de-ayuda", "/approve", WISH)
        await demo.slack.wait_for(lambda call: "notebooks" in str(call.args) and "approve_request" in str(call.args))
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        for name, (width, height, show) in PICTURES.items():
            if wanted and name not in wanted:
                continue
            for scheme in SCHEMES:
                context = await browser.new_context(
                    viewport={"width": width, "height": height}, color_scheme=scheme, locale="es-ES",
                    device_scale_factor=2, reduced_motion="reduce", timezone_id="America/Argentina/Buenos_Aires",
                )  # fmt: skip
                page = await context.new_page()
                await show(page, demo)
                await page.mouse.move(width / 2, 4)  # off the rows: the one below the pointer is shaded
                pictures[f"{name}-{scheme}.webp"] = await taken(page)
                await context.close()
        await browser.close()
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name, content in pictures.items():
        (IMAGES / name).write_bytes(content)
    return 0


async def taken(page: Page) -> bytes:
    """What the page shows, as WebP (which only the browser's own protocol offers)."""
    protocol = await page.context.new_cdp_session(page)
    answer = await protocol.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    return base64.b64decode(answer["data"])


async def look(page: Page, demo: World, user: str, channel: str) -> None:
    """Somebody opens a channel, with no window left over."""
    person = demo.slack.person(user)
    for left in await person.modals():
        await person.close(left["id"])
    await page.goto(f"{demo.slack_url}/archives/{channel}?user={user}")
    await page.wait_for_selector("body[data-live=yes]")
    await page.wait_for_selector("#messages .message")


async def incident(page: Page, demo: World) -> None:
    """An incident's message and its thread."""
    await look(page, demo, READER, "C0INCIDENTS")
    await page.locator(f"#messages .message[data-ts='{demo.incident}'] .thread-bar").click()
    await page.wait_for_selector("#replies .message")


async def form(page: Page, demo: World) -> None:
    """The window for an incident, with what is wrong said in place; in English."""
    await look(page, demo, ENGLISH, "C0INCIDENTS")
    await page.locator("#say textarea").fill("/incident create")
    await page.locator("#say textarea").press("Enter")
    await page.get_by_label("Incident Title").fill("   ")
    await page.locator("#modal button[type=submit]").click()
    await page.wait_for_selector("#modal .b-error")


async def answers(page: Page, demo: World) -> None:
    """What the app answers to one person; in English."""
    await look(page, demo, ENGLISH, "C0MESAAYUDA")
    for text in ("/centralita status", "/incident lst"):
        before = await page.locator("#messages .ephemeral").count()
        await page.locator("#say textarea").fill(text)
        await page.locator("#say textarea").press("Enter")
        await page.locator("#messages .ephemeral").nth(before).wait_for()


async def home(page: Page, demo: World) -> None:
    """The app's home, of an approver."""
    await look(page, demo, APPROVER, "C0MESAAYUDA")
    await page.locator(f"#lists a[data-app={APP_ID}]").evaluate("link => link.click()")
    await page.wait_for_selector(".home .b-header")


async def channel(page: Page, demo: World) -> None:
    """The help desk's channel with the ticket's thread open."""
    await page.goto(f"{demo.slack_url}/?user={READER}")
    await page.wait_for_selector("body[data-live=yes]")
    await page.locator("#messages .thread-bar").first.click()
    await page.wait_for_selector("#replies .message")


async def direct_message(page: Page, demo: World) -> None:
    """What the approver was asked, and what became of it."""
    asked = next(call for call in await demo.slack.posted() if "cartuchos" in str(call.args))
    await page.goto(f"{demo.slack_url}/archives/{asked.args['channel']}?user={APPROVER}")
    await page.wait_for_selector("body[data-live=yes]")
    await page.wait_for_selector("#messages .message")


async def ticket(page: Page, demo: World) -> None:
    """The ticket in the local InvGate, with its approval."""
    await page.goto(f"{demo.invgate_url}/requests/show/index/id/{demo.ticket}")
    await page.wait_for_selector("main")


async def overview(page: Page, demo: World) -> None:
    """The dashboard's first page."""
    await page.goto(f"{demo.hub_url}/sign-in")
    await page.locator("#name").fill(ADMIN)
    await page.locator("#password").fill(demo.password)
    await page.locator("#password").press("Enter")
    await page.wait_for_selector("#now")


async def overview_in_english(page: Page, demo: World) -> None:
    """The same, for an English reader; afterwards it is the administrator's own again."""
    await overview(page, demo)
    await page.locator("button[name=locale][value=en]").click()
    await page.wait_for_selector("html[lang=en] #now")
    await page.request.post(
        f"{demo.hub_url}/preferences", form={"locale": "es", "back": "/"}, headers={"origin": demo.hub_url}
    )


def place(path: str, then: str = "") -> Callable[[Page, World], Awaitable[None]]:
    """A page of the dashboard, and where a link that ``then`` finds leads on from it."""

    async def show(page: Page, demo: World) -> None:
        await overview(page, demo)
        await page.goto(demo.hub_url + path)
        if then:
            await page.locator(then).first.click()
        await page.wait_for_load_state()
        await page.evaluate("document.fonts.ready")

    return show


async def signing_in(page: Page, demo: World) -> None:
    """What somebody sees who is not signed in."""
    await page.goto(f"{demo.hub_url}/sign-in")
    await page.evaluate("document.fonts.ready")


async def dead_letter(page: Page, demo: World) -> None:
    """A delivery that was given up: its receiver answers that it will not have it."""
    async with aiohttp.ClientSession(headers={"authorization": f"Bearer {demo.admin_token}"}) as api:
        body = {
            "name": "inventario",
            "url": f"{demo.sink_url}/inventario",
            "types": ["ticket.*"],
            "schedule_s": [0.1],
        }
        async with api.post(f"{demo.hub_url}/api/v1/webhooks", json=body) as answer:
            is_new = answer.status == 201
    if is_new:
        await demo.sink.answer(AnswerPlan(path="/inventario", status=422, body='{"error": "unknown asset"}'))
        await demo.invgate.add_ticket("No se puede entrar a la VPN desde casa")
    await overview(page, demo)
    await page.goto(f"{demo.hub_url}/dead-letters")
    while not await page.locator("[data-row]").count():  # until it was tried
        await page.reload()
    await page.evaluate("document.fonts.ready")


async def people(page: Page, demo: World) -> None:
    """Who may come in; with some company for the administrator."""
    maker = local_administrator("demo")
    for name, role in (("luis", "operator"), ("marta", "operator"), ("sam", "viewer")):
        with contextlib.suppress(NameTaken):  # the picture before this one added them
            await add_user(demo.hub, maker, {"name": name, "email": f"{name}@example.com", "role": role})
    await place("/users")(page, demo)


async def faulty_rule(page: Page, demo: World) -> None:
    """The form of a rule, with what is wrong said at the column."""
    await place("/rules/new")(page, demo)
    await page.locator("#name").fill("Impresoras")
    await page.locator("#condition").fill("type startswith 'ticket.' AND severity = 'high'")
    await page.locator("main form button").first.click()
    await page.wait_for_selector(".fault")


PICTURES: dict[str, tuple[int, int, Callable[[Page, World], Awaitable[None]]]] = {
    "slack": (1240, 860, channel),
    "approval": (1240, 780, direct_message),
    "invgate": (1240, 560, ticket),
    "incident": (1240, 860, incident),
    "incident-form": (1240, 860, form),
    "answers": (1240, 760, answers),
    "home": (1240, 860, home),
    "home-phone": (390, 844, home),
    "overview": (1240, 780, overview),
    "overview-en": (1240, 780, overview_in_english),
    "events": (1240, 860, place("/events")),
    "event": (1240, 900, place("/events?type=ticket.created", "[data-row] a.open")),
    "webhooks": (1240, 560, place("/webhooks")),
    "webhook": (1240, 1180, place("/webhooks/erp")),
    "webhook-form": (1240, 900, place("/webhooks/new")),
    "rule": (1240, 900, faulty_rule),
    "source": (1240, 780, place("/sources/new?kind=grafana")),
    "approvals": (1240, 620, place("/approvals")),
    "audit": (1240, 700, place("/audit")),
    "event-phone": (390, 844, place("/events?type=ticket.created", "[data-row] a.open")),
    "webhook-phone": (390, 844, place("/webhooks/erp")),
    "sign-in": (1240, 560, signing_in),
    "setup": (1240, 860, place("/setup?step=source")),
    "tokens": (1240, 900, place("/tokens")),
    "profile": (1240, 820, place("/profile")),
    "users": (1240, 860, people),
    "dead-letters": (1240, 480, dead_letter),
}
"""Name of the file, width and height in px, what it shows."""


if __name__ == "__main__":
    sys.exit(main())
