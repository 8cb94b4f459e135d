"""What every test may ask for."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

pytest_plugins = ["tests.postgres", "centralita.sandbox.pytest_plugin"]


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Path of the browser for Playwright's ``executable_path``; without one the test fails.

    The shell is the same engine without the window's own pages, of which each context would make some anew: it takes
    half as long (https://developer.chrome.com/blog/chrome-headless-shell).
    """
    for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        found = shutil.which(name)
        if found:
            return found
    pytest.fail("Chromium is missing: run scripts/need.sh chromium")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(chromium_path: str) -> AsyncIterator[Browser]:
    """Chromium, for a module that runs on a loop of its own."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        yield chromium
        await chromium.close()
