"""Assets whose owner is in doubt in real Chromium: settled by a click, and taken back, with a real inventory behind."""

from __future__ import annotations

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from centralita.services import asset_plans
from tests.browser.looks import Look, Looking, Setting, in_every_setting
from tests.dashboard.office import Office
from tests.dashboard.test_assets import Inventory, inventory
from tests.services.asset_world import ACTOR

__all__ = ["inventory"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(inventory: Inventory) -> Office:
    """The hub that has it."""
    return inventory.office


async def _doubted(inventory: Inventory, *names: str) -> list[str]:
    """Assets that either of two people may have, as a plan finds; their ids."""
    facts = {"last_user": r"BIDCOM\ana", "owner_id": inventory.people["luis@example.com"]}
    assets = [str(await inventory.world.asset(name, **facts)) for name in names]
    await inventory.world.read(await asset_plans.begin(inventory.office.hub, ACTOR, scope=assets))
    return assets


def _row(ana: Looking, name: str) -> Locator:
    return ana.page.locator("tr[data-row]").filter(has=ana.page.get_by_text(name, exact=True))


@in_every_setting()
async def test_an_owner_in_doubt_is_settled_by_a_click_and_the_decision_taken_back(
    inventory: Inventory, look: Look, setting: Setting
) -> None:
    name, world = f"Notebook {setting.slug}", inventory.world
    [asset] = await _doubted(inventory, name)
    ana = await look("admin")
    await ana.go("/")
    await ana.page.locator("main a[href='/assets/conflicts']").first.click()
    row = _row(ana, name)
    owner = row.get_by_label(ana.words("E-mail of the owner of {asset}", asset=name))
    await owner.fill("nobody@example.com")
    await row.get_by_role("button", name=ana.words("Give it")).click()
    await expect(row.get_by_role("alert")).to_be_in_viewport()
    await expect(owner).to_be_focused()
    await expect(owner).to_have_value("nobody@example.com")
    await row.get_by_role("button", name="Ana Twin").click()
    told = ana.words("{asset} goes to {owner}, and stays so.", asset=asset, owner="ana2@example.com")
    await expect(ana.told).to_contain_text(told)
    await expect(row).to_have_count(0)
    people = inventory.people
    await world.until(lambda: world.owner(int(asset)), lambda now: now == people["ana2@example.com"])
    undo = await ana.page.locator("form[action$='/revert']").get_attribute("action") or ""
    await world.until(lambda: asset_plans.show(world.hub, undo.split("/")[3]), lambda found: found.ended_at is not None)
    await ana.press("Undo")
    await expect(ana.told).to_contain_text(ana.words("The owner before is put back."))
    await world.until(lambda: world.owner(int(asset)), lambda now: now == people["luis@example.com"])


@in_every_setting()
async def test_an_asset_is_nobodys_own_or_left_as_it_is(inventory: Inventory, look: Look, setting: Setting) -> None:
    names = [f"Printer {setting.slug}", f"Screen {setting.slug}"]
    printer, screen = await _doubted(inventory, *names)
    ana = await look("admin")
    await ana.go("/assets/conflicts")
    await _row(ana, names[0]).get_by_role("button", name=ana.words("Nobody's own")).click()
    told = ana.words("{asset} is nobody's own: no plan gives it to anybody.", asset=printer)
    await expect(ana.told).to_contain_text(told)
    await expect(_row(ana, names[0])).to_have_count(0)
    await ana.press("Undo")
    told = ana.words("{asset} may have an owner again: the next plan looks at it.", asset=printer)
    await expect(ana.told).to_contain_text(told)
    await _row(ana, names[1]).get_by_role("button", name=ana.words("Leave it as it is")).click()
    told = ana.words("{asset} stays as it is, until somebody else is seen on it.", asset=screen)
    await expect(ana.told).to_contain_text(told)
    await expect(_row(ana, names[1])).to_have_count(0)
    sam = await look("viewer")
    await sam.go("/assets/conflicts")
    await expect(sam.page.locator("main button:visible")).to_have_count(0)
