"""The events in real Chromium: rows that come by themselves, keys, one event whole, replays."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from centralita.services import replays
from centralita.web.dashboard import event_replays
from tests.browser.conftest import Look
from tests.browser.test_dashboard_skeleton import AXE
from tests.dashboard.office import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_rows_come_by_themselves_until_somebody_is_at_one(office: Office, look: Look) -> None:
    ana = await look("admin", "en")
    await office.receive(type="printer.cleaned", title="there before")
    await ana.go("/events")
    await ana.page.wait_for_selector("[data-following=yes]")
    await office.receive(type="printer.cleaned", title="came by itself")
    await expect(ana.page.locator("a.open").first).to_have_text("came by itself")
    await ana.page.locator("input[name=event]").first.check()
    await office.receive(type="printer.cleaned", title="waits behind the bar")
    bar = ana.page.locator("[data-newer]")
    await expect(bar).to_have_text("1 new: show them")
    await expect(ana.page.locator("a.open").first).to_have_text("came by itself")
    await ana.page.keyboard.press("u")
    await expect(ana.page.locator("a.open").first).to_have_text("waits behind the bar")
    await expect(bar).to_be_hidden()


async def test_an_event_is_found_opened_and_replayed_by_keys(office: Office, look: Look) -> None:
    event = await office.receive(type="printer.jammed", title="Sin tóner en Quito", severity="critical")
    ana = await look("admin", "es")
    await ana.go("/events")
    await ana.page.keyboard.press("/")
    await ana.page.keyboard.type("TÓNER en quito")
    await ana.page.keyboard.press("Enter")
    await ana.page.wait_for_url("**/events?text=*")
    await ana.page.keyboard.press("j")
    await ana.page.keyboard.press("o")
    await ana.page.wait_for_url(f"**/events/{event}")
    await ana.page.locator("details.replay summary").focus()
    await ana.page.keyboard.press("Enter")
    await ana.page.keyboard.press("Tab")
    await ana.page.keyboard.press("Enter")
    await expect(ana.page.get_by_role("status")).to_contain_text("Reenviado: 1 entregas en cola.")


async def test_all_that_match_go_on_by_themselves(office: Office, look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replays, "SLICE", 1)
    monkeypatch.setattr(event_replays, "BUDGET_S", 0.0)
    for number in range(3):
        await office.receive(type="printer.jammed", title=f"again {number}", subject="printer/again")
    ana = await look("admin", "en")
    await ana.go("/events?subject=printer%2Fagain")
    await ana.page.get_by_role("button", name="Replay all that match…").click()
    await ana.page.get_by_role("button", name="Replay them").click()
    await expect(ana.page.locator("#replaying")).to_contain_text("3 events replayed")


@pytest.mark.parametrize("theme", ["dark", pytest.param("light", marks=pytest.mark.long)])
@pytest.mark.parametrize(("locale", "width"), [("es", 390), pytest.param("en", 1360, marks=pytest.mark.long)])
async def test_no_part_of_an_events_page_breaks_a_rule_of_axe(
    office: Office, look: Look, locale: str, width: int, theme: str
) -> None:
    about: dict[str, Any] = {"type": "printer.jammed", "subject": f"printer/{locale}{theme}", "severity": "critical"}
    await office.receive(**about, title="Atasco", data={"n": 1})
    event = await office.receive(**about, title="Atasco de nuevo", data={"n": 2})
    ana = await look("admin", locale, width=width, theme=theme)
    found = []
    paths = [f"/events/{event}?part={part}" for part in ("story", "payload", "rules", "attempts", "changes")]
    for path in [*paths, "/events?severity=critical&until=2999-01-01"]:
        await ana.go(path)
        beyond = await ana.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert beyond <= 0, path
        results = await Axe().run(ana.page, options=AXE)
        for each in results.response["violations"]:
            found.append((path, each["id"], [node["html"][:200] for node in each["nodes"]][:3]))
    assert found == []
