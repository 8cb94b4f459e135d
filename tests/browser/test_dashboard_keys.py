"""The dashboard by keys alone: every page from its first stop to its last, the flows without a mouse, and the shortcuts
on a Spanish layout."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from playwright.async_api import expect

from centralita.core.approvers import StageSpec, read_approver
from centralita.services import approvals, rule_changes
from centralita.services.access import Principal
from centralita.services.approvals import NewApproval
from tests.browser.conftest import Look, Looking
from tests.browser.keys import Keys
from tests.browser.test_dashboard_skeleton import PLACES
from tests.browser.test_dashboard_webhooks import TABS
from tests.dashboard.office import ADMINISTRATOR, Office

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _approval(office: Office) -> str:
    stage = StageSpec(approvers=(read_approver("the-admin@example.com"), read_approver("luis@example.com")))
    ana = Principal("user:ana", "ana@example.com", ADMINISTRATOR.permissions)
    wanted = NewApproval(
        title="Notebook for the new colleague", amount=1500.5, currency="USD", justification="The old one broke.",
        stages=(stage,), source="invgate", subject="ticket/4521",
    )  # fmt: skip
    return (await approvals.request(office.hub, ana, wanted)).id


async def _pages(office: Office) -> list[str]:
    """Every page that somebody signed in can open, with something on it."""
    about = {"type": "printer.jammed", "subject": "printer/1", "severity": "critical"}
    await office.receive(**about, title="Atasco", data={"n": 1})
    event = await office.receive(**about, title="Atasco de nuevo", data={"n": 2}, url="https://example.com/t/1")
    await rule_changes.add(office.hub, "user:ana", {"name": "Keys", "condition": "severity == 'low'", "dm": ["agent"]})
    return [
        *PLACES,
        *(f"/events/{event}?part={part}" for part in ("story", "payload", "rules", "attempts", "changes")),
        *("/events?severity=critical&since=1d", "/events?text=nowhere", "/events?condition=(", "/search?q=zzz"),
        *("/webhooks/new", "/webhooks?text=nothing", *(f"/webhooks/erp{tab}" for tab in TABS)),
        *("/rules/new", "/rules/Keys", "/rules/Grave", "/sources/new", "/sources/new?kind=generic", "/sources/desk"),
        *("/approvals?view=all", f"/approvals/{await _approval(office)}", "/audit?actor=user%3Aana"),
    ]


async def _walked(ana: Looking, paths: Sequence[str]) -> list[str]:
    faults = []
    for path in paths:
        await ana.page.goto(ana.url + path)
        faults += [f"{path} {fault}" for fault in await Keys(ana.page).walk()]
    return faults


async def test_tab_leads_through_a_page_and_shows_where_one_is(office: Office, look: Look) -> None:
    await office.receive(type="printer.jammed", severity="critical", title="Atasco")
    ana = await look("admin", "es")
    assert await _walked(ana, ("/", "/events")) == []
    stranger = await look("", "en", width=390, theme="dark")
    assert await _walked(stranger, ("/sign-in",)) == []


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("locale", "width", "theme"),
    [("es", 1360, "light"), ("en", 390, "dark"), ("en", 1360, "dark"), ("es", 390, "light")],
)
async def test_tab_leads_through_every_page(office: Office, look: Look, locale: str, width: int, theme: str) -> None:
    ana = await look("admin", locale, width=width, theme=theme)
    faults = await _walked(ana, await _pages(office))
    link = (await (await office.as_role("admin")).post("/users/the-admin/invitation")).text.split("/invitation/")[1]
    stranger = await look("", locale, width=width, theme=theme)
    faults += await _walked(stranger, ("/sign-in", "/invitation/none", f"/invitation/{link.split()[0]}"))
    viewer = await look("viewer", locale, width=width, theme=theme)
    faults += await _walked(viewer, ("/", "/users", "/nowhere", "/webhooks/nowhere"))
    assert faults == [], "\n".join(faults)


async def test_shortcuts_go_by_the_character_on_a_spanish_layout(office: Office, look: Look) -> None:
    await office.receive(type="printer.jammed", title="Sin tóner")
    ana = await look("admin", "es")
    await ana.go("/events")
    keys, field = Keys(ana.page), ana.page.locator("[data-find]")
    place = ana.page.locator(".rail a[aria-current]")
    await keys.reach(place)
    await keys.strike("-", "Slash", 189)  # where other layouts have the slash
    await expect(place).to_be_focused()
    await keys.strike("/", "Digit7", 55, shift=True)
    await expect(field).to_be_focused()
    await keys.strike("/", "Digit7", 55, shift=True)
    await keys.strike("?", "Minus", 219, shift=True)
    await ana.page.keyboard.type("jkoxu")
    await expect(field).to_have_value("/?jkoxu")
    await keys.press("Escape")
    await expect(place).to_be_focused()
    await keys.strike("?", "Minus", 219, shift=True)
    await expect(ana.page.locator("#keys")).to_be_visible()
    await keys.press("Escape", "j", "j", "k")
    await expect(place).not_to_be_focused()
    await expect(ana.page.locator("a.open").first).to_be_focused()

    await keys.strike("?", "Minus", 219, shift=True)
    await expect(ana.page.locator("[data-single-keys]")).to_be_focused()
    await keys.press("Space", "Escape")
    for _ in range(2):  # at once, and on the pages to come
        await keys.reach(place)
        await keys.strike("/", "Digit7", 55, shift=True)
        await keys.strike("?", "Minus", 219, shift=True)
        await keys.press("j")
        await expect(place).to_be_focused()
        await expect(ana.page.locator("#keys")).to_be_hidden()
        await ana.go("/events")
    await keys.press("Control+k")
    await expect(ana.page.locator("#palette")).to_be_visible()


async def test_what_opens_gives_the_focus_back(office: Office, look: Look) -> None:
    ana = await look("admin", "en")
    await ana.go("/webhooks/erp")
    keys = Keys(ana.page)
    await keys.skip()
    await expect(ana.page.locator("#main")).to_be_focused()
    await keys.press("Tab")
    await expect(ana.page.locator("#main a").first).to_be_focused()

    await ana.go("/webhooks/erp")
    menu = ana.page.locator("details.menu > summary").first
    await keys.enter(menu)
    await keys.press("Tab")
    await expect(keys.named("link", "My profile")).to_be_focused()
    await keys.press("Escape")
    await expect(menu).to_be_focused()
    await expect(keys.named("link", "My profile")).to_be_hidden()
    await keys.press("Enter")
    await keys.enter(keys.named("button", "Keyboard ?"))
    await keys.press("Escape")
    await expect(keys.named("button", "Keyboard ?")).to_be_focused()
    await keys.press("Tab", "Tab")  # past its end
    await expect(keys.named("link", "My profile")).to_be_hidden()

    tab = keys.named("link", "Secrets")
    await keys.reach(tab)
    await keys.press("Control+k")
    await ana.page.keyboard.type("rules")
    await keys.press("ArrowDown", "ArrowUp", "Escape")
    await expect(tab).to_be_focused()
    day = keys.named("link", "24 hours")
    await keys.enter(day)
    await expect(day).to_have_attribute("aria-current", "true")
    await expect(day).to_be_focused()
