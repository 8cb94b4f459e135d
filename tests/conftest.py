"""What every test may ask for."""

from __future__ import annotations

import shutil

import pytest

pytest_plugins = ["tests.postgres", "centralita.sandbox.pytest_plugin"]


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Path of the browser for Playwright's ``executable_path``; without one the test fails."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        found = shutil.which(name)
        if found:
            return found
    pytest.fail("Chromium is missing: run scripts/need.sh chromium")
