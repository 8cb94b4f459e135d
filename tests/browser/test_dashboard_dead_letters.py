"""Deliveries that were given up, seen to by the pointer: one, the ticked ones, all of them."""

from __future__ import annotations

import pytest
import pytest_asyncio
from playwright.async_api import Dialog, expect

from centralita.services import replays
from tests.browser.looks import Look, Looking, Setting, in_every_setting
from tests.dashboard.office import Office
from tests.dashboard.test_dead_letters import give_up, left, printed

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _nothing_left(office: Office) -> None:
    """A walk that broke off leaves the next one nothing to see to."""
    for each in await left(office):
        await replays.dismiss(office.hub, "tests", int(each.removeprefix("dlv_")))


async def _listed(ana: Looking, letters: list[str]) -> None:
    """Waits until of these, and in this order, each has its row."""
    boxes = ana.page.locator("[data-row] input[name=delivery]")
    await expect(boxes).to_have_count(len(letters))
    assert [await each.get_attribute("value") for each in await boxes.all()] == letters


@in_every_setting()
async def test_dead_letters_are_sent_again_and_laid_to_rest_one_by_one_and_together(
    office: Office, look: Look, setting: Setting
) -> None:
    event = await printed(office, f"Sin papel {setting.slug}")
    letters = [await give_up(office, event) for _number in range(6)]
    ana = await look("operator")
    row = ana.page.locator("[data-row]")
    await ana.go("/dead-letters")
    await _listed(ana, letters)
    await row.first.get_by_role("button", name=ana.words("Send again"), exact=True).click()
    await expect(ana.told).to_have_text(ana.words("Sent again: {count}.", count=1))
    await _listed(ana, letters[1:])
    await row.first.get_by_role("button", name=ana.words("Lay to rest"), exact=True).click()
    await expect(ana.told).to_have_text(ana.words("Laid to rest: {count}.", count=1))
    await _listed(ana, letters[2:])

    await ana.press("Send the ticked ones again")
    await expect(ana.told).to_have_text(ana.words("Nothing was ticked."))
    await row.nth(0).locator("input").check()
    await row.nth(2).locator("input").check()
    await ana.press("Send the ticked ones again")
    await expect(ana.told).to_have_text(ana.words("Sent again: {count}.", count=2))
    await _listed(ana, [letters[3], letters[5]])
    await ana.field("The whole page").check()
    await ana.press("Lay the ticked ones to rest")
    await expect(ana.told).to_have_text(ana.words("Laid to rest: {count}.", count=2))
    await expect(ana.page.get_by_role("heading", name=ana.words("No dead letters"))).to_be_visible()


@in_every_setting()
async def test_all_of_a_lane_are_sent_again_after_a_question_but_those_in_doubt(
    office: Office, look: Look, setting: Setting
) -> None:
    event = await printed(office, f"Sin tinta {setting.slug}")
    letters = [await give_up(office, event) for _number in range(2)]
    doubtful = await give_up(office, event, "invgate.outcome_unknown")
    ana = await look("operator")
    asked: list[str] = []

    async def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        await (dialog.accept() if len(asked) > 1 else dialog.dismiss())

    ana.page.on("dialog", answer)
    await ana.go("/dead-letters")
    await ana.field("Lane").select_option("webhook:erp")
    await ana.page.wait_for_url("**/dead-letters?lane=webhook%3Aerp")
    every = "Send all of {lane} again"
    await ana.press(every, lane="webhook:erp")
    await _listed(ana, [*letters, doubtful])
    await ana.press(every, lane="webhook:erp")
    await expect(ana.told).to_have_text(ana.words("Sent again: {count}.", count=2))
    await _listed(ana, [doubtful])
    one, many = "{n} delivery goes to its receiver again. Go on?", "{n} deliveries go to their receivers again. Go on?"
    assert asked == [ana.setting.counted(one, many, 3)] * 2
    await expect(ana.page.locator("[data-row]")).to_contain_text(
        ana.words("Look first whether it was done: it does not go with all the others.")
    )
    await ana.press("Lay to rest")
    await expect(ana.page.get_by_role("heading", name=ana.words("No dead letters"))).to_be_visible()
    await ana.page.locator("main .crumbs a").click()
    await expect(ana.page.locator("#now")).to_be_visible()
    await expect(ana.page.locator("main a[href='/dead-letters']")).to_have_count(0)
