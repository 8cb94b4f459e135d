"""The dashboard in a browser that runs no script: nothing is shown that does nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.browser.looks import Look, Looking, Setting, in_two_settings
from tests.browser.places import ALONE, kinds, pages_of
from tests.dashboard.office import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")
BARE = Path(__file__).with_name("bare.js").read_text(encoding="utf-8")


async def _judged(ana: Looking, name: str) -> list[str]:
    """What the page shows though it needs a script, and what stands beyond its edge."""
    beyond = await ana.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    faults = [f"{beyond} px too wide"] if beyond > 0 else []
    return [f"{name}: {fault}" for fault in (*faults, *await ana.page.evaluate(BARE))]


async def _visited(ana: Looking, paths: Sequence[str]) -> list[str]:
    faults = []
    for path in paths:
        await ana.page.goto(ana.url + path)
        faults += await _judged(ana, path)
    return faults


@in_two_settings()
@kinds()
async def test_no_page_shows_what_only_a_script_could_use(
    office: Office, look: Look, kind: str, setting: Setting
) -> None:
    paths = await pages_of(office, kind, f"bare-{setting.slug}")
    faults = await _visited(await look("admin", script=False), paths)
    faults += await _visited(await look("", script=False), ALONE)
    assert faults == [], "\n".join(faults)
