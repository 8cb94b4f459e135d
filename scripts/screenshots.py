"""Takes the pictures of docs/images: the demo's story in the local Slack and the local InvGate, light and dark.

Needs Chromium. Every picture is of a real run; nothing is drawn.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

from playwright.async_api import Page, async_playwright

from centralita.demo.story import play
from centralita.demo.world import World, world

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
READER, APPROVER = "U0LUISPARED", "U0MARTARIOS"
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


def main() -> int:
    """0 done, 1 a step of the story was not seen, 2 there is no browser."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        sys.stderr.write("Chromium is missing: run scripts/need.sh chromium\n")
        return 2
    return asyncio.run(take(path))


async def take(chromium_path: str) -> int:
    """Plays the story, then takes each picture from it."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    async with world() as demo, async_playwright() as playwright:
        async for step in play(demo):
            sys.stdout.write(f"{'seen' if step.seen else 'NOT SEEN'}: {step.name} ({step.elapsed_ms:.0f} ms)\n")
            if not step.seen:
                return 1
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        for name, (width, height, show) in PICTURES.items():
            for scheme in SCHEMES:
                context = await browser.new_context(
                    viewport={"width": width, "height": height}, color_scheme=scheme, locale="es-ES",
                    device_scale_factor=2, reduced_motion="reduce", timezone_id="America/Argentina/Buenos_Aires",
                )  # fmt: skip
                page = await context.new_page()
                await show(page, demo)
                await page.mouse.move(width / 2, 4)  # off the rows: the one below the pointer is shaded
                await page.screenshot(path=IMAGES / f"{name}-{scheme}.png")
                await context.close()
        await browser.close()
    return 0


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


PICTURES: dict[str, tuple[int, int, Callable[[Page, World], Awaitable[None]]]] = {
    "slack": (1240, 860, channel),
    "approval": (1240, 620, direct_message),
    "invgate": (1240, 560, ticket),
}
"""Name of the file, width and height in px, what it shows."""


if __name__ == "__main__":
    sys.exit(main())
