"""Takes the pictures of docs/images: the demo's story in the local Slack workspace, light and dark.

Needs Chromium. Every picture is of a real run; nothing is drawn.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, async_playwright

from centralita.demo.story import play
from centralita.demo.world import World, world

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
SIZE_PX = (1240, 860)
READER = "U0LUISPARED"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


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
        for scheme in SCHEMES:
            await picture(browser, demo, scheme)
        await browser.close()
    return 0


async def picture(browser: Browser, demo: World, scheme: Literal["light", "dark"]) -> None:
    """The help desk's channel with the ticket's thread open."""
    width, height = SIZE_PX
    context = await browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, locale="es-ES", device_scale_factor=2,
        reduced_motion="reduce", timezone_id="America/Argentina/Buenos_Aires",
    )  # fmt: skip
    page = await context.new_page()
    await page.goto(f"{demo.slack_url}/?user={READER}")
    await page.wait_for_selector("body[data-live=yes]")
    await page.locator("#messages .thread-bar").first.click()
    await page.wait_for_selector("#replies .message")
    await page.mouse.move(width / 2, 4)  # off the rows: the one below the pointer is shaded
    await page.screenshot(path=IMAGES / f"slack-{scheme}.png")
    await context.close()


if __name__ == "__main__":
    sys.exit(main())
