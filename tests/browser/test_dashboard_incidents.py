"""An incident and what it affects in real Chromium: from the event to both, and on to what depends on that."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from centralita.core.incidents import Item
from centralita.services import ci_changes, incidents
from centralita.services.incidents import NewIncident
from tests.browser.looks import Look, Setting, in_every_setting
from tests.dashboard.office import ADMINISTRATOR, Office

pytestmark = pytest.mark.asyncio(loop_scope="module")
CANARY = "<img src=x onerror=alert(1)>"


@in_every_setting()
async def test_an_event_leads_to_its_incident_to_what_it_affects_and_to_what_that_depends_on(
    office: Office, look: Look, setting: Setting
) -> None:
    hub, slug = office.hub, setting.slug
    database = await ci_changes.create(hub, "user:ana", {"name": f"db {slug}", "attributes": {"rto": "4h"}})
    shop = await ci_changes.create(hub, "user:ana", {"name": f"shop {slug}", "owner": {"email": "ana@example.com"}})
    await ci_changes.relate(hub, "user:ana", shop.ci.id, "depends_on", database.ci.id)
    about = f"printer/incident-{slug}"
    event = await office.receive(type="printer.burnt", title=f"Smoke {slug}", severity="critical", subject=about)
    affected = (Item(id=shop.ci.id, name=shop.ci.name),)
    told = NewIncident(event=event, affected=affected, description=f"Line one\nLine two {CANARY}")
    made = await incidents.create(hub, ADMINISTRATOR, told)
    await incidents.acknowledge(hub, ADMINISTRATOR, made.number)
    await incidents.comment(hub, ADMINISTRATOR, made.number, f"We are at it {CANARY}")
    await incidents.resolve(hub, ADMINISTRATOR, made.number, "Another one stands there")

    ana = await look("viewer")
    await ana.go(f"/events/{event}")
    await ana.page.get_by_role("link", name=made.code).click()
    main = ana.page.locator("main")
    await expect(ana.page.locator("#sentence")).to_contain_text(ana.words("Resolved"))
    for text in (f"Line two {CANARY}", f"We are at it {CANARY}", "Another one stands there"):
        await expect(main).to_contain_text(text)
    await ana.page.get_by_role("link", name=about).click()
    await ana.page.wait_for_url(f"**/events/{event}")
    await ana.page.go_back()
    await ana.page.get_by_role("link", name=shop.ci.name).click()
    await expect(main).to_contain_text("ana@example.com")
    await expect(main).to_contain_text(ana.words("depends on"))
    await ana.page.get_by_role("link", name=database.ci.name).click()
    await expect(main).to_contain_text("rto")
    await expect(main).to_contain_text(ana.words("is required by"))
    await expect(ana.page.get_by_role("link", name=shop.ci.name)).to_be_visible()
